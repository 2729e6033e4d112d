/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks that go in, are done and come out many at a time: each of them is a task like any other. */

#include "config.h"

#include <signal.h>

#include <gio/gunixfdlist.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

#define N 20000 /* more than one row holds */
#define FEW 40

static MpipeStage *
new_stage (const MpipeTestWay *way, const char *worker, guint size, const char *mode)
{
  MpipeStage *stage = mpipe_test_stage (way, worker, size);

  if (mode != NULL)
    mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <%s>}", mode));
  return stage;
}

/* All results up to the end, read by the array; sorted unless the way is ordered. */
static GArray *
get_all_arrays (MpipePipeline *pipeline, const MpipeTestWay *way, guint max)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (gint64));
  GVariant *results;
  g_autoptr (GError) error = NULL;

  while ((results = mpipe_pipeline_get_array (pipeline, max, NULL, &error)) != NULL)
    {
      gsize n;
      const gint64 *numbers = g_variant_get_fixed_array (results, &n, sizeof *numbers);

      g_assert_cmpuint (n, >=, 1);
      if (max > 0)
        g_assert_cmpuint (n, <=, max);
      g_array_append_vals (values, numbers, (guint) n);
      g_variant_unref (results);
    }
  g_assert_no_error (error);
  mpipe_test_sort (values, way);
  return values;
}

/* By the array, and one by one */

typedef enum
{
  BY_ARRAY,
  ONE_BY_ONE,
  MIXED,
} Manner;

static void
put_all (MpipePipeline *pipeline, Manner manner)
{
  if (manner == BY_ARRAY)
    mpipe_test_put_array (pipeline, 0, N);
  else if (manner == ONE_BY_ONE)
    mpipe_test_put (pipeline, 0, N);
  else
    for (gint64 first = 0; first < N; first += 100)
      {
        mpipe_test_put_array (pipeline, first, 99);
        mpipe_test_put (pipeline, first + 99, 1);
      }
}

static GArray *
get_all (MpipePipeline *pipeline, const MpipeTestWay *way, Manner manner)
{
  GArray *values;

  if (manner == ONE_BY_ONE)
    return mpipe_test_get_all (pipeline, way);
  if (manner == BY_ARRAY)
    return get_all_arrays (pipeline, way, 0);
  /* first the one, then the other, in the middle of a row */
  values = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < N / 2 + 1; i++)
    {
      gint64 value = mpipe_test_get_int64 (pipeline);

      g_array_append_val (values, value);
    }
  for (guint64 n = values->len; n < N;)
    {
      g_autoptr (GVariant) results = mpipe_pipeline_get_array (pipeline, 7, NULL, NULL);
      gsize n_got;
      const gint64 *numbers = g_variant_get_fixed_array (results, &n_got, sizeof *numbers);

      g_assert_cmpuint (n_got, <=, 7);
      g_array_append_vals (values, numbers, (guint) n_got);
      n += n_got;
    }
  mpipe_test_get_end (pipeline);
  mpipe_test_sort (values, way);
  return values;
}

static void
test_each_number_comes_once (const MpipeTestWay *way)
{
  static const char *const workers[] = { "add", "array" };

  for (guint worker = 0; worker < G_N_ELEMENTS (workers); worker++)
    for (Manner put = BY_ARRAY; put <= MIXED; put++)
      for (Manner get = BY_ARRAY; get <= MIXED; get++)
        {
          g_autoptr (MpipePipeline) pipeline
              = mpipe_test_pipeline (mpipe_test_stage (way, workers[worker], 2));
          g_autoptr (GArray) values = NULL;

          put_all (pipeline, put);
          mpipe_pipeline_stop (pipeline);
          values = get_all (pipeline, way, get);
          mpipe_test_assert_range (values, 1, N, 1);
          mpipe_test_finish (pipeline);
          g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
        }
}

/* Takes @next over. */
static void
link_owned (MpipeStage *stage, MpipeStage *next)
{
  mpipe_stage_link (stage, next);
  g_object_unref (next);
}

