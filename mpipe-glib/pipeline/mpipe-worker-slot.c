/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A slot is empty, or has a process that starts, works, was told to stop, or ends. When a process has ended
 * the slot waits for its next start, unless the stage needs no more workers (retired) or too many processes
 * in a row ended without having answered anything (given up; `problem` says why).
 *
 * Tasks are held under the numbers that the process knows them by, in the order in which they were given. A process
 * that has several open at a time says when each begins. A row of tasks is held as one item under all its numbers; one
 * of them with which something happens alone is parted from the others first. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-info-private.h"

#define STALLED_US 50000 /* a worker that has begun nothing for so long will not begin soon */

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

GSource *
mpipe_worker_slot_attach_timer (MpipeWorkerSlot *self, guint ms, GSourceFunc callback,
                                const char *name)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

GError *
mpipe_worker_slot_new_cancellation (void)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "was ended by a cancellation");
}

/* Whether the process has several tasks open at a time. */
gboolean
mpipe_worker_slot_is_concurrent (MpipeWorkerSlot *self)
{
  return mpipe_worker_process_get_concurrency (self->process) > 1;
}

/* What messages begin with: stage “scale”: worker 3 (pid 812) */
static char *
describe_worker (MpipeWorkerSlot *self)
{
  int pid = self->process != NULL ? mpipe_worker_process_get_pid (self->process) : 0;

  if (pid > 0)
    return g_strdup_printf ("stage “%s”: worker %u (pid %d)", self->stage->name, self->index,
                            pid);
  return g_strdup_printf ("stage “%s”: worker %u", self->stage->name, self->index);
}

/* Tasks that end */

/* The worker has noticed a recall when it has said something about the last task that was taken back: it
 * answers in order. */
static void
end_recall_at (MpipeWorkerSlot *self, guint64 number)
{
  if (self->recall_until == 0 || number != self->recall_until - 1)
    return;
  self->recall_until = 0;
  mpipe_worker_process_end_recall (self->process);
}

/* Splits the tasks before @number off the row in which it is. Returns: the row, which begins with it */
static MpipeItem *
part_before (MpipeWorkerSlot *self, MpipeItem *row, guint64 number)
{
  MpipeItem *front;

  if (row->number == number)
    return row;
  front = mpipe_item_split (row, (guint) (number - row->number));
  mpipe_leases_replace (self->leases, front->number, front->n_tasks, front);
  return row;
}

/* Returns: (nullable): the task that is held under @number, and no other one with it */
MpipeItem *
mpipe_worker_slot_part (MpipeWorkerSlot *self, guint64 number)
{
  MpipeItem *task = mpipe_leases_get (self->leases, number);

  if (task == NULL || task->n_tasks == 1)
    return task;
  part_before (self, task, number);
  if (task->n_tasks > 1)
    task = mpipe_item_split (task, 1);
  mpipe_leases_replace (self->leases, number, 1, task);
  return task;
}

/* Takes all of @task. */
void
mpipe_worker_slot_remove (MpipeWorkerSlot *self, MpipeItem *task)
{
  mpipe_leases_remove (self->leases, task->number, task->n_tasks);
  if (task->is_begun)
    self->n_begun--;
}

/* Takes the task that is held under @number, and up to @max behind it in its row. There must be one. */
static MpipeItem *
release (MpipeWorkerSlot *self, guint64 number, guint max)
{
  MpipeItem *task = part_before (self, mpipe_leases_get (self->leases, number), number);

  if (task->n_tasks > max)
    task = mpipe_item_split (task, max);
  mpipe_worker_slot_remove (self, task);
  end_recall_at (self, number + task->n_tasks - 1);
  if (task->is_stop)
    mpipe_worker_process_end_in (self->process, self->stage->start_timeout_ms);
  else
    {
      self->n_done += task->n_tasks;
      self->n_life_tasks += task->n_tasks;
      mpipe_counter_add (&self->statistics->n_tasks, task->n_tasks);
      mpipe_restart_note_progress (&self->restart);
    }
  return task;
}

