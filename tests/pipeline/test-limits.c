/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Back-pressure: limits in tasks and in bytes, from the reader back to who puts. */

#include "config.h"

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

static gboolean
is_backlog_zero (gpointer pipeline)
{
  return mpipe_pipeline_get_backlog (pipeline) == 0;
}

static guint
fill (MpipePipeline *pipeline)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (mpipe_pipeline_try_put (pipeline, g_variant_new_int64 (n), &error) != 0)
    n++;
  g_assert_no_error (error);
  return n;
}

static void
test_a_full_pipeline_takes_so_many_tasks_and_no_more (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_max_backlog (stage, 10);
  pipeline = mpipe_test_pipeline (stage);
  for (int round = 0; round < 3; round++)
    {
      g_assert_cmpuint (fill (pipeline), ==, 10);
      g_assert_cmpuint (fill (pipeline), ==, 0);
      for (int i = 0; i < 10; i++)
        g_variant_unref (mpipe_test_get (pipeline));
      mpipe_test_wait_until (is_backlog_zero, pipeline);
    }
}

typedef struct
{
  MpipePipeline *pipeline;
  guint64 max_seen;
  gint64 n_read;
} Reader;

static gpointer
read_all (gpointer data)
{
  Reader *reader = data;
  GVariant *result;

  while ((result = mpipe_pipeline_get (reader->pipeline, NULL, NULL)) != NULL)
    {
      reader->max_seen = MAX (reader->max_seen, mpipe_pipeline_get_backlog (reader->pipeline));
      reader->n_read++;
      g_variant_unref (result);
    }
  return NULL;
}

static void
test_with_a_reader_thread_any_number_passes_within_the_limit (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Reader reader = { 0 };
  GThread *thread;

  mpipe_stage_set_max_backlog (first, 50);
  mpipe_stage_link (first, second);
  reader.pipeline = pipeline = mpipe_test_pipeline (first);
  thread = g_thread_new ("reader", read_all, &reader);
  mpipe_test_put (pipeline, 0, 5000);
  mpipe_pipeline_stop (pipeline);
  g_thread_join (thread);
  g_assert_cmpint (reader.n_read, ==, 5000);
  g_assert_cmpuint (reader.max_seen, <=, 50);
}

static void
test_a_limit_of_one_task_works (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "several", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 3);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Reader reader = { 0 };
  GThread *thread;

  mpipe_stage_set_max_backlog (first, 1);
  mpipe_stage_set_max_backlog (second, 1);
  mpipe_stage_set_max_backlog (third, 1);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  reader.pipeline = pipeline = mpipe_test_pipeline (first);
  thread = g_thread_new ("reader", read_all, &reader);
  mpipe_test_put (pipeline, 0, 200);
  mpipe_pipeline_stop (pipeline);
  g_thread_join (thread);
  g_assert_cmpint (reader.n_read, ==, 600);
}

static void
test_a_later_stage_that_is_full_stops_who_puts (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint64 n_put = 0;

  mpipe_stage_set_max_backlog (third, 5);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  /* nobody reads: it fills up from behind */
  for (;;)
    {
      if (mpipe_pipeline_try_put (pipeline, g_variant_new_int64 (0), NULL) != 0)
        n_put++;
      else if (mpipe_stage_get_n_tasks (third) >= 5)
        break;
      else
        g_thread_yield ();
      /* workers hold 4096 tiny tasks each at most, and thousands are on their way */
      g_assert_cmpuint (n_put, <, 60000);
    }
  g_assert_cmpuint (mpipe_stage_get_n_tasks (third), ==, 5);
  mpipe_pipeline_stop (pipeline);
  for (guint64 i = 0; i < n_put; i++)
    g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_get_end (pipeline);
}

