/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers that end, hang or talk nonsense: eight tasks, four workers, task 3 misbehaves; seven results and
 * one precise error, whatever happens. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

#define N_TASKS 8
#define CULPRIT 3
#define TIMEOUT_MS 1000      /* for tasks that do not end: others need less by far, also on a busy machine */
#define STOP_TIMEOUT_MS 1000 /* for workers that do not end */

typedef struct
{
  const char *mode;
  int code;         /* of MPIPE_ERROR */
  const char *says; /* what the message holds */
  gboolean typed;   /* the stage declares the type of its results */
} Fault;

/* Returns: a stage of a program that breaks the protocol */
static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode, guint size)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, size);

  mpipe_stage_set_ordered (stage, way->ordered);
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  return stage;
}

/* Returns: a stage of a worker that uses the library and misbehaves in its task */
static MpipeStage *
new_own_stage (const MpipeTestWay *way, const char *mode, guint size)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", size);

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <%s>}", mode));
  return stage;
}

static void
assert_seven_and_one (MpipeStage *stage, const MpipeTestWay *way, const Fault *fault)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autofree char *task = g_strdup_printf ("task %d", CULPRIT + 1);
  guint n_results = 0, n_errors = 0, mask = 0;

  if (fault->code == MPIPE_ERROR_TIMED_OUT)
    mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  if (fault->typed)
    mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      if (way->ordered)
        g_assert_cmpuint (id, ==, n_results + n_errors + 1);
      if (result != NULL)
        {
          n_results++;
          g_assert_cmpint (g_variant_get_int64 (result), ==, id - 1);
          mask |= 1u << (id - 1);
          continue;
        }
      n_errors++;
      g_test_message ("%s", error->message);
      g_assert_error (error, MPIPE_ERROR, fault->code);
      g_assert_nonnull (strstr (error->message, "stage “"));
      g_assert_nonnull (strstr (error->message, task));
      g_assert_nonnull (strstr (error->message, fault->says));
      g_assert_cmpuint (id, ==, CULPRIT + 1);
    }
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (n_results, ==, N_TASKS - 1);
  g_assert_cmpuint (mask, ==, 0xff & ~(1u << CULPRIT));
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_a_worker_of_the_library_fails_its_task_only (const MpipeTestWay *way)
{
  const Fault faults[] = {
    { "kill", MPIPE_ERROR_WORKER_DIED, "signal 9" },
    { "segv", MPIPE_ERROR_WORKER_DIED, "signal 11" },
    { "exit-0", MPIPE_ERROR_WORKER_DIED, "exited with status 0" },
    { "exit-1", MPIPE_ERROR_WORKER_DIED, "exited with status 1" },
    { "error", MPIPE_ERROR_TASK_FAILED, "No such number: 3 (g-file-error-quark, 4)" },
    { "loop", MPIPE_ERROR_TIMED_OUT, "time limit of 1000 ms" },
    { "sigstop", MPIPE_ERROR_TIMED_OUT, "time limit of 1000 ms" },
    { "wrong-type", MPIPE_ERROR_TASK_FAILED, "“s”", TRUE },
    { "unsendable", MPIPE_ERROR_TASK_FAILED, "“h”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_test_message ("%s", faults[i].mode);
      assert_seven_and_one (new_own_stage (way, faults[i].mode, 4), way, &faults[i]);
    }
}

static void
test_a_worker_that_breaks_the_protocol_fails_its_task_only (const MpipeTestWay *way)
{
  const Fault faults[] = {
    { "kill", MPIPE_ERROR_WORKER_DIED, "signal 9" },
    { "segv", MPIPE_ERROR_WORKER_DIED, "signal 11" },
    { "abort", MPIPE_ERROR_WORKER_DIED, "signal 6" },
    { "exit-0", MPIPE_ERROR_WORKER_DIED, "exited with status 0" },
    { "exit-1", MPIPE_ERROR_WORKER_DIED, "exited with status 1" },
    { "error", MPIPE_ERROR_TASK_FAILED, "No such number: 3 (test, 7)" },
    { "loop", MPIPE_ERROR_TIMED_OUT, "time limit" },
    { "sigstop", MPIPE_ERROR_TIMED_OUT, "time limit" },
    { "silent", MPIPE_ERROR_TIMED_OUT, "time limit" },
    { "close", MPIPE_ERROR_WORKER_DIED, "closed its channel" },
    { "close-and-exit", MPIPE_ERROR_WORKER_DIED, "exited with status 0" },
    { "garbage", MPIPE_ERROR_PROTOCOL, "broke the protocol" },
    { "unknown-kind", MPIPE_ERROR_PROTOCOL, "unknown kind 77" },
    { "huge", MPIPE_ERROR_PROTOCOL, "4294967280 bytes" },
    { "promise", MPIPE_ERROR_WORKER_DIED, "exited with status 0" },
    { "truncated", MPIPE_ERROR_WORKER_DIED, "exited with status 0" },
    { "unnamed-type", MPIPE_ERROR_PROTOCOL, "type number 999" },
    { "bad-type", MPIPE_ERROR_PROTOCOL, "type that cannot be sent" },
    { "handle-type", MPIPE_ERROR_PROTOCOL, "type that cannot be sent" },
    { "many-types", MPIPE_ERROR_PROTOCOL, "more than 256 types" },
    { "type-number", MPIPE_ERROR_PROTOCOL, "number 4096" },
    { "wrong-size", MPIPE_ERROR_PROTOCOL, "7 bytes" },
    { "wrong-type", MPIPE_ERROR_PROTOCOL, "“s”", TRUE },
    { "not-normal", MPIPE_ERROR_PROTOCOL, "normal form" },
    { "results-of-nothing", MPIPE_ERROR_PROTOCOL, "no numbers" },
    { "results-cut-short", MPIPE_ERROR_PROTOCOL, "no numbers" },
    { "results-not-given", MPIPE_ERROR_PROTOCOL, "was not given" },
    { "results-of-text", MPIPE_ERROR_PROTOCOL, "no numbers" },
    { "tasks", MPIPE_ERROR_PROTOCOL, "TASKS" },
    { "unknown-number", MPIPE_ERROR_PROTOCOL, "was not given" },
    { "goodbye", MPIPE_ERROR_PROTOCOL, "GOODBYE" },
    { "ready-again", MPIPE_ERROR_PROTOCOL, "READY" },
    { "skipped", MPIPE_ERROR_PROTOCOL, "SKIPPED" },
    { "cancel", MPIPE_ERROR_PROTOCOL, "CANCEL" },
    { "shared-nowhere", MPIPE_ERROR_PROTOCOL, "no shared memory" },
    { "shared-past-the-end", MPIPE_ERROR_PROTOCOL, "no shared memory" },
    { "shared-small", MPIPE_ERROR_PROTOCOL, "no shared memory" },
    { "shared-without-place", MPIPE_ERROR_PROTOCOL, "no shared memory" },
    { "part-of-no-loan", MPIPE_ERROR_PROTOCOL, "no shared memory" },
    { "release", MPIPE_ERROR_PROTOCOL, "was not given" },
    { "short-progress", MPIPE_ERROR_PROTOCOL, "PROGRESS" },
    { "progress-of-nothing", MPIPE_ERROR_PROTOCOL, "was not given" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_test_message ("%s", faults[i].mode);
      assert_seven_and_one (new_raw_stage (way, faults[i].mode, 4), way, &faults[i]);
    }
}

static void
test_a_worker_that_answers_twice_is_replaced (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_raw_stage (way, "done-twice", 1));
  g_autoptr (GError) error = NULL;
  GVariant *result;
  guint n = 0;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL || error != NULL)
    {
      n += result != NULL;
      g_clear_pointer (&result, g_variant_unref);
      g_clear_error (&error);
    }
  /* its task gave nothing, and who came next may have been charged */
  g_assert_cmpuint (n, >=, N_TASKS - 2);
}