static gboolean
done_cb (gpointer owner, guint64 number)
{
  MpipeWorkerSlot *self = owner;

  if (mpipe_leases_get (self->leases, number) == NULL)
    return FALSE;
  self->events->ended (self->owner, release (self, number, 1), NULL, FALSE);
  return TRUE;
}

static GError *
new_type_error (MpipeWorkerSlot *self, const MpipePayload *result)
{
  g_autofree char *expected = g_variant_type_dup_string (self->stage->result_type);

  return g_error_new (MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                      "gave a result of type “%s”, the stage's results are of type “%s”",
                      mpipe_type_table_get (self->types, result->type)->string, expected);
}

static gboolean
has_right_type (MpipeWorkerSlot *self, const MpipePayload *result)
{
  if (self->stage->result_type == NULL || result->type == self->good_type)
    return TRUE;
  if (!mpipe_payload_has_type (result, self->types, self->stage->result_type))
    return FALSE;
  self->good_type = result->type;
  return TRUE;
}

/* Returns: whether the process goes on. */
static gboolean
check_type (MpipeWorkerSlot *self, guint64 number, const MpipePayload *result)
{
  if (has_right_type (self, result))
    return TRUE;
  self->condemned = number; /* it may be on another by now */
  mpipe_worker_process_end (self->process, new_type_error (self, result));
  return FALSE;
}

static MpipeProducer
describe_producer (MpipeWorkerSlot *self)
{
  return (MpipeProducer){
    .stage = self->stage,
    .index = self->index,
    .pid = mpipe_worker_process_get_pid (self->process),
  };
}

static gboolean
result_cb (gpointer owner, guint64 number, const MpipePayload *result, gboolean last)
{
  MpipeWorkerSlot *self = owner;
  MpipeProducer producer;

  if (mpipe_leases_get (self->leases, number) == NULL)
    return FALSE;
  if (!check_type (self, number, result))
    return TRUE;
  producer = describe_producer (self);
  if (last)
    self->events->finished (self->owner, release (self, number, 1), result, &producer);
  else
    self->events->result (self->owner, mpipe_worker_slot_part (self, number), result, &producer);
  return TRUE;
}

/* The last results of tasks in a row, which were given in any rows. */
static gboolean
row_cb (gpointer owner, guint64 first, const MpipePayload *results, guint n)
{
  MpipeWorkerSlot *self = owner;
  MpipeProducer producer = describe_producer (self);
  gsize unit = results->size / n;

  if (!check_type (self, first, results))
    return mpipe_leases_get (self->leases, first) != NULL;
  for (guint done = 0; done < n;)
    {
      MpipeItem *task;
      MpipePayload part;

      if (mpipe_leases_get (self->leases, first + done) == NULL)
        return FALSE;
      task = release (self, first + done, n - done);
      mpipe_payload_init_slice (&part, results, done * unit, task->n_tasks * unit);
      done += task->n_tasks;
      self->events->finished (self->owner, task, &part, &producer);
      mpipe_payload_clear (&part);
    }
  return TRUE;
}

static gboolean
failed_cb (gpointer owner, guint64 number, const char *reason)
{
  MpipeWorkerSlot *self = owner;
  g_autofree char *worker = NULL;
  MpipeItem *task;

  if (mpipe_leases_get (self->leases, number) == NULL)
    return FALSE;
  task = release (self, number, 1);
  worker = describe_worker (self);
  mpipe_counter_add (&self->statistics->n_failed, 1);
  self->events->ended (self->owner, task,
                       g_error_new (MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED,
                                    "%s failed task %" G_GUINT64_FORMAT ": %s", worker, task->id,
                                    reason),
                       FALSE);
  return TRUE;
}

