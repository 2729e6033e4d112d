/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A slot is empty, or has a process that starts, works, was told to stop, or ends. When a process has ended
 * the slot waits for its next start, unless the stage needs no more workers (retired) or too many processes
 * in a row ended without having answered anything (given up; `problem` says why).
 *
 * Tasks are held under the numbers that the process knows them by, in the order in which they were given. A process
 * that has several open at a time says when each begins. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/flow/mpipe-leases-private.h"
#include "mpipe-glib/flow/mpipe-retry-private.h"
#include "mpipe-glib/flow/mpipe-window-private.h"
#include "mpipe-glib/launch/mpipe-worker-process-private.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-info-private.h"

struct _MpipeWorkerSlot
{
  MpipeStage *stage; /* borrowed from the owner */
  guint index;
  MpipeTypeTable *types;
  const MpipeWorkerSlotEvents *events;
  gpointer owner;
  MpipeWorkerInfo *info;
  MpipeWorkerStatistics *statistics; /* of info */

  MpipeWorkerProcess *process; /* NULL when the slot is empty */
  MpipeRestart restart;
  GSource *restart_source; /* while it waits for its next start */
  GError *problem;         /* why the slot was given up */
  gboolean retired;        /* no more starts */
  MpipeReorder *stop_places; /* set when retired: where the stop task gets its place */
  gint64 busy_us_before;   /* of the processes before */
  gboolean accused;        /* ended for a task that has failed already */
  gboolean holds_cancelled; /* a task that cannot be taken back */
  guint64 condemned;       /* the task that the process is ended for; 0 when that is still to be found */

  MpipeLeases *leases; /* of MpipeItem, owned */
  MpipeWindow window;
  guint n_done;         /* since the last update of the window */
  gint64 measured_from; /* when the worker began on what it holds, as far as is known */
  guint64 recall_until; /* numbers before this are being taken back; 0 when none are */
  guint n_begun;        /* tasks that the process has said to have begun */
  gboolean has_cancelled; /* some of those may have been cancelled */

  GSource *timeout_source;
  guint64 timed_number; /* the task whose time is being taken */
  gint64 timed_from;    /* when the engine first saw it current */
  gboolean paused;      /* its answers are not read: it may wait for that in the middle of a task */
  gint64 resumed_at;    /* when they were read again */
  guint16 good_type;    /* the type of results that was found right last */
};

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
attach_timer (MpipeWorkerSlot *self, guint ms, GSourceFunc callback, const char *name)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
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

/* Returns: (nullable): the task that is held under @number, and no more */
static MpipeItem *
remove_lease (MpipeWorkerSlot *self, guint64 number)
{
  MpipeItem *task = mpipe_leases_remove (self->leases, number);

  if (task != NULL && task->is_begun)
    self->n_begun--;
  return task;
}

static MpipeItem *
release (MpipeWorkerSlot *self, guint64 number)
{
  MpipeItem *task = remove_lease (self, number);

  end_recall_at (self, number);
  if (task->is_stop)
    mpipe_worker_process_end_in (self->process, self->stage->start_timeout_ms);
  else
    {
      self->n_done++;
      mpipe_counter_add (&self->statistics->n_tasks, 1);
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
  self->events->ended (self->owner, release (self, number), NULL, FALSE);
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

static gboolean
result_cb (gpointer owner, guint64 number, const MpipePayload *result, gboolean last)
{
  MpipeWorkerSlot *self = owner;
  MpipeItem *task = mpipe_leases_get (self->leases, number);
  MpipeProducer producer;

  if (task == NULL)
    return FALSE;
  if (!has_right_type (self, result))
    {
      mpipe_worker_process_end (self->process, new_type_error (self, result));
      return TRUE;
    }
  producer.stage = self->stage;
  producer.index = self->index;
  producer.pid = mpipe_worker_process_get_pid (self->process);
  if (last)
    self->events->finished (self->owner, release (self, number), result, &producer);
  else
    self->events->result (self->owner, task, result, &producer);
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
  task = release (self, number);
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
  MpipeItem *task = mpipe_leases_get (self->leases, number);

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

  if (number >= self->recall_until)
    return FALSE;
  if (mpipe_leases_get (self->leases, number) != NULL)
    self->events->returned (self->owner, remove_lease (self, number));
  end_recall_at (self, number);
  return TRUE;
}

static gboolean end_if_cancelled (MpipeWorkerSlot *self);

static gboolean
progress_cb (gpointer owner, guint64 number, double fraction, const char *text)
{
  MpipeWorkerSlot *self = owner;
  const MpipeItem *task = mpipe_leases_get (self->leases, number);

  if (task == NULL)
    return FALSE;
  if (!task->is_cancelled)
    self->events->progress (self->owner, task, fraction, text);
  return TRUE;
}

static void
received_cb (gpointer owner)
{
  MpipeWorkerSlot *self = owner;
  gint64 now = g_get_monotonic_time ();

  if (self->n_done > 0)
    {
      mpipe_window_update (&self->window, self->n_done, now - self->measured_from);
      self->n_done = 0;
      self->measured_from = now;
      mpipe_counter_set (&self->statistics->busy_us,
                         self->busy_us_before + mpipe_worker_process_get_busy_us (self->process));
    }
  if (self->holds_cancelled)
    end_if_cancelled (self);
  self->events->changed (self->owner);
}

/* Time limits */

static void timeout_check (MpipeWorkerSlot *self);

static GError *
new_cancellation (void)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "was ended by a cancellation");
}