static void
test_bytes_are_bounded_and_a_larger_task_goes_alone (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GVariant) small = NULL, large = NULL;
  g_autofree guint8 *zeros = g_malloc0 (1 << 20);
  guint n = 0;

  small = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 10000, 1));
  large = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 1 << 20, 1));
  mpipe_stage_set_max_backlog_bytes (stage, 100000);
  pipeline = mpipe_test_pipeline (stage);

  while (mpipe_pipeline_try_put (pipeline, small, NULL) != 0)
    n++;
  g_assert_cmpuint (n, ==, 10);
  g_assert_cmpuint (mpipe_pipeline_try_put (pipeline, large, NULL), ==, 0);
  for (guint i = 0; i < n; i++)
    g_variant_unref (mpipe_test_get (pipeline));
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, large, NULL, NULL), >, 0);
  g_assert_cmpuint (mpipe_pipeline_try_put (pipeline, small, NULL), ==, 0);
  g_variant_unref (mpipe_test_get (pipeline));
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, small, NULL, NULL), >, 0);
  g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_finish (pipeline);
}

static gpointer
put_many (gpointer pipeline)
{
  mpipe_test_put (pipeline, 0, 300);
  mpipe_pipeline_stop (pipeline);
  return NULL;
}

static void
test_results_larger_than_their_tasks_are_bounded_as_well (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "several", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "several", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  GThread *thread;
  gsize n = 0;
  GVariant *result;

  mpipe_stage_set_max_backlog_bytes (first, 160);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  thread = g_thread_new ("putter", put_many, pipeline);
  while ((result = mpipe_pipeline_get (pipeline, NULL, NULL)) != NULL)
    {
      n++;
      g_variant_unref (result);
    }
  g_thread_join (thread);
  g_assert_cmpuint (n, ==, 2700);
}

static void
test_a_fork_goes_at_the_pace_of_its_slowest_branch (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipeStage) fast = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipeStage) slow = mpipe_test_stage (way, "slow", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Reader reader = { 0 };
  GThread *thread;

  mpipe_stage_set_max_backlog (slow, 4);
  mpipe_stage_link (first, fast);
  mpipe_stage_link (first, slow);
  reader.pipeline = pipeline = mpipe_test_pipeline (first);
  thread = g_thread_new ("reader", read_all, &reader);
  mpipe_test_put (pipeline, 0, 300);
  mpipe_pipeline_stop (pipeline);
  g_thread_join (thread);
  g_assert_cmpint (reader.n_read, ==, 600);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_waiting_for_room_can_be_cancelled (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  mpipe_stage_set_max_backlog (stage, 3);
  pipeline = mpipe_test_pipeline (stage);
  fill (pipeline);
  thread = g_thread_new ("canceller", cancel_soon, cancellable);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (9), cancellable, &error), ==,
                    0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, 3);
}

static gpointer
stop_it (gpointer pipeline)
{
  mpipe_pipeline_stop (pipeline);
  return NULL;
}

static void
test_waiting_for_room_has_a_deadline (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  gint64 deadline;

  mpipe_stage_set_max_backlog (stage, 1);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 1);
  deadline = g_get_monotonic_time () + 5000;
  g_assert_cmpuint (
      mpipe_pipeline_put_until (pipeline, g_variant_new_int64 (1), deadline, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  g_assert_false (mpipe_pipeline_wait_until (pipeline, deadline, NULL, &error));
  g_assert_no_error (error);
  g_variant_unref (mpipe_test_get (pipeline));
  g_assert_cmpuint (
      mpipe_pipeline_put_until (pipeline, g_variant_new_int64 (1), G_MAXINT64, NULL, &error), ==, 2);
  g_variant_unref (mpipe_test_get (pipeline));
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait_until (pipeline, G_MAXINT64, NULL, &error));
  g_assert_cmpuint (mpipe_pipeline_put_until (pipeline, g_variant_new_int64 (1), 0, NULL, &error),
                    ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED);
}

static gpointer
cancel_when_full (gpointer data)
{
  gpointer *arguments = data;

  while (mpipe_pipeline_get_n_put (arguments[0]) < 8)
    g_thread_yield ();
  g_cancellable_cancel (arguments[1]);
  return NULL;
}

