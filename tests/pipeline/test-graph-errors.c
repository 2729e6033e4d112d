/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What is no pipeline is refused before anything is started, and says what is wrong. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"

static void
assert_refused (MpipeStage *first, int code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_pipeline_new (first, &error));
  g_assert_error (error, MPIPE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_a_circle_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipeStage) b = mpipe_stage_new_ordered ("add", 1);
  g_autoptr (MpipeStage) c = mpipe_stage_new_ordered ("slow", 1);
  g_autoptr (GPtrArray) links = NULL;

  mpipe_stage_link (a, mpipe_stage_link (b, c));
  mpipe_stage_link (c, b);
  assert_refused (a, MPIPE_ERROR_INVALID_GRAPH, "lead back");
  /* a circle of references is the caller's to break */
  links = mpipe_stage_get_next (c);
  g_assert_cmpuint (links->len, ==, 1);
  g_object_run_dispose (G_OBJECT (c));
}

static void
test_a_stage_linked_to_itself_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);

  mpipe_stage_link (a, a);
  assert_refused (a, MPIPE_ERROR_INVALID_GRAPH, "“echo”");
  g_object_run_dispose (G_OBJECT (a));
}

static void
test_a_stage_linked_twice_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipeStage) b = mpipe_stage_new_ordered ("add", 1);

  mpipe_stage_link (a, b);
  mpipe_stage_link (a, b);
  assert_refused (a, MPIPE_ERROR_INVALID_GRAPH, "twice");
}

static void
test_a_stage_of_another_pipeline_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (a, NULL);

  g_assert_nonnull (pipeline);
  assert_refused (a, MPIPE_ERROR_INVALID_GRAPH, "another pipeline");
}

static void
test_types_that_do_not_fit_are_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipeStage) b = mpipe_stage_new_ordered ("add", 1);

  mpipe_stage_set_result_type (a, G_VARIANT_TYPE_STRING);
  mpipe_stage_set_task_type (b, G_VARIANT_TYPE_INT64);
  mpipe_stage_link (a, b);
  assert_refused (a, MPIPE_ERROR_INVALID_GRAPH, "of type “s”, stage “add” takes tasks of type “x”");
}

static void
test_a_task_of_the_wrong_type_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_task_type (a, G_VARIANT_TYPE ("a*"));
  pipeline = mpipe_pipeline_new (a, NULL);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (1), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_assert_nonnull (strstr (error->message, "“echo” takes tasks of type “a*”"));
  g_clear_error (&error);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_parsed ("[1]"), NULL, &error), ==,
                    1);
  g_assert_no_error (error);
}

/* The type of the first stage's results is not declared, so it shows with each of them. */
static void
test_a_result_of_the_wrong_type_is_not_taken (void)
{
  MpipeStage *a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipeStage) b = mpipe_stage_new_ordered ("echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_task_type (b, G_VARIANT_TYPE ("a*"));
  mpipe_stage_link (a, b);
  g_object_ref (b);
  pipeline = mpipe_test_pipeline (a);
  mpipe_pipeline_put (pipeline, g_variant_new_parsed ("[1]"), NULL, NULL);
  mpipe_test_put (pipeline, 5, 1);
  mpipe_pipeline_put (pipeline, g_variant_new_parsed ("['text']"), NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  g_variant_unref (mpipe_test_get (pipeline));
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_assert_nonnull (
      strstr (error->message, "stage “echo” takes tasks of type “a*”, this one is of type “x”"));
  g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_get_end (pipeline);
  g_assert_cmpuint (mpipe_stage_get_n_failed (b), ==, 1);
  g_object_unref (b);
}

static void
test_what_cannot_be_sent_is_refused (void)
{
  g_autoptr (MpipeStage) a = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (a, NULL);
  GVariant *deep = g_variant_new_int32 (1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_handle (1), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_clear_error (&error);
  for (int i = 0; i < 200; i++)
    deep = g_variant_new_variant (deep);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, deep, NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, 0);
}

static void
test_a_worker_that_is_not_there_is_refused (void)
{
  const char *const no_program[] = { "mpipe-no-such-program", NULL };
  const char *const no_file[] = { "/nonexistent/program", NULL };
  g_autoptr (MpipeStage) unknown = mpipe_stage_new_ordered ("unknown", 1);
  g_autoptr (MpipeStage) program = mpipe_stage_new_command (no_program, 1);
  g_autoptr (MpipeStage) file = mpipe_stage_new_command (no_file, 1);
  g_autoptr (MpipeStage) none = g_object_new (MPIPE_TYPE_STAGE, NULL);

  assert_refused (unknown, MPIPE_ERROR_LAUNCH, "“unknown”");
  assert_refused (program, MPIPE_ERROR_LAUNCH, "mpipe-no-such-program");
  assert_refused (file, MPIPE_ERROR_LAUNCH, "/nonexistent/program");
  assert_refused (none, MPIPE_ERROR_INVALID_GRAPH, "no worker");
}

static void
test_a_program_that_is_no_worker_is_refused (void)
{
  const char *const argv[] = { "/bin/true", NULL };
  const char *const directory[] = { "/etc/passwd", NULL };
  g_autoptr (MpipeStage) stage = mpipe_stage_new_command (argv, 2);
  g_autoptr (MpipeStage) text = mpipe_stage_new_command (directory, 2);

  assert_refused (stage, MPIPE_ERROR_LAUNCH, "exited with status 0");
  assert_refused (text, MPIPE_ERROR_LAUNCH, "/etc/passwd");
}

static void
test_a_module_that_is_not_there_is_refused (void)
{
  g_autofree char *file = mpipe_test_build_path ("pipeline/" MODULE_FILE);
  g_autoptr (MpipeStage) no_file = mpipe_stage_new_module ("/nonexistent.so", "f", 1);
  g_autoptr (MpipeStage) no_symbol = mpipe_stage_new_module (file, "no_such_symbol", 1);
  g_autoptr (MpipeStage) no_type = mpipe_stage_new_module (file, "not_a_worker_get_type", 1);

  assert_refused (no_file, MPIPE_ERROR_LAUNCH, "/nonexistent.so");
  assert_refused (no_symbol, MPIPE_ERROR_LAUNCH, "no_such_symbol");
  assert_refused (no_type, MPIPE_ERROR_LAUNCH, "no worker");
}

static void
test_workers_come_from_modules_too (void)
{
  const char *const symbols[] = { "module_double", "module_doubler_get_type" };
  g_autofree char *file = mpipe_test_build_path ("pipeline/" MODULE_FILE);

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      g_autoptr (MpipePipeline) pipeline
          = mpipe_test_pipeline (mpipe_stage_new_module (file, symbols[i], 2));

      mpipe_test_put (pipeline, 21, 1);
      g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 42);
      mpipe_test_finish (pipeline);
    }
}

