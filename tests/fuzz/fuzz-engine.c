/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A whole pipeline whose workers do what the input says. Whatever that is: the pipeline completes, each task ends once,
 * as its results or as one failure, in order where that was promised; what is counted agrees, and no worker is left. */

#include "config.h"

#include <string.h>

#include <mpipe-glib.h>

#include "mpipe-fuzz-script.h"
#include "mpipe-fuzz-value.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

#define PATIENCE_US (15 * G_USEC_PER_SEC)
#define TIME_LIMIT_MS 3
#define START_LIMIT_MS 15
#define LARGE_N 2100 /* numbers of a large task */

GSource *__wrap_g_timeout_source_new (guint interval);
GSource *__real_g_timeout_source_new (guint interval);

/* The linker calls this in place of g_timeout_source_new(): the pauses of the engine, for workers that died and for
 * tasks that failed, would be most of what it does here. */
GSource *
__wrap_g_timeout_source_new (guint interval)
{
  return __real_g_timeout_source_new (interval == START_LIMIT_MS ? interval : MIN (interval, 1));
}

typedef enum
{
  GRAPH_SINGLE,
  GRAPH_CHAIN,
  GRAPH_FORK,
  GRAPH_FILTER,
} Graph;

typedef enum
{
  ACTION_NONE,
  ACTION_CANCEL,
  ACTION_TERMINATE,
  ACTION_LEAVE_UNREAD,
} Action;

typedef struct
{
  guint n_tasks;
  Graph graph;
  guint size;
  gboolean ordered, do_stop_task, disable_result, has_result_type, has_time_limits;
  gboolean limits_bytes; /* as well: of so many numbers */
  gboolean is_large; /* tasks are, so that they lie in shared memory if there is any */
  gboolean reads_late; /* after everything has ended: the two threads need not wait for each other so often */
  guint max_attempts, restart_limit, concurrency, max_backlog, lifespan, retry_delay;
  MpipeOnFailure on_failure;
  Action action;
  guint action_at;
} Plan;

typedef struct
{
  Plan plan;
  MpipeFuzzScript *script;
  MpipePipeline *pipeline;
  guint64 n_put, n_results, n_failed;
  guint64 last_id;
  guint n_results_of[MPIPE_FUZZ_TASKS_MAX + 1];
  guint n_bad_results_of[MPIPE_FUZZ_TASKS_MAX + 1];
  guint n_failures_of[MPIPE_FUZZ_TASKS_MAX + 1];
} Run;

/* Plans and scripts */

static void
take_plan (MpipeFuzzInput *input, Plan *out_plan, MpipeFuzzScriptOptions *out_options)
{
  guint8 a = mpipe_fuzz_take_byte (input), b = mpipe_fuzz_take_byte (input);
  guint8 c = mpipe_fuzz_take_byte (input), d = mpipe_fuzz_take_byte (input);
  guint8 e = mpipe_fuzz_take_byte (input), f = mpipe_fuzz_take_byte (input);

  *out_plan = (Plan){
    .n_tasks = 1 + a % MPIPE_FUZZ_TASKS_MAX,
    .ordered = (a & 0x10) == 0,
    .do_stop_task = (a & 0x20) != 0,
    .disable_result = (a & 0x40) != 0,
    .has_result_type = (a & 0x80) != 0,
    .graph = b & 3,
    .size = 1 + (b >> 2) % 3,
    .concurrency = 1 + 2 * (b >> 6),
    .reads_late = (c & 0x20) == 0,
    .is_large = (c & 0x80) != 0,
    .max_attempts = 1 + (d & 3),
    .restart_limit = 1 + (d >> 2 & 1),
    .has_time_limits = (d & 0x08) != 0,
    .lifespan = d >> 4 & 3,
    .retry_delay = d >> 6 & 1,
    .max_backlog = e & 3,
    .limits_bytes = (e & 0x80) != 0,
    .on_failure = (e >> 2) % 3,
    .action = e >> 4 & 3,
    .action_at = f >> 4,
  };
  *out_options = (MpipeFuzzScriptOptions){
    .greets = (b & 0x10) == 0,
    .has_page = (b & 0x20) != 0,
    .shares_memory = (c & 0x40) != 0,
    .features = (c & 0x1f) | ((d & 0x80) != 0 ? MPIPE_FEATURE_ROWS : 0)
                | ((e & 0x40) != 0 ? MPIPE_FEATURE_ARRAYS : 0),
    .may_hang = out_plan->has_time_limits,
    .pieces = f & 15,
  };
}

