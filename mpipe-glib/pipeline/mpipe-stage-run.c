/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A stage whose workers are processes. A task gets its place in the order when it leaves the input; its
 * results and its failure go to that place, and are released when its turn comes. A task that is tried
 * again returns to the front of the input and keeps its place; it may have to wait before.
 *
 * When the input has ended and all tasks are answered, the workers are retired. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-run-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/flow/mpipe-reorder-private.h"
#include "mpipe-glib/flow/mpipe-retry-private.h"
#include "mpipe-glib/pipeline/mpipe-retry-queue-private.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

#define REBALANCE_AFTER_MS 2

typedef struct
{
  MpipeRun run;
  MpipeReorder *places;
  guint64 n_held; /* tasks and failures in those whose turn has not come */
  guint n_slots;
  MpipeWorkerSlot **slots;
  MpipeSchedulerPlace *scheduling; /* of n_slots, filled anew each time */
  gboolean retired;
  MpipeRetryQueue retries; /* tasks that wait for their next attempt */
  guint16 good_type; /* the type of tasks that was found right last */
  GSource *rebalance_source; /* while a worker is idle and another has more than one task */
} MpipeStageRun;

/* Tasks that end */

static void
hold_in_place (MpipeStageRun *self, guint64 place, MpipeItem *item)
{
  self->n_held += item->n_tasks;
  mpipe_reorder_add (self->places, place, item);
}

static void
end_place (MpipeStageRun *self, MpipeItem *task)
{
  mpipe_reorder_close (self->places, task->place, task->n_tasks);
  if (!task->is_stop)
    mpipe_counter_add (&self->run.statistics->n_ended, task->n_tasks);
}

/* The task becomes its failure, in its place. Takes @error over. */
static void
fail_task (MpipeStageRun *self, MpipeItem *task, GError *error)
{
  if (!task->is_stop)
    mpipe_counter_add (&self->run.statistics->n_failed, 1);
  mpipe_item_fail (task, self->run.stage, error);
  hold_in_place (self, task->place, task);
  end_place (self, task);
}

static void
finish_task (MpipeStageRun *self, MpipeItem *task)
{
  MpipeItem *result;

  while ((result = mpipe_fifo_pop (&task->held)) != NULL)
    hold_in_place (self, task->place, result);
  end_place (self, task);
  mpipe_item_free (task);
}

static gboolean
holds_back_results (MpipeStageRun *self)
{
  return self->run.stage->max_attempts > 1;
}

static void
slot_result_cb (gpointer owner, MpipeItem *task, const MpipePayload *payload,
                const MpipeProducer *producer)
{
  MpipeStageRun *self = owner;
  MpipeItem *result;

  if (task->is_cancelled)
    return;
  result = mpipe_item_new_child (task, payload);
  result->producer = *producer;
  mpipe_counter_add (&self->run.statistics->n_results, 1);
  if (holds_back_results (self))
    mpipe_fifo_push (&task->held, result);
  else
    {
      hold_in_place (self, task->place, result);
      task->has_passed_on = TRUE;
    }
}

static void
retry_task (MpipeStageRun *self, MpipeItem *task)
{
  mpipe_item_drop_held (task);
  mpipe_counter_add (&self->run.statistics->n_retried, 1);
  if (self->run.stage->retry_delay_ms == 0)
    mpipe_run_put_back (&self->run, task);
  else
    mpipe_retry_queue_add (&self->retries, task,
                           mpipe_retry_get_delay (self->run.stage->retry_delay_ms, task->n_attempts,
                                                  g_random_int ()));
}

/* Tasks that are due come to the front; @now is G_MAXINT64 for all. */
static void
end_waiting (MpipeStageRun *self, gint64 now)
{
  MpipeItem *task;

  while ((task = mpipe_retry_queue_take (&self->retries, now)) != NULL)
    mpipe_run_put_back (&self->run, task);
  mpipe_retry_queue_wait (&self->retries, now);
}

static void
slot_ended_cb (gpointer owner, MpipeItem *task, GError *error, gboolean worker_died)
{
  MpipeStageRun *self = owner;

  if (task->is_stop && error != NULL && !self->run.stage->do_stop_task)
    g_clear_error (&error);
  if (worker_died && error != NULL)
    task->n_attempts++;

  if (task->is_cancelled)
    {
      g_clear_error (&error);
      fail_task (self, task, mpipe_run_new_cancelled_error (&self->run, task));
    }
  else if (error == NULL)
    finish_task (self, task);
  else if (worker_died && !task->is_stop && !self->run.context->terminating
           && mpipe_retry_task (task->n_attempts, self->run.stage->max_attempts))
    {
      g_error_free (error);
      retry_task (self, task);
    }
  else
    fail_task (self, task, error);
}

