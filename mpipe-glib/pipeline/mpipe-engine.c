/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* STARTING → RUNNING → ENDED; the thread lives from mpipe_engine_start() until all workers are gone.
 *
 * Whatever wakes the thread, it ends in settling: every marked run does what it can, until none is
 * marked; what is to be sent to workers is sent; what came out goes to the application, in one go. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-engine-private.h"

#include "mpipe-glib/core/mpipe-descriptors-private.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-failure-private.h"
#include "mpipe-glib/pipeline/mpipe-filter-run-private.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-stage-run-private.h"

#define DESCRIPTORS_NEEDED 8 /* for a main context, and some room */
#define WORTH_A_POLLER 8 /* workers: for fewer, one more call for each wake-up costs more than to poll them all */
#define TICK_MS 100 /* how often it is told that counts have changed */

/* What may be put at once without an answer of the engine, when some stage has a limit but the first
 * stage has none. */
#define ALLOWED_TASKS 256
#define ALLOWED_BYTES (1u << 20)

typedef enum
{
  ENGINE_STARTING, /* some worker is not ready yet */
  ENGINE_RUNNING,
  ENGINE_ENDED, /* all workers are gone */
} EngineState;

struct _MpipeEngine
{
  EngineState state;
  GThread *thread;
  GMainContext *context;
  MpipeDriver *driver;
  MpipeTaskMailbox *tasks;
  MpipeEventMailbox *events;
  MpipeTypeTable *types;

  MpipeRunContext run_context;
  GPtrArray *runs; /* of MpipeRun, owned; each after those that lead to it */
  MpipeRun *first; /* where tasks enter */
  MpipeBacklog backlog; /* all that entered and has not come to its end */
  gboolean input_ended;
  gboolean settling;
  gboolean waits_for_reader; /* some run stands still until something is read */
  gboolean may_be_driven; /* by a thread that waits for a result */
  gboolean has_put;       /* a thread has driven to put a task since one has to get one */
  gboolean output_ended;     /* the application was told */
  gboolean stop_on_failure;  /* any thread */
  gboolean collect_failures; /* any thread */

  MpipeFifo delivered; /* of MpipeItem, for the application */
  MpipeFifo notices;   /* of MpipeNotice, for the application */
  MpipeCounter n_results;
  MpipeCounter n_failed;
  MpipeCounter n_backlog;
  GSource *tick_source; /* while counts have changed and it was not told */
};

typedef struct
{
  GSource source;
  MpipeEngine *engine;
} MailboxSource;

static void
set_state (MpipeEngine *self, EngineState from, EngineState to)
{
  static const char *const names[] = { "starting", "running", "ended" };

  g_assert (self->state == from && to > from);
  g_debug ("engine: %s -> %s", names[from], names[to]);
  self->state = to;
}

/* What runs tell */

/* The mailbox must be stopped. What it has got until then enters, and fails, before the input ends: see
 * handle_batch(). */
static void
terminate (MpipeEngine *self)
{
  g_autoptr (GError) reason = NULL;

  if (self->run_context.terminating)
    return;
  reason = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "was ended with its pipeline");
  self->run_context.terminating = TRUE;
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      run->klass->terminate (run, reason);
      mpipe_run_mark (run);
    }
}

/* Returns: whether it was a failure for the collection, which has consumed it. */
static gboolean
collect (MpipeEngine *self, MpipeItem *item)
{
  if (item->error == NULL || !g_atomic_int_get (&self->collect_failures)
      || !mpipe_event_mailbox_can_collect (self->events))
    return FALSE;
  mpipe_event_mailbox_collect (self->events, mpipe_failure_new (item, self->types));
  mpipe_item_free (item);
  return TRUE;
}

/* Of a row that has brothers in another branch each task must be counted until all its results were read. */
static gboolean
must_part (const MpipeItem *item)
{
  return item->n_tasks > 1 && mpipe_lineage_is_shared (item->lineage);
}

static void
deliver_cb (gpointer owner, MpipeRun *run, MpipeItem *item)
{
  MpipeEngine *self = owner;

  while (must_part (item))
    deliver_cb (owner, run, mpipe_item_split (item, 1));
  if (item->error == NULL)
    mpipe_counter_add (&self->n_results, item->n_tasks);
  else
    mpipe_counter_add (&self->n_failed, 1);
  if (collect (self, item))
    return;
  self->run_context.n_unread += item->n_tasks;
  item->is_sole = self->run_context.limited && item->lineage != NULL /* as it is at a worker's stop */
                  && mpipe_lineage_is_sole (item->lineage);
  mpipe_fifo_push (&self->delivered, item);
  if (item->error != NULL && g_atomic_int_get (&self->stop_on_failure))
    {
      mpipe_task_mailbox_stop (self->tasks);
      terminate (self);
    }
}

