/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Three stages, and everything goes wrong: some tasks are poison, each of some kind, and meanwhile somebody kills,
 * stops and pauses workers, lets launches fail, takes the descriptors, cancels tasks. In the end each task has ended
 * once, as its result or as a failure that says why, in order where that was promised, and nothing is left: no process,
 * no descriptor, no memory.
 *
 * What happens comes from a seed; doc/testing.md says how to give another one, and more tasks. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "disturber.h"
#include "feeders.h"
#include "launcher.h"
#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"
#include "task.h"
#include "workers.h"

#define GRACE_MS 50
#define START_TIMEOUT_MS 4000 /* also of the end of a worker that is stopped */
#define RESTART_LIMIT 32
#define MEMORY_LIMIT (96 << 20) /* of a worker */
#define POLL_US 1000
#define COLLECT_EVERY 16 /* results or failures */
#define MAPPED_GROWTH_MAX_KIB                                                                      \
  (400 << 10) /* of the application, at any time; it keeps 128 MiB for large values */
#define GROWTH_MAX (1 << 20) /* bytes in use, when all is over */

/* How it ends. */
typedef enum
{
  STOPPED,    /* when all tasks are done */
  TERMINATED, /* amid them */
  DROPPED,    /* by the last reference, amid them */
} Ending;

typedef struct
{
  ChaosPlan plan;
  Ending ending;
  gboolean ordered;
  guint n_tasks;
  guint64 end_after; /* results and failures; not when stopped */
  MpipeLauncher *launcher;
  MpipePipeline *pipeline;
  ChaosLedger *ledger;
  guint n_deaths;
  guint disturbances[CHAOS_N_DISTURBANCES];
} Run;

/* The pipeline */

static void
apply (Run *self, guint number, MpipeStage *stage)
{
  static const char *const names[] = { "first", "second", "third" };
  const ChaosStageSettings *settings = &self->plan.stages[number];

  mpipe_stage_set_name (stage, names[number]);
  mpipe_stage_set_ordered (stage, self->ordered);
  mpipe_stage_set_task_type (stage, chaos_task_get_type (&self->plan));
  mpipe_stage_set_result_type (stage, chaos_task_get_type (&self->plan));
  mpipe_stage_set_launcher (stage, self->launcher);
  mpipe_stage_set_task_timeout (stage, settings->arrays ? 0 : self->plan.task_timeout_ms);
  mpipe_stage_set_grace_time (stage, GRACE_MS);
  mpipe_stage_set_start_timeout (stage, START_TIMEOUT_MS);
  mpipe_stage_set_restart_limit (stage, RESTART_LIMIT);
  mpipe_stage_set_concurrency (stage, settings->concurrency);
  mpipe_stage_set_worker_lifespan (stage, settings->lifespan);
  mpipe_stage_set_idle_timeout (stage, settings->idle_timeout_ms);
  mpipe_stage_set_max_backlog (stage, settings->max_backlog);
  mpipe_stage_set_max_backlog_bytes (stage, settings->max_backlog_bytes);
  mpipe_stage_set_max_attempts (stage, settings->max_attempts);
  mpipe_stage_set_retry_delay (stage, settings->retry_delay_ms);
  mpipe_stage_set_capture_stderr (stage, settings->capture_stderr);
  if (settings->sandboxed)
    {
      g_autoptr (MpipeSandbox) sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_PREFERRED, NULL);

      mpipe_stage_set_sandbox (stage, sandbox);
    }
}

static MpipeStage *
new_stage (Run *self, guint number)
{
  g_autofree char *program
      = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, "chaos", NULL };
  const ChaosStageSettings *settings = &self->plan.stages[number];
  MpipeStage *stage;

  if (settings->arrays)
    stage = mpipe_stage_new_ordered (CHAOS_ARRAY_WORKER, settings->n_workers);
  else if (number == 1)
    {
      stage = mpipe_stage_new_command (argv, settings->n_workers);
      mpipe_stage_set_worker_memory_limit (stage, MEMORY_LIMIT);
    }
  else
    stage = mpipe_stage_new_ordered (settings->concurrency > 1 ? CHAOS_LATER_WORKER : CHAOS_WORKER,
                                     settings->n_workers);
  apply (self, number, stage);
  return stage;
}

static void
count_death_cb (MpipePipeline *pipeline, MpipeStage *stage, guint index, const GError *error,
                gpointer user_data)
{
  Run *self = user_data;

  self->n_deaths += error != NULL;
}