/* The task becomes its last result: most tasks have one. A row of tasks becomes a row of results. */
static void
slot_finished_cb (gpointer owner, MpipeItem *task, const MpipePayload *payload,
                  const MpipeProducer *producer)
{
  MpipeStageRun *self = owner;

  if (task->is_stop || task->is_cancelled || !mpipe_fifo_is_empty (&task->held))
    {
      slot_result_cb (self, task, payload, producer);
      slot_ended_cb (self, task, NULL, FALSE);
      return;
    }
  mpipe_item_set_payload (task, payload);
  task->producer = *producer;
  mpipe_counter_add (&self->run.statistics->n_results, task->n_tasks);
  hold_in_place (self, task->place, task);
  end_place (self, task);
}

/* A worker that has sent results of a task, and not that it has ended, cannot be said not to have begun
 * it. */
static void
slot_returned_cb (gpointer owner, MpipeItem *task)
{
  MpipeStageRun *self = owner;

  if (task->has_passed_on)
    {
      fail_task (self, task,
                 g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED,
                              "stage “%s”: a worker ended before it said that task %" G_GUINT64_FORMAT
                              " had, which has given results",
                              self->run.stage->name, task->id));
      return;
    }
  mpipe_item_drop_held (task);
  mpipe_run_put_back (&self->run, task);
}

static void
slot_progress_cb (gpointer owner, const MpipeItem *task, double fraction, const char *text)
{
  MpipeStageRun *self = owner;

  self->run.context->events->progress (self->run.context->owner, self->run.stage, task->id,
                                       fraction, text);
}

static void
slot_started_cb (gpointer owner, guint index)
{
  MpipeStageRun *self = owner;

  self->run.context->events->worker_started (self->run.context->owner, self->run.stage, index);
}

static void
slot_exited_cb (gpointer owner, guint index, const GError *error)
{
  MpipeStageRun *self = owner;

  self->run.context->events->worker_exited (self->run.context->owner, self->run.stage, index,
                                            error);
}

static void
slot_changed_cb (gpointer owner)
{
  MpipeStageRun *self = owner;

  mpipe_run_mark (&self->run);
  self->run.context->events->settle (self->run.context->owner);
}

static void
retry_due_cb (gpointer owner)
{
  MpipeStageRun *self = owner;

  end_waiting (self, g_get_monotonic_time ());
  slot_changed_cb (self);
}

static gboolean
slot_may_launch_cb (gpointer owner)
{
  const MpipeRunContext *context = ((MpipeStageRun *) owner)->run.context;

  return context->events->may_launch (context->owner);
}

static const MpipeWorkerSlotEvents slot_events = {
  .result = slot_result_cb,
  .finished = slot_finished_cb,
  .ended = slot_ended_cb,
  .returned = slot_returned_cb,
  .progress = slot_progress_cb,
  .may_launch = slot_may_launch_cb,
  .started = slot_started_cb,
  .exited = slot_exited_cb,
  .changed = slot_changed_cb,
};

/* Tasks that begin */

static void
describe_slots (MpipeStageRun *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_describe (self->slots[i], &self->scheduling[i]);
}

/* Returns: (nullable): why there is no worker and will be none */
static const GError *
stage_run_get_problem (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  for (guint i = 0; i < self->n_slots; i++)
    if (mpipe_worker_slot_get_problem (self->slots[i]) == NULL)
      return NULL;
  return mpipe_worker_slot_get_problem (self->slots[0]);
}

/* The results of the stage before may be of any type, if it does not declare them. */
static GError *
find_type_error (MpipeStageRun *self, const MpipeItem *task)
{
  const GVariantType *type = self->run.stage->task_type;
  MpipeTypeTable *types = self->run.context->types;
  g_autofree char *expected = NULL;

  if (type == NULL || task->is_stop || task->payload.type == self->good_type)
    return NULL;
  if (mpipe_payload_has_type (&task->payload, types, type))
    {
      self->good_type = task->payload.type;
      return NULL;
    }
  expected = g_variant_type_dup_string (type);
  return g_error_new (MPIPE_ERROR, MPIPE_ERROR_TYPE,
                      "stage “%s” takes tasks of type “%s”, this one is of type “%s”",
                      self->run.stage->name, expected,
                      mpipe_type_table_get (types, task->payload.type)->string);
}