static void
add_notice (MpipeEngine *self, MpipeStage *stage, guint index, gboolean exited,
            const GError *error)
{
  MpipeNotice *notice = g_new0 (MpipeNotice, 1);

  notice->stage = g_object_ref (stage);
  notice->index = index;
  notice->exited = exited;
  notice->error = error != NULL ? g_error_copy (error) : NULL;
  mpipe_fifo_push (&self->notices, notice);
}

static void
worker_started_cb (gpointer owner, MpipeStage *stage, guint index)
{
  add_notice (owner, stage, index, FALSE, NULL);
}

static void
worker_exited_cb (gpointer owner, MpipeStage *stage, guint index, const GError *error)
{
  add_notice (owner, stage, index, TRUE, error);
}

static void
progress_cb (gpointer owner, MpipeStage *stage, guint64 id, double fraction, const char *text)
{
  MpipeEngine *self = owner;

  mpipe_event_mailbox_report (self->events, stage, id, fraction, text);
}

/* Settling */

static gboolean
tick_cb (gpointer user_data)
{
  MpipeEngine *self = user_data;

  g_clear_pointer (&self->tick_source, g_source_unref);
  mpipe_event_mailbox_deliver (self->events, &self->delivered, &self->notices, TRUE);
  return G_SOURCE_REMOVE;
}

static void
plan_tick (MpipeEngine *self)
{
  if (self->tick_source != NULL)
    return;
  self->tick_source = g_timeout_source_new (TICK_MS);
  g_source_set_static_name (self->tick_source, "[mpipe] counts");
  g_source_set_callback (self->tick_source, tick_cb, self, NULL);
  g_source_attach (self->tick_source, self->context);
}

static void
work_marked (MpipeEngine *self)
{
  MpipeRun *run;

  while ((run = self->run_context.first_dirty) != NULL)
    {
      self->run_context.first_dirty = run->next_dirty;
      run->next_dirty = NULL;
      run->dirty = FALSE;
      run->klass->work (run);
    }
}

/* A number that differs when the room behind some limit has changed. */
static guint64
sum_backlogs (MpipeEngine *self)
{
  guint64 sum = self->run_context.n_unread * 31;

  for (guint i = 0; i < self->runs->len; i++)
    {
      const MpipeRun *run = g_ptr_array_index (self->runs, i);

      sum = sum * 31 + run->backlog.n;
      sum = sum * 31 + run->backlog.bytes;
      sum = sum * 31 + run->output.n;
      sum = sum * 31 + mpipe_stage_get_backlog (run->stage);
    }
  return sum;
}

/* With limits, room that appears in one run lets others go on. */
static void
work_all (MpipeEngine *self)
{
  guint64 before, after;

  work_marked (self);
  if (!self->run_context.limited)
    return;
  after = sum_backlogs (self);
  do
    {
      before = after;
      for (guint i = 0; i < self->runs->len; i++)
        mpipe_run_mark (g_ptr_array_index (self->runs, i));
      work_marked (self);
      after = sum_backlogs (self);
    }
  while (after != before);
}

/* Takes note, before anything is decided, of what was read. */
static void
look_at_backlogs (MpipeEngine *self)
{
  if (!self->run_context.limited)
    return;
  mpipe_backlog_look (&self->backlog);
  for (guint i = 0; i < self->runs->len; i++)
    mpipe_backlog_look (&((MpipeRun *) g_ptr_array_index (self->runs, i))->backlog);
}

/* Whether something inside stands still until something is read. */
static gboolean
waits_for_reader (MpipeEngine *self)
{
  for (guint i = 0; i < self->runs->len; i++)
    if (mpipe_run_is_blocked (g_ptr_array_index (self->runs, i)))
      return TRUE;
  return FALSE;
}