static void
run_init (Run *self, guint32 seed, gboolean ordered, gboolean numbers, Ending ending, guint n_tasks)
{
  MpipeStage *first;
  g_autoptr (MpipeStage) second = NULL, third = NULL;

  *self = (Run){ .ending = ending, .ordered = ordered, .n_tasks = n_tasks };
  chaos_plan_init (&self->plan, seed);
  if (numbers)
    chaos_plan_make_numbers (&self->plan);
  self->end_after = n_tasks / 4 + seed * 97 % (n_tasks / 2);
  self->launcher = chaos_launcher_new ();
  first = new_stage (self, 0);
  second = new_stage (self, 1);
  third = new_stage (self, 2);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  self->pipeline = mpipe_test_pipeline (first);
  if (self->plan.collects)
    mpipe_pipeline_set_on_failure (self->pipeline, MPIPE_ON_FAILURE_COLLECT);
  g_signal_connect (self->pipeline, "worker-exited", G_CALLBACK (count_death_cb), self);
  self->ledger = chaos_ledger_new (&self->plan, n_tasks, ordered);
}

static void
run_clear (Run *self)
{
  g_clear_object (&self->pipeline);
  g_clear_object (&self->launcher);
  g_clear_pointer (&self->ledger, chaos_ledger_free);
}

/* Reading */

static MpipeGetStatus
get (Run *self, guint64 *out_id, GVariant **out_result, GError **error)
{
  MpipeGetStatus status;

  if (!self->plan.polls)
    {
      *out_result = mpipe_pipeline_get_full (self->pipeline, out_id, NULL, NULL, error);
      return *out_result != NULL ? MPIPE_GET_STATUS_RESULT
             : *error != NULL    ? MPIPE_GET_STATUS_FAILED
                                 : MPIPE_GET_STATUS_ENDED;
    }
  do
    status = mpipe_pipeline_get_full_until (self->pipeline, g_get_monotonic_time () + POLL_US,
                                            out_result, out_id, NULL, NULL, error);
  while (status == MPIPE_GET_STATUS_EMPTY);
  return status;
}

static void
take_collected (Run *self)
{
  g_autoptr (GPtrArray) failures = mpipe_pipeline_take_failures (self->pipeline);

  for (guint i = 0; i < failures->len; i++)
    chaos_ledger_note_collected (self->ledger, failures->pdata[i]);
}

/* Reads until the end, or, if the pipeline is to be dropped, for a while. */
static void
read_all (Run *self)
{
  for (guint64 n = 0; self->ending != DROPPED || n < self->end_after; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = NULL;
      guint64 id = 0;
      MpipeGetStatus status = get (self, &id, &result, &error);

      if (status == MPIPE_GET_STATUS_ENDED)
        break;
      if (status == MPIPE_GET_STATUS_RESULT)
        chaos_ledger_note_result (self->ledger, id, result);
      else
        chaos_ledger_note_failure (self->ledger, id, error);
      if (n % COLLECT_EVERY == 0)
        {
          take_collected (self);
          while (g_main_context_iteration (NULL, FALSE))
            ;
        }
    }
}

/* What is to be true in the end */

/* Returns: how many large tasks and results of a stage were in shared memory */
static guint64
get_n_shared (Run *self, guint number)
{
  g_autoptr (MpipeStage) stage
      = g_list_model_get_item (mpipe_pipeline_get_stages (self->pipeline), number);
  GListModel *workers = mpipe_stage_get_workers (stage);
  guint64 n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      n += mpipe_worker_info_get_n_shared (info);
    }
  return n;
}

/* Large data went both ways: the program in the second stage knows of no shared memory. */
static void
check_ways (Run *self)
{
  if (self->plan.size_max < CHAOS_SIZE_MAX)
    return;
  g_assert_cmpuint (get_n_shared (self, 0), >, 0);
  g_assert_cmpuint (get_n_shared (self, 1), ==, 0);
  g_assert_cmpuint (get_n_shared (self, 2), >, 0);
}