static void
test_each_stage_passes_them_on (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "array", 2);
  MpipeStage *second = mpipe_test_stage (way, "add", 2);
  MpipeStage *third = mpipe_test_stage (way, "array", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  link_owned (second, third);
  link_owned (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_stop (pipeline);
  values = get_all_arrays (pipeline, way, 0);
  mpipe_test_assert_range (values, 3, N, 1);
}

static void
test_a_fork_gives_each_to_both (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "array", 1);
  MpipeStage *leaf = mpipe_test_stage (way, "array", 1);
  MpipeStage *other = mpipe_test_stage (way, "add", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  const MpipeTestWay unordered = { .ordered = FALSE };
  g_autoptr (GArray) values = NULL;

  link_owned (first, leaf);
  link_owned (first, other);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_stop (pipeline);
  values = get_all_arrays (pipeline, &unordered, 0);
  g_assert_cmpuint (values->len, ==, 2 * N);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpint (g_array_index (values, gint64, i), ==, 2 + i / 2);
  mpipe_test_finish (pipeline);
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
}

static void
test_a_limit_is_kept (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "array", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (gint64));

  mpipe_stage_set_max_backlog (stage, 10);
  pipeline = mpipe_test_pipeline (stage);
  for (gint64 first = 0; first < 1000; first += 10)
    {
      mpipe_test_put_array (pipeline, first, 10);
      for (guint i = 0; i < 10; i++)
        {
          gint64 value = mpipe_test_get_int64 (pipeline);

          g_array_append_val (values, value);
        }
      g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), <=, 10);
    }
  mpipe_test_sort (values, way);
  mpipe_test_assert_range (values, 1, 1000, 1);
  mpipe_test_finish (pipeline);
}

/* Each third number comes with a descriptor, before the engine has looked at those before it. */
static void
test_numbers_keep_their_descriptors (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "count-descriptors", 1);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  guint64 n_with = 0;

  g_assert_cmpint (g_unix_fd_list_append (fds, 0, NULL), ==, 0);
  for (gint64 i = 0; i < 300; i++)
    if (i % 3 == 2)
      mpipe_pipeline_put_with_fds (pipeline, g_variant_new_int64 (i), fds, NULL, NULL);
    else
      mpipe_test_put (pipeline, i, 1);
  mpipe_pipeline_stop (pipeline);
  for (gint64 i = 0; i < 300; i++)
    {
      gint64 n = mpipe_test_get_int64 (pipeline);

      if (way->ordered)
        g_assert_cmpint (n, ==, i % 3 == 2);
      n_with += (guint64) n;
    }
  g_assert_cmpuint (n_with, ==, 100);
  mpipe_test_get_end (pipeline);
}

/* Types */

static const char *const arrays[] = {
  "[byte 1, 2, 255]",
  "[int16 1, -2, 32767]",
  "[uint16 1, 2, 65535]",
  "[int32 1, -2, 3]",
  "[uint32 1, 2, 4294967295]",
  "[int64 1, -2, 3]",
  "[uint64 1, 2, 3]",
  "[1.0, 2.5, -3.0]",
  "[true, false, true]",
  "['a', '', 'text']",
  "[(1, 2.0), (3, 4.0)]",
  "[<1>, <'a'>]",
  "[[1, 2], [3]]",
  "[(int64 1,), (int64 2,)]",
};

static void
test_values_of_any_type (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    {
      g_autoptr (GVariant) tasks = g_variant_ref_sink (g_variant_new_parsed (arrays[i]));
      gsize n = g_variant_n_children (tasks), n_got = 0;

      g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, tasks, NULL, NULL), ==, n);
      while (n_got < n)
        {
          g_autoptr (GVariant) results = mpipe_pipeline_get_array (pipeline, 0, NULL, NULL);

          g_assert_cmpstr (g_variant_get_type_string (results), ==,
                           g_variant_get_type_string (tasks));
          for (gsize j = 0; j < g_variant_n_children (results); j++, n_got++)
            {
              g_autoptr (GVariant) result = g_variant_get_child_value (results, j);
              g_autoptr (GVariant) task = g_variant_get_child_value (tasks, n_got);

              g_assert_true (g_variant_equal (result, task));
            }
        }
    }
  mpipe_test_finish (pipeline);
}

/* Tasks that fail */

/* Reads to the end, sixes and sevens; of the tasks 0 … n-1, task 3 alone fails. */
static void
assert_only_3_fails (MpipePipeline *pipeline, guint n, int code, const char *pattern)
{
  guint n_results = 0, n_errors = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      if (result != NULL)
        g_assert_cmpint (g_variant_get_int64 (result), ==, (gint64) id);
      n_results += result != NULL;
      if (error == NULL)
        continue;
      n_errors++;
      g_assert_cmpuint (id, ==, 4);
      if (code >= 0)
        g_assert_error (error, MPIPE_ERROR, code);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_test_message ("%s", error->message);
      g_assert_true (g_pattern_match_simple (pattern, error->message));
    }
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (n_results, ==, n - 1);
}

