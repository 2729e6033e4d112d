/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Failures are kept with their tasks, so that these can be corrected and put again. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"

#define N_TASKS 8
#define POISON 2 /* becomes 3 in the first stage, which the second does not like */
#define KEPT_MAX 1000

/* add, misbehave, add: results are tasks plus two, or a failure of the second stage */
static MpipePipeline *
new_collecting_pipeline (const MpipeTestWay *way, guint max_backlog)
{
  MpipeStage *first = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "add", 2);
  MpipePipeline *pipeline;

  mpipe_stage_set_parameters (second, g_variant_new_parsed ("{'mode': <'error'>}"));
  mpipe_stage_set_max_backlog (first, max_backlog);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_COLLECT);
  return pipeline;
}

static void
assert_poison (MpipeFailure *failure, guint64 id)
{
  g_autoptr (GVariant) task = NULL;
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (GError) error = NULL;
  guint64 task_id;

  g_object_get (failure, "task-id", &task_id, "task", &task, "stage", &stage, "error", &error,
                NULL);
  g_assert_cmpuint (task_id, ==, id);
  g_assert_cmpuint (mpipe_failure_get_task_id (failure), ==, id);
  g_assert_cmpint (g_variant_get_int64 (task), ==, POISON);
  g_assert_true (mpipe_failure_get_task (failure) == task);
  g_assert_cmpstr (mpipe_stage_get_name (stage), ==, "misbehave");
  g_assert_true (mpipe_failure_get_stage (failure) == stage);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_error (mpipe_failure_get_error (failure), MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, "No such number: 3"));
}

static void
test_failures_are_kept_with_their_tasks (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_collecting_pipeline (way, 0);
  g_autoptr (GPtrArray) failures = NULL, more = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_test_finish (pipeline);
  values = mpipe_test_get_all (pipeline, way); /* asserts that no call fails */
  g_assert_cmpuint (values->len, ==, N_TASKS - 1);
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, 1);
  assert_poison (g_ptr_array_index (failures, 0), POISON + 1);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, 1);
  more = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (more->len, ==, 0);
}

static void
test_tasks_are_corrected_and_put_again (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_collecting_pipeline (way, 0);
  g_autoptr (GPtrArray) failures = NULL;
  g_autoptr (GArray) values = NULL;
  gint64 sum = 0;

  mpipe_test_put (pipeline, 0, N_TASKS);
  for (int i = 0; i < N_TASKS - 1; i++)
    sum += mpipe_test_get_int64 (pipeline);
  while (mpipe_pipeline_get_n_failed (pipeline) == 0)
    g_thread_yield ();
  for (failures = mpipe_pipeline_take_failures (pipeline); failures->len == 0;)
    {
      g_ptr_array_unref (failures);
      failures = mpipe_pipeline_take_failures (pipeline);
    }
  for (guint i = 0; i < failures->len; i++)
    {
      GVariant *task = mpipe_failure_get_task (g_ptr_array_index (failures, i));

      mpipe_test_put (pipeline, g_variant_get_int64 (task) + 100, 1);
    }
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, POISON + 100 + 2, 1, 1);
  g_assert_cmpint (sum, ==, N_TASKS * (N_TASKS - 1) / 2 + 2 * N_TASKS - POISON - 2);
}

/* They do not count against the limit of a stage: nobody waits for room that they take. */
static void
test_what_is_collected_makes_nobody_wait (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_collecting_pipeline (way, 5);
  g_autoptr (GPtrArray) failures = NULL;

  for (int i = 0; i < 100; i++)
    mpipe_test_put (pipeline, POISON, 1);
  mpipe_test_finish (pipeline);
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, 100);
  for (guint i = 0; way->ordered && i < failures->len; i++)
    assert_poison (g_ptr_array_index (failures, i), i + 1);
  mpipe_test_get_end (pipeline);
}

static void
test_what_is_too_much_is_reported (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_collecting_pipeline (way, 0);
  g_autoptr (GPtrArray) failures = NULL;

  for (int i = 0; i < KEPT_MAX + 5; i++)
    mpipe_test_put (pipeline, POISON, 1);
  mpipe_test_finish (pipeline);
  for (int i = 0; i < 5; i++)
    g_error_free (mpipe_test_get_error (pipeline));
  mpipe_test_get_end (pipeline);
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, KEPT_MAX);
}

/* What the reader would find to be no value is collected when it is found. */
static void
test_a_result_that_is_no_value_is_collected (const MpipeTestWay *way)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, "not-normal", NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GPtrArray) failures = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_ordered (stage, way->ordered);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_COLLECT);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_assert_cmpuint (values->len, ==, N_TASKS - 1);
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, 1);
  g_assert_cmpint (g_variant_get_int64 (mpipe_failure_get_task (failures->pdata[0])), ==, 3);
  g_assert_error (mpipe_failure_get_error (failures->pdata[0]), MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/collect/" path, function)
  ADD (test_failures_are_kept_with_their_tasks, "failures-are-kept-with-their-tasks");
  ADD (test_tasks_are_corrected_and_put_again, "tasks-are-corrected-and-put-again");
  ADD (test_what_is_collected_makes_nobody_wait, "what-is-collected-makes-nobody-wait");
  ADD (test_what_is_too_much_is_reported, "what-is-too-much-is-reported");
#undef ADD
  mpipe_test_add_process_ways ("/mpipe/pipeline/collect/a-result-that-is-no-value-is-collected",
                               test_a_result_that_is_no_value_is_collected);

  return g_test_run ();
}