static void
test_noise_on_standard_output_harms_nobody (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "noise", 2));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, 20);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 20, 1);
}

static void
assert_does_not_start (MpipeStage *first, int code, const char *says)
{
  g_autoptr (MpipeStage) stage = first;
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, code);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_workers_that_cannot_start_fail_the_pipeline (const MpipeTestWay *way)
{
  const struct
  {
    const char *mode;
    const char *says;
  } faults[] = {
    { "exit-at-start", "exited with status 0" },
    { "kill-at-start", "signal 9" },
    { "silent-at-start", "ready in time" },
    { "garbage-at-start", "broke the protocol" },
    { "refuse", "no licence" },
    { "bad-version", "version 99" },
    { "result-before-ready", "before READY" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      MpipeStage *stage = new_raw_stage (way, faults[i].mode, 2);

      if (strcmp (faults[i].mode, "silent-at-start") == 0)
        mpipe_stage_set_start_timeout (stage, 50);
      assert_does_not_start (stage, MPIPE_ERROR_LAUNCH, faults[i].says);
    }
}

static gboolean
is_replaced_never (gpointer user_data)
{
  g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (user_data, 0);

  return mpipe_worker_info_get_pid (info) == 0 && mpipe_worker_info_get_n_starts (info) > 1;
}

static void
test_a_stage_that_has_lost_its_program_fails_its_tasks (const MpipeTestWay *way)
{
  g_autofree char *program
      = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *copy = g_build_filename (directory, "worker", NULL);
  const char *argv[] = { copy, "echo", NULL };
  g_autoptr (GFile) from = g_file_new_for_path (program), to = g_file_new_for_path (copy);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (MpipeWorkerInfo) info = NULL;
  MpipeStage *stage;
  GListModel *workers;

  g_assert_true (g_file_copy (from, to, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL));
  stage = mpipe_stage_new_command (argv, 1);
  mpipe_stage_set_ordered (stage, way->ordered);
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  g_assert_no_errno (g_chmod (directory, 0755)); /* root's workers are somebody else in a sandbox */
  workers = mpipe_stage_get_workers (stage);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 1, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 1);

  /* it is not there any more when the worker ends, on no task */
  g_assert_cmpint (g_remove (copy), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  info = g_list_model_get_item (workers, 0);
  g_assert_no_errno (kill (mpipe_worker_info_get_pid (info), SIGKILL));
  mpipe_test_wait_until (is_replaced_never, workers);

  mpipe_test_put (pipeline, 0, 3);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = mpipe_test_get_error (pipeline);

      g_test_message ("%s", error->message);
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_assert_nonnull (strstr (error->message, copy));
    }
  mpipe_test_get_end (pipeline);
}