static void
test_one_fails_alone (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_stage (way, "array", 2, "error"));

  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_stop (pipeline);
  assert_only_3_fails (pipeline, N, MPIPE_ERROR_TASK_FAILED, "*task 4: No such number: 3*");
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
}

static void
test_the_one_that_kills_is_found (const MpipeTestWay *way)
{
  static const struct
  {
    const char *mode;
    guint max_attempts;
    const char *pattern;
  } cases[] = {
    { "kill", 1, "*signal 9*task 4 *" },
    { "segv", 3, "*signal 11*task 4 *" },
    { "exit-0", 1, "*exited with status 0*task 4 *" },
    { "exit-1", 2, "*exited with status 1*task 4 *" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MpipeStage *stage = new_stage (way, "array", 2, cases[i].mode);
      g_autoptr (MpipePipeline) pipeline = NULL;

      mpipe_stage_set_max_attempts (stage, cases[i].max_attempts);
      mpipe_stage_set_retry_delay (stage, 0);
      pipeline = mpipe_test_pipeline (stage);
      mpipe_test_put_array (pipeline, 0, FEW);
      mpipe_pipeline_stop (pipeline);
      assert_only_3_fails (pipeline, FEW, MPIPE_ERROR_WORKER_DIED, cases[i].pattern);
      g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
    }
}

static void
test_the_one_that_kills_an_ordinary_worker_is_found (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, "misbehave", 2, "segv");
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autoptr (GVariant) results = mpipe_pipeline_get_array (pipeline, 0, NULL, &error);

      if (error != NULL)
        {
          g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
          g_assert_nonnull (strstr (error->message, "on task 4 after"));
          g_clear_error (&error);
          continue;
        }
      if (results == NULL)
        break;
      n += (guint) g_variant_n_children (results);
    }
  g_assert_cmpuint (n, ==, N - 1);
}

/* Arrays that are too much for a worker, but none of their tasks is. */
static void
test_what_kills_only_together_is_done_alone (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_stage (way, "array", 1, "kill-together"));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  values = get_all_arrays (pipeline, way, 0);
  mpipe_test_assert_range (values, 1, FEW, 1);
}

/* What the worker gives for an array that it was not asked for. */
static void
test_wrong_results_fail_each_task (const MpipeTestWay *way)
{
  static const struct
  {
    const char *mode;
    const char *pattern;
  } cases[] = {
    { "one-less", "*of type “ax”*not an array of one result*" },
    { "one-more", "*of type “ax”*not an array of one result*" },
    { "no-array", "*of type “x”*not an array of one result*" },
    { "put", "*only while a task is being done*" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases) - 1; i++)
    {
      g_autoptr (MpipePipeline) pipeline
          = mpipe_test_pipeline (new_stage (way, "array", 1, cases[i].mode));

      mpipe_test_put_array (pipeline, 0, FEW);
      mpipe_pipeline_stop (pipeline);
      for (guint64 task = 1; task <= FEW; task++)
        {
          g_autoptr (GError) error = mpipe_test_get_error (pipeline);
          g_autofree char *name = g_strdup_printf ("*task %" G_GUINT64_FORMAT ":*", task);

          g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
          g_assert_true (g_pattern_match_simple (cases[i].pattern, error->message));
          g_assert_true (g_pattern_match_simple (name, error->message));
        }
      mpipe_test_get_end (pipeline);
    }
}

static void
test_results_of_a_wrong_type_fail_each_task (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, "array", 1, "text");
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < FEW; i++)
    {
      g_autoptr (GError) error = mpipe_test_get_error (pipeline);

      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
      g_assert_nonnull (strstr (error->message, "the stage's results are of type “x”"));
    }
  mpipe_test_get_end (pipeline);
}

static void
test_results_may_be_of_any_type (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, "array", 1, "text"));

  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < FEW; i++)
    {
      g_autoptr (GVariant) result = mpipe_test_get (pipeline);
      g_autofree char *expected = g_strdup_printf ("%u", i);

      g_assert_cmpstr (g_variant_get_string (result, NULL), ==, expected);
    }
  mpipe_test_get_end (pipeline);
}