static gboolean
timeout_cb (gpointer user_data)
{
  MpipeWorkerSlot *self = user_data;

  g_clear_pointer (&self->timeout_source, g_source_unref);
  timeout_check (self);
  return G_SOURCE_REMOVE;
}

/* How long the worker has been on its current task, but for what the pipeline made it wait. What the worker says is believed as long as it does not
 * contradict what was seen: it cannot win more than the limit once again. */
static gint64
measure_current (MpipeWorkerSlot *self, gint64 now)
{
  guint64 number = 0;
  gint64 since = 0;

  if (!mpipe_worker_process_get_current (self->process, &number, &since))
    number = mpipe_leases_get_oldest (self->leases);
  if (mpipe_leases_get (self->leases, number) == NULL)
    {
      self->timed_number = 0;
      return 0;
    }
  if (number != self->timed_number || self->paused)
    {
      self->timed_number = number;
      self->timed_from = now;
    }
  since = MAX (since, self->resumed_at);
  if (self->paused)
    return 0;
  if (since <= 0 || since > now
      || now - self->timed_from >= 2 * (gint64) self->stage->task_timeout_ms * 1000)
    return now - self->timed_from;
  return now - since;
}

static gboolean
is_concurrent (MpipeWorkerSlot *self)
{
  return mpipe_worker_process_get_concurrency (self->process) > 1;
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
  if (!is_concurrent (self))
    return limit_us - measure_current (self, now);
  find_longest (self, FALSE, now, &elapsed_us, out_number);
  return limit_us - elapsed_us;
}

/* The same for tasks that it was told to give up. */
static gint64
get_grace_left (MpipeWorkerSlot *self, gint64 now, guint64 *out_number)
{
  gint64 elapsed_us = 0;

  if (self->has_cancelled)
    self->has_cancelled = find_longest (self, TRUE, now, &elapsed_us, out_number) != NULL;
  return self->has_cancelled ? MPIPE_WORKER_PROCESS_GRACE_MS * 1000 - elapsed_us : G_MAXINT64;
}

static void
condemn (MpipeWorkerSlot *self, guint64 number, GError *reason)
{
  self->condemned = number;
  mpipe_worker_process_end (self->process, reason);
}

static void
timeout_check (MpipeWorkerSlot *self)
{
  gint64 now, left_us, grace_left_us;
  guint64 late, cancelled;

  if ((self->stage->task_timeout_ms == 0 && !self->has_cancelled) || self->timeout_source != NULL
      || self->process == NULL || mpipe_leases_get_n (self->leases) == 0
      || mpipe_worker_process_get_state (self->process) >= MPIPE_WORKER_PROCESS_ENDING)
    return;
  now = g_get_monotonic_time ();
  left_us = get_time_left (self, now, &late);
  grace_left_us = get_grace_left (self, now, &cancelled);
  if (left_us <= 0)
    condemn (self, late,
             g_error_new (MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT, "exceeded the time limit of %u ms",
                          self->stage->task_timeout_ms));
  else if (grace_left_us <= 0)
    condemn (self, cancelled, new_cancellation ());
  else if (MIN (left_us, grace_left_us) < G_MAXINT64)
    self->timeout_source
        = attach_timer (self, (guint) (MIN (left_us, grace_left_us) / 1000 + 1), timeout_cb,
                        "[mpipe] time limit of a task");
}

/* The start */

static void
ready_cb (gpointer owner)
{
  MpipeWorkerSlot *self = owner;

  mpipe_counter_set (&self->statistics->started_us, g_get_monotonic_time ());
  self->events->started (self->owner, self->index);
  if (self->retired)
    mpipe_worker_slot_retire (self, self->stop_places);
}