static gpointer
lose_a_worker_thread (gpointer data)
{
  MpipePipeline *pipeline = data;
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, 3, 1);
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  mpipe_test_put (pipeline, 1, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 1);
  return NULL;
}

/* A thread that waits for a result may run the engine: what is started then does not belong to that thread. */
static void
test_a_worker_outlives_the_thread_that_waited_for_it (const MpipeTestWay *way)
{
  MpipeStage *stage = new_own_stage (way, "kill", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (MpipeWorkerInfo) info
      = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);

  for (guint i = 0; i < 5; i++)
    {
      g_thread_join (g_thread_new ("lose-a-worker", lose_a_worker_thread, pipeline));
      mpipe_test_put (pipeline, 1, 1);
      g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 1);
      g_assert_cmpuint (mpipe_worker_info_get_n_starts (info), ==, i + 2);
    }
  mpipe_test_finish (pipeline);
}

static gboolean
has_process (gpointer user_data)
{
  return mpipe_worker_info_get_pid (user_data) != 0;
}

static void
count_exit_cb (MpipePipeline *pipeline, MpipeStage *stage, guint index, GError *error, guint *n)
{
  g_assert_nonnull (error);
  (*n)++;
}

/* A stage in the middle that loses its workers fails its tasks, and those before and behind it end. */
/* Takes all descriptors that the process may have. Returns: of int, to be closed */
static GArray *
take_all_descriptors (struct rlimit *before)
{
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, before));
  limit = *before;
  limit.rlim_cur = MIN (limit.rlim_cur, 200);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  while ((fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
    g_array_append_val (taken, fd);
  g_assert_cmpint (errno, ==, EMFILE);
  return taken;
}

/* A worker dies when the application has no descriptor left for its successor. */
static void
test_without_free_descriptors_no_worker_is_started (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (MpipeWorkerInfo) worker
      = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);
  g_autoptr (GArray) taken = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before;

  taken = take_all_descriptors (&before);
  kill (mpipe_worker_info_get_pid (worker), SIGKILL);
  while (mpipe_worker_info_get_n_starts (worker) < 2)
    g_thread_yield ();
  mpipe_test_put (pipeline, 0, 1);
  error = mpipe_test_get_error (pipeline);
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "Too many open files"));
  mpipe_test_finish (pipeline);
}