static GError *
find_refusal (MpipeStageRun *self, const MpipeItem *task)
{
  const GError *problem;
  GError *refusal = mpipe_run_find_refusal (&self->run, task);

  if (refusal == NULL)
    refusal = find_type_error (self, task);
  if (refusal != NULL)
    return refusal;
  problem = stage_run_get_problem (&self->run);
  return problem != NULL ? g_error_copy (problem) : NULL;
}

/* Whether tasks of a row may have to be looked at one by one. */
static gboolean
must_part (MpipeStageRun *self, const MpipeItem *item, const GError *refusal)
{
  return item->n_tasks > 1 && (refusal != NULL || self->run.context->cancelled != NULL);
}

/* Returns: whether there is no such item at the front. */
static gboolean
pass_failure (MpipeStageRun *self)
{
  MpipeItem *item = (MpipeItem *) self->run.input.first;
  g_autoptr (GError) refusal = item->error == NULL ? find_refusal (self, item) : NULL;

  if (must_part (self, item, refusal))
    {
      mpipe_run_put_back (&self->run, mpipe_run_take (&self->run, 1));
      return FALSE;
    }
  if (item->error == NULL && refusal == NULL)
    return TRUE;
  mpipe_run_take (&self->run, 1);
  if (item->place == 0)
    item->place = mpipe_reorder_open (self->places, 1);
  if (refusal != NULL)
    {
      fail_task (self, item, g_steal_pointer (&refusal));
      return FALSE;
    }
  hold_in_place (self, item->place, item);
  mpipe_reorder_close (self->places, item->place, 1);
  return FALSE;
}

/* Deals with the items at the front that no worker gets. */
static void
pass_failures (MpipeStageRun *self)
{
  while (!mpipe_fifo_is_empty (&self->run.input) && !pass_failure (self))
    ;
}

/* How many tasks the worker may be given with the first one. */
static guint
get_row_length (MpipeStageRun *self, guint slot, guint max)
{
  const MpipeItem *first = (MpipeItem *) self->run.input.first;

  return mpipe_worker_slot_takes_rows (self->slots[slot]) && !first->goes_alone ? max : 1;
}

/* Returns: how many tasks it were, up to @max. */
static guint
give_front (MpipeStageRun *self, guint slot, guint max)
{
  MpipeItem *task = mpipe_run_take (&self->run, get_row_length (self, slot, max));
  guint n_tasks = task->n_tasks;

  if (task->place == 0)
    task->place = mpipe_reorder_open (self->places, n_tasks);
  if (task->fds != NULL && !mpipe_worker_slot_takes_fds (self->slots[slot]))
    {
      fail_task (self, task,
                 g_error_new (MPIPE_ERROR, MPIPE_ERROR_TYPE,
                              "stage “%s”: task %" G_GUINT64_FORMAT
                              " has descriptors, and its worker takes none",
                              self->run.stage->name, task->id));
      return n_tasks;
    }
  mpipe_worker_slot_give (self->slots[slot], task);
  self->scheduling[slot].n_leased += n_tasks;
  return n_tasks;
}

/* Whether so many results wait for one whose turn it is, with a slow worker, that the others rest. Only where
 * there is a limit; tasks that were begun before are done. */
static gboolean
must_wait_for_turn (MpipeStageRun *self)
{
  return self->run.context->limited
         && self->n_held >= MPIPE_RUN_WAITING_MAX
         && ((MpipeItem *) self->run.input.first)->place == 0;
}

static void
give_tasks (MpipeStageRun *self)
{
  for (;;)
    {
      guint picked, n;

      pass_failures (self);
      if (mpipe_fifo_is_empty (&self->run.input) || must_wait_for_turn (self))
        return;
      picked = mpipe_scheduler_pick (self->scheduling, self->n_slots);
      if (picked == MPIPE_SCHEDULER_NONE)
        return;
      n = mpipe_scheduler_share (self->scheduling, self->n_slots, picked, self->run.n_waiting);
      while (n > 0 && !mpipe_fifo_is_empty (&self->run.input))
        {
          n -= give_front (self, picked, n);
          pass_failures (self);
        }
    }
}

