/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launch-limits-private.h"
#include "mpipe-glib/launch/mpipe-sandbox.h"

G_BEGIN_DECLS

struct _MpipeSandbox
{
  GObject parent_instance;
  gboolean frozen; /* a stage of a pipeline uses it */
  MpipeSandboxPolicy policy;
  GStrv read_only_paths; /* absolute; never NULL */
  GStrv writable_paths;
  GStrv environment; /* NAME=value, or NAME */
  guint64 tmp_size;
  guint64 max_memory;
  guint64 max_file_size;
  guint max_processes;
  guint max_open_files;
};

/* From here on the sandbox does not change, and the engine's thread may read it. */
void mpipe_sandbox_freeze (MpipeSandbox *self);

/* in mpipe-sandbox-parts.c */

/* Whether workers may be started with this sandbox, in it or without it. Any thread; may take some
 * milliseconds the first time. */
gboolean mpipe_sandbox_check (MpipeSandbox *self, GError **error);

/* Returns: whether workers are to be started in it */
gboolean mpipe_sandbox_is_in_force (MpipeSandbox *self);

/* in mpipe-sandbox-wrap.c */

/* What is executed in a sandbox; borrowed. */
typedef struct
{
  const char *program;
  const char *const *arguments; /* from the program's name for itself on */
  const char *const *visible;   /* files that it needs */
  const char *role;             /* what the environment says of the process */
  int last_fd;                  /* descriptors up to this one are passed on */
  MpipeLaunchLimits limits;     /* beside those of the sandbox */
} MpipeSandboxCommand;

/* Returns: the arguments of a program that executes @command in the sandbox */
GStrv mpipe_sandbox_wrap (MpipeSandbox *self, const MpipeSandboxCommand *command);

/* Whether what it runs is started by somebody else, and has nothing of what that program was given but descriptors */
gboolean mpipe_sandbox_is_made_elsewhere (void);

/* Returns: the environment of that program itself, which is no part of the sandbox */
GStrv mpipe_sandbox_get_outer_environment (void);

G_END_DECLS