static void
test_workers_come_from_programs_too (void)
{
  g_autofree char *program = mpipe_test_build_path ("pipeline/tripler");
  const char *const argv[] = { program, "an argument", NULL };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_stage_new_command (argv, 2));

  for (gint64 i = 0; i < 100; i++)
    mpipe_test_put (pipeline, i, 1);
  for (gint64 i = 0; i < 100; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 3 * i);
  mpipe_test_finish (pipeline);
}

static void
test_a_worker_program_started_by_hand_says_so (void)
{
  g_autofree char *program = mpipe_test_build_path ("pipeline/tripler");
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) subprocess
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program, NULL);

  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (subprocess, NULL, NULL, NULL, &errors, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (subprocess), ==, 2);
  g_assert_nonnull (strstr (errors, "a pipeline starts it"));
}

static void
test_size_zero_means_the_processors (void)
{
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", 0);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, NULL);
  guint n = g_list_model_get_n_items (mpipe_stage_get_workers (stage));

  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <=, g_get_num_processors ());
}

static void
test_a_stage_in_a_pipeline_does_not_change (void)
{
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, NULL);

  g_assert_nonnull (pipeline);
  g_test_expect_message ("Mpipe", G_LOG_LEVEL_CRITICAL, "*in_pipeline*");
  mpipe_stage_set_size (stage, 2);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (mpipe_stage_get_size (stage), ==, 1);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add ("/mpipe/pipeline/graph/" path, function)
  ADD (test_a_circle_is_refused, "a-circle-is-refused");
  ADD (test_a_stage_linked_to_itself_is_refused, "a-stage-linked-to-itself-is-refused");
  ADD (test_a_stage_linked_twice_is_refused, "a-stage-linked-twice-is-refused");
  ADD (test_a_stage_of_another_pipeline_is_refused, "a-stage-of-another-pipeline-is-refused");
  ADD (test_types_that_do_not_fit_are_refused, "types-that-do-not-fit-are-refused");
  ADD (test_a_task_of_the_wrong_type_is_refused, "a-task-of-the-wrong-type-is-refused");
  ADD (test_a_result_of_the_wrong_type_is_not_taken, "a-result-of-the-wrong-type-is-not-taken");
  ADD (test_what_cannot_be_sent_is_refused, "what-cannot-be-sent-is-refused");
  ADD (test_a_worker_that_is_not_there_is_refused, "a-worker-that-is-not-there-is-refused");
  ADD (test_a_program_that_is_no_worker_is_refused, "a-program-that-is-no-worker-is-refused");
  ADD (test_a_module_that_is_not_there_is_refused, "a-module-that-is-not-there-is-refused");
  ADD (test_workers_come_from_modules_too, "workers-come-from-modules-too");
  ADD (test_workers_come_from_programs_too, "workers-come-from-programs-too");
  ADD (test_a_worker_program_started_by_hand_says_so, "a-worker-program-started-by-hand-says-so");
  ADD (test_size_zero_means_the_processors, "size-zero-means-the-processors");
  ADD (test_a_stage_in_a_pipeline_does_not_change, "a-stage-in-a-pipeline-does-not-change");
#undef ADD

  return g_test_run ();
}
