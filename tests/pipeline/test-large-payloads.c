/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks and results that are too large to be copied more often than they must be. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

#define LARGE ((gsize) 300000)

static GVariant *
new_bytes (gsize size, guint8 fill)
{
  guint8 *data = g_malloc (size);

  memset (data, fill, size);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

static void
put (MpipePipeline *pipeline, GVariant *task)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put (pipeline, task, NULL, &error), !=, 0);
  g_assert_no_error (error);
}

/* Whether the value is what new_bytes() made. */
static void
assert_bytes (GVariant *value, gsize size, int fill)
{
  const guint8 *data = g_variant_get_data (value);

  g_assert_cmpuint (g_variant_get_size (value), ==, size);
  g_assert_cmpint (data[0], ==, fill);
  g_assert_true (memcmp (data, data + 1, size - 1) == 0);
}

static void
get_bytes (MpipePipeline *pipeline, gsize size, int fill)
{
  g_autoptr (GVariant) value = mpipe_test_get (pipeline);

  assert_bytes (value, size, fill);
}

static void
count_ways (MpipeStage *stage, guint64 *out_n_shared, guint64 *out_n_streamed)
{
  GListModel *workers = mpipe_stage_get_workers (stage);

  *out_n_shared = *out_n_streamed = 0;
  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      *out_n_shared += mpipe_worker_info_get_n_shared (info);
      *out_n_streamed += mpipe_worker_info_get_n_streamed (info);
    }
}

/* Workers in threads without a page share no memory either. */
static gboolean
shares_memory (const MpipeTestWay *way)
{
  return !way->in_threads || way->with_page;
}

static void
assert_ways (const MpipeTestWay *way, MpipeStage *stage, guint64 n)
{
  guint64 n_shared, n_streamed;

  count_ways (stage, &n_shared, &n_streamed);
  g_assert_cmpuint (n_shared, ==, shares_memory (way) ? n : 0);
  g_assert_cmpuint (n_streamed, ==, shares_memory (way) ? 0 : n);
}

static void
test_a_task_that_is_given_back_is_the_same (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (g_object_ref (stage));

  for (int i = 0; i < 20; i++)
    {
      put (pipeline, new_bytes (LARGE + i, i));
      get_bytes (pipeline, LARGE + i, i);
    }
  assert_ways (way, stage, 40);
  mpipe_test_finish (pipeline);
}

/* Around the sizes where something changes. */
static void
test_every_size_comes_through (const MpipeTestWay *way)
{
  const gsize sizes[]
      = { 1, 48, 49, 4095, 4096, 4097, 16383, 16384, 16385, 65536, 131072, 1 << 20, 5 << 20 };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      put (pipeline, new_bytes (sizes[i], (guint8) i));
      get_bytes (pipeline, sizes[i], (int) i);
    }
  mpipe_test_finish (pipeline);
}

static void
test_results_that_are_made_come_through (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "make", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (g_object_ref (stage));

  mpipe_test_put (pipeline, LARGE, 30);
  for (gsize size = LARGE; size < LARGE + 30; size++)
    get_bytes (pipeline, size, (int) (size % 251));
  assert_ways (way, stage, 30);
  mpipe_test_finish (pipeline);
}

static void
test_results_that_are_made_in_place_come_through (const MpipeTestWay *way)
{
  const gsize sizes[] = { 1, 49, 16383, 16384, LARGE, 5 << 20, 40 << 20, 80 << 20 };
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "make-in-place", 1));

  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      {
        mpipe_test_put (pipeline, (gint64) sizes[i], 1);
        get_bytes (pipeline, sizes[i], (int) (sizes[i] % 251));
      }
  mpipe_test_finish (pipeline);
}