static void
test_arrays_may_give_nothing (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_stage (way, "array", 2, "nothing"));

  mpipe_test_put_array (pipeline, 0, N);
  mpipe_test_finish (pipeline);
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
}

static void
test_results_may_be_disabled (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "array", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_disable_result (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, N);
  mpipe_test_finish (pipeline);
}

static void
test_failures_are_collected_with_their_tasks (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_stage (way, "array", 1, "error"));
  g_autoptr (GPtrArray) failures = NULL;
  guint n = 0;
  GVariant *result;

  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_COLLECT);
  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  while ((result = mpipe_pipeline_get (pipeline, NULL, NULL)) != NULL)
    {
      n++;
      g_variant_unref (result);
    }
  g_assert_cmpuint (n, ==, FEW - 1);
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, 1);
  g_assert_cmpint (g_variant_get_int64 (mpipe_failure_get_task (failures->pdata[0])), ==, 3);
}

/* A task that comes alone is done by the other function. */
static void
test_a_class_may_have_both (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "TestBoth", 1));

  mpipe_test_put_array (pipeline, 5, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, -5);
  mpipe_test_finish (pipeline);
}

/* Time, cancellation, the end */

static void
test_a_task_that_hangs_is_found (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, "array", 2, "hang");
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_task_timeout (stage, 500);
  mpipe_stage_set_grace_time (stage, 50);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  assert_only_3_fails (pipeline, FEW, MPIPE_ERROR_TIMED_OUT, "*time limit*task 4 *");
}

static void
set_gate (MpipeStage *stage, MpipeTestMark *gate, const char *mode)
{
  mpipe_test_mark_init (gate, "gate");
  mpipe_stage_set_parameters (
      stage, g_variant_new_parsed ("{'gate': <%s>, 'mode': <%s>}", gate->path, mode));
}

/* Those behind a long one are taken back from its worker, all of them, and done by the other. */
static void
test_a_long_one_holds_up_no_other (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "wait-on-3", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  MpipeTestMark gate;

  if (way->ordered)
    {
      g_object_unref (stage);
      return;
    }
  set_gate (stage, &gate, "");
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 4, 1000); /* so that the workers are known to be fast */
  for (guint i = 0; i < 1000; i++)
    mpipe_test_get_int64 (pipeline);
  mpipe_test_put_array (pipeline, 0, N);
  for (guint i = 0; i < N - 1; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), !=, 3);
  mpipe_test_mark_set (&gate);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 3);
  mpipe_test_finish (pipeline);
  mpipe_test_mark_clear (&gate);
}

static void
check_was_cancelled (guint64 id, const GError *error, gpointer user_data)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (id % 1000, ==, 100);
}

static void
test_one_that_waits_is_cancelled (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "array", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_results, n_cancelled;
  MpipeTestMark gate;

  set_gate (stage, &gate, "wait");
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 3, 1);
  mpipe_test_put_array (pipeline, 10, N);
  for (guint64 id = 100; id < N; id += 1000)
    g_assert_true (mpipe_pipeline_cancel_task (pipeline, id));
  mpipe_test_mark_set (&gate);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_check_until_end (pipeline, check_was_cancelled, NULL, &n_results, &n_cancelled);
  g_assert_cmpuint (n_cancelled, ==, N / 1000);
  g_assert_cmpuint (n_results, ==, N + 1 - N / 1000);
  mpipe_test_mark_clear (&gate);
}

static gboolean
has_answered (gpointer pipeline)
{
  return mpipe_pipeline_get_n_results (pipeline) > 0;
}

/* The worker cannot tell which of them it is on, and is ended; the others are done again. */
static void
test_one_that_is_being_done_is_cancelled (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, "array", 1, "hang");
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_grace_time (stage, 20);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_wait_until (has_answered, pipeline);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 4));
  assert_only_3_fails (pipeline, FEW, -1, "*task 4 was cancelled*");
}

static void
test_arrays_end_with_their_pipeline (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "array", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint64 n_ended = 0;
  MpipeTestMark gate;

  set_gate (stage, &gate, "wait");
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_terminate (pipeline);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      n_ended++;
    }
  g_assert_cmpuint (n_ended, ==, N);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
  mpipe_test_mark_clear (&gate);
}