/* How much may be put before the engine has looked at it. */
static void
publish_room (MpipeEngine *self)
{
  const MpipeBacklog *backlog = &self->first->backlog;
  MpipeRoom room = { .n_tasks = ALLOWED_TASKS, .n_bytes = ALLOWED_BYTES };

  if (!self->run_context.limited)
    return;
  room.engine_waits = waits_for_reader (self);
  if (mpipe_run_is_blocked (self->first)
      || (!mpipe_backlog_is_limited (backlog) && mpipe_run_is_closed (self->first)))
    room.n_tasks = 0;
  else if (mpipe_backlog_is_limited (backlog))
    {
      room.counts = backlog;
      room.read = mpipe_backlog_get_seen (backlog);
      if (backlog->max_n > 0)
        room.n_tasks = mpipe_backlog_get_room (backlog);
      if (backlog->max_bytes > 0)
        {
          room.n_bytes = mpipe_backlog_get_room_in_bytes (backlog);
          room.n_there = mpipe_backlog_get_n (backlog);
        }
    }
  self->waits_for_reader = room.engine_waits;
  if (mpipe_task_mailbox_allow (self->tasks, &room))
    mpipe_event_mailbox_wake (self->events);
}

static gboolean
is_any (MpipeEngine *self, gboolean (*has) (MpipeRun *run))
{
  for (guint i = 0; i < self->runs->len; i++)
    if (has (g_ptr_array_index (self->runs, i)))
      return TRUE;
  return FALSE;
}

static gboolean
is_starting (MpipeRun *run)
{
  return run->klass->is_starting (run);
}

static gboolean
has_open_output (MpipeRun *run)
{
  return !run->output_ended;
}

static gboolean
has_worker (MpipeRun *run)
{
  return !run->klass->is_over (run);
}

/* Tells, once, that all workers are ready; or which stage has none. */
static void
check_started (MpipeEngine *self)
{
  GError *problem = NULL;

  if (self->state != ENGINE_STARTING || is_any (self, is_starting))
    return;
  for (guint i = 0; i < self->runs->len && problem == NULL; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);
      const GError *found = run->klass->get_problem (run);

      problem = found != NULL ? g_error_copy (found) : NULL;
    }
  set_state (self, ENGINE_STARTING, ENGINE_RUNNING);
  mpipe_event_mailbox_set_started (self->events, problem);
}

static void
check_ended (MpipeEngine *self)
{
  if (self->output_ended || is_any (self, has_open_output))
    return;
  self->output_ended = TRUE;
  mpipe_event_mailbox_set_ended (self->events);
}

static void
check_completed (MpipeEngine *self)
{
  if (!self->output_ended || self->state == ENGINE_ENDED || is_any (self, has_worker))
    return;
  check_started (self);
  set_state (self, ENGINE_RUNNING, ENGINE_ENDED);
  mpipe_driver_end (self->driver);
}

static void
settle_cb (gpointer owner)
{
  MpipeEngine *self = owner;

  if (self->settling)
    return;
  self->settling = TRUE;
  look_at_backlogs (self);
  work_all (self);
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      run->klass->flush (run);
    }
  plan_tick (self);
  if (self->delivered.n + self->notices.n > 0)
    mpipe_event_mailbox_deliver (self->events, &self->delivered, &self->notices, FALSE);
  publish_room (self);
  mpipe_counter_set (&self->n_backlog, mpipe_backlog_get_gross (&self->backlog));
  self->settling = FALSE;
  check_started (self);
  check_ended (self);
  check_completed (self);
}

/* A worker ends with the thread that has started it. */
static gboolean
may_launch_cb (gpointer owner)
{
  MpipeEngine *self = owner;

  if (mpipe_driver_is_own (self->driver))
    return TRUE;
  mpipe_driver_call_own (self->driver);
  return FALSE;
}

static const MpipeRunEvents run_events = {
  .may_launch = may_launch_cb,
  .deliver = deliver_cb,
  .progress = progress_cb,
  .settle = settle_cb,
  .worker_started = worker_started_cb,
  .worker_exited = worker_exited_cb,
};

/* What the application sends */

/* A failure is told, kept and tried again with its own task. */
static void
take_task (MpipeEngine *self, MpipeItem *item)
{
  MpipeLineage *entrance;

  if (g_atomic_int_get (&self->collect_failures))
    while (item->n_tasks > 1)
      take_task (self, mpipe_item_split (item, 1));
  entrance = mpipe_lineage_new_row (NULL, &self->backlog, item->n_tasks);
  if (g_atomic_int_get (&self->collect_failures))
    mpipe_lineage_set_origin (entrance, &item->payload, item->fds);
  mpipe_item_set_lineage (item, entrance);
  mpipe_lineage_unref (entrance);
  mpipe_run_accept (self->first, item);
}

