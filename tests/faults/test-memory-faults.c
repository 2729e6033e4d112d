/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* There is no memory for what somebody else has made large. GLib ends a program that has no memory for a small thing; a
 * large one is an error. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "mpipe-conversation.h"
#include "mpipe-failing-calls.h"
#include "mpipe-scarce-memory.h"

#define MIB ((gsize) 1 << 20)
#define LIMIT (50 * MIB)
#define LARGE (80 * MIB)

/* Bytes that cost nothing before they are looked at. */
static GVariant *
new_bytes (gsize size)
{
  gpointer data = g_malloc0 (size);

  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

/* Not serialised before it is sent. */
static GVariant *
new_texts (gsize size)
{
  g_autofree char *text = g_malloc (MIB);
  GVariantBuilder builder;

  memset (text, 'a', MIB - 1);
  text[MIB - 1] = '\0';
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < size / MIB; i++)
    g_variant_builder_add (&builder, "s", text);
  return g_variant_builder_end (&builder);
}

/* Gives what the task says, in a process that has little memory. */
static GVariant *
make_large (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  mpipe_test_memory_set_limit (LIMIT);
  return g_variant_get_int64 (task) == 1 ? new_texts (LARGE) : g_variant_ref (task);
}

static GVariant *
measure (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = g_variant_get_size (task);

  mpipe_test_memory_set_limit (LIMIT);
  return g_variant_new_int64 ((gint64) size);
}

/* The same, begun and ended. */

#define TEST_TYPE_MEASURE (test_measure_get_type ())
G_DECLARE_FINAL_TYPE (TestMeasure, test_measure, TEST, MEASURE, MpipeWorker)

struct _TestMeasure
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (TestMeasure, test_measure, MPIPE_TYPE_WORKER)

static void
test_measure_begin (MpipeWorker *worker, MpipeTask *task)
{
  mpipe_task_return_value (task, measure (worker, mpipe_task_get_value (task), NULL, NULL));
}

static void
test_measure_class_init (TestMeasureClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->begin = test_measure_begin;
}

static void
test_measure_init (TestMeasure *self)
{
}

static void
assert_too_large (GError *error)
{
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "There is no memory for"));
}

static void
test_a_task_without_memory_is_refused (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GVariant) texts = g_variant_ref_sink (new_texts (LARGE));
  g_autoptr (GError) error = NULL;

  mpipe_test_memory_set_limit (LIMIT);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, texts, NULL, &error), ==, 0);
  assert_too_large (error);
  g_clear_error (&error);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, new_bytes (LARGE), NULL, &error), ==, 0);
  assert_too_large (error);
  g_clear_error (&error);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, texts, NULL, &error), ==, 0);
  assert_too_large (error);
  g_clear_error (&error);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, new_bytes (MIB), NULL, &error), ==, 0);
  assert_too_large (error);
  g_assert_cmpstr (error->message, ==, "There is no memory for 1048576 tasks at once");
  mpipe_test_memory_set_limit (0);

  mpipe_test_put (pipeline, 7, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 7);
  mpipe_test_finish (pipeline);
}

static void
test_a_result_without_memory_fails_its_task (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "make-large", 1));
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, 0, 3);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, "There is no memory for a value of"));
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 2);
  mpipe_test_memory_set_limit (0);
  mpipe_test_finish (pipeline);
}

/* A pipeline that has no shared memory, so that large payloads go through the channel. */
static MpipePipeline *
new_streaming_pipeline (MpipeStage *first)
{
  const MpipeTestFault no_arena
      = { .call = "memfd_create", .error = ENOSPC, .first = 1, .n = 1, .everywhere = TRUE };
  MpipePipeline *pipeline;

  mpipe_test_fault_set (&no_arena);
  pipeline = mpipe_test_pipeline (first);
  g_assert_cmpuint (mpipe_test_fault_clear (), ==, 1);
  return pipeline;
}

static void
check_that_a_task_without_memory_fails (const MpipeTestWay *way, const char *worker_name)
{
  MpipeStage *stage = mpipe_test_stage (way, worker_name, 1);
  g_autoptr (MpipePipeline) pipeline = new_streaming_pipeline (stage);
  g_autoptr (MpipeWorkerInfo) worker = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, 0, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 8);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, new_bytes (LARGE), NULL, NULL), >, 0);
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, "there is no memory for a frame of"));
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, new_bytes (MIB), NULL, NULL), >, 0);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, MIB);
  mpipe_test_finish (pipeline);
  g_assert_cmpuint (mpipe_worker_info_get_n_starts (worker), ==, 1);
}

static void
test_a_task_that_its_worker_has_no_memory_for_fails (const MpipeTestWay *way)
{
  check_that_a_task_without_memory_fails (way, "measure");
}

static void
test_a_task_that_a_beginning_worker_has_no_memory_for_fails (const MpipeTestWay *way)
{
  check_that_a_task_without_memory_fails (way, "TestMeasure");
}

/* The application has no memory for what a worker sends. */
static void
test_a_result_that_the_application_has_no_memory_for_fails (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_streaming_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put (pipeline, new_bytes (LARGE), NULL, NULL), >, 0);
  mpipe_test_memory_set_limit (LIMIT);
  error = mpipe_test_get_error (pipeline);
  mpipe_test_memory_set_limit (0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, "there is no memory for a frame of"));
  mpipe_test_put (pipeline, 7, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 7);
  mpipe_test_finish (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("make-large", make_large, NULL, NULL);
  mpipe_worker_register_func ("measure", measure, NULL, NULL);
  mpipe_worker_register (TEST_TYPE_MEASURE);
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_process_ways ("/mpipe/faults/memory/" path, function)
  ADD (test_a_task_without_memory_is_refused, "a-task-without-memory-is-refused");
  ADD (test_a_result_without_memory_fails_its_task, "a-result-without-memory-fails-its-task");
  ADD (test_a_task_that_its_worker_has_no_memory_for_fails,
       "a-task-that-its-worker-has-no-memory-for-fails");
  ADD (test_a_task_that_a_beginning_worker_has_no_memory_for_fails,
       "a-task-that-a-beginning-worker-has-no-memory-for-fails");
  ADD (test_a_result_that_the_application_has_no_memory_for_fails,
       "a-result-that-the-application-has-no-memory-for-fails");
#undef ADD

  return g_test_run ();
}