/* A worker that begins its tasks in order has noticed then what was taken back before. */
static void
begun_cb (gpointer owner, guint64 number)
{
  MpipeWorkerSlot *self = owner;
  MpipeItem *task = mpipe_worker_slot_part (self, number);

  if (task == NULL || task->is_begun)
    return;
  task->is_begun = TRUE;
  self->n_begun++;
  if (task->begun_at == 0)
    task->begun_at = g_get_monotonic_time ();
  end_recall_at (self, number);
}

/* The worker found a task taken back before it began it. */
static gboolean
skipped_cb (gpointer owner, guint64 number)
{
  MpipeWorkerSlot *self = owner;
  MpipeItem *task;

  if (number >= self->recall_until)
    return FALSE;
  task = mpipe_worker_slot_part (self, number);
  if (task != NULL)
    {
      mpipe_worker_slot_remove (self, task);
      self->events->returned (self->owner, task);
    }
  end_recall_at (self, number);
  return TRUE;
}

static gboolean end_if_cancelled (MpipeWorkerSlot *self);

static gboolean
progress_cb (gpointer owner, guint64 number, double fraction, const char *text)
{
  MpipeWorkerSlot *self = owner;
  const MpipeItem *task = mpipe_worker_slot_part (self, number);

  if (task == NULL)
    return FALSE;
  if (!task->is_cancelled)
    self->events->progress (self->owner, task, fraction, text);
  return TRUE;
}

/* Returns: for how long the process was on tasks, as far as what it says can be true */
static gint64
get_busy_us (MpipeWorkerSlot *self, gint64 now)
{
  gint64 started = (gint64) mpipe_counter_get (&self->statistics->started_us);

  return started > 0 ? MIN (mpipe_worker_process_get_busy_us (self->process), now - started) : 0;
}

static void
received_cb (gpointer owner)
{
  MpipeWorkerSlot *self = owner;
  gint64 now = g_get_monotonic_time (), busy_us;

  if (self->n_done > 0)
    {
      busy_us = get_busy_us (self, now);
      mpipe_window_update (&self->window, self->n_done, now - self->measured_from,
                           busy_us - self->busy_us_seen);
      self->n_done = 0;
      self->measured_from = now;
      self->busy_us_seen = busy_us;
      mpipe_counter_set (&self->statistics->busy_us, self->busy_us_before + busy_us);
    }
  if (self->holds_cancelled)
    end_if_cancelled (self);
  mpipe_worker_slot_check_life (self);
  self->events->changed (self->owner);
}

/* The start */

static void
ready_cb (gpointer owner)
{
  MpipeWorkerSlot *self = owner;

  mpipe_counter_set (&self->statistics->started_us, g_get_monotonic_time ());
  mpipe_worker_slot_begin_life (self);
  self->events->started (self->owner, self->index);
  if (self->retired)
    mpipe_worker_slot_retire (self);
}

static void ended_cb (gpointer owner, const GError *error);
static void plan_restart (MpipeWorkerSlot *self, gboolean on_task, const GError *error);

static const MpipeWorkerProcessEvents process_events = {
  .ready = ready_cb,
  .result = result_cb,
  .row = row_cb,
  .done = done_cb,
  .failed = failed_cb,
  .begun = begun_cb,
  .skipped = skipped_cb,
  .progress = progress_cb,
  .received = received_cb,
  .ended = ended_cb,
};

/* Starts a process for the slot. */
MpipeWorkerProcess *
mpipe_worker_slot_new_process (MpipeWorkerSlot *self, const MpipeWorkerProcessEvents *events,
                               GError **error)
{
  MpipeStage *stage = self->stage;
  g_autoptr (MpipeLauncher) launcher = mpipe_stage_dup_launcher (stage);
  MpipeLaunchSpec spec = mpipe_stage_describe_worker (stage, self->index);
  g_autofree char *result_type
      = stage->result_type != NULL ? g_variant_type_dup_string (stage->result_type) : NULL;
  MpipeWorkerProcessOptions options = {
    .parameters = stage->parameters,
    .result_type = result_type,
    .do_stop_task = stage->do_stop_task,
    .disable_result = stage->disable_result,
    .start_timeout_ms = stage->start_timeout_ms,
    .grace_time_ms = stage->grace_time_ms,
    .concurrency = stage->concurrency,
    .poller = self->poller,
    .statistics = self->statistics,
  };

  spec.arena = self->arena;
  mpipe_counter_add (&self->statistics->n_starts, 1);
  return mpipe_worker_process_new (launcher, &spec, &options, self->types, events, self, error);
}