static void
test_an_array_is_accepted_as_far_as_there_is_room (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 numbers[20] = { 0 };
  gpointer arguments[2];
  GThread *thread;

  mpipe_stage_set_max_backlog (stage, 8);
  arguments[0] = pipeline = mpipe_test_pipeline (stage);
  arguments[1] = cancellable;
  thread = g_thread_new ("canceller", cancel_when_full, arguments);
  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline,
                                              g_variant_new_fixed_array (G_VARIANT_TYPE_INT64,
                                                                         numbers, 20, 8),
                                              cancellable, &error),
                    ==, 8);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 8; i++)
    g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_get_end (pipeline);
}

static void
test_who_waits_for_room_is_told_of_the_stop (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  mpipe_stage_set_max_backlog (stage, 2);
  pipeline = mpipe_test_pipeline (stage);
  fill (pipeline);
  thread = g_thread_new ("stopper", stop_it, pipeline);
  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (9), NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED);
  g_thread_join (thread);
}

static void
test_a_full_pipeline_of_failing_tasks_goes_on (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_errors = 0;

  mpipe_stage_set_parameters (first, g_variant_new_parsed ("{'mode': <'error'>}"));
  mpipe_stage_set_max_backlog (first, 4);
  mpipe_stage_set_max_backlog (second, 2);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = NULL;

      mpipe_test_put (pipeline, 3, 1);
      result = mpipe_pipeline_get (pipeline, NULL, &error);
      n_errors += error != NULL;
    }
  g_assert_cmpuint (n_errors, ==, 100);
}

static gboolean
is_after (gpointer deadline)
{
  return g_get_monotonic_time () > *(gint64 *) deadline;
}

static void
test_waiting_for_a_slow_reader_is_not_charged_to_a_task (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "several", 1);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  gint64 deadline;

  mpipe_stage_set_task_timeout (first, 100);
  mpipe_stage_set_max_backlog (second, 1);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_pipeline_stop (pipeline);
  /* longer than the limit of a task, without reading anything */
  deadline = g_get_monotonic_time () + 300000;
  mpipe_test_wait_until (is_after, &deadline);
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i);
  mpipe_test_get_end (pipeline);
}

static gboolean
has_no_worker (gpointer stage)
{
  g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);

  return mpipe_worker_info_get_pid (info) == 0;
}

/* Its results are held back until the task has ended; then one fits into the next stage, and the others wait. */
static void
test_a_worker_that_has_done_all_ends_while_its_results_wait (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "several", 1);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) results = NULL;

  mpipe_stage_set_max_attempts (first, 2);
  mpipe_stage_set_max_backlog (second, 1);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 1, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_wait_until (has_no_worker, first);
  results = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (results, 10, 3, 1);
}

static void
test_a_task_counts_until_the_last_of_its_results_was_read (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "several", 1);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_max_backlog (first, 4);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 4);
  for (int n = 0; n < 50; n++)
    {
      for (int i = 0; i < 3; i++)
        {
          g_assert_cmpuint (fill (pipeline), ==, 0);
          g_variant_unref (mpipe_test_get (pipeline));
        }
      mpipe_test_put (pipeline, 0, 1);
    }
  for (int i = 0; i < 12; i++)
    g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_finish (pipeline);
}

/* Numbers, which travel in rows */

/* The same limit for numbers, of 8 bytes each. */
static void
set_limit (MpipeStage *stage, guint n_tasks, gboolean in_bytes)
{
  if (in_bytes)
    mpipe_stage_set_max_backlog_bytes (stage, n_tasks * sizeof (gint64));
  else
    mpipe_stage_set_max_backlog (stage, n_tasks);
}