static void
check_counts (Run *self)
{
  const ChaosTally *tally = chaos_ledger_get_tally (self->ledger);
  GListModel *stages = mpipe_pipeline_get_stages (self->pipeline);
  guint64 n_failed = 0;

  g_assert_cmpuint (mpipe_pipeline_get_n_results (self->pipeline), ==, tally->n_results);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (self->pipeline), ==, tally->n_failed);
  g_assert_cmpuint (mpipe_pipeline_get_backlog (self->pipeline), ==, 0);
  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);

      g_assert_cmpuint (mpipe_stage_get_backlog (stage), ==, 0);
      n_failed += mpipe_stage_get_n_failed (stage);
    }
  g_assert_cmpuint (n_failed, <=, tally->n_failed);
  if (self->ending != STOPPED)
    return;
  g_assert_cmpuint (mpipe_pipeline_get_n_put (self->pipeline), ==, self->n_tasks);
  g_assert_cmpuint (tally->n_results, >, self->n_tasks / 2);
  check_ways (self);
}

static void
finish (Run *self)
{
  g_assert_true (mpipe_pipeline_wait (self->pipeline, NULL, NULL));
  take_collected (self);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  chaos_ledger_check (self->ledger, mpipe_pipeline_get_n_put (self->pipeline));
  check_counts (self);
}

static guint64
get_n_retried (Run *self)
{
  GListModel *stages = mpipe_pipeline_get_stages (self->pipeline);
  guint64 n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);

      n += mpipe_stage_get_n_retried (stage);
    }
  return n;
}

static void
report (Run *self)
{
  const ChaosTally *tally = chaos_ledger_get_tally (self->ledger);
  ChaosLaunches launches = chaos_launcher_get_launches (self->launcher);
  GString *text = g_string_new (NULL);

  g_string_printf (text,
                   "seed %u: %" G_GUINT64_FORMAT " tasks put, %" G_GUINT64_FORMAT
                   " results, %" G_GUINT64_FORMAT " failures, of them %" G_GUINT64_FORMAT
                   " collected, %" G_GUINT64_FORMAT " cancelled, %" G_GUINT64_FORMAT
                   " by bad luck; %" G_GUINT64_FORMAT " attempts again; %" G_GUINT64_FORMAT
                   " values in shared memory; %u processes, %u deaths, %u failed launches; "
                   "disturbances:",
                   self->plan.seed, mpipe_pipeline_get_n_put (self->pipeline), tally->n_results,
                   tally->n_failed, tally->n_collected, tally->n_cancelled, tally->n_unlucky,
                   get_n_retried (self), get_n_shared (self, 0) + get_n_shared (self, 2),
                   launches.n_launches, self->n_deaths, launches.n_failed);
  for (guint i = 0; i < CHAOS_N_DISTURBANCES; i++)
    g_string_append_printf (text, " %u %s", self->disturbances[i],
                            chaos_disturbance_to_string ((ChaosDisturbanceKind) i));
  g_string_append (text, "; tasks:");
  for (guint i = 0; i < CHAOS_N_FAULTS; i++)
    g_string_append_printf (text, " %u %s,", tally->n_by_fault[i],
                            chaos_fault_to_string ((ChaosFault) i));
  g_test_message ("%s", text->str);
  g_string_free (text, TRUE);
}

/* Memory */

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes (void);
#endif

static gsize
get_bytes_in_use (void)
{
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes ();
#else
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#endif
}

static glong
get_peak_kib (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static guint
count_shared_mappings (void)
{
  g_autofree char *maps = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  for (const char *p = maps; (p = strstr (p, "memfd:")) != NULL; p++)
    n++;
  return n;
}

/* One run */

static void
run_tasks (Run *self)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ChaosFeeders *feeders
      = chaos_feeders_start (&self->plan, self->n_tasks, self->pipeline, self->ledger, cancellable);
  ChaosDisturber *disturber
      = chaos_disturber_start (&self->plan, self->pipeline, self->launcher, self->ledger,
                               self->ending == TERMINATED ? self->end_after : 0);

  read_all (self);
  if (self->ending == DROPPED)
    g_cancellable_cancel (cancellable);
  chaos_ledger_note_end (self->ledger);
  chaos_feeders_join (feeders);
  chaos_disturber_join (disturber, self->disturbances);
  if (self->ending != DROPPED)
    finish (self);
}

