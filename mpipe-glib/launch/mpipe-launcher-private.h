/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-child-private.h"
#include "mpipe-glib/launch/mpipe-launcher.h"
#include "mpipe-glib/launch/mpipe-sandbox.h"
#include "mpipe-glib/wire/mpipe-page-private.h"

G_BEGIN_DECLS

/* What a worker may use; 0 for anything. */
typedef struct
{
  guint64 n_data_bytes;
  guint cpu_s;
  guint n_files;
} MpipeLaunchLimits;

/* Which worker to start. */
typedef struct
{
  const char *worker_name;    /* of this program; NULL when there is a command or module */
  const char *const *command; /* program and arguments; NULL */
  const char *module_file;    /* loaded by the worker host; NULL */
  const char *module_symbol;
  const char *stage_name;
  guint index;
  MpipeLaunchLimits limits;
  gboolean capture_stderr; /* standard error comes to the child's error descriptor, if that can be had */
  MpipeSandbox *sandbox; /* NULL for none */
} MpipeLaunchSpec;

struct _MpipeLauncher
{
  GObject parent_instance;
};

struct _MpipeLauncherClass
{
  GObjectClass parent_class;

  gboolean has_sandbox; /* whether it can start workers in one */
  /* whether it could be started, as far as can be told without starting it; any thread */
  gboolean (*check) (MpipeLauncher *self, const MpipeLaunchSpec *spec, GError **error);
  /* starts it; out parameters are set on success only; @out_page may become NULL; engine's thread */
  MpipeChild *(*launch) (MpipeLauncher *self, const MpipeLaunchSpec *spec, GIOStream **out_stream,
                         MpipePage **out_page, GError **error);
};

gboolean mpipe_launcher_check (MpipeLauncher *self, const MpipeLaunchSpec *spec, GError **error);
MpipeChild *mpipe_launcher_launch (MpipeLauncher *self, const MpipeLaunchSpec *spec,
                                   GIOStream **out_stream, MpipePage **out_page, GError **error);

typedef struct _MpipeLauncherClass MpipeLauncherClass;
#define MPIPE_LAUNCHER_CLASS(klass)                                                                \
  (G_TYPE_CHECK_CLASS_CAST ((klass), MPIPE_TYPE_LAUNCHER, MpipeLauncherClass))

G_END_DECLS
