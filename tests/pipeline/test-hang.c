/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers that do not go on are found and ended: first by a signal, so that they can tidy up, then by one that
 * nobody survives. */

#include "config.h"

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

#define TIMEOUT_MS 400
#define GRACE_MS 1000
#define START_MS 3000
#define DEFIANT 1   /* a task whose worker ignores SIGTERM */
#define TIDY 2      /* one whose worker has something to tidy up */
#define WITH_HELP 3 /* one whose worker has started another process, which has */
#define LATE 4      /* one that ends on SIGTERM; the worker does not end the next */
#define LIAR 5      /* one whose worker says time and again that it has just begun something else */

static char *marker; /* in a worker: the file that tells that it has tidied up */

static void
tidy_up_cb (int signal_number)
{
  int fd = g_creat (marker, 0600);

  _exit (fd >= 0 ? 0 : 1);
}

static sem_t told; /* in a worker: SIGTERM has come */
static gboolean was_late;

static void
tell_cb (int signal_number)
{
  sem_post (&told);
}

static GVariant *
end_late (GVariant *task, const char *begun)
{
  was_late = TRUE;
  sem_init (&told, 0, 0);
  signal (SIGTERM, tell_cb);
  g_file_set_contents (begun, "", 0, NULL);
  while (sem_wait (&told) < 0)
    ;
  return g_variant_ref (task);
}

/* Writes into the page that is shared with the pipeline, as doc/wire.md says. */
static void
lie (void)
{
  guint64 *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 4, 0);

  for (guint64 n = 0;; n++)
    {
      page[0] = 1 + n % 2;
      page[1] = (guint64) g_get_monotonic_time ();
      g_usleep (100); /* leaves the processor to others */
    }
}

static void
start_helper (const char *ready)
{
  const char *argv[] = { "sh", "-c",
                         "trap 'touch \"$1\"; exit' TERM; touch \"$2\"; while :; do sleep 0.01; done",
                         "sh", marker, ready, NULL };

  g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL);
}

/* Says that it has begun by a file, and never ends. */
static GVariant *
stubborn (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) directory
      = mpipe_worker_lookup_parameter (worker, "directory", G_VARIANT_TYPE_STRING);
  g_autofree char *begun = g_build_filename (g_variant_get_string (directory, NULL), "begun", NULL);

  if (g_variant_get_int64 (task) == 0 && !was_late)
    return g_variant_ref (task);
  if (g_variant_get_int64 (task) == LATE)
    return end_late (task, begun);
  marker = g_build_filename (g_variant_get_string (directory, NULL), "tidied", NULL);
  switch (g_variant_get_int64 (task))
    {
    case DEFIANT:
      signal (SIGTERM, SIG_IGN);
      break;
    case TIDY:
      signal (SIGTERM, tidy_up_cb);
      break;
    case LIAR:
      lie ();
      break;
    case WITH_HELP:
      signal (SIGTERM, SIG_IGN);
      start_helper (begun);
      break;
    default:
      break;
    }
  if (g_variant_get_int64 (task) != WITH_HELP)
    g_file_set_contents (begun, "", 0, NULL);
  for (;;)
    pause ();
}

typedef struct
{
  char *directory;
  char *begun;
  char *tidied;
} Files;

static void
files_init (Files *files)
{
  files->directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  files->begun = g_build_filename (files->directory, "begun", NULL);
  files->tidied = g_build_filename (files->directory, "tidied", NULL);
}

static void
files_clear (Files *files)
{
  g_remove (files->begun);
  g_remove (files->tidied);
  g_assert_no_errno (g_rmdir (files->directory));
  g_free (files->begun);
  g_free (files->tidied);
  g_free (files->directory);
}

static MpipeStage *
new_stubborn_stage (const MpipeTestWay *way, Files *files)
{
  MpipeStage *stage = mpipe_test_stage (way, "stubborn", 1);

  mpipe_stage_set_parameters (stage,
                              g_variant_new_parsed ("{'directory': <%s>}", files->directory));
  mpipe_stage_set_grace_time (stage, GRACE_MS);
  return stage;
}

static gboolean
exists (gpointer user_data)
{
  return g_file_test (user_data, G_FILE_TEST_EXISTS);
}

/* Runs the task and waits for it to be given up. Returns: microseconds from its limit to its end. */
static gint64
run_into_time_limit (const MpipeTestWay *way, Files *files, gint64 task)
{
  MpipeStage *stage = new_stubborn_stage (way, files);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  gint64 started;

  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  pipeline = mpipe_test_pipeline (stage);
  started = g_get_monotonic_time ();
  mpipe_test_put (pipeline, task, 1);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  error = mpipe_test_get_error (pipeline);
  started = g_get_monotonic_time () - started - TIMEOUT_MS * 1000;
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  mpipe_test_get_end (pipeline);
  return started;
}

