/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The end of a pipeline: in order, at once, by dropping it; and what can still be read. */

#include "config.h"

#include <glib/gstdio.h>

#include "mpipe-func-launcher.h"
#include "mpipe-test-kit.h"

static void
test_a_pipeline_that_got_nothing_stops (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 3));

  g_assert_cmpint (mpipe_pipeline_get_state (pipeline), ==, MPIPE_PIPELINE_STATE_RUNNING);
  mpipe_pipeline_stop (pipeline);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_get_end (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpint (mpipe_pipeline_get_state (pipeline), ==, MPIPE_PIPELINE_STATE_COMPLETED);
}

static void
test_putting_nothing_stops (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, 7, 1);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, NULL, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 7);
  mpipe_test_get_end (pipeline);
}

static void
test_tasks_after_the_stop_are_refused (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GError) error = NULL;

  mpipe_pipeline_stop (pipeline);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (1), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED);
  g_clear_error (&error);
  g_assert_cmpuint (mpipe_pipeline_try_put (pipeline, g_variant_new_int64 (1), &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED);
  mpipe_test_finish (pipeline);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, 0);
}

static void
test_results_stay_readable_when_the_workers_are_gone (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, 3000);
  mpipe_test_finish (pipeline);
  g_assert_cmpint (mpipe_pipeline_get_state (pipeline), ==, MPIPE_PIPELINE_STATE_COMPLETED);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 3000, 1);
}

static void
test_the_stop_comes_while_tasks_are_being_done (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "slow", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 200);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 1, 200, 1);
}

static void
test_a_terminated_pipeline_fails_what_has_not_ended (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "slow", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_errors, n_results;

  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 1000, 500);
  g_variant_unref (mpipe_test_get (pipeline));
  mpipe_pipeline_terminate (pipeline);
  mpipe_test_count_until_end (pipeline, G_IO_ERROR, G_IO_ERROR_CANCELLED, &n_results, &n_errors);
  g_assert_cmpuint (n_errors, >, 0);
  g_assert_cmpuint (n_results + n_errors, ==, 499);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_a_pipeline_may_be_dropped_while_it_is_full (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "slow", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_max_backlog (second, 10);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  while (mpipe_pipeline_try_put (pipeline, g_variant_new_int64 (5000), NULL) != 0)
    ;
}

static void
test_a_pipeline_may_be_dropped_at_once_and_unread (const MpipeTestWay *way)
{
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (MpipePipeline) pipeline
          = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));

      mpipe_test_put (pipeline, 0, i * 100);
      if (i % 2 == 1)
        mpipe_pipeline_stop (pipeline);
    }
}

static void
test_a_dropped_pipeline_leaves_no_busy_worker (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 4);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'loop'>}"));
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 20; i++)
    mpipe_test_put (pipeline, 3, 1);
}

static void
test_workers_are_told_to_start_and_to_stop (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "TestLife", 2);
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  const char *const marks[] = { "started-0", "started-1", "stopped-0", "stopped-1" };
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'directory': <%s>}", directory));
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 10);
  mpipe_test_finish (pipeline);
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      g_autofree char *path = g_build_filename (directory, marks[i], NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_a_worker_that_refuses_to_start_says_why (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "TestLife", 2);
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'refuse': <'no model file'>}"));
  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_assert_nonnull (g_strstr_len (error->message, -1, "no model file"));
}

static void
test_the_first_failure_ends_a_pipeline_that_says_so (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_failed = 0, n_cancelled = 0, n_results = 0;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'error'>}"));
  pipeline = mpipe_test_pipeline (stage);
  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_STOP);
  mpipe_test_put (pipeline, 0, 4); /* the pipeline may be stopped from now on */
  for (int i = 0; i < 200; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (10), NULL, NULL);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      n_results += result != NULL;
      n_failed += g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
      n_cancelled += g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_cmpuint (n_failed, ==, 1);
  g_assert_cmpuint (n_results + n_failed + n_cancelled, ==, mpipe_pipeline_get_n_put (pipeline));
  g_assert_cmpint (mpipe_pipeline_get_state (pipeline), !=, MPIPE_PIPELINE_STATE_RUNNING);
}