/* Nobody but this thread reads: it would wait for ever. */
static void
test_each_number_that_is_read_makes_room_at_once (const MpipeTestWay *way)
{
  static const struct
  {
    const char *worker;
    gboolean in_bytes;
  } runs[] = { { "add", FALSE }, { "array", FALSE }, { "add", TRUE }, { "array", TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      MpipeStage *first = mpipe_test_stage (way, runs[i].worker, 2);
      g_autoptr (MpipeStage) second = mpipe_test_stage (way, runs[i].worker, 2);
      g_autoptr (MpipePipeline) pipeline = NULL;

      set_limit (first, 10, runs[i].in_bytes);
      mpipe_stage_link (first, second);
      pipeline = mpipe_test_pipeline (first);
      mpipe_test_put_array (pipeline, 0, 10);
      g_assert_cmpuint (fill (pipeline), ==, 0);
      for (int n = 0; n < 500; n++)
        {
          g_variant_unref (mpipe_test_get (pipeline));
          g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), <, 10);
          mpipe_test_put (pipeline, n, 1);
        }
      g_assert_cmpuint (fill (pipeline), ==, 0);
      for (int n = 0; n < 10; n++)
        g_variant_unref (mpipe_test_get (pipeline));
      mpipe_test_finish (pipeline);
      g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
    }
}

typedef struct
{
  MpipePipeline *pipeline;
  guint n;
} Numbers;

static gpointer
put_numbers_and_stop (gpointer data)
{
  Numbers *numbers = data;

  mpipe_test_put_array (numbers->pipeline, 0, numbers->n);
  mpipe_pipeline_stop (numbers->pipeline);
  return NULL;
}

/* Returns: all results up to the end, read a few at a time; @first never has accepted more than @limit beyond those */
static GArray *
read_arrays (MpipePipeline *pipeline, MpipeStage *first, guint limit)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (gint64));
  GVariant *results;

  while ((results = mpipe_pipeline_get_array (pipeline, 5, NULL, NULL)) != NULL)
    {
      gsize n;
      const gint64 *numbers = g_variant_get_fixed_array (results, &n, sizeof *numbers);

      g_array_append_vals (values, numbers, (guint) n);
      g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), <=, limit);
      g_assert_cmpuint (mpipe_stage_get_n_tasks (first), <=, values->len + limit);
      g_variant_unref (results);
    }
  return values;
}

static void
test_an_array_larger_than_the_limit_passes_while_it_is_read (const MpipeTestWay *way)
{
  static const struct
  {
    guint limit, n;
    gboolean in_bytes;
  } runs[] = { { 1, 300, FALSE },
               { 7, 3000, FALSE },
               { 1000, 20000, FALSE },
               { 1, 300, TRUE },
               { 7, 3000, TRUE },
               { 1000, 20000, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      MpipeStage *first = mpipe_test_stage (way, "array", 2);
      g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 2);
      g_autoptr (MpipePipeline) pipeline = NULL;
      g_autoptr (GArray) values = NULL;
      Numbers numbers = { .n = runs[i].n };
      GThread *thread;

      set_limit (first, runs[i].limit, runs[i].in_bytes);
      mpipe_stage_link (first, second);
      numbers.pipeline = pipeline = mpipe_test_pipeline (first);
      thread = g_thread_new ("putter", put_numbers_and_stop, &numbers);
      values = read_arrays (pipeline, first, runs[i].limit);
      g_thread_join (thread);
      mpipe_test_sort (values, way);
      mpipe_test_assert_range (values, 2, runs[i].n, 1);
    }
}

/* The engine itself waits for the reader here. */
static void
test_numbers_wait_for_room_inside (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "array", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (gint64));
  Numbers numbers = { .n = 3000 };
  GThread *thread;
  GVariant *result;

  set_limit (second, 30, TRUE);
  set_limit (third, 3, FALSE);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  numbers.pipeline = pipeline = mpipe_test_pipeline (first);
  thread = g_thread_new ("putter", put_numbers_and_stop, &numbers);
  while ((result = mpipe_pipeline_get (pipeline, NULL, NULL)) != NULL)
    {
      gint64 value = g_variant_get_int64 (result);

      g_array_append_val (values, value);
      g_assert_cmpuint (mpipe_stage_get_n_tasks (third), <=, values->len + 3);
      g_assert_cmpuint (mpipe_stage_get_n_tasks (second), <=, values->len + 30);
      g_variant_unref (result);
    }
  g_thread_join (thread);
  mpipe_test_sort (values, way);
  mpipe_test_assert_range (values, 3, numbers.n, 1);
}