static void ended_cb (gpointer owner, const GError *error);
static void plan_restart (MpipeWorkerSlot *self, gboolean on_task, const GError *error);

static const MpipeWorkerProcessEvents process_events = {
  .ready = ready_cb,
  .result = result_cb,
  .done = done_cb,
  .failed = failed_cb,
  .begun = begun_cb,
  .skipped = skipped_cb,
  .progress = progress_cb,
  .received = received_cb,
  .ended = ended_cb,
};

void
mpipe_worker_slot_start (MpipeWorkerSlot *self)
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
    .concurrency = stage->concurrency,
  };
  g_autoptr (GError) error = NULL;

  mpipe_counter_add (&self->statistics->n_starts, 1);
  self->process = mpipe_worker_process_new (launcher, &spec, &options, self->types,
                                            &process_events, self, &error);
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
  delay_ms = mpipe_restart_note_end (&self->restart, on_task);
  if (delay_ms != MPIPE_RESTART_GIVE_UP)
    self->restart_source
        = attach_timer (self, (guint) delay_ms, restart_cb, "[mpipe] restart of a worker");
  else
    self->problem = g_error_new_literal (MPIPE_ERROR, MPIPE_ERROR_LAUNCH, error->message);
}

/* The end */

/* Returns: the number of the task that the end of the process is charged to, 0 for none. */
static guint64
find_culprit (MpipeWorkerSlot *self)
{
  guint64 number = 0;
  gint64 since;

  if (!mpipe_worker_process_get_current (self->process, &number, &since))
    number = mpipe_leases_get_oldest (self->leases);
  return mpipe_leases_get (self->leases, number) != NULL ? number : 0;
}

/* Whether the process has begun a task that it holds, as far as is known. */
static gboolean
is_open (MpipeWorkerSlot *self, guint64 number)
{
  const MpipeItem *task = mpipe_leases_get (self->leases, number);

  return task != NULL
         && (task->is_begun || number <= mpipe_worker_process_get_begun (self->process));
}

static guint
count_open (MpipeWorkerSlot *self)
{
  guint n = 0;

  for (guint64 number = mpipe_leases_get_oldest (self->leases);
       number < mpipe_leases_get_next (self->leases); number++)
    n += is_open (self, number);
  return n;
}

/* What the end of a process is charged to. */
typedef struct
{
  guint64 culprit;   /* the number of a task, 0 for none */
  guint n_suspects;  /* when it was one of several: all that are open are charged; else 0 */
  gboolean on_task;  /* the end had to do with a task */
} Charge;

static Charge
find_charge (MpipeWorkerSlot *self)
{
  Charge charge = { .on_task = self->accused || self->condemned != 0 };

  if (self->accused)
    return charge;
  if (self->condemned != 0)
    charge.culprit = mpipe_leases_get (self->leases, self->condemned) != NULL ? self->condemned : 0;
  else if (is_concurrent (self))
    charge.n_suspects = count_open (self);
  else
    charge.culprit = find_culprit (self);
  charge.on_task |= charge.culprit != 0 || charge.n_suspects != 0;
  return charge;
}

static gboolean
is_charged (MpipeWorkerSlot *self, const Charge *charge, guint64 number)
{
  return charge->n_suspects > 0 ? is_open (self, number) : number == charge->culprit;
}

/* Says which task an end is charged to: “… died of signal 11 on task 41”; or “… on task 41 or one of 2 others”. */
static char *
name_task (const GError *error, const MpipeItem *task, guint n_suspects)
{
  gboolean is_sentence = error->domain == MPIPE_ERROR
                         && (error->code == MPIPE_ERROR_WORKER_DIED
                             || error->code == MPIPE_ERROR_TIMED_OUT);
  g_autofree char *name = task->is_stop
                              ? g_strdup ("its stop task")
                              : g_strdup_printf ("task %" G_GUINT64_FORMAT, task->id);
  g_autofree char *others = NULL;

  if (n_suspects > 1 && error->domain == MPIPE_ERROR)
    others = g_strdup_printf (n_suspects == 2 ? " or another" : " or one of %u others",
                              n_suspects - 1);
  return g_strdup_printf (is_sentence ? "%s on %s%s" : "%s (on %s%s)", error->message, name,
                          others != NULL ? others : "");
}

static void
charge_task (MpipeWorkerSlot *self, MpipeItem *task, const GError *error, guint n_suspects)
{
  GError *charged = g_error_copy (error);

  g_free (charged->message);
  charged->message = name_task (error, task, n_suspects);
  if (!task->is_stop)
    mpipe_counter_add (&self->statistics->n_failed, 1);
  self->events->ended (self->owner, task, charged, TRUE);
}