static void
run (guint32 seed, gboolean ordered, gboolean numbers, Ending ending, guint n_tasks)
{
  Run self;
  g_autofree char *description = NULL;
  gint64 began = g_get_monotonic_time ();
  glong peak = get_peak_kib ();
  guint n_mappings = count_shared_mappings ();
  gsize n_before = get_bytes_in_use (), n_after;

  alarm (100 + n_tasks / 10);
  run_init (&self, seed, ordered, numbers, ending, n_tasks);
  description = chaos_plan_describe (&self.plan);
  g_test_message ("seed %u: %s", seed, description);
  run_tasks (&self);
  report (&self);
  run_clear (&self);
  n_after = get_bytes_in_use ();
  g_test_message ("seed %u: %.1f s; %" G_GSIZE_FORMAT " bytes in use before, %" G_GSIZE_FORMAT
                  " after; at most %ld KiB mapped before, %ld after",
                  seed, (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC, n_before,
                  n_after, peak, get_peak_kib ());
  g_assert_cmpuint (count_shared_mappings (), ==, n_mappings);
  g_assert_cmpuint (n_after, <, n_before + GROWTH_MAX);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what was freed */
  g_assert_cmpint (get_peak_kib () - peak, <, MAPPED_GROWTH_MAX_KIB);
#endif
}

static guint
get_setting (const char *name, guint otherwise)
{
  const char *text = g_getenv (name);

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : otherwise;
}

static void
run_seeds (const MpipeTestWay *way, gboolean numbers, Ending ending, guint n_rounds, guint n_tasks)
{
  guint seed = get_setting ("MPIPE_CHAOS_SEED", CHAOS_USUAL_SEED);
  int quiet = g_open ("/dev/null", O_WRONLY | O_CLOEXEC),
      real = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

  n_rounds = get_setting ("MPIPE_CHAOS_ROUNDS", n_rounds);
  n_tasks = get_setting ("MPIPE_CHAOS_TASKS", n_tasks);
  for (guint i = 0; i < n_rounds; i++)
    {
      dup2 (quiet, STDERR_FILENO);
      run (seed + i, way->ordered, numbers, ending, n_tasks);
      dup2 (real, STDERR_FILENO);
    }
  close (quiet);
  close (real);
}

static void
test_each_task_ends_once (const MpipeTestWay *way)
{
  run_seeds (way, FALSE, STOPPED, CHAOS_N_USUAL_SEEDS, 1000);
}

static void
test_each_task_ends_once_when_terminated (const MpipeTestWay *way)
{
  run_seeds (way, FALSE, TERMINATED, CHAOS_N_USUAL_SEEDS, 400);
}

static void
test_nothing_is_left_when_dropped (const MpipeTestWay *way)
{
  run_seeds (way, FALSE, DROPPED, CHAOS_N_USUAL_SEEDS, 400);
}

/* Rows of numbers, which workers of whole arrays do at once */

static void
run_rows (const MpipeTestWay *way, Ending ending, guint n_tasks)
{
  MpipeTestMark mark;

  mpipe_test_mark_init (&mark, "array");
  g_assert_true (g_setenv (CHAOS_ARRAY_MARK, mark.path, TRUE));
  run_seeds (way, TRUE, ending, CHAOS_N_USUAL_SEEDS, n_tasks);
  g_assert_true (mpipe_test_mark_is_set (&mark));
  g_unsetenv (CHAOS_ARRAY_MARK);
  mpipe_test_mark_clear (&mark);
}

static void
test_each_number_ends_once (const MpipeTestWay *way)
{
  run_rows (way, STOPPED, 1000);
}

static void
test_each_number_ends_once_when_terminated (const MpipeTestWay *way)
{
  run_rows (way, TERMINATED, 400);
}

static void
test_nothing_is_left_when_numbers_are_dropped (const MpipeTestWay *way)
{
  run_rows (way, DROPPED, 400);
}

int
main (int argc, char **argv)
{
  chaos_workers_register ();
  mpipe_test_init (&argc, &argv);
  mpipe_test_add_process_ways ("/mpipe/chaos/each-task-ends-once", test_each_task_ends_once);
  mpipe_test_add_process_ways ("/mpipe/chaos/each-task-ends-once-when-terminated",
                               test_each_task_ends_once_when_terminated);
  mpipe_test_add_process_ways ("/mpipe/chaos/nothing-is-left-when-dropped",
                               test_nothing_is_left_when_dropped);
  mpipe_test_add_process_ways ("/mpipe/chaos/each-number-ends-once", test_each_number_ends_once);
  mpipe_test_add_process_ways ("/mpipe/chaos/each-number-ends-once-when-terminated",
                               test_each_number_ends_once_when_terminated);
  mpipe_test_add_process_ways ("/mpipe/chaos/nothing-is-left-when-numbers-are-dropped",
                               test_nothing_is_left_when_numbers_are_dropped);
  return g_test_run ();
}