static void
cancel (MpipeEngine *self, guint64 id)
{
  if (self->run_context.cancelled == NULL)
    self->run_context.cancelled = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (!g_hash_table_add (self->run_context.cancelled, g_memdup2 (&id, sizeof id)))
    return;
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      run->klass->cancel (run, id);
    }
}

static void
accuse (MpipeEngine *self, const MpipeAccusation *accusation)
{
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      if (run->stage == accusation->producer.stage)
        run->klass->accuse (run, &accusation->producer, accusation->reason);
    }
}

static void
handle_batch (MpipeEngine *self, MpipeTaskBatch *batch)
{
  MpipeItem *item;

  for (MpipeFifoLink *link = batch->returned.first; link != NULL; link = link->next)
    self->run_context.n_unread
        -= ((MpipeItem *) link)->n_tasks + ((MpipeItem *) link)->read.n;
  mpipe_item_free_all (&batch->returned);
  while ((item = mpipe_fifo_pop (&batch->tasks)) != NULL)
    take_task (self, item);
  for (guint i = 0; batch->cancelled != NULL && i < batch->cancelled->len; i++)
    cancel (self, g_array_index (batch->cancelled, guint64, i));
  for (guint i = 0; batch->accusations != NULL && i < batch->accusations->len; i++)
    accuse (self, g_ptr_array_index (batch->accusations, i));
  if (batch->stopped && !self->input_ended)
    {
      self->input_ended = TRUE;
      mpipe_run_end_input (self->first);
    }
  if (batch->terminated)
    terminate (self);
  mpipe_task_batch_clear (batch);
}

/* Returns: FALSE when there is something to do that came in the mailbox. A reader who does not see that the engine waits
 * for him is seen by it. */
static gboolean
sleep_if_idle (MpipeEngine *self)
{
  return mpipe_task_mailbox_sleep (self->tasks)
         && !(self->waits_for_reader
              && mpipe_backlog_get_read (&self->backlog).n != mpipe_backlog_get_seen (&self->backlog).n);
}

static gboolean
mailbox_prepare (GSource *source, int *timeout)
{
  return !sleep_if_idle (((MailboxSource *) source)->engine);
}

static gboolean
mailbox_check (GSource *source)
{
  return !sleep_if_idle (((MailboxSource *) source)->engine);
}

static void
take_batch (MpipeEngine *self)
{
  MpipeTaskBatch batch;

  mpipe_task_mailbox_take (self->tasks, &batch);
  handle_batch (self, &batch);
  settle_cb (self);
}

static gboolean
mailbox_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  take_batch (((MailboxSource *) source)->engine);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs mailbox_funcs = {
  .prepare = mailbox_prepare,
  .check = mailbox_check,
  .dispatch = mailbox_dispatch,
};

/* Threads of the application that run the engine */

/* Any thread. Returns: how many tasks the engine has taken that were not read */
static guint64
count_unread (MpipeEngine *self)
{
  return mpipe_backlog_get_unread (&self->backlog, mpipe_counter_get (&self->n_backlog));
}

/* The one whose result is waited for, and the one before it, which may not have come back yet. */
static gboolean
is_idle_but_for_one (MpipeEngine *self)
{
  return self->backlog.n <= 2;
}

static gboolean
begin_driving (MpipeEngine *self)
{
  return self->may_be_driven && mpipe_task_mailbox_get_n_waiting (self->tasks) <= 1
         && count_unread (self) <= 1 && mpipe_driver_take (self->driver, TRUE);
}

/* What has come meanwhile is not left waiting. */
static void
end_driving (MpipeEngine *self, gboolean may_linger)
{
  mpipe_driver_give_back (self->driver,
                          may_linger && sleep_if_idle (self));
}

static void
wake_cb (gpointer engine)
{
  mpipe_driver_wake (((MpipeEngine *) engine)->driver);
}

/* If the engine's thread stands by, the task need not wait for it to be woken. When more follow without
 * anybody waiting for a result, that thread takes over. */
static void
task_came_cb (gpointer engine)
{
  MpipeEngine *self = engine;
  gboolean is_first;

  if (!mpipe_driver_take (self->driver, FALSE))
    {
      mpipe_driver_wake (self->driver);
      return;
    }
  is_first = !self->has_put;
  self->has_put = TRUE;
  take_batch (self);
  end_driving (self, is_first);
}

static void
room_came_cb (gpointer engine)
{
  mpipe_event_mailbox_wake (((MpipeEngine *) engine)->events);
}

