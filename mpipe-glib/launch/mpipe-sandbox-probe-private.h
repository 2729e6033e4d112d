/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-sandbox-setup-private.h"

G_BEGIN_DECLS

/* What this system gives, found out once in the life of the process, by trying. */
typedef struct
{
  gboolean works;
  gboolean limits_processes;
  char *problem; /* NULL when it works */
  gboolean is_flatpak;
  MpipeSandboxSetup setup; /* of the system: without paths, environment, limits, program */
} MpipeSandboxProbe;

/* Any thread; the first call may take some milliseconds. */
const MpipeSandboxProbe *mpipe_sandbox_probe (void);

GStrv mpipe_sandbox_probe_get_environment (const MpipeSandboxProbe *self);
GStrv mpipe_sandbox_probe_get_arguments (const MpipeSandboxProbe *self,
                                         const MpipeSandboxSetup *setup);

G_END_DECLS