/* All of them wait in the memory at the same time, and more than it takes. */
static void
test_more_may_be_made_in_place_than_there_is_room_for (const MpipeTestWay *way)
{
  const gsize size = 5 << 20;
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "make-in-place", 1));

  mpipe_test_put (pipeline, (gint64) size, 20);
  for (gsize i = size; i < size + 20; i++)
    get_bytes (pipeline, i, (int) (i % 251));
  mpipe_test_finish (pipeline);
}

static void
test_what_is_made_in_place_can_be_put_often (const MpipeTestWay *way)
{
  const gsize size = 20 << 20;
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "make-once-put-often", 1));

  mpipe_test_put (pipeline, (gint64) size, 2);
  for (gsize i = size; i < size + 2; i++)
    {
      for (int j = 0; j < 5; j++)
        get_bytes (pipeline, i, (int) (i % 251));
      get_bytes (pipeline, i / 2, (int) (i % 251));
    }
  mpipe_test_finish (pipeline);
}

static void
test_what_is_too_large_to_be_made_fails_its_task (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "make-in-place", 1));
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, (gint64) 2 << 30, 1);
  result = mpipe_pipeline_get (pipeline, NULL, &error);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, "There is no memory for a result of 2147483648 bytes"));
  mpipe_test_put (pipeline, LARGE, 1);
  get_bytes (pipeline, LARGE, LARGE % 251);
  mpipe_test_finish (pipeline);
}

static void
test_what_is_made_goes_on_through_stages (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "make", 1);
  g_autoptr (MpipeStage) middle = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipeStage) last = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_link (first, mpipe_stage_link (middle, last));
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, LARGE, 30);
  for (gsize size = LARGE; size < LARGE + 30; size++)
    get_bytes (pipeline, size, (int) (size % 251));
  assert_ways (way, last, 60);
  mpipe_test_finish (pipeline);
}

static void
test_a_part_of_a_task_can_be_given (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "second", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (g_object_ref (stage));

  for (int i = 0; i < 10; i++)
    put (pipeline, g_variant_new ("(x@ay)", (gint64) i, new_bytes (LARGE, i)));
  for (int i = 0; i < 10; i++)
    get_bytes (pipeline, LARGE, i);
  assert_ways (way, stage, 20);
  mpipe_test_finish (pipeline);
}

/* A value that needs to be checked is checked where it lies. */
static void
test_texts_come_through (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autofree char *text = g_strnfill (LARGE, 'a');
  g_autoptr (GVariant) result = NULL;
  const char *same;

  put (pipeline, g_variant_new ("(sas)", text, NULL));
  result = mpipe_test_get (pipeline);
  g_variant_get (result, "(&sas)", &same, NULL);
  g_assert_cmpstr (same, ==, text);
  mpipe_test_finish (pipeline);
}

/* The place of a task is not used again as long as the worker holds on to it. */
static void
test_what_a_worker_keeps_does_not_change (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "keep", 1));
  const int n = 60;

  for (int i = 0; i < n; i++)
    {
      put (pipeline, new_bytes (LARGE, i));
      get_bytes (pipeline, LARGE, i < 6 ? 0 : i - 5);
    }
  mpipe_test_finish (pipeline);
}

/* Nor as long as the application does. */
static void
test_what_the_application_keeps_does_not_change (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  g_autoptr (GPtrArray) kept
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (int i = 0; i < 40; i++)
    {
      put (pipeline, new_bytes (LARGE, i));
      g_ptr_array_add (kept, mpipe_test_get (pipeline));
    }
  mpipe_test_finish (pipeline);
  g_clear_object (&pipeline);
  for (int i = 0; i < 40; i++)
    assert_bytes (g_ptr_array_index (kept, i), LARGE, i);
}