static void
test_a_worker_that_is_late_may_tidy_up (const MpipeTestWay *way)
{
  Files files;

  files_init (&files);
  run_into_time_limit (way, &files, TIDY);
  g_assert_true (exists (files.tidied));
  files_clear (&files);
}

static void
test_a_worker_that_defies_is_killed (const MpipeTestWay *way)
{
  Files files;

  files_init (&files);
  g_assert_cmpint (run_into_time_limit (way, &files, DEFIANT), >=, GRACE_MS * 1000);
  g_assert_false (exists (files.tidied));
  files_clear (&files);
}

static void
test_what_a_worker_has_started_may_tidy_up (const MpipeTestWay *way)
{
  Files files;

  files_init (&files);
  run_into_time_limit (way, &files, WITH_HELP);
  g_assert_true (exists (files.tidied));
  files_clear (&files);
}

static void
test_a_worker_whose_task_is_cancelled_may_tidy_up (const MpipeTestWay *way)
{
  Files files;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  files_init (&files);
  pipeline = mpipe_test_pipeline (new_stubborn_stage (way, &files));
  mpipe_test_put (pipeline, TIDY, 1);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_wait_until (exists, files.begun);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  mpipe_test_get_end (pipeline);
  g_assert_true (exists (files.tidied));
  files_clear (&files);
}

/* While it has its grace it is done with that task, and on the next. */
static void
expect_an_innocent_next (MpipePipeline *pipeline, GQuark domain, int code, const char *words)
{
  g_autoptr (GError) error = mpipe_test_get_error (pipeline);

  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  mpipe_test_get_end (pipeline);
}

static void
test_the_task_that_is_late_is_charged_and_not_the_next (const MpipeTestWay *way)
{
  Files files;
  MpipeStage *stage;
  g_autoptr (MpipePipeline) pipeline = NULL;

  files_init (&files);
  stage = new_stubborn_stage (way, &files);
  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, LATE, 1);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  expect_an_innocent_next (pipeline, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT, "on task 1 after");
  files_clear (&files);
}

static void
test_the_task_that_is_cancelled_fails_and_not_the_next (const MpipeTestWay *way)
{
  Files files;
  g_autoptr (MpipePipeline) pipeline = NULL;

  files_init (&files);
  pipeline = mpipe_test_pipeline (new_stubborn_stage (way, &files));
  mpipe_test_put (pipeline, LATE, 1);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_wait_until (exists, files.begun);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  expect_an_innocent_next (pipeline, G_IO_ERROR, G_IO_ERROR_CANCELLED, "task 1 was cancelled");
  files_clear (&files);
}

/* The liar has put the blame on one of the two that it held; that is all it gets. */
static void
test_a_worker_that_lies_about_its_time_is_found (const MpipeTestWay *way)
{
  Files files;
  MpipeStage *stage;
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_late, n_results;

  files_init (&files);
  stage = new_stubborn_stage (way, &files);
  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  mpipe_stage_set_start_timeout (stage, START_MS);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, LIAR, 1);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_count_until_end (pipeline, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT, &n_results, &n_late);
  g_assert_cmpuint (n_late, >=, 1);
  g_assert_cmpuint (n_results + n_late, ==, 2);
  files_clear (&files);
}

/* Stops the worker of a stage of one, which has nothing to do. */
static void
stop_the_worker (MpipeStage *stage)
{
  g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);

  g_assert_no_errno (kill (mpipe_worker_info_get_pid (info), SIGSTOP));
}

static void
test_a_worker_that_is_stopped_between_tasks_is_found (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  mpipe_stage_set_start_timeout (stage, START_MS);
  mpipe_stage_set_grace_time (stage, 50);
  pipeline = mpipe_test_pipeline (g_object_ref (stage));
  mpipe_test_put (pipeline, 1, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 1);
  stop_the_worker (stage);
  mpipe_test_put (pipeline, 2, 2);
  mpipe_pipeline_stop (pipeline);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 2); /* done by another */
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 3);
  mpipe_test_get_end (pipeline);
}

/* Nor does it notice that what it holds is taken back. */
static void
test_a_stopped_worker_does_not_keep_tasks_that_are_cancelled (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  mpipe_stage_set_start_timeout (stage, START_MS);
  mpipe_stage_set_grace_time (stage, 50);
  pipeline = mpipe_test_pipeline (g_object_ref (stage));
  stop_the_worker (stage);
  mpipe_test_put (pipeline, 1, 1);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  mpipe_test_put (pipeline, 2, 1);
  mpipe_pipeline_stop (pipeline);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 2);
  mpipe_test_get_end (pipeline);
}