static gboolean restart_cb (gpointer user_data);

void
mpipe_worker_slot_start (MpipeWorkerSlot *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->events->may_launch (self->owner))
    {
      self->restart_source = mpipe_worker_slot_attach_timer (self, 0, restart_cb,
                                                             "[mpipe] start of a worker");
      return;
    }
  self->process = mpipe_worker_slot_new_process (self, &process_events, &error);
  if (self->process != NULL)
    mpipe_counter_set (&self->statistics->pid, mpipe_worker_process_get_pid (self->process));
  else
    {
      g_autofree char *worker = describe_worker (self);

      g_prefix_error (&error, "%s could not be started: ", worker);
      plan_restart (self, FALSE, error);
    }
}

static gboolean
restart_cb (gpointer user_data)
{
  MpipeWorkerSlot *self = user_data;

  g_clear_pointer (&self->restart_source, g_source_unref);
  mpipe_worker_slot_start (self);
  self->events->changed (self->owner);
  return G_SOURCE_REMOVE;
}

static void
plan_restart (MpipeWorkerSlot *self, gboolean on_task, const GError *error)
{
  int delay_ms;

  if (self->retired)
    return;
  delay_ms = mpipe_restart_note_end (&self->restart, on_task, g_get_monotonic_time (),
                                     self->stage->restart_limit,
                                     (gint64) self->stage->restart_period_s * G_USEC_PER_SEC);
  if (delay_ms != MPIPE_RESTART_GIVE_UP)
    self->restart_source = mpipe_worker_slot_attach_timer (self, (guint) delay_ms, restart_cb,
                                                           "[mpipe] restart of a worker");
  else
    self->problem = g_error_new_literal (MPIPE_ERROR, MPIPE_ERROR_LAUNCH, error->message);
}

/* The end */

static void
count_end (MpipeWorkerSlot *self)
{
  gint64 started = (gint64) mpipe_counter_get (&self->statistics->started_us);
  gint64 now = g_get_monotonic_time (), lived = started > 0 ? now - started : 0;

  self->busy_us_before += get_busy_us (self, now);
  mpipe_counter_set (&self->statistics->busy_us, self->busy_us_before);
  mpipe_counter_add (&self->statistics->up_us, lived);
  mpipe_counter_set (&self->statistics->started_us, 0);
  mpipe_counter_set (&self->statistics->pid, 0);
}

/* The successor, ready or not, gets the place of the process that is gone. */
static void
adopt_successor (MpipeWorkerSlot *self)
{
  self->process = g_steal_pointer (&self->successor);
  mpipe_worker_process_set_events (self->process, &process_events);
  mpipe_counter_set (&self->statistics->pid, mpipe_worker_process_get_pid (self->process));
  if (mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_READY)
    ready_cb (self);
}

/* What follows the end of a process, @error is why it was none in order. */
static void
fill_again (MpipeWorkerSlot *self, gboolean was_leaving, gboolean on_task, const GError *error)
{
  if (self->successor != NULL
      && mpipe_worker_process_get_state (self->successor) < MPIPE_WORKER_PROCESS_ENDING)
    adopt_successor (self);
  else if (error != NULL)
    plan_restart (self, on_task, error);
  else if (was_leaving && !self->retired && self->stage->idle_timeout_ms == 0)
    mpipe_worker_slot_start (self); /* it has left, and its successor has died */
}