typedef struct
{
  MpipeLauncher *real;
  MpipePipeline *pipeline; /* NULL while it starts */
} LastLauncher;

/* After the first worker there is none; on the way a task is put, which the engine has not seen then. */
static MpipeChild *
put_and_fail (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
              MpipeLaunchMemory *out_memory, GError **error)
{
  LastLauncher *self = user_data;

  if (self->pipeline == NULL)
    return mpipe_launcher_launch (self->real, spec, out_stream, out_memory, error);
  g_assert_cmpuint (mpipe_pipeline_try_put (self->pipeline, g_variant_new_int64 (10), NULL), >, 0);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "there is no other");
  return NULL;
}

static void
test_a_task_that_is_put_when_a_failure_ends_the_pipeline_fails (const MpipeTestWay *way)
{
  static const MpipeFuncLauncherFuncs funcs = { .launch = put_and_fail };
  g_autoptr (MpipeLauncher) real = mpipe_subprocess_launcher_new ();
  LastLauncher last = { .real = real };
  g_autoptr (MpipeLauncher) launcher = mpipe_func_launcher_new (&funcs, &last, NULL);
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_failed = 0, n_cancelled = 0;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_launcher (stage, launcher);
  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'kill'>}"));
  mpipe_stage_set_max_attempts (stage, 2);
  mpipe_stage_set_restart_limit (stage, 1);
  last.pipeline = pipeline = mpipe_test_pipeline (stage);
  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_STOP);
  mpipe_test_put (pipeline, 3, 1);
  while (mpipe_pipeline_get (pipeline, NULL, &error) == NULL && error != NULL)
    {
      n_failed += g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      n_cancelled += g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
    }
  g_assert_cmpuint (n_failed, ==, 1);
  g_assert_cmpuint (n_cancelled, ==, 1);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, 2);
}

static void
test_the_backlog_ends_with_the_last_result_that_is_read (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));

  mpipe_test_put (pipeline, 0, 3);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  for (guint64 n = 3; n > 0; n--)
    {
      g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, n);
      g_variant_unref (mpipe_test_get (pipeline));
    }
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
  mpipe_test_get_end (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/stop/" path, function)
  ADD (test_the_backlog_ends_with_the_last_result_that_is_read,
       "the-backlog-ends-with-the-last-result-that-is-read");
  ADD (test_a_pipeline_that_got_nothing_stops, "a-pipeline-that-got-nothing-stops");
  ADD (test_putting_nothing_stops, "putting-nothing-stops");
  ADD (test_tasks_after_the_stop_are_refused, "tasks-after-the-stop-are-refused");
  ADD (test_results_stay_readable_when_the_workers_are_gone,
       "results-stay-readable-when-the-workers-are-gone");
  ADD (test_the_stop_comes_while_tasks_are_being_done,
       "the-stop-comes-while-tasks-are-being-done");
  ADD (test_a_terminated_pipeline_fails_what_has_not_ended,
       "a-terminated-pipeline-fails-what-has-not-ended");
  ADD (test_a_pipeline_may_be_dropped_while_it_is_full,
       "a-pipeline-may-be-dropped-while-it-is-full");
  ADD (test_a_pipeline_may_be_dropped_at_once_and_unread,
       "a-pipeline-may-be-dropped-at-once-and-unread");
  ADD (test_workers_are_told_to_start_and_to_stop, "workers-are-told-to-start-and-to-stop");
  ADD (test_a_worker_that_refuses_to_start_says_why, "a-worker-that-refuses-to-start-says-why");
  ADD (test_the_first_failure_ends_a_pipeline_that_says_so,
       "the-first-failure-ends-a-pipeline-that-says-so");
#undef ADD
  mpipe_test_add_process_ways ("/mpipe/pipeline/stop/a-dropped-pipeline-leaves-no-busy-worker",
                               test_a_dropped_pipeline_leaves_no_busy_worker);
  mpipe_test_add_process_ways (
      "/mpipe/pipeline/stop/a-task-that-is-put-when-a-failure-ends-the-pipeline-fails",
      test_a_task_that_is_put_when_a_failure_ends_the_pipeline_fails);

  return g_test_run ();
}