/* Starts a worker that was stopped because it had nothing to do, when there is more than the others are free for. */
static void
wake_one (MpipeStageRun *self)
{
  gsize n_tasks = self->run.n_waiting;
  guint n_awake = 0;
  MpipeWorkerSlot *asleep = NULL;

  if (self->run.stage->idle_timeout_ms == 0)
    return;
  for (guint i = 0; i < self->n_slots; i++)
    {
      n_tasks += self->scheduling[i].n_leased;
      if (!mpipe_worker_slot_is_asleep (self->slots[i]))
        n_awake++;
      else if (asleep == NULL)
        asleep = self->slots[i];
    }
  if (asleep != NULL && n_tasks > n_awake)
    {
      mpipe_worker_slot_start (asleep);
      mpipe_run_mark (&self->run); /* it may need another */
    }
}

static gboolean
rebalance_cb (gpointer user_data)
{
  MpipeStageRun *self = user_data;

  g_clear_pointer (&self->rebalance_source, g_source_unref);
  slot_changed_cb (self);
  return G_SOURCE_REMOVE;
}

static void
rebalance_later (MpipeStageRun *self)
{
  if (self->rebalance_source != NULL)
    return;
  self->rebalance_source = g_timeout_source_new (REBALANCE_AFTER_MS);
  g_source_set_static_name (self->rebalance_source, "[mpipe] balance between workers");
  g_source_set_callback (self->rebalance_source, rebalance_cb, self, NULL);
  g_source_attach (self->rebalance_source, g_main_context_get_thread_default ());
}

/* When a worker is idle while another has tasks that it has not begun, some of those are moved. */
static void
rebalance (MpipeStageRun *self)
{
  guint giver, n_tasks;
  gboolean maybe_later;

  if (self->n_slots < 2 || !mpipe_fifo_is_empty (&self->run.input)
      || !mpipe_scheduler_has_idle (self->scheduling, self->n_slots))
    return;
  giver = mpipe_scheduler_find_giver (self->scheduling, self->n_slots, &n_tasks, &maybe_later);
  if (giver != MPIPE_SCHEDULER_NONE)
    {
      mpipe_worker_slot_take_back (self->slots[giver], n_tasks);
      describe_slots (self);
      give_tasks (self);
    }
  else if (maybe_later)
    rebalance_later (self);
}

static void
release_results (MpipeStageRun *self)
{
  MpipeItem *item;

  while ((item = mpipe_reorder_take (self->places)) != NULL)
    {
      self->n_held -= item->n_tasks;
      mpipe_run_release (&self->run, item);
    }
}

/* Whether the task whose turn it is waits for a worker, perhaps behind others that have come back as well: no worker has
 * it, and it does not wait to be tried again. */
static gboolean
next_waits (MpipeStageRun *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    if (mpipe_worker_slot_holds_next (self->slots[i], self->places))
      return FALSE;
  for (MpipeFifoLink *link = self->retries.tasks.first; link != NULL; link = link->next)
    if (mpipe_reorder_is_next (self->places, ((MpipeItem *) link)->place))
      return FALSE;
  return TRUE;
}

/* A worker is not read while its results would have to wait: they stay with it. When the limit in bytes is
 * reached, only the worker is read that holds the task whose turn it is. */
static void
set_reading (MpipeStageRun *self)
{
  gboolean blocked = mpipe_run_is_blocked (&self->run);
  gboolean all = self->run.context->terminating || !mpipe_run_is_over_bytes (&self->run)
                 || next_waits (self);

  for (guint i = 0; i < self->n_slots; i++)
    {
      MpipeWorkerSlot *slot = self->slots[i];
      gboolean reading
          = !mpipe_worker_slot_owes_results (slot)
            || (!blocked && (all || mpipe_worker_slot_holds_next (slot, self->places)));

      mpipe_worker_slot_set_reading (slot, reading);
    }
}

static guint
count_leased (MpipeStageRun *self)
{
  guint n = 0;

  for (guint i = 0; i < self->n_slots; i++)
    n += mpipe_worker_slot_get_n_leased (self->slots[i]);
  return n;
}

static gboolean
stage_run_is_starting (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  for (guint i = 0; i < self->n_slots; i++)
    if (mpipe_worker_slot_is_starting (self->slots[i]))
      return TRUE;
  return FALSE;
}