static void
ended_cb (gpointer owner, const GError *error)
{
  MpipeWorkerSlot *self = owner;
  g_autofree char *worker = describe_worker (self);
  g_autoptr (GError) named = NULL;
  MpipeWorkerSlotCharge charge = mpipe_worker_slot_find_charge (self);
  gboolean was_leaving;

  if (error != NULL)
    {
      named = g_error_copy (error);
      g_prefix_error (&named, "%s ", worker);
    }
  else if (charge.culprit != 0 || charge.n_suspects != 0)
    named = g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED, "%s stopped", worker);

  mpipe_worker_slot_give_up_all (self, &charge, named);
  if (named != NULL)
    mpipe_worker_slot_add_last_words (self, named);
  count_end (self);
  drop_source (&self->timeout_source);
  self->timed_number = 0;
  self->recall_until = 0;
  self->n_begun = 0;
  self->has_cancelled = FALSE;
  self->condemned = 0;
  self->accused = FALSE;
  self->holds_cancelled = FALSE;
  self->paused = FALSE;
  self->n_done = 0;
  self->busy_us_seen = 0;
  self->window = (MpipeWindow){ 0 };
  mpipe_worker_slot_end_life (self);
  was_leaving = self->leaving;
  self->leaving = FALSE;
  g_clear_pointer (&self->process, mpipe_worker_process_unref);
  self->events->exited (self->owner, self->index, named);
  fill_again (self, was_leaving, charge.on_task, named);
  self->events->changed (self->owner);
}

/* The process, which must be ready, gets its stop task, and nothing more. */
void
mpipe_worker_slot_send_stop (MpipeWorkerSlot *self)
{
  MpipeItem *stop = mpipe_item_new_stop ();

  stop->place = mpipe_reorder_open (self->places, 1);
  stop->number = mpipe_leases_add (self->leases, stop, 1);
  mpipe_worker_process_send_stop (self->process, stop->number);
  mpipe_worker_process_flush (self->process);
  if (!self->stage->do_stop_task) /* then it has nothing to do before it answers */
    mpipe_worker_process_end_in (self->process, self->stage->start_timeout_ms);
  mpipe_worker_slot_check_time (self);
}

/* The stage needs no more work: a worker that is ready is stopped, and none is started again. */
void
mpipe_worker_slot_retire (MpipeWorkerSlot *self)
{
  self->retired = TRUE;
  drop_source (&self->restart_source);
  mpipe_worker_slot_end_successor (self);
  if (self->process != NULL
      && mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_READY)
    mpipe_worker_slot_send_stop (self);
}

/* The worker ends now, with what it holds; none is started again. One that was stopped, and has answered
 * everything, may say its goodbye. */
void
mpipe_worker_slot_terminate (MpipeWorkerSlot *self, const GError *reason)
{
  self->retired = TRUE;
  drop_source (&self->restart_source);
  mpipe_worker_slot_end_successor (self);
  if (self->process == NULL)
    return;
  if (mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_STOPPING
      && mpipe_leases_get_n (self->leases) == 0)
    mpipe_worker_process_end_in (self->process, MAX (self->stage->grace_time_ms, 1));
  else
    mpipe_worker_process_end (self->process, g_error_copy (reason));
}

/* Tasks that are given */

/* One that died must be found, so it is given alone. */
static gboolean
may_join_others (const MpipeItem *task)
{
  return task->fds == NULL && !task->goes_alone && task->n_attempts == 0 && task->n_at_hand == 0;
}

/* A row only if the worker takes rows. */
void
mpipe_worker_slot_give (MpipeWorkerSlot *self, MpipeItem *task)
{
  gboolean joins = may_join_others (task) && mpipe_worker_slot_takes_rows (self);

  if (mpipe_leases_get_n (self->leases) == 0)
    self->measured_from = g_get_monotonic_time ();
  task->begun_at = 0;
  task->is_begun = FALSE;
  task->in_array = FALSE;
  task->number = mpipe_leases_add (self->leases, task, task->n_tasks);
  if (joins && mpipe_worker_process_send_row (self->process, task->number, &task->payload))
    {
      task->in_array = mpipe_worker_process_does_arrays (self->process);
      return;
    }
  g_assert (task->n_tasks == 1);
  mpipe_worker_process_send_task (self->process, task->number, &task->payload, task->fds);
}