static gpointer
put_large (gpointer pipeline)
{
  g_autofree guint8 *zeros = g_malloc0 (1000);

  g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 1000, 1),
                                        NULL, NULL),
                    ==, 11);
  return NULL;
}

/* It waits for the last number to be read, whatever the engine does meanwhile. */
static void
test_a_task_that_is_too_large_goes_when_all_was_read (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GVariant) large = NULL;
  GThread *thread;

  set_limit (stage, 10, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_array (pipeline, 0, 10);
  thread = g_thread_new ("large", put_large, pipeline);
  for (int i = 0; i < 10; i++)
    {
      g_assert_cmpuint (mpipe_pipeline_get_n_put (pipeline), ==, 10);
      g_variant_unref (mpipe_test_get (pipeline));
    }
  g_thread_join (thread);
  large = mpipe_test_get (pipeline);
  g_assert_cmpuint (g_variant_get_size (large), ==, 1000);
  mpipe_test_finish (pipeline);
}

/* What dead workers give back comes in front, in no order; the first in turn may be behind others then. */
static void
test_workers_that_die_with_many_tasks_do_not_stop_a_full_pipeline (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "kill-each-once", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;
  Numbers numbers = { .n = 4000 };
  MpipeTestMark mark;
  GThread *thread;

  mpipe_test_mark_init (&mark, "kill");
  for (guint i = 0; i < numbers.n; i += 100)
    {
      g_autofree char *path = g_strdup_printf ("%s-%u", mark.path, i);

      g_assert_true (g_file_set_contents (path, "", 0, NULL));
    }
  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mark': <%s>}", mark.path));
  mpipe_stage_set_max_attempts (stage, 2);
  set_limit (stage, 250, TRUE);
  numbers.pipeline = pipeline = mpipe_test_pipeline (stage);
  thread = g_thread_new ("putter", put_numbers_and_stop, &numbers);
  values = read_arrays (pipeline, stage, 250);
  g_thread_join (thread);
  mpipe_test_sort (values, way);
  mpipe_test_assert_range (values, 0, numbers.n, 1);
  mpipe_test_mark_clear (&mark);
}

/* Reads until one task has given both its results. */
static void
read_one_pair (MpipePipeline *pipeline, guint8 *n_of)
{
  guint64 id;

  do
    {
      GVariant *result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, NULL);

      g_assert_nonnull (result);
      g_variant_unref (result);
    }
  while (++n_of[id] < 2);
}

static void
test_a_number_counts_until_all_that_a_fork_made_of_it_was_read (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "array", 2);
  g_autoptr (MpipeStage) left = mpipe_test_stage (way, "array", 2);
  g_autoptr (MpipeStage) right = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint8 n_of[111] = { 0 };

  mpipe_stage_set_max_backlog (first, 10);
  mpipe_stage_set_max_backlog (right, 10);
  mpipe_stage_link (first, left);
  mpipe_stage_link (first, right);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put_array (pipeline, 0, 10);
  g_assert_cmpuint (fill (pipeline), ==, 0);
  for (int n = 0; n < 100; n++)
    {
      read_one_pair (pipeline, n_of);
      mpipe_test_put (pipeline, 0, 1);
    }
  mpipe_pipeline_stop (pipeline);
  for (int n = 0; n < 10; n++)
    read_one_pair (pipeline, n_of);
  mpipe_test_get_end (pipeline);
}

/* All in one thread: what is put waits in the main loop, what comes is told there. */

typedef struct
{
  guint n_accepted;
  guint n_told;
} Loop;

static void
accepted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Loop *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_finish (MPIPE_PIPELINE (source), result, &error), !=, 0);
  g_assert_no_error (error);
  self->n_accepted++;
}