static void
retire_if_idle (MpipeStageRun *self)
{
  if (self->retired || self->run.n_open_upstreams > 0
      || !mpipe_fifo_is_empty (&self->run.input) || !mpipe_fifo_is_empty (&self->retries.tasks)
      || count_leased (self) > 0)
    return;
  self->retired = TRUE;
  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_retire (self->slots[i]);
}

static void
stage_run_work (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  release_results (self);
  mpipe_run_move_output (run);
  if (!mpipe_run_is_blocked (run))
    {
      describe_slots (self);
      give_tasks (self);
      wake_one (self);
      rebalance (self);
      release_results (self);
      mpipe_run_move_output (run);
    }
  retire_if_idle (self);
  if (run->context->limited)
    set_reading (self);
  mpipe_run_end_output_if_drained (run);
}

static gboolean
stage_run_is_drained (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  return self->retired && !stage_run_is_starting (run) && count_leased (self) == 0
         && mpipe_reorder_get_n_open (self->places) == 0
         && mpipe_reorder_get_n_held (self->places) == 0;
}

static gboolean
stage_run_is_over (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  for (guint i = 0; i < self->n_slots; i++)
    if (!mpipe_worker_slot_is_empty (self->slots[i]))
      return FALSE;
  return TRUE;
}

static void
stage_run_flush (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_flush (self->slots[i]);
}

static void
stage_run_start (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_start (self->slots[i]);
}

static void
stage_run_terminate (MpipeRun *run, const GError *reason)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  self->retired = TRUE;
  end_waiting (self, G_MAXINT64);
  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_terminate (self->slots[i], reason);
}

static void
stage_run_cancel (MpipeRun *run, guint64 id)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  mpipe_retry_queue_cancel (&self->retries, id);
  end_waiting (self, g_get_monotonic_time ());
  mpipe_run_cancel_input (run, id);
  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_cancel (self->slots[i], id);
}

static void
stage_run_accuse (MpipeRun *run, const MpipeProducer *producer, const GError *reason)
{
  MpipeStageRun *self = (MpipeStageRun *) run;

  if (producer->index < self->n_slots)
    mpipe_worker_slot_accuse (self->slots[producer->index], producer->pid, reason);
}

static void
stage_run_free (MpipeRun *run)
{
  MpipeStageRun *self = (MpipeStageRun *) run;
  MpipeItem *item;

  if (self->rebalance_source != NULL)
    {
      g_source_destroy (self->rebalance_source);
      g_source_unref (self->rebalance_source);
    }
  mpipe_retry_queue_clear (&self->retries);
  for (guint i = 0; i < self->n_slots; i++)
    mpipe_worker_slot_free (self->slots[i]);
  while ((item = mpipe_reorder_take (self->places)) != NULL)
    mpipe_item_free (item);
  mpipe_reorder_free (self->places);
  g_free (self->slots);
  g_free (self->scheduling);
  mpipe_run_clear (run);
  g_free (self);
}

static const MpipeRunClass stage_run_class = {
  .work = stage_run_work,
  .is_starting = stage_run_is_starting,
  .get_problem = stage_run_get_problem,
  .is_drained = stage_run_is_drained,
  .is_over = stage_run_is_over,
  .flush = stage_run_flush,
  .start = stage_run_start,
  .terminate = stage_run_terminate,
  .cancel = stage_run_cancel,
  .accuse = stage_run_accuse,
  .free = stage_run_free,
};

/* @stage must be frozen, with @n_workers. */
MpipeRun *
mpipe_stage_run_new (MpipeRunContext *context, MpipeStage *stage, guint n_workers)
{
  MpipeStageRun *self = g_new0 (MpipeStageRun, 1);

  mpipe_run_init (&self->run, &stage_run_class, context, stage);
  self->places = mpipe_reorder_new (stage->ordered);
  self->retries.due = retry_due_cb;
  self->retries.owner = self;
  self->n_slots = n_workers;
  self->slots = g_new0 (MpipeWorkerSlot *, n_workers);
  self->scheduling = g_new0 (MpipeSchedulerPlace, n_workers);
  for (guint i = 0; i < n_workers; i++)
    self->slots[i] = mpipe_worker_slot_new (stage, i, context->types, context->arena,
                                            context->poller,
                                            &slot_events, self, self->places);
  return &self->run;
}