/* Whether the worker that is there may be given rows of tasks. The time of a task can be told only when the worker does
 * one after the other. */
gboolean
mpipe_worker_slot_takes_rows (MpipeWorkerSlot *self)
{
  return mpipe_worker_process_takes_rows (self->process)
         && (self->stage->task_timeout_ms == 0
             || !mpipe_worker_process_does_arrays (self->process));
}

/* Whether the worker that is there takes descriptors with a task. */
gboolean
mpipe_worker_slot_takes_fds (MpipeWorkerSlot *self)
{
  return mpipe_worker_process_takes_fds (self->process);
}

void
mpipe_worker_slot_flush (MpipeWorkerSlot *self)
{
  if (self->process == NULL)
    return;
  mpipe_worker_process_flush (self->process);
  mpipe_worker_slot_check_time (self);
}

/* Takes tasks back from @first on, if the worker has not begun them. */
static void
recall_from (MpipeWorkerSlot *self, guint64 first)
{
  guint64 until = mpipe_leases_get_next (self->leases);
  guint64 certain;

  self->recall_until = until;
  certain = mpipe_worker_process_recall (self->process, first, until);
  self->recalled_from = certain;
  for (guint64 number = until; number-- > certain;)
    {
      MpipeItem *task = mpipe_leases_get (self->leases, number);

      if (task == NULL)
        continue;
      part_before (self, task, MAX (task->number, certain));
      number = task->number;
      mpipe_worker_slot_remove (self, task);
      self->events->returned (self->owner, task);
    }
}

/* Gives the last @n_tasks that the worker holds back to the owner, as far as it has not begun them; more of them when
 * it is done again. The worker gets no new ones before it has noticed. */
void
mpipe_worker_slot_take_back (MpipeWorkerSlot *self, guint n_tasks)
{
  guint64 end = self->recall_until != 0 ? self->recalled_from
                                        : mpipe_leases_get_next (self->leases);

  g_assert (n_tasks > 0 && n_tasks < mpipe_leases_get_n (self->leases) && n_tasks < end);
  recall_from (self, end - n_tasks);
}

/* Returns: the number of a cancelled task that the process is on, alone or together with others; 0 for none. */
static guint64
find_cancelled (MpipeWorkerSlot *self)
{
  guint64 culprit = mpipe_worker_slot_find_culprit (self);
  guint64 number
      = mpipe_worker_slot_is_on_array (self) ? mpipe_leases_get_oldest (self->leases) : culprit;

  for (; number != 0 && number <= culprit; number++)
    {
      const MpipeItem *task = mpipe_leases_get (self->leases, number);

      if (task != NULL && task->is_cancelled)
        return number;
    }
  return 0;
}

/* Returns: whether the worker ends, because the task that it is on was cancelled. */
static gboolean
end_if_cancelled (MpipeWorkerSlot *self)
{
  guint64 cancelled = find_cancelled (self);

  if (cancelled == 0)
    return FALSE;
  mpipe_worker_slot_condemn (self, cancelled, mpipe_worker_slot_new_cancellation ());
  return TRUE;
}

/* Returns: (nullable): the task that is held under @number, if it is one of @id */
static MpipeItem *
find_of_id (MpipeWorkerSlot *self, guint64 number, guint64 id)
{
  const MpipeItem *task = mpipe_leases_get (self->leases, number);

  if (task == NULL || task->is_stop || task->id + (number - task->number) != id)
    return NULL;
  return mpipe_worker_slot_part (self, number);
}