static void
test_a_stopped_worker_does_not_keep_the_pipeline_from_its_end (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_start_timeout (stage, START_MS);
  mpipe_stage_set_grace_time (stage, 50);
  pipeline = mpipe_test_pipeline (g_object_ref (stage));
  stop_the_worker (stage);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

/* Returns: a stage of a program that breaks the protocol */
static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode, guint size)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, size);

  mpipe_stage_set_ordered (stage, way->ordered);
  mpipe_stage_set_grace_time (stage, GRACE_MS);
  return stage;
}

/* It answers its first task and reads nothing more; what it is sent does not fit into its channel. */
static void
test_a_worker_that_stops_reading_is_found (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "deaf", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autofree char *zeros = g_malloc0 (4 << 20);
  guint n_late, n_results;

  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (zeros, 4 << 20);

      g_assert_cmpuint (mpipe_pipeline_put_bytes (pipeline, bytes, NULL, NULL), >, 0);
    }
  mpipe_pipeline_stop (pipeline);
  mpipe_test_count_until_end (pipeline, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT, &n_results, &n_late);
  g_assert_cmpuint (n_results, >=, 1);
  g_assert_cmpuint (n_late, >=, 1);
  g_assert_cmpuint (n_results + n_late, ==, 3);
}

static void
test_a_worker_that_never_gets_ready_is_found (const MpipeTestWay *way)
{
  const char *const modes[] = { "silent-at-start", "stopped-at-start", "defiant-at-start" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (MpipeStage) stage = new_raw_stage (way, modes[i], 1);
      g_autoptr (GError) error = NULL;

      mpipe_stage_set_start_timeout (stage, 100);
      mpipe_stage_set_grace_time (stage, 50);
      g_assert_null (mpipe_pipeline_new (stage, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_assert_nonnull (strstr (error->message, "ready in time"));
    }
}

/* Whatever they do, the end of the pipeline has its time. */
static void
test_terminating_is_bounded (const MpipeTestWay *way)
{
  Files files;
  g_autoptr (MpipePipeline) pipeline = NULL;
  gint64 started;

  files_init (&files);
  pipeline = mpipe_test_pipeline (new_stubborn_stage (way, &files));
  mpipe_test_put (pipeline, DEFIANT, 1);
  mpipe_test_wait_until (exists, files.begun);
  started = g_get_monotonic_time ();
  mpipe_pipeline_terminate (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpint (g_get_monotonic_time () - started, <, 20 * G_USEC_PER_SEC);
  files_clear (&files);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("stubborn", stubborn, NULL, NULL);
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_process_ways ("/mpipe/pipeline/hang/" path, function)
  ADD (test_a_worker_that_is_late_may_tidy_up, "a-worker-that-is-late-may-tidy-up");
  ADD (test_a_worker_that_defies_is_killed, "a-worker-that-defies-is-killed");
  ADD (test_what_a_worker_has_started_may_tidy_up, "what-a-worker-has-started-may-tidy-up");
  ADD (test_a_worker_whose_task_is_cancelled_may_tidy_up,
       "a-worker-whose-task-is-cancelled-may-tidy-up");
  ADD (test_the_task_that_is_late_is_charged_and_not_the_next,
       "the-task-that-is-late-is-charged-and-not-the-next");
  ADD (test_the_task_that_is_cancelled_fails_and_not_the_next,
       "the-task-that-is-cancelled-fails-and-not-the-next");
  ADD (test_a_worker_that_lies_about_its_time_is_found, "a-worker-that-lies-about-its-time-is-found");
  ADD (test_a_worker_that_is_stopped_between_tasks_is_found,
       "a-worker-that-is-stopped-between-tasks-is-found");
  ADD (test_a_stopped_worker_does_not_keep_tasks_that_are_cancelled,
       "a-stopped-worker-does-not-keep-tasks-that-are-cancelled");
  ADD (test_a_stopped_worker_does_not_keep_the_pipeline_from_its_end,
       "a-stopped-worker-does-not-keep-the-pipeline-from-its-end");
  ADD (test_a_worker_that_stops_reading_is_found, "a-worker-that-stops-reading-is-found");
  ADD (test_a_worker_that_never_gets_ready_is_found, "a-worker-that-never-gets-ready-is-found");
  ADD (test_terminating_is_bounded, "terminating-is-bounded");
#undef ADD

  return g_test_run ();
}
