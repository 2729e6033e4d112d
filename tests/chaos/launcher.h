/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

/* Starts processes as the library does, except when something is wrong. One may serve all stages. */

typedef struct
{
  guint n_launches; /* that succeeded */
  guint n_failed;
} ChaosLaunches;

MpipeLauncher *chaos_launcher_new (void);

/* Of any thread. The next launches fail: so many without a process, or with one that finds nothing to execute. */
void chaos_launcher_refuse (MpipeLauncher *launcher, guint n);
void chaos_launcher_mislead (MpipeLauncher *launcher, guint n);

/* Leaves the application so many descriptors for a while, or until some launches have failed. */
void chaos_launcher_exhaust (MpipeLauncher *launcher, guint n_left);

ChaosLaunches chaos_launcher_get_launches (MpipeLauncher *launcher);

G_END_DECLS
