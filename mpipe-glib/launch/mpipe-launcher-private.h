/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/launch/mpipe-child-private.h"
#include "mpipe-glib/launch/mpipe-launch-limits-private.h"
#include "mpipe-glib/launch/mpipe-launcher.h"
#include "mpipe-glib/launch/mpipe-sandbox.h"
#include "mpipe-glib/wire/mpipe-page-private.h"
#include "mpipe-glib/wire/mpipe-tray-private.h"

G_BEGIN_DECLS

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
  MpipeArena *arena; /* large payloads of the whole pipeline; NULL when there is no such memory */
} MpipeLaunchSpec;

struct _MpipeLauncher
{
  GObject parent_instance;
};

/* The memory that a worker shares with its engine; what the launcher cannot share is NULL. */
typedef struct
{
  MpipePage *page;
  MpipeArena *arena;
  MpipeTray *tray;
} MpipeLaunchMemory;

struct _MpipeLauncherClass
{
  GObjectClass parent_class;

  gboolean has_sandbox; /* whether it can start workers in one */
  /* whether it could be started, as far as can be told without starting it; any thread */
  gboolean (*check) (MpipeLauncher *self, const MpipeLaunchSpec *spec, GError **error);
  /* starts it; out parameters are set on success only, and owned by the caller; engine's thread */
  MpipeChild *(*launch) (MpipeLauncher *self, const MpipeLaunchSpec *spec, GIOStream **out_stream,
                         MpipeLaunchMemory *out_memory, GError **error);
};

gboolean mpipe_launcher_check (MpipeLauncher *self, const MpipeLaunchSpec *spec, GError **error);
MpipeChild *mpipe_launcher_launch (MpipeLauncher *self, const MpipeLaunchSpec *spec,
                                   GIOStream **out_stream, MpipeLaunchMemory *out_memory,
                                   GError **error);
void mpipe_launch_memory_clear (MpipeLaunchMemory *self);

typedef struct _MpipeLauncherClass MpipeLauncherClass;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MpipeLaunchMemory, mpipe_launch_memory_clear)
#define MPIPE_LAUNCHER_CLASS(klass)                                                                \
  (G_TYPE_CHECK_CLASS_CAST ((klass), MPIPE_TYPE_LAUNCHER, MpipeLauncherClass))

G_END_DECLS
