/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks in, results out: numbers of tasks and workers, sizes, links. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"

static void
test_every_task_gives_its_result (const MpipeTestWay *way)
{
  const guint sizes[] = { 1, 2, 3, 8 };
  const gint64 numbers[] = { 0, 1, 7, 10000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint k = 0; k < G_N_ELEMENTS (numbers); k++)
      {
        g_autoptr (MpipePipeline) pipeline
            = mpipe_test_pipeline (mpipe_test_stage (way, "add", sizes[i]));
        g_autoptr (GArray) values = NULL;

        mpipe_test_put (pipeline, 0, numbers[k]);
        mpipe_pipeline_stop (pipeline);
        values = mpipe_test_get_all (pipeline, way);
        mpipe_test_assert_range (values, 1, numbers[k], 1);
        g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, numbers[k]);
        g_assert_cmpuint (mpipe_pipeline_get_n_results (pipeline), ==, numbers[k]);
        g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, 0);
      }
}

static void
test_arrays_are_many_tasks_and_many_results (const MpipeTestWay *way)
{
  enum
  {
    N = 10000
  };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "add", 2));
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (gint64));
  GVariant *results;

  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, mpipe_test_new_numbers (0, 0), NULL, NULL), ==, 0);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, mpipe_test_new_numbers (0, N), NULL, NULL), ==, N);
  mpipe_pipeline_stop (pipeline);
  while ((results = mpipe_pipeline_get_array (pipeline, 1000, NULL, NULL)) != NULL)
    {
      gsize n;
      const gint64 *numbers = g_variant_get_fixed_array (results, &n, sizeof (gint64));

      g_assert_cmpuint (n, >, 0);
      g_assert_cmpuint (n, <=, 1000);
      g_array_append_vals (values, numbers, n);
      g_variant_unref (results);
    }
  mpipe_test_sort (values, way);
  mpipe_test_assert_range (values, 1, N, 1);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, N);
}

static void
test_arrays_of_any_type_come_back (const MpipeTestWay *way)
{
  const char *const texts[]
      = { "['a', '', 'a text that is longer than what fits into a small value of this library']",
          "[[byte 1, 2], [], [3]]", "[(1, 'a'), (2, 'b')]", "[true, false]",
          "[<1>, <'a'>]", "[@(ay) ([1],), ([],)]", "[1.5, -2]" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
      g_autoptr (GVariant) tasks = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      gsize n = g_variant_n_children (tasks), n_got = 0;
      GVariant *results;

      g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, tasks, NULL, NULL), ==, n);
      mpipe_pipeline_stop (pipeline);
      while ((results = mpipe_pipeline_get_array (pipeline, 0, NULL, NULL)) != NULL)
        {
          for (gsize k = 0; k < g_variant_n_children (results); k++)
            {
              g_autoptr (GVariant) expected = g_variant_get_child_value (tasks, n_got++);
              g_autoptr (GVariant) result = g_variant_get_child_value (results, k);

              g_assert_cmpvariant (result, expected);
            }
          g_variant_unref (results);
        }
      g_assert_cmpuint (n_got, ==, n);
    }
}

static void
test_an_array_of_results_ends_before_a_failure_and_another_type (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_results = 0;
  GVariant *results;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'error'>}"));
  pipeline = mpipe_test_pipeline (stage);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, mpipe_test_new_numbers (0, 8), NULL, NULL), ==, 8);
  mpipe_test_finish (pipeline);
  while ((results = mpipe_pipeline_get_array (pipeline, 0, NULL, &error)) != NULL)
    {
      n_results += g_variant_n_children (results);
      g_variant_unref (results);
    }
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_cmpuint (n_results, ==, 3); /* tasks 0 to 2: one worker */
  g_assert_cmpint (mpipe_pipeline_get_array_until (pipeline, 2, 0, &results, NULL, NULL), ==,
                   MPIPE_GET_STATUS_RESULT);
  g_assert_cmpuint (g_variant_n_children (results), ==, 2);
  g_variant_unref (results);
  results = mpipe_pipeline_get_array (pipeline, 0, NULL, NULL);
  g_assert_cmpuint (g_variant_n_children (results), ==, 2);
  g_variant_unref (results);
  g_assert_cmpint (mpipe_pipeline_get_array_until (pipeline, 0, G_MAXINT64, &results, NULL, NULL),
                   ==, MPIPE_GET_STATUS_ENDED);
  g_assert_null (results);
  g_assert_null (mpipe_pipeline_get_array (pipeline, 0, NULL, NULL));
}