/* More than there is room for in shared memory: the rest goes the other way. */
static void
test_everything_may_be_put_before_it_is_read (const MpipeTestWay *way)
{
  const gsize size = (gsize) 4 << 20;
  const int n = 80;
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (g_object_ref (stage));
  g_autoptr (GVariant) task = g_variant_ref_sink (new_bytes (size, 7));
  guint64 n_shared, n_streamed;

  for (int i = 0; i < n; i++)
    put (pipeline, task);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  for (int i = 0; i < n; i++)
    get_bytes (pipeline, size, 7);
  mpipe_test_get_end (pipeline);
  count_ways (stage, &n_shared, &n_streamed);
  /* a task may be sent to one worker, and then to the other */
  g_assert_cmpuint (n_shared + n_streamed, >=, 2 * n);
  if (shares_memory (way))
    g_assert_cmpuint (n_shared, >=, n);
  g_assert_cmpuint (n_streamed, >, 0);
}

static void
test_a_fork_shares_what_it_passes_on (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "make", 1);
  g_autoptr (MpipeStage) left = mpipe_test_stage (way, "keep", 1);
  g_autoptr (MpipeStage) right = mpipe_test_stage (way, "keep", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_link (first, left);
  mpipe_stage_link (first, right);
  pipeline = mpipe_test_pipeline (first);
  for (int i = 0; i < 10; i++)
    mpipe_test_put (pipeline, LARGE, 1);
  for (int i = 0; i < 20; i++)
    get_bytes (pipeline, LARGE, LARGE % 251);
  mpipe_test_finish (pipeline);
}

static void
test_a_large_task_is_tried_again (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "kill-once", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  MpipeTestMark mark;

  mpipe_test_mark_init (&mark, "mark");
  mpipe_test_keep_in_sandbox (way, stage, mark.directory);
  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mark': <%s>}", mark.path));
  mpipe_stage_set_max_attempts (stage, 2);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 10; i++)
    put (pipeline, new_bytes (LARGE, i));
  for (int i = 0; i < 10; i++)
    get_bytes (pipeline, LARGE, i);
  mpipe_test_finish (pipeline);
  g_assert_true (mpipe_test_mark_is_set (&mark));
  mpipe_test_mark_clear (&mark);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);
#define ADD(sentence, func)                                                                        \
  mpipe_test_add_ways ("/large-payloads/" sentence, func);                                         \
  mpipe_test_add_sandbox_ways ("/large-payloads/" sentence, func)
  ADD ("a-task-that-is-given-back-is-the-same", test_a_task_that_is_given_back_is_the_same);
  ADD ("every-size-comes-through", test_every_size_comes_through);
  ADD ("results-that-are-made-come-through", test_results_that_are_made_come_through);
  ADD ("results-that-are-made-in-place-come-through",
       test_results_that_are_made_in_place_come_through);
  ADD ("more-may-be-made-in-place-than-there-is-room-for",
       test_more_may_be_made_in_place_than_there_is_room_for);
  ADD ("what-is-made-in-place-can-be-put-often", test_what_is_made_in_place_can_be_put_often);
  ADD ("what-is-too-large-to-be-made-fails-its-task",
       test_what_is_too_large_to_be_made_fails_its_task);
  ADD ("a-part-of-a-task-can-be-given", test_a_part_of_a_task_can_be_given);
  ADD ("texts-come-through", test_texts_come_through);
  ADD ("what-is-made-goes-on-through-stages", test_what_is_made_goes_on_through_stages);
  ADD ("what-a-worker-keeps-does-not-change", test_what_a_worker_keeps_does_not_change);
  ADD ("what-the-application-keeps-does-not-change",
       test_what_the_application_keeps_does_not_change);
  ADD ("everything-may-be-put-before-it-is-read", test_everything_may_be_put_before_it_is_read);
  ADD ("a-fork-shares-what-it-passes-on", test_a_fork_shares_what_it_passes_on);
  mpipe_test_add_process_ways ("/large-payloads/a-large-task-is-tried-again",
                               test_a_large_task_is_tried_again);
  mpipe_test_add_sandbox_ways ("/large-payloads/a-large-task-is-tried-again",
                               test_a_large_task_is_tried_again);
  return g_test_run ();
}