/* Tells the worker to give up the tasks of @id that it is on, for its grace time; those that it has not begun are taken
 * back, if they can be. */
static void
cancel_gently (MpipeWorkerSlot *self, guint64 id, guint64 first)
{
  gint64 now = g_get_monotonic_time ();

  for (guint64 number = first; number < mpipe_leases_get_next (self->leases); number++)
    {
      MpipeItem *task = find_of_id (self, number, id);

      if (task == NULL)
        continue;
      if (!mpipe_worker_slot_has_open (self, number)
          && mpipe_worker_process_can_recall (self->process))
        recall_from (self, number);
      if (mpipe_leases_get (self->leases, number) == NULL)
        break; /* with all behind it */
      mpipe_worker_process_send_cancel (self->process, number);
      if (!mpipe_worker_slot_has_open (self, number))
        continue;
      task->begun_at = now;
      self->has_cancelled = TRUE;
    }
  drop_source (&self->timeout_source);
  mpipe_worker_slot_flush (self);
}

/* Tasks of @id that the worker holds fail: those not begun are taken back, also while others are (more of
 * them then). One that runs is to end soon; if the worker cannot be told so, it is ended, and one from which nothing
 * can be taken back is ended when it begins with one. */
void
mpipe_worker_slot_cancel (MpipeWorkerSlot *self, guint64 id)
{
  guint64 first = 0;

  for (guint64 number = mpipe_leases_get_oldest (self->leases);
       number < mpipe_leases_get_next (self->leases); number++)
    {
      MpipeItem *task = find_of_id (self, number, id);

      if (task == NULL)
        continue;
      task->is_cancelled = TRUE;
      if (first == 0)
        first = number;
    }
  if (first == 0 || mpipe_worker_process_get_state (self->process) >= MPIPE_WORKER_PROCESS_ENDING)
    return;
  if (mpipe_worker_process_can_cancel (self->process))
    {
      cancel_gently (self, id, first);
      return;
    }
  if (end_if_cancelled (self))
    return;
  if (!mpipe_worker_process_can_recall (self->process))
    {
      self->holds_cancelled = TRUE;
      return;
    }
  recall_from (self, first);
  end_if_cancelled (self); /* it may have begun meanwhile */
}

/* A value that the process made was found to be none: it is ended, and what it is on now is innocent. Returns:
 * whether the process is still there. */
gboolean
mpipe_worker_slot_accuse (MpipeWorkerSlot *self, int pid, const GError *reason)
{
  if (self->process == NULL || mpipe_worker_process_get_pid (self->process) != pid)
    return FALSE;
  self->accused = TRUE;
  mpipe_worker_process_end (self->process, g_error_copy (reason));
  return TRUE;
}

void
mpipe_worker_slot_set_reading (MpipeWorkerSlot *self, gboolean reading)
{
  if (self->process == NULL)
    return;
  mpipe_worker_process_set_reading (self->process, reading);
  if (self->paused && reading)
    self->resumed_at = g_get_monotonic_time ();
  self->paused = !reading;
}

/* What is known */

/* Returns: for how long the worker keeps waiting what it has not begun. While it is on no task that is the
 * system's doing: it has not come to run yet, and others would not either; unless that goes on for long. */
static gint64
get_waited_us (MpipeWorkerSlot *self)
{
  gint64 now = g_get_monotonic_time (), waited_us = now - self->measured_from, since;
  guint64 current;

  if (mpipe_worker_slot_is_concurrent (self)
      || !mpipe_worker_process_get_current (self->process, &current, &since))
    return waited_us;
  if (current != 0)
    return now - CLAMP (since, self->measured_from, now); /* as far as that can be true */
  return waited_us >= STALLED_US ? waited_us : 0;
}

static gboolean
is_working (MpipeWorkerSlot *self)
{
  return self->process != NULL && !self->leaving
         && mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_READY;
}