static void
test_a_stage_that_gives_up_holds_nobody_up (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) second = new_raw_stage (way, "echo", 1);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (MpipeWorkerInfo) info = NULL;
  guint n_exits = 0;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_restart_limit (second, 3);
  mpipe_stage_set_restart_period (second, 3600);
  mpipe_stage_set_max_backlog (first, 10);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  g_signal_connect (pipeline, "worker-exited", G_CALLBACK (count_exit_cb), &n_exits);
  info = g_list_model_get_item (mpipe_stage_get_workers (second), 0);
  for (guint i = 1; i <= 3; i++)
    {
      mpipe_test_wait_until (has_process, info);
      g_assert_no_errno (kill (mpipe_worker_info_get_pid (info), SIGKILL));
      while (n_exits < i)
        g_main_context_iteration (NULL, TRUE);
    }
  for (int i = 0; i < 50; i++)
    {
      mpipe_test_put (pipeline, i, 1);
      g_assert_null (mpipe_pipeline_get (pipeline, NULL, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_clear_error (&error);
    }
  g_signal_handlers_disconnect_by_func (pipeline, count_exit_cb, &n_exits);
  g_assert_cmpuint (n_exits, ==, 3);
  mpipe_test_finish (pipeline);
  mpipe_test_get_end (pipeline);
}

static void
test_a_worker_that_does_not_stop_well_loses_nothing (const MpipeTestWay *way)
{
  const char *const modes[]
      = { "kill-at-stop", "silent-at-stop", "stays-without-goodbye", "stays-after-goodbye" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      MpipeStage *stage = new_raw_stage (way, modes[i], 2);
      g_autoptr (MpipePipeline) pipeline = NULL;
      g_autoptr (GArray) values = NULL;

      mpipe_stage_set_task_timeout (stage, STOP_TIMEOUT_MS);
      mpipe_stage_set_start_timeout (stage, STOP_TIMEOUT_MS);
      pipeline = mpipe_test_pipeline (stage);
      mpipe_test_put (pipeline, 0, 10);
      mpipe_pipeline_stop (pipeline);
      values = mpipe_test_get_all (pipeline, way);
      mpipe_test_assert_range (values, 0, 10, 1);
      g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
    }
}

static void
test_what_a_worker_says_of_its_time_harms_nobody (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "lie", 2);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  GListModel *workers = mpipe_stage_get_workers (stage);
  guint n_results = 0;

  mpipe_test_put (pipeline, 0, 200);
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, NULL);

      n_results += result != NULL;
    }
  g_assert_cmpuint (n_results, ==, 180);
  mpipe_test_finish (pipeline);
  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      g_assert_cmpint (mpipe_worker_info_get_busy_time (info), >=, 0);
      g_assert_cmpint (mpipe_worker_info_get_busy_time (info), <=,
                       mpipe_worker_info_get_up_time (info));
    }
}

static void
test_a_task_is_tried_again_as_often_as_is_said (const MpipeTestWay *way)
{
  MpipeStage *stage = new_own_stage (way, "kill", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  GVariant *result;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_object_ref (stage);
  mpipe_stage_set_max_attempts (stage, 3);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL || error != NULL)
    {
      n += result != NULL;
      if (error != NULL)
        g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
      g_clear_pointer (&result, g_variant_unref);
      g_clear_error (&error);
    }
  g_assert_cmpuint (n, ==, N_TASKS - 1);
  g_assert_cmpuint (mpipe_stage_get_n_retried (stage), ==, 2);
  g_assert_cmpuint (mpipe_stage_get_n_failed (stage), ==, 1);
  g_object_unref (stage);
}