static MpipeStage *
new_stage (Run *self, const char *name)
{
  const Plan *plan = &self->plan;
  g_autoptr (MpipeLauncher) launcher = mpipe_fuzz_script_launcher_new (self->script);
  MpipeStage *stage = mpipe_stage_new_ordered ("fuzz", plan->size);

  mpipe_stage_set_name (stage, name);
  mpipe_stage_set_launcher (stage, launcher);
  mpipe_stage_set_ordered (stage, plan->ordered);
  mpipe_stage_set_do_stop_task (stage, plan->do_stop_task);
  mpipe_stage_set_disable_result (stage, plan->disable_result);
  if (plan->has_result_type)
    mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
  mpipe_stage_set_concurrency (stage, plan->concurrency);
  mpipe_stage_set_max_attempts (stage, plan->max_attempts);
  mpipe_stage_set_restart_limit (stage, plan->restart_limit);
  mpipe_stage_set_max_backlog (stage, plan->max_backlog);
  if (plan->limits_bytes)
    mpipe_stage_set_max_backlog_bytes (stage, plan->max_backlog * sizeof (gint64));
  mpipe_stage_set_worker_lifespan (stage, plan->lifespan);
  mpipe_stage_set_retry_delay (stage, plan->retry_delay);
  mpipe_stage_set_grace_time (stage, 1);
  if (plan->has_time_limits)
    {
      mpipe_stage_set_task_timeout (stage, TIME_LIMIT_MS);
      mpipe_stage_set_start_timeout (stage, START_LIMIT_MS);
    }
  return stage;
}

static MpipeStage *
new_graph (Run *self)
{
  MpipeStage *first = new_stage (self, "first");
  g_autoptr (MpipeStage) second = NULL;
  g_autoptr (MpipeStage) third = NULL;

  if (self->plan.graph == GRAPH_SINGLE)
    return first;
  second = new_stage (self, "second");
  if (self->plan.graph == GRAPH_FILTER)
    {
      MpipeStage *filter = mpipe_filter_stage_new (&first, 1);

      mpipe_stage_link (filter, second);
      g_object_unref (first);
      return filter;
    }
  mpipe_stage_link (first, second);
  if (self->plan.graph == GRAPH_FORK)
    {
      third = new_stage (self, "third");
      mpipe_stage_link (first, third);
    }
  return first;
}

/* What comes out */

static void
note_result (Run *self, guint64 id, GVariant *value)
{
  mpipe_fuzz_walk (value);
  self->n_results++;
  if (id > 0)
    self->n_results_of[id]++;
}

/* What came out as a result and is none is told as a failure of its own, and others of its task may come. */
static void
note_failure (Run *self, guint64 id, const GError *error)
{
  gboolean is_bad_result = strstr (error->message, " gave task ") != NULL
                           && strstr (error->message, " a bad result: ") != NULL;

  if (is_bad_result)
    self->n_results++;
  else
    self->n_failed++;
  if (id > 0 && is_bad_result)
    self->n_bad_results_of[id]++;
  else if (id > 0)
    self->n_failures_of[id]++;
}

static void
check_order (Run *self, guint64 id)
{
  g_assert_cmpuint (id, <=, self->n_put);
  if (id == 0 || self->plan.graph != GRAPH_SINGLE)
    return;
  g_assert_cmpuint (self->n_failures_of[id], <=, 1);
  if (self->plan.ordered)
    g_assert_cmpuint (id, >=, self->last_id);
  self->last_id = id;
}

static MpipeGetStatus
read_until (Run *self, gint64 deadline)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  guint64 id = 0;
  MpipeGetStatus status = mpipe_pipeline_get_full_until (self->pipeline, deadline, &value, &id,
                                                         NULL, NULL, &error);

  if (status == MPIPE_GET_STATUS_RESULT)
    {
      if (id > 0 && self->plan.graph == GRAPH_SINGLE)
        g_assert_cmpuint (self->n_failures_of[id], ==, 0);
      note_result (self, id, value);
      check_order (self, id);
    }
  if (status == MPIPE_GET_STATUS_FAILED)
    {
      note_failure (self, id, error);
      check_order (self, id);
    }
  return status;
}

/* Returns: whether there may be more */
static gboolean
read_one (Run *self)
{
  MpipeGetStatus status = read_until (self, g_get_monotonic_time () + PATIENCE_US);

  if (status == MPIPE_GET_STATUS_EMPTY)
    g_error ("the pipeline hangs: %" G_GUINT64_FORMAT " tasks have not ended",
             mpipe_pipeline_get_backlog (self->pipeline));
  return status != MPIPE_GET_STATUS_ENDED;
}

static void
take_collected (Run *self)
{
  g_autoptr (GPtrArray) failures = mpipe_pipeline_take_failures (self->pipeline);

  for (guint i = 0; i < failures->len; i++)
    {
      MpipeFailure *failure = g_ptr_array_index (failures, i);
      guint64 id = mpipe_failure_get_task_id (failure);

      note_failure (self, id, mpipe_failure_get_error (failure));
    }
}

