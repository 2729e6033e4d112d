/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All that the arguments of a sandbox depend on; borrowed. */
typedef struct
{
  const char *wrapper;  /* the file of bwrap or flatpak-spawn */
  const char *executor; /* the file of mpipe-sandbox-exec */
  gboolean is_root;

  const char *const *links;           /* name, target, name, target … */
  const char *const *system_paths;    /* read-only, where they exist */
  const char *const *read_only_paths; /* absolute, in any order */
  const char *const *writable_paths;
  const char *const *environment; /* NAME=value */

  /* 0 for no limit */
  guint64 tmp_size;
  guint64 max_memory;
  guint64 max_file_size;
  guint max_processes;
  guint max_open_files;
  guint max_cpu_s;

  int last_fd;                  /* descriptors from 3 up to this one are the worker's */
  const char *program;          /* its file; NULL to find out whether it works */
  const char *const *arguments; /* from the program's name for itself on */
} MpipeSandboxSetup;

GStrv mpipe_sandbox_setup_to_bubblewrap (const MpipeSandboxSetup *self);
GStrv mpipe_sandbox_setup_to_flatpak (const MpipeSandboxSetup *self);

/* Returns: what to show of the surroundings of @file: its directory, or, where that is or holds one of the private
 * places, the file alone */
char *mpipe_sandbox_setup_find_surroundings (const char *file, const char *const *private_places);

G_END_DECLS