void
mpipe_worker_slot_describe (MpipeWorkerSlot *self, MpipeSchedulerPlace *out_place)
{
  guint concurrency
      = self->process != NULL ? mpipe_worker_process_get_concurrency (self->process) : 1;

  *out_place = (MpipeSchedulerPlace){
    .available = is_working (self) && self->recall_until == 0,
    .n_leased = mpipe_leases_get_n (self->leases),
    .concurrency = concurrency,
    .n_begun = self->n_begun,
    /* one is on its way while all that may be open are */
    .credit = MAX (mpipe_window_get_credit (&self->window), concurrency + 1),
    .service_us = self->window.service_us,
  };
  out_place->can_give
      = is_working (self) && mpipe_worker_process_can_recall (self->process);
  if (out_place->n_leased > 1)
    out_place->waited_us = get_waited_us (self);
}

/* Whether the worker holds the task whose turn it is. */
gboolean
mpipe_worker_slot_holds_next (MpipeWorkerSlot *self, MpipeReorder *places)
{
  for (guint64 number = mpipe_leases_get_oldest (self->leases);
       number < mpipe_leases_get_next (self->leases); number++)
    {
      MpipeItem *task = mpipe_leases_get (self->leases, number);

      if (task != NULL && mpipe_reorder_is_next (places, task->place))
        return TRUE;
    }
  return FALSE;
}

guint
mpipe_worker_slot_get_n_leased (MpipeWorkerSlot *self)
{
  return mpipe_leases_get_n (self->leases);
}

/* Whether the worker may have results to give. */
gboolean
mpipe_worker_slot_owes_results (MpipeWorkerSlot *self)
{
  return mpipe_leases_get_n (self->leases) > 0
         && (self->stage->do_stop_task
             || mpipe_worker_process_get_state (self->process) != MPIPE_WORKER_PROCESS_STOPPING);
}

/* Whether there will be a worker, or none, but it is not decided yet. */
gboolean
mpipe_worker_slot_is_starting (MpipeWorkerSlot *self)
{
  MpipeWorkerProcessState state;

  if (self->process == NULL)
    return self->restart_source != NULL;
  state = mpipe_worker_process_get_state (self->process);
  return state == MPIPE_WORKER_PROCESS_STARTING
         || (state == MPIPE_WORKER_PROCESS_ENDING && !self->retired);
}

/* Whether there is no process. */
gboolean
mpipe_worker_slot_is_empty (MpipeWorkerSlot *self)
{
  return self->process == NULL && self->successor == NULL;
}

/* Returns: (nullable): why the slot was given up */
const GError *
mpipe_worker_slot_get_problem (MpipeWorkerSlot *self)
{
  return self->problem;
}

MpipeWorkerSlot *
mpipe_worker_slot_new (MpipeStage *stage, guint index, MpipeTypeTable *types, MpipeArena *arena,
                       MpipePoller *poller, const MpipeWorkerSlotEvents *events, gpointer owner, MpipeReorder *places)
{
  MpipeWorkerSlot *self = g_new0 (MpipeWorkerSlot, 1);

  self->stage = stage;
  self->index = index;
  self->types = types;
  self->arena = arena;
  self->poller = poller;
  self->events = events;
  self->owner = owner;
  self->places = places;
  self->info = g_list_model_get_item (G_LIST_MODEL (stage->workers), index);
  self->statistics = mpipe_worker_info_get_statistics (self->info);
  self->leases = mpipe_leases_new ();
  return self;
}

/* The slot must be empty. */
void
mpipe_worker_slot_free (MpipeWorkerSlot *self)
{
  g_assert (self->process == NULL && self->successor == NULL);
  g_assert (mpipe_leases_get_n (self->leases) == 0);
  drop_source (&self->restart_source);
  drop_source (&self->timeout_source);
  mpipe_worker_slot_end_life (self);
  mpipe_leases_free (self->leases);
  g_clear_error (&self->problem);
  g_object_unref (self->info);
  g_free (self);
}