static void
test_what_is_no_array_of_tasks_is_refused (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_task_type (stage, G_VARIANT_TYPE_INT64);
  pipeline = mpipe_test_pipeline (stage);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, g_variant_new_int64 (1), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_clear_error (&error);
  g_assert_cmpuint (
      mpipe_pipeline_put_array (pipeline, g_variant_new_parsed ("['a']"), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_assert_nonnull (strstr (error->message, "“x”"));
  g_clear_error (&error);
  g_assert_cmpuint (
      mpipe_pipeline_put_array (pipeline, g_variant_new_parsed ("[handle 1]"), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_clear_error (&error);
  mpipe_test_put (pipeline, 5, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 5);
  mpipe_pipeline_stop (pipeline);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, mpipe_test_new_numbers (0, 3), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED);
  mpipe_test_get_end (pipeline);
}

static GVariant *
new_filled (gsize size, guint8 seed)
{
  guint8 *data = g_malloc (MAX (size, 1));

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (seed + i * 31);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

static void
test_payloads_of_all_sizes_come_back_unchanged (const MpipeTestWay *way)
{
  const gsize sizes[] = { 0,     1,     7,     8,     23,      24,       25,       4095, 4096,
                          4097,  65519, 65520, 65521, 1 << 20, 12345678, 64 << 20 };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  gsize n_bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_cmpuint (mpipe_pipeline_put (pipeline, new_filled (sizes[i], i), NULL, NULL), ==,
                        i + 1);
      n_bytes += sizes[i];
    }
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      guint64 id;
      g_autoptr (GVariant) result = NULL;
      MpipeGetStatus status = mpipe_pipeline_get_full_until (pipeline, G_MAXINT64, &result, &id,
                                                             NULL, NULL, NULL);
      g_autoptr (GVariant) expected = g_variant_ref_sink (new_filled (sizes[id - 1], id - 1));

      g_assert_cmpint (status, ==, MPIPE_GET_STATUS_RESULT);
      g_assert_true (g_variant_equal (result, expected));
      n_bytes -= g_variant_get_size (result);
      if (way->ordered)
        g_assert_cmpuint (id, ==, i + 1);
    }
  g_assert_cmpuint (n_bytes, ==, 0);
  mpipe_test_get_end (pipeline);
}

static void
test_values_of_all_types_come_back_unchanged (const MpipeTestWay *way)
{
  const char *const texts[] = {
    "true",
    "byte 0x07",
    "int16 -3",
    "uint16 3",
    "-3",
    "uint32 3",
    "int64 -3",
    "uint64 3",
    "2.5",
    "'text'",
    "objectpath '/a/b'",
    "signature 'a{sv}'",
    "()",
    "(1, 'a', 2.5)",
    "{'a': <1>, 'b': <'two'>}",
    "@as []",
    "['a', '', 'c']",
    "@mi nothing",
    "@mi 3",
    "<<<(1, <'deep'>)>>>",
    "[[1, 2], [], [3]]",
    "[true, false]",
    "@a(xs) [(1, 'one'), (2, 'two')]",
    "b'bytes'",
  };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_parse (NULL, texts[i], NULL, NULL, NULL);
      g_autoptr (GVariant) result = NULL;

      g_assert_nonnull (value);
      mpipe_pipeline_put (pipeline, value, NULL, NULL);
      result = mpipe_test_get (pipeline);
      g_assert_true (g_variant_equal (result, value));
    }
  mpipe_test_finish (pipeline);
}

static void
test_a_chain_does_one_step_after_the_other (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 3);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "add", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 5000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 3, 5000, 1);
}

static void
test_a_fork_gives_every_result_to_each_branch (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) left = mpipe_test_stage (way, "add", 1);
  g_autoptr (MpipeStage) right = mpipe_test_stage (way, "several", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_left = 0, n_right = 0;
  GVariant *result;
  MpipeStage *leaf;

  mpipe_stage_link (first, left);
  mpipe_stage_link (first, right);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  while ((result = mpipe_pipeline_get_full (pipeline, NULL, &leaf, NULL, NULL)) != NULL)
    {
      gint64 value = g_variant_get_int64 (result);

      if (way->ordered && leaf == left)
        g_assert_cmpint (value, ==, n_left + 2);
      if (way->ordered && leaf == right)
        g_assert_cmpint (value, ==, 10 * (n_right / 3 + 1) + n_right % 3);
      n_left += leaf == left;
      n_right += leaf == right;
      g_variant_unref (result);
    }
  g_assert_cmpuint (n_left, ==, 1000);
  g_assert_cmpuint (n_right, ==, 3000);
}