static const MpipeTaskMailboxEvents mailbox_events = {
  .wake = wake_cb,
  .task_came = task_came_cb,
  .room_came = room_came_cb,
};

/* Their successors are started while they work. */
static gboolean
replaces_workers (MpipeStage *stage)
{
  return stage->worker_lifespan > 0 || stage->worker_lifetime_s > 0;
}

/* The thread */

static GSource *
attach_mailbox (MpipeEngine *self)
{
  GSource *source = g_source_new (&mailbox_funcs, sizeof (MailboxSource));

  ((MailboxSource *) source)->engine = self;
  g_source_set_static_name (source, "[mpipe] tasks from the application");
  g_source_attach (source, self->context);
  return source;
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gpointer
engine_thread (gpointer data)
{
  MpipeEngine *self = data;
  GSource *mailbox = attach_mailbox (self);

  g_main_context_push_thread_default (self->context);
  mpipe_driver_set_own (self->driver);
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      run->klass->start (run);
    }
  settle_cb (self);
  if (self->state != ENGINE_ENDED)
    mpipe_driver_run_own (self->driver);

  drop_source (&mailbox);
  while (g_main_context_iteration (self->context, FALSE))
    ; /* what was about to complete */
  drop_source (&self->tick_source);
  mpipe_event_mailbox_deliver (self->events, &self->delivered, &self->notices, TRUE);
  mpipe_task_mailbox_close (self->tasks);
  if (self->run_context.arena != NULL)
    mpipe_arena_close_fd (self->run_context.arena); /* results that were not read may wait for long */
  g_clear_pointer (&self->run_context.poller, mpipe_poller_free);
  mpipe_event_mailbox_set_completed (self->events);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* Returns: FALSE with MPIPE_ERROR_LAUNCH when there can be no thread. */
gboolean
mpipe_engine_start (MpipeEngine *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->thread = g_thread_try_new ("mpipe-engine", engine_thread, self, &local_error);
  if (self->thread != NULL)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "The pipeline cannot get a thread: %s",
               local_error->message);
  return FALSE;
}

static MpipeRun *
new_run (MpipeEngine *self, const MpipePlanNode *node)
{
  if (MPIPE_IS_FILTER_STAGE (node->stage))
    return mpipe_filter_run_new (&self->run_context, MPIPE_FILTER_STAGE (node->stage));
  return mpipe_stage_run_new (&self->run_context, node->stage, node->n_workers);
}

static void
link_run (const MpipePlan *plan, MpipeRun **runs, guint number)
{
  const MpipePlanNode *node = mpipe_plan_get_node (plan, number);
  MpipeRun *run = runs[number];

  for (guint i = 0; i < node->next->len; i++)
    mpipe_run_link (run, runs[g_array_index (node->next, guint, i)]);
  if (node->filter == MPIPE_PLAN_NONE)
    return;
  if (node->is_head)
    mpipe_filter_run_add_head (runs[node->filter], node->branch, run);
  if (node->next->len == 0)
    mpipe_filter_run_add_leaf (runs[node->filter], node->branch, run);
}

static gboolean
check_descriptors (GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (mpipe_descriptors_check (DESCRIPTORS_NEEDED, &local_error))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "The pipeline cannot be started: %s",
               local_error->message);
  return FALSE;
}

static guint
count_workers (const MpipePlan *plan)
{
  guint n = 0;

  for (guint i = 0; i < plan->nodes->len; i++)
    n += mpipe_plan_get_node (plan, i)->n_workers;
  return n;
}

/* The stages of @plan must be frozen. Nothing runs before the engine is started. Returns: (nullable): NULL with
 * MPIPE_ERROR_LAUNCH when there are no descriptors for it */
