/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/flow/mpipe-scheduler-private.h"

#define DEAL_BELOW 8 /* tasks: a worker with less credit gets them one by one */

static gboolean
takes_tasks (const MpipeSchedulerPlace *place)
{
  return place->available && place->n_leased < place->credit;
}

/* How long the worker has to do, as far as is known. */
static double
get_held_us (const MpipeSchedulerPlace *place)
{
  return place->n_leased * MAX (place->service_us, (double) place->waited_us);
}

/* Whether a worker has so little to do that no other should be woken in its stead. */
static gboolean
has_little_to_do (const MpipeSchedulerPlace *place)
{
  return place->n_leased > 0 && place->service_us > 0
         && get_held_us (place) < MPIPE_SCHEDULER_WORTH_WAKING_US;
}

/* Returns: the available worker that holds the fewest tasks, MPIPE_SCHEDULER_NONE when none takes any. One that
 * has nothing to do sleeps: as long as another has little to do, that one gets more. So tiny tasks, of which a worker
 * does many while another wakes up, are done by few workers. */
guint
mpipe_scheduler_pick (const MpipeSchedulerPlace *places, guint n_places)
{
  guint picked = MPIPE_SCHEDULER_NONE, fullest = MPIPE_SCHEDULER_NONE;

  for (guint i = 0; i < n_places; i++)
    {
      if (!takes_tasks (&places[i]))
        continue;
      if (picked == MPIPE_SCHEDULER_NONE || places[i].n_leased < places[picked].n_leased)
        picked = i;
      if (has_little_to_do (&places[i])
          && (fullest == MPIPE_SCHEDULER_NONE
              || get_held_us (&places[i]) > get_held_us (&places[fullest])))
        fullest = i;
    }
  if (fullest != MPIPE_SCHEDULER_NONE && places[picked].n_leased == 0)
    return fullest;
  return picked;
}

/* Returns: how many of the waiting tasks the picked worker gets at once: its share of them, or as many as are worth
 * waking it for, as far as its credit goes. Tasks that are long, or of which nothing is known, are dealt out one by
 * one: neighbours are often alike, and several long ones in a row must not meet the same worker. */
guint
mpipe_scheduler_share (const MpipeSchedulerPlace *places, guint n_places, guint picked,
                       gsize n_waiting)
{
  const MpipeSchedulerPlace *place = &places[picked];
  gsize n_takers = 0, share, worth;

  if (place->credit <= DEAL_BELOW)
    return 1;
  for (guint i = 0; i < n_places; i++)
    n_takers += takes_tasks (&places[i]);
  share = (n_waiting + n_takers - 1) / n_takers;
  worth = place->service_us > 0
              ? (gsize) MIN (MPIPE_SCHEDULER_WORTH_WAKING_US / place->service_us, place->credit)
              : 1;
  share = MIN (MAX (share, worth), n_waiting);
  return (guint) CLAMP (share, 1, place->credit - place->n_leased);
}

/* Whether a worker could begin a task at once. */
gboolean
mpipe_scheduler_has_idle (const MpipeSchedulerPlace *places, guint n_places)
{
  for (guint i = 0; i < n_places; i++)
    if (places[i].available && places[i].n_leased < MAX (places[i].concurrency, 1))
      return TRUE;
  return FALSE;
}

/* For when a worker is idle and nothing waits. Returns: the worker that must give @out_n_tasks back,
 * MPIPE_SCHEDULER_NONE when none need; @out_maybe_later says that it is worth asking again soon. */
guint
mpipe_scheduler_find_giver (const MpipeSchedulerPlace *places, guint n_places, guint *out_n_tasks,
                            gboolean *out_maybe_later)
{
  guint giver = MPIPE_SCHEDULER_NONE;
  double longest = 0;

  *out_maybe_later = FALSE;
  for (guint i = 0; i < n_places; i++)
    {
      const MpipeSchedulerPlace *place = &places[i];
      double slowest = MAX (place->service_us, (double) place->waited_us);
      guint n_begun = MAX (place->n_begun, 1);
      double queued;

      if (!place->can_give || place->n_leased <= n_begun)
        continue;
      *out_maybe_later = TRUE;
      queued = (place->n_leased - n_begun) * slowest;
      if (queued < MPIPE_SCHEDULER_IMBALANCE_US || queued <= longest)
        continue;
      longest = queued;
      giver = i;
      *out_n_tasks = (place->n_leased - n_begun + 1) / 2;
    }
  return giver;
}