static void
test_a_task_that_is_tried_again_gives_its_results_once (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;
  MpipeTestMark mark;

  mpipe_test_mark_init (&mark, "died");
  mpipe_stage_set_parameters (
      stage, g_variant_new_parsed ("{'mode': <'once'>, 'directory': <%s>}", mark.directory));
  mpipe_stage_set_max_attempts (stage, 2);
  mpipe_test_keep_in_sandbox (way, stage, mark.directory);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, N_TASKS, 1);
  g_assert_true (mpipe_test_mark_is_set (&mark));
  mpipe_test_mark_clear (&mark);
}

static void
test_results_that_were_passed_on_are_given_once (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "put-or-die", 1));

  mpipe_test_put_or_die (pipeline);
}

static void
test_a_stream_of_poison_ends_as_failures (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_own_stage (way, "kill", 2));
  guint n_errors = 0;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 30; i++)
    mpipe_test_put (pipeline, CULPRIT, 1);
  mpipe_pipeline_stop (pipeline);
  while (mpipe_pipeline_get (pipeline, NULL, &error) == NULL && error != NULL)
    {
      n_errors++;
      g_clear_error (&error);
    }
  g_assert_cmpuint (n_errors, ==, 30);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, 30);
}

static void
test_a_failure_keeps_its_place_through_later_stages (const MpipeTestWay *way)
{
  MpipeStage *first = new_own_stage (way, "exit-0", 3);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_results = 0, n_errors = 0;

  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      if (way->ordered)
        g_assert_cmpuint (id, ==, n_results + n_errors + 1);
      n_results += result != NULL;
      n_errors += error != NULL;
    }
  g_assert_cmpuint (n_results, ==, N_TASKS - 1);
  g_assert_cmpuint (n_errors, ==, 1);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    mpipe_test_add_process_ways ("/mpipe/pipeline/death/" path, function);                         \
    mpipe_test_add_sandbox_ways ("/mpipe/pipeline/death/" path, function);                         \
  }                                                                                                \
  G_STMT_END
  ADD (test_a_worker_outlives_the_thread_that_waited_for_it,
       "a-worker-outlives-the-thread-that-waited-for-it");
  ADD (test_a_worker_of_the_library_fails_its_task_only,
       "a-worker-of-the-library-fails-its-task-only");
  ADD (test_a_worker_that_breaks_the_protocol_fails_its_task_only,
       "a-worker-that-breaks-the-protocol-fails-its-task-only");
  ADD (test_a_worker_that_answers_twice_is_replaced, "a-worker-that-answers-twice-is-replaced");
  ADD (test_noise_on_standard_output_harms_nobody, "noise-on-standard-output-harms-nobody");
  ADD (test_workers_that_cannot_start_fail_the_pipeline,
       "workers-that-cannot-start-fail-the-pipeline");
  ADD (test_a_stage_that_has_lost_its_program_fails_its_tasks,
       "a-stage-that-has-lost-its-program-fails-its-tasks");
  ADD (test_a_stage_that_gives_up_holds_nobody_up, "a-stage-that-gives-up-holds-nobody-up");
  ADD (test_without_free_descriptors_no_worker_is_started,
       "without-free-descriptors-no-worker-is-started");
  ADD (test_a_worker_that_does_not_stop_well_loses_nothing,
       "a-worker-that-does-not-stop-well-loses-nothing");
  ADD (test_what_a_worker_says_of_its_time_harms_nobody,
       "what-a-worker-says-of-its-time-harms-nobody");
  ADD (test_a_task_is_tried_again_as_often_as_is_said,
       "a-task-is-tried-again-as-often-as-is-said");
  ADD (test_a_task_that_is_tried_again_gives_its_results_once,
       "a-task-that-is-tried-again-gives-its-results-once");
  ADD (test_results_that_were_passed_on_are_given_once,
       "results-that-were-passed-on-are-given-once");
  ADD (test_a_stream_of_poison_ends_as_failures, "a-stream-of-poison-ends-as-failures");
  ADD (test_a_failure_keeps_its_place_through_later_stages,
       "a-failure-keeps-its-place-through-later-stages");
#undef ADD

  return g_test_run ();
}
