/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which worker gets the next tasks, and which must give some back. */

/* What the decision is made from, for each worker of a stage. */
typedef struct
{
  gboolean available; /* ready, and takes tasks */
  gboolean can_give;  /* tasks that it has not begun can be taken back */
  guint n_leased;
  guint concurrency; /* how many of them the worker does at a time; 0 for one */
  guint n_begun;     /* that it is known to be on; at least one is taken for granted */
  guint credit;
  gint64 waited_us;  /* for how long it has kept waiting what it has not begun */
  double service_us; /* estimated time of one task */
} MpipeSchedulerPlace;

#define MPIPE_SCHEDULER_NONE G_MAXUINT

/* An imbalance that is worth taking tasks back for. */
#define MPIPE_SCHEDULER_IMBALANCE_US 1000

/* Work for which a worker that sleeps is woken: about what it costs to wake it, on all sides. */
#define MPIPE_SCHEDULER_WORTH_WAKING_US 50

guint mpipe_scheduler_pick (const MpipeSchedulerPlace *places, guint n_places);
guint mpipe_scheduler_share (const MpipeSchedulerPlace *places, guint n_places, guint picked,
                             gsize n_waiting);
gboolean mpipe_scheduler_has_idle (const MpipeSchedulerPlace *places, guint n_places);
guint mpipe_scheduler_find_giver (const MpipeSchedulerPlace *places, guint n_places,
                                  guint *out_n_tasks, gboolean *out_maybe_later);

G_END_DECLS
