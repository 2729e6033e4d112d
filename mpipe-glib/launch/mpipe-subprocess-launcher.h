/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launcher.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_SUBPROCESS_LAUNCHER (mpipe_subprocess_launcher_get_type ())

typedef struct _MpipeSubprocessLauncher MpipeSubprocessLauncher;

MPIPE_AVAILABLE_IN_1_0
GType mpipe_subprocess_launcher_get_type (void) G_GNUC_CONST;
MPIPE_AVAILABLE_IN_1_0
MpipeLauncher *mpipe_subprocess_launcher_new (void);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_subprocess_launcher_get_control_group (MpipeSubprocessLauncher *self);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_subprocess_launcher_get_control_group_problem (MpipeSubprocessLauncher *self);

#define MPIPE_SUBPROCESS_LAUNCHER(object)                                                          \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), MPIPE_TYPE_SUBPROCESS_LAUNCHER, MpipeSubprocessLauncher))
#define MPIPE_IS_SUBPROCESS_LAUNCHER(object)                                                       \
  (G_TYPE_CHECK_INSTANCE_TYPE ((object), MPIPE_TYPE_SUBPROCESS_LAUNCHER))

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeSubprocessLauncher, g_object_unref)
#endif

G_END_DECLS
