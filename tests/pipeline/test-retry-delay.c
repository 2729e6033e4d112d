/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A task that is tried again waits before, and nobody else does. */

#include "config.h"

#include "mpipe-test-kit.h"

#define N_TASKS 8
#define CULPRIT 3
#define FOR_EVER_MS (3600 * 1000)

static MpipeStage *
new_killing_stage (const MpipeTestWay *way, guint delay_ms)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 2);

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'kill'>}"));
  mpipe_stage_set_max_attempts (stage, 3);
  mpipe_stage_set_retry_delay (stage, delay_ms);
  return stage;
}

static void
test_attempts_are_apart (const MpipeTestWay *way)
{
  MpipeStage *stage = new_killing_stage (way, 100);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  gint64 started = g_get_monotonic_time ();
  guint n_results, n_errors;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline); /* which waits for the attempts, too */
  mpipe_test_count_until_end (pipeline, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED, &n_results,
                              &n_errors);
  g_assert_cmpuint (n_results, ==, N_TASKS - 1);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (mpipe_stage_get_n_retried (kept), ==, 2);
  g_assert_cmpint (g_get_monotonic_time () - started, >=, (50 + 100) * 1000);
}

static void
assert_others_have_ended (MpipePipeline *pipeline, MpipeStage *stage, const MpipeTestWay *way)
{
  /* the numbers are counted one after the other */
  while (mpipe_stage_get_n_retried (stage) == 0 || mpipe_stage_get_n_results (stage) < N_TASKS - 1
         || mpipe_stage_get_backlog (stage) != 1)
    g_thread_yield ();
  for (int i = 0; i < (way->ordered ? CULPRIT : N_TASKS - 1); i++)
    mpipe_test_get_int64 (pipeline);
}

static void
test_a_task_that_waits_is_cancelled (const MpipeTestWay *way)
{
  MpipeStage *stage = new_killing_stage (way, FOR_EVER_MS);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  guint n_results, n_errors;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  assert_others_have_ended (pipeline, kept, way);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, CULPRIT + 1));
  mpipe_test_count_until_end (pipeline, G_IO_ERROR, G_IO_ERROR_CANCELLED, &n_results, &n_errors);
  g_assert_cmpuint (n_results, ==, way->ordered ? N_TASKS - 1 - CULPRIT : 0);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_the_end_does_not_wait (const MpipeTestWay *way)
{
  MpipeStage *stage = new_killing_stage (way, FOR_EVER_MS);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  guint n_results, n_errors;

  mpipe_test_put (pipeline, 0, N_TASKS);
  assert_others_have_ended (pipeline, kept, way);
  mpipe_pipeline_terminate (pipeline);
  mpipe_test_count_until_end (pipeline, G_IO_ERROR, G_IO_ERROR_CANCELLED, &n_results, &n_errors);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_a_pipeline_with_one_that_waits_may_be_dropped (const MpipeTestWay *way)
{
  MpipeStage *stage = new_killing_stage (way, FOR_EVER_MS);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  MpipePipeline *pipeline = mpipe_test_pipeline (stage);

  mpipe_test_put (pipeline, 0, N_TASKS);
  assert_others_have_ended (pipeline, kept, way);
  g_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_process_ways ("/mpipe/pipeline/retry-delay/" path, function)
  ADD (test_attempts_are_apart, "attempts-are-apart");
  ADD (test_a_task_that_waits_is_cancelled, "a-task-that-waits-is-cancelled");
  ADD (test_the_end_does_not_wait, "the-end-does-not-wait");
  ADD (test_a_pipeline_with_one_that_waits_may_be_dropped,
       "a-pipeline-with-one-that-waits-may-be-dropped");
#undef ADD

  return g_test_run ();
}