static void
test_a_join_gets_the_results_of_all_and_ends_once (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipeStage) left = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) right = mpipe_test_stage (way, "slow", 1);
  g_autoptr (MpipeStage) last = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  gint64 sum = 0;
  GVariant *result;

  mpipe_stage_link (first, mpipe_stage_link (left, last));
  mpipe_stage_link (first, mpipe_stage_link (right, last));
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 100);
  mpipe_pipeline_stop (pipeline);
  while ((result = mpipe_pipeline_get (pipeline, NULL, NULL)) != NULL)
    {
      sum += g_variant_get_int64 (result);
      g_variant_unref (result);
    }
  g_assert_cmpint (sum, ==, 2 * (99 * 100 / 2 + 100));
  g_assert_cmpuint (mpipe_pipeline_get_n_results (pipeline), ==, 200);
}

static void
test_results_of_one_task_stay_together (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "several", 3));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, 2000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_assert_cmpuint (values->len, ==, 6000);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpint (g_array_index (values, gint64, i), ==, 10 * (i / 3) + i % 3);
}

static void
test_what_is_put_comes_before_what_is_returned (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (mpipe_test_stage (way, "put-and-give", 1));

  mpipe_test_put (pipeline, 5, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 5);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, -5);
  mpipe_test_finish (pipeline);
}

static void
test_a_stage_without_results_is_a_dead_end (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "nothing", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_cmpuint (mpipe_stage_get_n_tasks (second), ==, 0);
}

static void
test_disabled_results_are_dropped_but_those_put (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "put-and-give", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_disable_result (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 100);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 100, 1);
}

static void
test_the_stop_task_is_the_last_of_each_worker (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "count", 3);
  g_autoptr (MpipePipeline) pipeline = NULL;
  gint64 sum = 0;

  mpipe_stage_set_do_stop_task (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 3; i++)
    sum += mpipe_test_get_int64 (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_cmpint (sum, ==, 1000);
}

static gpointer
put_thousand (gpointer data)
{
  mpipe_test_put (data, 0, 1000);
  return NULL;
}

static gpointer
get_rest (gpointer data)
{
  gsize n = 0;
  GVariant *result;

  while ((result = mpipe_pipeline_get (data, NULL, NULL)) != NULL)
    {
      n++;
      g_variant_unref (result);
    }
  return GSIZE_TO_POINTER (n);
}

static void
test_several_threads_may_put_and_get (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  GThread *putters[4], *getters[4];
  gsize n = 0;

  for (int i = 0; i < 4; i++)
    {
      putters[i] = g_thread_new ("putter", put_thousand, pipeline);
      getters[i] = g_thread_new ("getter", get_rest, pipeline);
    }
  for (int i = 0; i < 4; i++)
    g_thread_join (putters[i]);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 4; i++)
    n += GPOINTER_TO_SIZE (g_thread_join (getters[i]));
  g_assert_cmpuint (n, ==, 4000);
}

static gpointer
wait_to_put (gpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  for (gint64 i = 0; i < 500; i++)
    {
      g_assert_cmpuint (mpipe_pipeline_put (data, g_variant_new_int64 (i), cancellable, &error), >, 0);
      g_assert_no_error (error);
    }
  return NULL;
}

static gpointer
wait_to_put_arrays (gpointer data)
{
  const gint64 values[5] = { 0, 1, 2, 3, 4 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 100; i++)
    {
      GVariant *tasks = g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, values, 5, sizeof values[0]);

      g_assert_cmpuint (mpipe_pipeline_put_array (data, tasks, cancellable, &error), ==, 5);
      g_assert_no_error (error);
    }
  return NULL;
}

/* Each of them may find that another has taken the room it has waited for. */
static void
test_several_threads_may_wait_for_room (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  GThread *putters[4], *getter;

  mpipe_stage_set_max_backlog (stage, 2);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 4; i++)
    putters[i] = g_thread_new ("putter", i % 2 == 0 ? wait_to_put : wait_to_put_arrays, pipeline);
  getter = g_thread_new ("getter", get_rest, pipeline);
  for (int i = 0; i < 4; i++)
    g_thread_join (putters[i]);
  mpipe_pipeline_stop (pipeline);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (getter)), ==, 2000);
}