/* Tasks that were not begun, or are innocent, go back as if nothing had happened. The last one goes first: those
 * that are done again are in front of others, in their order. */
static void
give_up_all (MpipeWorkerSlot *self, const Charge *charge, const GError *error)
{
  for (guint64 number = mpipe_leases_get_next (self->leases); number-- > 1;)
    {
      gboolean charged;
      MpipeItem *task;

      if (mpipe_leases_get_n (self->leases) == 0)
        break;
      charged = is_charged (self, charge, number);
      task = remove_lease (self, number);
      if (task == NULL)
        continue;
      if (charged)
        charge_task (self, task, error, charge->n_suspects);
      else if (task->is_stop)
        self->events->ended (self->owner, task, NULL, FALSE);
      else
        self->events->returned (self->owner, task);
    }
}

static void
count_end (MpipeWorkerSlot *self)
{
  gint64 started = (gint64) mpipe_counter_get (&self->statistics->started_us);
  gint64 lived = started > 0 ? g_get_monotonic_time () - started : 0;

  /* what the worker says, as far as it can be true */
  self->busy_us_before += MIN (mpipe_worker_process_get_busy_us (self->process), lived);
  mpipe_counter_set (&self->statistics->busy_us, self->busy_us_before);
  mpipe_counter_add (&self->statistics->up_us, lived);
  mpipe_counter_set (&self->statistics->started_us, 0);
  mpipe_counter_set (&self->statistics->pid, 0);
}

static void
ended_cb (gpointer owner, const GError *error)
{
  MpipeWorkerSlot *self = owner;
  g_autofree char *worker = describe_worker (self);
  g_autoptr (GError) named = NULL;
  Charge charge = find_charge (self);

  if (error != NULL)
    {
      named = g_error_copy (error);
      g_prefix_error (&named, "%s ", worker);
    }
  else if (charge.culprit != 0 || charge.n_suspects != 0)
    named = g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED, "%s stopped", worker);

  count_end (self);
  give_up_all (self, &charge, named);
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
  self->window = (MpipeWindow){ 0 };
  g_clear_pointer (&self->process, mpipe_worker_process_unref);
  if (named != NULL)
    plan_restart (self, charge.on_task, named);
  self->events->exited (self->owner, self->index, named);
  self->events->changed (self->owner);
}

/* The stage needs no more work: a worker that is ready gets its stop task, in a place of @places, and none
 * is started again. */
void
mpipe_worker_slot_retire (MpipeWorkerSlot *self, MpipeReorder *places)
{
  MpipeItem *stop;

  self->retired = TRUE;
  self->stop_places = places;
  drop_source (&self->restart_source);
  if (self->process == NULL
      || mpipe_worker_process_get_state (self->process) != MPIPE_WORKER_PROCESS_READY)
    return;
  stop = mpipe_item_new_stop ();
  stop->place = mpipe_reorder_open (places);
  mpipe_worker_process_send_stop (self->process, mpipe_leases_add (self->leases, stop));
  mpipe_worker_process_flush (self->process);
  timeout_check (self);
}

/* The worker ends now, with what it holds; none is started again. One that was stopped, and has answered
 * everything, may say its goodbye. */
void
mpipe_worker_slot_terminate (MpipeWorkerSlot *self, const GError *reason)
{
  self->retired = TRUE;
  drop_source (&self->restart_source);
  if (self->process == NULL)
    return;
  if (mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_STOPPING
      && mpipe_leases_get_n (self->leases) == 0)
    mpipe_worker_process_end_in (self->process, MPIPE_WORKER_PROCESS_GRACE_MS);
  else
    mpipe_worker_process_end (self->process, g_error_copy (reason));
}

/* Tasks that are given */

void
mpipe_worker_slot_give (MpipeWorkerSlot *self, MpipeItem *task)
{
  guint64 number;

  if (mpipe_leases_get_n (self->leases) == 0)
    self->measured_from = g_get_monotonic_time ();
  task->begun_at = 0;
  task->is_begun = FALSE;
  number = mpipe_leases_add (self->leases, task);
  mpipe_worker_process_send_task (self->process, number, &task->payload);
}

void
mpipe_worker_slot_flush (MpipeWorkerSlot *self)
{
  if (self->process == NULL)
    return;
  mpipe_worker_process_flush (self->process);
  timeout_check (self);
}