static void
told_cb (MpipePipeline *pipeline, GVariant *value, guint64 id, MpipeStage *leaf, gpointer user_data)
{
  Loop *self = user_data;

  self->n_told++;
}

static void
test_numbers_that_are_put_in_a_main_loop_wait_for_room (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Loop loop = { 0 };

  mpipe_stage_set_max_backlog (stage, 9);
  pipeline = mpipe_test_pipeline (stage);
  g_signal_connect (pipeline, "result", G_CALLBACK (told_cb), &loop);
  for (int i = 0; i < 2000; i++)
    mpipe_pipeline_put_async (pipeline, g_variant_new_int64 (i), NULL, accepted_cb, &loop);
  while (loop.n_told < 2000)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (loop.n_accepted, ==, 2000);
  mpipe_test_finish (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/limits/" path, function)
  ADD (test_a_full_pipeline_takes_so_many_tasks_and_no_more,
       "a-full-pipeline-takes-so-many-tasks-and-no-more");
  ADD (test_with_a_reader_thread_any_number_passes_within_the_limit,
       "with-a-reader-thread-any-number-passes-within-the-limit");
  ADD (test_a_limit_of_one_task_works, "a-limit-of-one-task-works");
  ADD (test_a_later_stage_that_is_full_stops_who_puts,
       "a-later-stage-that-is-full-stops-who-puts");
  ADD (test_bytes_are_bounded_and_a_larger_task_goes_alone,
       "bytes-are-bounded-and-a-larger-task-goes-alone");
  ADD (test_results_larger_than_their_tasks_are_bounded_as_well,
       "results-larger-than-their-tasks-are-bounded-as-well");
  ADD (test_a_fork_goes_at_the_pace_of_its_slowest_branch,
       "a-fork-goes-at-the-pace-of-its-slowest-branch");
  ADD (test_waiting_for_room_can_be_cancelled, "waiting-for-room-can-be-cancelled");
  ADD (test_waiting_for_room_has_a_deadline, "waiting-for-room-has-a-deadline");
  ADD (test_an_array_is_accepted_as_far_as_there_is_room,
       "an-array-is-accepted-as-far-as-there-is-room");
  ADD (test_who_waits_for_room_is_told_of_the_stop, "who-waits-for-room-is-told-of-the-stop");
  ADD (test_waiting_for_a_slow_reader_is_not_charged_to_a_task,
       "waiting-for-a-slow-reader-is-not-charged-to-a-task");
  ADD (test_a_full_pipeline_of_failing_tasks_goes_on, "a-full-pipeline-of-failing-tasks-goes-on");
  ADD (test_a_task_counts_until_the_last_of_its_results_was_read,
       "a-task-counts-until-the-last-of-its-results-was-read");
  ADD (test_each_number_that_is_read_makes_room_at_once, "each-number-that-is-read-makes-room-at-once");
  ADD (test_an_array_larger_than_the_limit_passes_while_it_is_read,
       "an-array-larger-than-the-limit-passes-while-it-is-read");
  ADD (test_numbers_wait_for_room_inside, "numbers-wait-for-room-inside");
  ADD (test_a_task_that_is_too_large_goes_when_all_was_read,
       "a-task-that-is-too-large-goes-when-all-was-read");
  ADD (test_a_number_counts_until_all_that_a_fork_made_of_it_was_read,
       "a-number-counts-until-all-that-a-fork-made-of-it-was-read");
  ADD (test_numbers_that_are_put_in_a_main_loop_wait_for_room,
       "numbers-that-are-put-in-a-main-loop-wait-for-room");
#undef ADD
  mpipe_test_add_process_ways (
      "/mpipe/pipeline/limits/workers-that-die-with-many-tasks-do-not-stop-a-full-pipeline",
      test_workers_that_die_with_many_tasks_do_not_stop_a_full_pipeline);
  mpipe_test_add_process_ways (
      "/mpipe/pipeline/limits/a-worker-that-has-done-all-ends-while-its-results-wait",
      test_a_worker_that_has_done_all_ends_while_its_results_wait);

  return g_test_run ();
}