static void
test_one_task_at_a_time_goes_there_and_back (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "add", 2));

  for (gint64 i = 0; i < 200; i++)
    {
      mpipe_test_put (pipeline, i, 1);
      g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i + 1);
    }
  mpipe_test_finish (pipeline);
}

static void
test_text_and_bytes_have_calls_of_their_own (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\1\2", 3);
  g_autoptr (GBytes) result = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_bytes (pipeline, bytes, NULL, NULL), ==, 1);
  g_assert_cmpuint (mpipe_pipeline_put_text (pipeline, "täxt", NULL, NULL), ==, 2);
  g_assert_cmpuint (mpipe_pipeline_put_text (pipeline, "\xff", NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_clear_error (&error);
  result = mpipe_pipeline_get_bytes (pipeline, NULL, NULL);
  g_assert_true (g_bytes_equal (result, bytes));
  text = mpipe_pipeline_get_text (pipeline, NULL, NULL);
  g_assert_cmpstr (text, ==, "täxt");
  mpipe_test_put (pipeline, 1, 1);
  g_assert_null (mpipe_pipeline_get_text (pipeline, NULL, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  mpipe_test_finish (pipeline);
}

static void
test_parameters_name_and_index_reach_the_worker (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "describe", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint seen = 0;

  mpipe_stage_set_name (stage, "scale");
  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'width': <100>, 'deep': <<'v'>>}"));
  pipeline = mpipe_test_pipeline (stage);
  while (seen != 3)
    {
      g_autoptr (GVariant) result = NULL;
      g_autoptr (GVariant) parameters = NULL;
      const char *name;
      guint index;
      int pid, width;

      mpipe_test_put (pipeline, 0, 1);
      mpipe_test_put (pipeline, 0, 1);
      for (int i = 0; i < 2; i++)
        {
          g_clear_pointer (&result, g_variant_unref);
          g_clear_pointer (&parameters, g_variant_unref);
          result = mpipe_test_get (pipeline);
          g_variant_get (result, "(&sui@a{sv})", &name, &index, &pid, &parameters);
          g_assert_cmpstr (name, ==, "scale");
          g_assert_true (g_variant_lookup (parameters, "width", "i", &width));
          g_assert_cmpint (width, ==, 100);
          seen |= 1u << index;
        }
    }
  mpipe_test_finish (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/flow/" path, function)
  ADD (test_arrays_are_many_tasks_and_many_results, "arrays-are-many-tasks-and-many-results");
  ADD (test_arrays_of_any_type_come_back, "arrays-of-any-type-come-back");
  ADD (test_an_array_of_results_ends_before_a_failure_and_another_type,
       "an-array-of-results-ends-before-a-failure");
  ADD (test_what_is_no_array_of_tasks_is_refused, "what-is-no-array-of-tasks-is-refused");
  ADD (test_every_task_gives_its_result, "every-task-gives-its-result");
  ADD (test_payloads_of_all_sizes_come_back_unchanged, "payloads-of-all-sizes-come-back-unchanged");
  ADD (test_values_of_all_types_come_back_unchanged, "values-of-all-types-come-back-unchanged");
  ADD (test_a_chain_does_one_step_after_the_other, "a-chain-does-one-step-after-the-other");
  ADD (test_a_fork_gives_every_result_to_each_branch, "a-fork-gives-every-result-to-each-branch");
  ADD (test_a_join_gets_the_results_of_all_and_ends_once,
       "a-join-gets-the-results-of-all-and-ends-once");
  ADD (test_results_of_one_task_stay_together, "results-of-one-task-stay-together");
  ADD (test_what_is_put_comes_before_what_is_returned,
       "what-is-put-comes-before-what-is-returned");
  ADD (test_a_stage_without_results_is_a_dead_end, "a-stage-without-results-is-a-dead-end");
  ADD (test_disabled_results_are_dropped_but_those_put,
       "disabled-results-are-dropped-but-those-put");
  ADD (test_the_stop_task_is_the_last_of_each_worker, "the-stop-task-is-the-last-of-each-worker");
  ADD (test_several_threads_may_put_and_get, "several-threads-may-put-and-get");
  ADD (test_several_threads_may_wait_for_room, "several-threads-may-wait-for-room");
  ADD (test_one_task_at_a_time_goes_there_and_back, "one-task-at-a-time-goes-there-and-back");
  ADD (test_text_and_bytes_have_calls_of_their_own, "text-and-bytes-have-calls-of-their-own");
  ADD (test_parameters_name_and_index_reach_the_worker,
       "parameters-name-and-index-reach-the-worker");
#undef ADD

  return g_test_run ();
}