/* Takes tasks back from @first on, if the worker has not begun them. */
static void
recall_from (MpipeWorkerSlot *self, guint64 first)
{
  guint64 until = mpipe_leases_get_next (self->leases);
  guint64 certain;

  self->recall_until = until;
  certain = mpipe_worker_process_recall (self->process, first, until);
  for (guint64 number = until; number-- > certain;)
    {
      MpipeItem *task = remove_lease (self, number);

      if (task != NULL)
        self->events->returned (self->owner, task);
    }
}

/* Gives the last @n_tasks that the worker was given back to the owner, as far as it has not begun them. The
 * worker gets no new ones before it has noticed. */
void
mpipe_worker_slot_take_back (MpipeWorkerSlot *self, guint n_tasks)
{
  g_assert (n_tasks > 0 && n_tasks < mpipe_leases_get_n (self->leases));
  recall_from (self, mpipe_leases_get_next (self->leases) - n_tasks);
}

static gboolean
can_recall (MpipeWorkerSlot *self)
{
  return self->recall_until == 0 && mpipe_worker_process_can_recall (self->process);
}

/* Returns: whether the worker ends, because the task that it is on was cancelled. */
static gboolean
end_if_cancelled (MpipeWorkerSlot *self)
{
  guint64 culprit = find_culprit (self);

  if (culprit == 0 || !((MpipeItem *) mpipe_leases_get (self->leases, culprit))->is_cancelled)
    return FALSE;
  mpipe_worker_process_end (self->process, new_cancellation ());
  return TRUE;
}

/* Tells the worker to give up the tasks of @id that it is on, for a second; those that it has not begun are taken
 * back, if they can be. */
static void
cancel_gently (MpipeWorkerSlot *self, guint64 id, guint64 first)
{
  gint64 now = g_get_monotonic_time ();

  for (guint64 number = first; number < mpipe_leases_get_next (self->leases); number++)
    {
      MpipeItem *task = mpipe_leases_get (self->leases, number);

      if (task == NULL || task->is_stop || task->id != id)
        continue;
      if (!is_open (self, number) && mpipe_worker_process_can_recall (self->process))
        recall_from (self, number);
      if (mpipe_leases_get (self->leases, number) == NULL)
        break; /* with all behind it */
      mpipe_worker_process_send_cancel (self->process, number);
      if (!is_open (self, number))
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
      MpipeItem *task = mpipe_leases_get (self->leases, number);

      if (task == NULL || task->is_stop || task->id != id)
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

static gboolean
is_available (MpipeWorkerSlot *self)
{
  return self->process != NULL && self->recall_until == 0
         && mpipe_worker_process_get_state (self->process) == MPIPE_WORKER_PROCESS_READY;
}

void
mpipe_worker_slot_describe (MpipeWorkerSlot *self, MpipeSchedulerPlace *out_place)
{
  guint concurrency
      = self->process != NULL ? mpipe_worker_process_get_concurrency (self->process) : 1;

  *out_place = (MpipeSchedulerPlace){
    .available = is_available (self),
    .n_leased = mpipe_leases_get_n (self->leases),
    .concurrency = concurrency,
    .n_begun = self->n_begun,
    /* one is on its way while all that may be open are */
    .credit = MAX (mpipe_window_get_credit (&self->window), concurrency + 1),
    .service_us = self->window.service_us,
  };
  out_place->can_give = out_place->available && can_recall (self);
  if (out_place->n_leased > 1)
    out_place->waited_us = g_get_monotonic_time () - self->measured_from;
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
  return self->process == NULL;
}

/* Returns: (nullable): why the slot was given up */
const GError *
mpipe_worker_slot_get_problem (MpipeWorkerSlot *self)
{
  return self->problem;
}

MpipeWorkerSlot *
mpipe_worker_slot_new (MpipeStage *stage, guint index, MpipeTypeTable *types,
                       const MpipeWorkerSlotEvents *events, gpointer owner)
{
  MpipeWorkerSlot *self = g_new0 (MpipeWorkerSlot, 1);

  self->stage = stage;
  self->index = index;
  self->types = types;
  self->events = events;
  self->owner = owner;
  self->info = g_list_model_get_item (G_LIST_MODEL (stage->workers), index);
  self->statistics = mpipe_worker_info_get_statistics (self->info);
  self->leases = mpipe_leases_new ();
  return self;
}

/* The slot must be empty. */
void
mpipe_worker_slot_free (MpipeWorkerSlot *self)
{
  g_assert (self->process == NULL && mpipe_leases_get_n (self->leases) == 0);
  drop_source (&self->restart_source);
  drop_source (&self->timeout_source);
  mpipe_leases_free (self->leases);
  g_clear_error (&self->problem);
  g_object_unref (self->info);
  g_free (self);
}