MpipeEngine *
mpipe_engine_new (const MpipePlan *plan, MpipeTypeTable *types, GMainContext *application_context,
                  GError **error)
{
  MpipeEngine *self;
  guint n_runs = plan->nodes->len;
  g_autofree MpipeRun **runs = g_new0 (MpipeRun *, n_runs);

  if (!check_descriptors (error))
    return NULL;
  self = g_new0 (MpipeEngine, 1);
  self->context = g_main_context_new ();
  self->driver = mpipe_driver_new (self->context);
  self->tasks = mpipe_task_mailbox_new (&mailbox_events, self);
  self->events = mpipe_event_mailbox_new (application_context, self->driver);
  self->types = mpipe_type_table_ref (types);
  self->run_context.types = types;
  self->run_context.backlog = &self->backlog;
  self->run_context.arena = mpipe_arena_new (MPIPE_ARENA_SIZE, NULL);
  if (count_workers (plan) >= WORTH_A_POLLER)
    self->run_context.poller = mpipe_poller_new (self->context);
  self->run_context.events = &run_events;
  self->run_context.owner = self;
  self->runs = g_ptr_array_new ();
  for (guint i = 0; i < n_runs; i++)
    {
      runs[plan->order[i]] = new_run (self, mpipe_plan_get_node (plan, plan->order[i]));
      g_ptr_array_add (self->runs, runs[plan->order[i]]);
    }
  for (guint i = 0; i < n_runs; i++)
    link_run (plan, runs, plan->order[i]);
  self->first = runs[0];
  self->first->n_open_upstreams = 1;
  self->may_be_driven = n_runs == 1 && !replaces_workers (self->first->stage);
  publish_room (self);
  return self;
}

/* Ends whatever still runs, and waits for it. */
void
mpipe_engine_free (MpipeEngine *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    {
      mpipe_task_mailbox_terminate (self->tasks);
      g_thread_join (self->thread);
    }
  mpipe_task_mailbox_free (self->tasks);
  mpipe_event_mailbox_free (self->events);
  mpipe_item_free_all (&self->delivered);
  for (guint i = 0; i < self->runs->len; i++)
    {
      MpipeRun *run = g_ptr_array_index (self->runs, i);

      run->klass->free (run);
    }
  g_ptr_array_unref (self->runs);
  g_clear_pointer (&self->run_context.cancelled, g_hash_table_unref);
  mpipe_type_table_unref (self->types);
  mpipe_poller_free (self->run_context.poller);
  mpipe_arena_unref (self->run_context.arena); /* results that were not read yet keep it */
  mpipe_driver_free (self->driver);
  g_main_context_unref (self->context);
  g_free (self);
}

/* Any thread */

/* Takes an item as mpipe_event_mailbox_take() does. When a task is alone in a pipeline of one stage, the
 * thread that waits for its result runs the engine meanwhile. */
MpipeTakeStatus
mpipe_engine_take_item (MpipeEngine *self, gint64 deadline, GCancellable *cancellable,
                        MpipeTakeFilter filter, gpointer user_data, gboolean patient, guint max,
                        MpipeItem **out_item)
{
  MpipeTakeStatus status
      = mpipe_event_mailbox_look (self->events, filter, user_data, max, out_item);

  if (status == MPIPE_TAKE_EMPTY && deadline < 0 && begin_driving (self))
    {
      gulong handler = mpipe_event_mailbox_begin_driving (self->events, cancellable);

      self->has_put = FALSE;
      do
        status = mpipe_event_mailbox_look (self->events, filter, user_data, max, out_item);
      while (status == MPIPE_TAKE_EMPTY && !g_cancellable_is_cancelled (cancellable)
             && is_idle_but_for_one (self) && mpipe_driver_iterate (self->driver));
      mpipe_event_mailbox_end_driving (self->events, cancellable, handler);
      end_driving (self, status == MPIPE_TAKE_ITEM);
    }
  if (status == MPIPE_TAKE_ITEM || status == MPIPE_TAKE_ENDED)
    return status;
  return mpipe_event_mailbox_take (self->events, deadline, cancellable, filter, user_data, patient,
                                   max, out_item);
}

MpipeTaskMailbox *
mpipe_engine_get_tasks (MpipeEngine *self)
{
  return self->tasks;
}

MpipeEventMailbox *
mpipe_engine_get_events (MpipeEngine *self)
{
  return self->events;
}

guint64
mpipe_engine_get_n_results (MpipeEngine *self)
{
  return mpipe_counter_get (&self->n_results);
}

guint64
mpipe_engine_get_n_failed (MpipeEngine *self)
{
  return mpipe_counter_get (&self->n_failed);
}

/* Returns: how many tasks the engine has taken that have not come to their end. */
guint64
mpipe_engine_get_backlog (MpipeEngine *self)
{
  guint64 gross;

  if (!mpipe_task_mailbox_read_closed (self->tasks, &self->backlog, &gross))
    return count_unread (self);
  return mpipe_backlog_get_unread (&self->backlog, gross);
}

void
mpipe_engine_set_on_failure (MpipeEngine *self, gboolean stop, gboolean collect)
{
  g_atomic_int_set (&self->stop_on_failure, stop);
  g_atomic_int_set (&self->collect_failures, collect);
}
