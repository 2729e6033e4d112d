/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launcher-private.h"

G_BEGIN_DECLS

/* As of MpipeLauncherClass. @check may be NULL: then everything could be started. */
typedef struct
{
  gboolean has_sandbox;
  gboolean (*check) (gpointer user_data, const MpipeLaunchSpec *spec, GError **error);
  MpipeChild *(*launch) (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
                         MpipeLaunchMemory *out_memory, GError **error);
} MpipeFuncLauncherFuncs;

/* Starts workers by the functions of a test. @destroy, which may be NULL, gets @user_data at the end. */
MpipeLauncher *mpipe_func_launcher_new (const MpipeFuncLauncherFuncs *funcs, gpointer user_data,
                                        GDestroyNotify destroy);
gpointer mpipe_func_launcher_get_user_data (MpipeLauncher *launcher);

G_END_DECLS