/* Everything at once: errors, deaths by themselves and by others, cancellations, arrays and single tasks. */

#define N_STORM 60000

typedef struct
{
  MpipePipeline *pipeline;
  GRand *rand;
  guint8 *ended;     /* how often, by id */
  guint8 *cancelled; /* by id */
} Storm;

static void
put_storm (Storm *self)
{
  for (gint64 first = 0; first < N_STORM;)
    {
      gint64 length = g_rand_int_range (self->rand, 1, 6000);
      gint64 n = MIN (length, N_STORM - first);

      if (n < 3000)
        mpipe_test_put_array (self->pipeline, first, n);
      else
        mpipe_test_put (self->pipeline, first, n);
      first += n;
    }
}

static void
kill_some_worker (Storm *self)
{
  GListModel *stages = mpipe_pipeline_get_stages (self->pipeline);
  g_autoptr (MpipeStage) stage = g_list_model_get_item (
      stages, (guint) g_rand_int_range (self->rand, 0, (int) g_list_model_get_n_items (stages)));
  g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (
      mpipe_stage_get_workers (stage), (guint) g_rand_int_range (self->rand, 0, 2));
  int pid = mpipe_worker_info_get_pid (info);

  if (pid > 0)
    kill (pid, SIGKILL);
}

static void
disturb (Storm *self, guint n)
{
  if (n % 2000 == 999)
    kill_some_worker (self);
  if (n % 500 != 250)
    return;
  for (guint i = 0; i < 3; i++)
    {
      guint64 id = (guint64) g_rand_int_range (self->rand, 1, N_STORM + 1);

      if (mpipe_pipeline_cancel_task (self->pipeline, id))
        self->cancelled[id] = TRUE;
    }
}

static void
check_storm_error (const Storm *self, guint64 id, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_assert_true (self->cancelled[id]);
  else if (!g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED))
    {
      gint64 value = (gint64) id - 1;

      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
      g_assert_true (value % 997 == 3 || (value + 1) % 997 == 3);
    }
}

static void
run_storm (const MpipeTestWay *way, const char *first_worker, const char *second_worker,
           guint32 seed)
{
  MpipeStage *first = mpipe_test_stage (way, first_worker, 2);
  MpipeStage *second = mpipe_test_stage (way, second_worker, 2);
  Storm storm = { .rand = g_rand_new_with_seed (seed) };
  guint64 last_id = 0;

  storm.ended = g_new0 (guint8, N_STORM + 1);
  storm.cancelled = g_new0 (guint8, N_STORM + 1);
  mpipe_stage_set_max_attempts (first, 2);
  mpipe_stage_set_retry_delay (first, 0);
  link_owned (first, second);
  storm.pipeline = mpipe_test_pipeline (first);
  put_storm (&storm);
  mpipe_pipeline_stop (storm.pipeline);
  for (guint n = 0;; n++)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result
          = mpipe_pipeline_get_full (storm.pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      g_assert_cmpuint (id, <=, N_STORM);
      g_assert_cmpuint (storm.ended[id]++, ==, 0);
      if (way->ordered)
        g_assert_cmpuint (id, ==, ++last_id);
      if (result != NULL)
        g_assert_cmpint (g_variant_get_int64 (result), ==, (gint64) id + 1);
      else
        check_storm_error (&storm, id, error);
      disturb (&storm, n);
    }
  for (guint64 id = 1; id <= N_STORM; id++)
    g_assert_cmpuint (storm.ended[id], ==, 1);
  g_assert_true (mpipe_pipeline_wait (storm.pipeline, NULL, NULL));
  g_assert_cmpuint (mpipe_pipeline_get_backlog (storm.pipeline), ==, 0);
  g_object_unref (storm.pipeline);
  g_rand_free (storm.rand);
  g_free (storm.ended);
  g_free (storm.cancelled);
}

/* -m slow: for some minutes */
static void
test_each_ends_once_in_a_storm (const MpipeTestWay *way)
{
  guint32 n_rounds = g_test_slow () ? 100 : 1;

  for (guint32 seed = 0; seed < 3 * n_rounds; seed += 3)
    {
      mpipe_test_restart_deadline ();
      run_storm (way, "storm-array", "storm", seed + 1);
      run_storm (way, "storm", "storm-array", seed + 2);
      run_storm (way, "storm-array", "storm-array", seed + 3);
    }
}

/* What is counted */

