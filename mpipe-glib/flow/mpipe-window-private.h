/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many tasks a worker may hold at once: as many as it takes about two milliseconds to do, so that tiny
 * tasks travel in batches and long ones do not queue behind each other. */
typedef struct
{
  double service_us; /* estimated time of one task; 0 when none was seen */
  double faster_us;  /* what was measured last, if that was less than half as long; else 0 */
} MpipeWindow;

#define MPIPE_WINDOW_MIN 2
#define MPIPE_WINDOW_MAX 4096
#define MPIPE_WINDOW_WORK_US 2000

void mpipe_window_update (MpipeWindow *self, guint n_done, gint64 elapsed_us, gint64 busy_us);
guint mpipe_window_get_credit (const MpipeWindow *self);

G_END_DECLS
