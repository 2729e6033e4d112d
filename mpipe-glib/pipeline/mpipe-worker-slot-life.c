/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How long a process has its slot. One that has done enough is replaced: its successor is started, and when that is
 * ready the old one gets no more tasks, does those that it holds, and is stopped; then the successor takes its place.
 * One that has nothing to do for long is stopped, and the slot sleeps until there is a task for it. Engine's thread. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
is_ready (MpipeWorkerProcess *process)
{
  return process != NULL
         && mpipe_worker_process_get_state (process) == MPIPE_WORKER_PROCESS_READY;
}

/* Tells a process that leaves to stop, when it has nothing left to do. */
static void
stop_if_done (MpipeWorkerSlot *self)
{
  if (!self->leaving || !is_ready (self->process) || mpipe_leases_get_n (self->leases) > 0)
    return;
  mpipe_worker_slot_send_stop (self);
}

/* The successor: it is given no tasks before it has the slot, so it may say nothing about any. */

static void
successor_ready_cb (gpointer owner)
{
  MpipeWorkerSlot *self = owner;

  self->leaving = TRUE;
  stop_if_done (self);
  self->events->changed (self->owner);
}

static gboolean
successor_answered_cb (gpointer owner, guint64 number)
{
  return FALSE;
}

static gboolean
successor_result_cb (gpointer owner, guint64 number, const MpipePayload *result, gboolean last)
{
  return FALSE;
}

static gboolean
successor_row_cb (gpointer owner, guint64 first, const MpipePayload *results, guint n)
{
  return FALSE;
}

static gboolean
successor_failed_cb (gpointer owner, guint64 number, const char *reason)
{
  return FALSE;
}

static void
successor_begun_cb (gpointer owner, guint64 number)
{
}

static gboolean
successor_progress_cb (gpointer owner, guint64 number, double fraction, const char *text)
{
  return FALSE;
}

static void
successor_received_cb (gpointer owner)
{
}

/* It did not become anything: the old process, if it was not told to stop yet, lives another life. */
static void
successor_ended_cb (gpointer owner, const GError *error)
{
  MpipeWorkerSlot *self = owner;

  g_clear_pointer (&self->successor, mpipe_worker_process_unref);
  if (!self->retired)
    self->events->exited (self->owner, self->index, error);
  if (is_ready (self->process))
    {
      self->leaving = FALSE;
      mpipe_worker_slot_begin_life (self);
    }
  self->events->changed (self->owner);
}

static const MpipeWorkerProcessEvents successor_events = {
  .ready = successor_ready_cb,
  .result = successor_result_cb,
  .row = successor_row_cb,
  .done = successor_answered_cb,
  .failed = successor_failed_cb,
  .begun = successor_begun_cb,
  .skipped = successor_answered_cb,
  .progress = successor_progress_cb,
  .received = successor_received_cb,
  .ended = successor_ended_cb,
};

static void
start_successor (MpipeWorkerSlot *self)
{
  if (self->successor != NULL || self->leaving || self->retired || !is_ready (self->process))
    return;
  self->successor = mpipe_worker_slot_new_process (self, &successor_events, NULL);
  if (self->successor == NULL)
    mpipe_worker_slot_begin_life (self);
}

/* Time */

static gboolean
lifetime_over_cb (gpointer user_data)
{
  MpipeWorkerSlot *self = user_data;

  g_clear_pointer (&self->lifetime_source, g_source_unref);
  start_successor (self);
  return G_SOURCE_REMOVE;
}

static gboolean idle_cb (gpointer user_data);

static void
wait_for_idleness (MpipeWorkerSlot *self, gint64 us)
{
  self->idle_source = mpipe_worker_slot_attach_timer (self, (guint) (us / 1000 + 1), idle_cb,
                                                      "[mpipe] idleness of a worker");
}

static gboolean
idle_cb (gpointer user_data)
{
  MpipeWorkerSlot *self = user_data;
  gint64 timeout_us = (gint64) self->stage->idle_timeout_ms * 1000;
  gint64 left_us = timeout_us;

  g_clear_pointer (&self->idle_source, g_source_unref);
  if (!is_ready (self->process) || self->retired || self->leaving || self->successor != NULL)
    return G_SOURCE_REMOVE;
  if (mpipe_leases_get_n (self->leases) == 0)
    left_us = MAX (self->measured_from, self->life_began) + timeout_us - g_get_monotonic_time ();
  if (left_us > 0)
    {
      wait_for_idleness (self, left_us);
      return G_SOURCE_REMOVE;
    }
  self->leaving = TRUE;
  stop_if_done (self);
  self->events->changed (self->owner);
  return G_SOURCE_REMOVE;
}

/* The process is ready, or begins another life. */
void
mpipe_worker_slot_begin_life (MpipeWorkerSlot *self)
{
  mpipe_worker_slot_end_life (self);
  self->life_began = g_get_monotonic_time ();
  if (self->stage->worker_lifetime_s > 0)
    self->lifetime_source = mpipe_worker_slot_attach_timer (
        self, self->stage->worker_lifetime_s * 1000, lifetime_over_cb,
        "[mpipe] life of a worker");
  if (self->stage->idle_timeout_ms > 0)
    wait_for_idleness (self, (gint64) self->stage->idle_timeout_ms * 1000);
}

void
mpipe_worker_slot_end_life (MpipeWorkerSlot *self)
{
  self->n_life_tasks = 0;
  drop_source (&self->lifetime_source);
  drop_source (&self->idle_source);
}

/* To be called when tasks have ended. */
void
mpipe_worker_slot_check_life (MpipeWorkerSlot *self)
{
  guint lifespan = self->stage->worker_lifespan;

  if (lifespan > 0 && self->n_life_tasks >= lifespan)
    start_successor (self);
  stop_if_done (self);
}

/* There will be no place for a successor. */
void
mpipe_worker_slot_end_successor (MpipeWorkerSlot *self)
{
  if (self->successor != NULL)
    mpipe_worker_process_end (self->successor, mpipe_worker_slot_new_cancellation ());
}

/* Whether the slot has no process because it had nothing to do. */
gboolean
mpipe_worker_slot_is_asleep (MpipeWorkerSlot *self)
{
  return self->process == NULL && self->restart_source == NULL && self->problem == NULL
         && !self->retired;
}
