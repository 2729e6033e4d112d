/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How long a worker may be on its tasks: the time limit of the stage, and the grace time for a task that
 * it was told to give up. There is one timer, for what comes first. Engine's thread. */

#include "config.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

/* For how long the engine has seen the worker on a task, or before it, but for what the pipeline made it
 * wait. A worker goes from one task to the next: one that goes back tells a lie, and
 * wins nothing by it. */
static gint64
measure_seen (MpipeWorkerSlot *self, gint64 now, guint64 number, gboolean begun)
{
  if (number > self->timed_number || (number == self->timed_number && begun && !self->timed_begun)
      || self->paused)
    {
      self->timed_number = number;
      self->timed_begun = begun;
      self->timed_from = now;
    }
  return now - MAX (self->timed_from, self->resumed_at);
}

/* How long the worker has been on its current task, but for what the pipeline made it wait. What the worker says is
 * believed as long as it does not contradict what was seen: it cannot win more than the limit once again. */
static gint64
measure_current (MpipeWorkerSlot *self, gint64 now, guint64 number, gint64 since)
{
  gint64 seen_us = measure_seen (self, now, number, TRUE);

  if (self->paused || since <= 0 || since > now
      || now - self->timed_from >= 2 * (gint64) self->stage->task_timeout_ms * 1000)
    return seen_us;
  return now - MAX (since, self->resumed_at);
}

/* A worker that is on none of the tasks that it holds, as it says itself, or does not notice that they
 * were taken back, was stopped or has stopped reading, unless it begins soon; this is no time of a task,
 * and nothing to charge a task with. */
static gint64
get_idle_left (MpipeWorkerSlot *self, gint64 now)
{
  gint64 limit_us = (gint64) self->stage->task_timeout_ms * 1000;
  gint64 idle_us = measure_seen (self, now, mpipe_leases_get_oldest (self->leases), FALSE);

  if (self->stage->start_timeout_ms == 0)
    return limit_us;
  return MIN (MAX (limit_us, (gint64) self->stage->start_timeout_ms * 1000) - idle_us, limit_us);
}

/* A worker that takes one task after the other. */
static gint64
get_current_left (MpipeWorkerSlot *self, gint64 now, guint64 *out_number)
{
  gint64 limit_us = (gint64) self->stage->task_timeout_ms * 1000;
  gint64 since = 0;
  guint64 number = 0;

  if (!mpipe_worker_process_get_current (self->process, &number, &since))
    number = mpipe_leases_get_oldest (self->leases);
  if (mpipe_leases_get (self->leases, number) != NULL)
    {
      *out_number = number;
      return limit_us - measure_current (self, now, number, since);
    }
  return get_idle_left (self, now);
}

/* Looks at tasks whose beginning is known: those that were @cancelled, or the others. Returns: (nullable): the one
 * that has been on for longest, @out_elapsed_us long */
static MpipeItem *
find_longest (MpipeWorkerSlot *self, gboolean cancelled, gint64 now, gint64 *out_elapsed_us,
              guint64 *out_number)
{
  MpipeItem *longest = NULL;

  for (guint64 number = mpipe_leases_get_oldest (self->leases);
       number < mpipe_leases_get_next (self->leases); number++)
    {
      MpipeItem *task = mpipe_leases_get (self->leases, number);
      gint64 elapsed_us;

      if (task == NULL || task->begun_at == 0 || !task->is_cancelled != !cancelled)
        continue;
      elapsed_us = self->paused ? 0 : now - MAX (task->begun_at, self->resumed_at);
      if (longest != NULL && elapsed_us <= *out_elapsed_us)
        continue;
      longest = task;
      *out_elapsed_us = elapsed_us;
      *out_number = number;
    }
  return longest;
}

/* Returns: how long the worker may still be on what it is on, G_MAXINT64 for ever; not above 0 when it has been
 * for too long, on @out_number, if that is known. */
static gint64
get_time_left (MpipeWorkerSlot *self, gint64 now, guint64 *out_number)
{
  gint64 limit_us = (gint64) self->stage->task_timeout_ms * 1000;
  gint64 elapsed_us = 0;

  *out_number = 0;
  if (limit_us == 0)
    return G_MAXINT64;
  if (!mpipe_worker_slot_is_concurrent (self))
    return get_current_left (self, now, out_number);
  if (find_longest (self, FALSE, now, &elapsed_us, out_number) == NULL && self->n_begun == 0)
    return get_idle_left (self, now);
  return limit_us - elapsed_us;
}

/* The same for tasks that it was told to give up. */
static gint64
get_grace_left (MpipeWorkerSlot *self, gint64 now, guint64 *out_number)
{
  gint64 elapsed_us = 0;

  if (self->has_cancelled)
    self->has_cancelled = find_longest (self, TRUE, now, &elapsed_us, out_number) != NULL;
  return self->has_cancelled ? (gint64) self->stage->grace_time_ms * 1000 - elapsed_us : G_MAXINT64;
}

/* Ends the process for the task that it is on. It may go on to another before it is gone; that one is innocent. 0 for
 * none that is known. */
void
mpipe_worker_slot_condemn (MpipeWorkerSlot *self, guint64 number, GError *reason)
{
  MpipeItem *task = mpipe_worker_slot_part (self, number);
  guint64 current;
  gint64 since;

  if (task != NULL && task->begun_at == 0
      && mpipe_worker_process_get_current (self->process, &current, &since) && current == number)
    task->begun_at = since;
  self->condemned = number;
  mpipe_worker_process_terminate (self->process, reason);
}

static gboolean
timeout_cb (gpointer user_data)
{
  MpipeWorkerSlot *self = user_data;

  g_clear_pointer (&self->timeout_source, g_source_unref);
  mpipe_worker_slot_check_time (self);
  return G_SOURCE_REMOVE;
}

/* Ends the process if it has been on something for too long; else sees to it that this is asked again. */
void
mpipe_worker_slot_check_time (MpipeWorkerSlot *self)
{
  gint64 now, left_us, grace_left_us;
  guint64 late = 0, cancelled = 0;

  if ((self->stage->task_timeout_ms == 0 && !self->has_cancelled) || self->timeout_source != NULL
      || self->process == NULL
      || (mpipe_leases_get_n (self->leases) == 0 && self->recall_until == 0)
      || mpipe_worker_process_get_state (self->process) >= MPIPE_WORKER_PROCESS_ENDING)
    return;
  now = g_get_monotonic_time ();
  left_us = get_time_left (self, now, &late);
  grace_left_us = get_grace_left (self, now, &cancelled);
  if (left_us <= 0)
    mpipe_worker_slot_condemn (self, late,
                               g_error_new (MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT,
                                            "exceeded the time limit of %u ms",
                                            self->stage->task_timeout_ms));
  else if (grace_left_us <= 0)
    mpipe_worker_slot_condemn (self, cancelled, mpipe_worker_slot_new_cancellation ());
  else if (MIN (left_us, grace_left_us) < G_MAXINT64)
    self->timeout_source
        = mpipe_worker_slot_attach_timer (self, (guint) (MIN (left_us, grace_left_us) / 1000 + 1),
                                          timeout_cb, "[mpipe] time limit of a task");
}