static void
test_results_are_counted_one_by_one (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "array", 1));

  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, FEW);
  g_assert_cmpuint (mpipe_pipeline_get_n_results (pipeline), ==, FEW);
  for (guint i = 0; i < FEW; i++)
    {
      g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, FEW - i);
      mpipe_test_get_int64 (pipeline);
    }
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
}

static void
count_result (MpipePipeline *pipeline, GVariant *result, guint64 id, MpipeStage *leaf, gpointer n)
{
  g_assert_cmpint (g_variant_get_int64 (result), ==, (gint64) id);
  ++*(guint *) n;
}

static void
note_completed (MpipePipeline *pipeline, gpointer completed)
{
  *(gboolean *) completed = TRUE;
}

static void
test_signals_tell_of_each (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "array", 2));
  guint n = 0;
  gboolean completed = FALSE;

  g_signal_connect (pipeline, "result", G_CALLBACK (count_result), &n);
  g_signal_connect (pipeline, "completed", G_CALLBACK (note_completed), &completed);
  mpipe_test_put_array (pipeline, 0, N);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&completed);
  g_assert_cmpuint (n, ==, N);
}

static void
test_results_stay_when_the_pipeline_is_dropped (const MpipeTestWay *way)
{
  MpipePipeline *pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "array", 2));
  g_autoptr (GVariant) results = NULL;

  mpipe_test_put_array (pipeline, 0, FEW);
  mpipe_pipeline_stop (pipeline);
  results = mpipe_pipeline_get_array (pipeline, 2, NULL, NULL);
  mpipe_test_get_int64 (pipeline);
  g_object_unref (pipeline);
  g_assert_cmpuint (g_variant_n_children (results), <=, 2);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    MpipeTestFunc func;
    gboolean processes;
  } tests[] = {
    { "each-number-comes-once", test_each_number_comes_once },
    { "each-stage-passes-them-on", test_each_stage_passes_them_on },
    { "a-fork-gives-each-to-both", test_a_fork_gives_each_to_both },
    { "a-limit-is-kept", test_a_limit_is_kept },
    { "numbers-keep-their-descriptors", test_numbers_keep_their_descriptors, TRUE },
    { "values-of-any-type", test_values_of_any_type },
    { "one-fails-alone", test_one_fails_alone },
    { "the-one-that-kills-is-found", test_the_one_that_kills_is_found, TRUE },
    { "the-one-that-kills-an-ordinary-worker-is-found",
      test_the_one_that_kills_an_ordinary_worker_is_found, TRUE },
    { "what-kills-only-together-is-done-alone", test_what_kills_only_together_is_done_alone,
      TRUE },
    { "wrong-results-fail-each-task", test_wrong_results_fail_each_task },
    { "results-of-a-wrong-type-fail-each-task", test_results_of_a_wrong_type_fail_each_task },
    { "results-may-be-of-any-type", test_results_may_be_of_any_type },
    { "arrays-may-give-nothing", test_arrays_may_give_nothing },
    { "results-may-be-disabled", test_results_may_be_disabled },
    { "failures-are-collected-with-their-tasks", test_failures_are_collected_with_their_tasks },
    { "a-class-may-have-both", test_a_class_may_have_both },
    { "a-task-that-hangs-is-found", test_a_task_that_hangs_is_found, TRUE },
    { "a-long-one-holds-up-no-other", test_a_long_one_holds_up_no_other, TRUE },
    { "one-that-waits-is-cancelled", test_one_that_waits_is_cancelled },
    { "one-that-is-being-done-is-cancelled", test_one_that_is_being_done_is_cancelled, TRUE },
    { "arrays-end-with-their-pipeline", test_arrays_end_with_their_pipeline, TRUE },
    { "each-ends-once-in-a-storm", test_each_ends_once_in_a_storm, TRUE },
    { "results-are-counted-one-by-one", test_results_are_counted_one_by_one },
    { "signals-tell-of-each", test_signals_tell_of_each },
    { "results-stay-when-the-pipeline-is-dropped",
      test_results_stay_when_the_pipeline_is_dropped },
  };

  mpipe_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/pipeline/arrays/", tests[i].path, NULL);

      if (tests[i].processes)
        mpipe_test_add_process_ways (path, tests[i].func);
      else
        mpipe_test_add_ways (path, tests[i].func);
    }
  return g_test_run ();
}