/* Each task has given results, or a failure, or its worker has said that it gives none. */
static void
check_tasks (Run *self)
{
  for (guint64 id = 1; id <= self->n_put; id++)
    {
      guint n = self->n_results_of[id] + self->n_bad_results_of[id] + self->n_failures_of[id];

      if (self->plan.graph == GRAPH_SINGLE)
        g_assert_cmpuint (self->n_failures_of[id], <=, 1);
      if (n == 0 && !mpipe_fuzz_script_was_dropped (self->script, (gint64) id))
        g_error ("task %" G_GUINT64_FORMAT " is lost", id);
    }
}

/* What happens */

/* A number, or an array that begins with it. */
static GVariant *
new_task (Run *self, gint64 number)
{
  gint64 *numbers;

  if (!self->plan.is_large)
    return g_variant_new_int64 (number);
  numbers = g_new0 (gint64, LARGE_N);
  numbers[0] = number;
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers, LARGE_N * sizeof *numbers, TRUE,
                                  g_free, numbers);
}

/* A pipeline that is full has room again some time after a result was read. */
static gboolean
put_one (Run *self)
{
  g_autoptr (GVariant) task = g_variant_ref_sink (new_task (self, (gint64) self->n_put + 1));
  g_autoptr (GError) error = NULL;
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  guint64 id;

  while ((id = mpipe_pipeline_try_put (self->pipeline, task, &error)) == 0)
    {
      if (error != NULL)
        return FALSE;
      mpipe_fuzz_script_go_on (self->script);
      if (read_until (self, g_get_monotonic_time () + 1000) == MPIPE_GET_STATUS_ENDED)
        return FALSE;
      if (g_get_monotonic_time () > deadline)
        g_error ("the pipeline stays full");
    }
  g_assert_cmpuint (id, ==, self->n_put + 1);
  self->n_put = id;
  return TRUE;
}

static void
act (Run *self)
{
  if (self->plan.action == ACTION_CANCEL)
    mpipe_pipeline_cancel_task (self->pipeline, 1 + self->plan.action_at);
  if (self->plan.action == ACTION_TERMINATE)
    mpipe_pipeline_terminate (self->pipeline);
}

static void
wait_for_end (Run *self)
{
  g_autoptr (GError) error = NULL;

  if (!mpipe_pipeline_wait_until (self->pipeline, g_get_monotonic_time () + PATIENCE_US, NULL,
                                  &error))
    g_error ("the pipeline does not complete: %s", error != NULL ? error->message : "time is over");
  g_assert_cmpint (mpipe_pipeline_get_state (self->pipeline), ==, MPIPE_PIPELINE_STATE_COMPLETED);
}

static void
operate (Run *self)
{
  guint n_read = 0;

  mpipe_pipeline_set_on_failure (self->pipeline, self->plan.on_failure);
  while (self->n_put < self->plan.n_tasks && put_one (self))
    ;
  mpipe_fuzz_script_go_on (self->script);
  mpipe_pipeline_stop (self->pipeline);
  if (self->plan.action == ACTION_LEAVE_UNREAD)
    return;
  if (self->plan.action_at == 0 || self->plan.action == ACTION_CANCEL)
    act (self);
  if (self->plan.reads_late && self->plan.max_backlog == 0)
    wait_for_end (self);
  while (read_one (self))
    if (++n_read == self->plan.action_at && self->plan.action == ACTION_TERMINATE)
      act (self);
}

static void
check_end (Run *self)
{
  wait_for_end (self);
  take_collected (self);
  if (self->plan.graph == GRAPH_SINGLE || self->plan.graph == GRAPH_CHAIN)
    check_tasks (self);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (self->pipeline), ==, self->n_put);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (self->pipeline), ==, self->n_failed);
  g_assert_cmpuint (mpipe_pipeline_get_n_results (self->pipeline), ==, self->n_results);
  g_assert_cmpuint (mpipe_pipeline_get_backlog (self->pipeline), ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  MpipeFuzzInput input = { data, size };
  GMainContext *context = mpipe_fuzz_get_context ();
  MpipeFuzzScriptOptions options;
  g_autoptr (MpipeFuzzScript) script = NULL;
  g_autoptr (MpipeStage) first = NULL;
  g_autoptr (GError) error = NULL;
  Run run = { .n_put = 0 };

  take_plan (&input, &run.plan, &options);
  script = run.script = mpipe_fuzz_script_new (input, &options);
  g_main_context_push_thread_default (context);
  first = new_graph (&run);
  run.pipeline = mpipe_pipeline_new (first, &error);
  if (run.pipeline != NULL)
    {
      operate (&run);
      if (run.plan.action != ACTION_LEAVE_UNREAD)
        check_end (&run);
      g_object_unref (run.pipeline);
    }
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  g_assert_cmpuint (mpipe_fuzz_script_count_living (script), ==, 0);
  return 0;
}
