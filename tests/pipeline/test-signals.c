/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Signals, asynchronous calls, and the two ways out for results and failures. */

#include "config.h"

#include "mpipe-test-kit.h"

typedef struct
{
  guint n_results;
  guint n_failed;
  guint n_started;
  guint n_exited;
  gboolean completed;
  gboolean handles;
  gboolean in_order;
  gint64 last;
} Seen;

static void
result_cb (MpipePipeline *pipeline, GVariant *value, guint64 task_id, MpipeStage *leaf, Seen *seen)
{
  g_assert_false (seen->completed);
  g_assert_true (MPIPE_IS_STAGE (leaf));
  g_assert_cmpuint (task_id, >, 0);
  seen->in_order &= g_variant_get_int64 (value) > seen->last;
  seen->last = g_variant_get_int64 (value);
  seen->n_results++;
}

static gboolean
task_failed_cb (MpipePipeline *pipeline, guint64 task_id, MpipeStage *stage, GError *error,
                Seen *seen)
{
  g_assert_cmpuint (task_id, >, 0);
  g_assert_nonnull (error);
  seen->n_failed++;
  return seen->handles;
}

static void
started_cb (MpipePipeline *pipeline, MpipeStage *stage, guint index, Seen *seen)
{
  seen->n_started++;
}

static void
exited_cb (MpipePipeline *pipeline, MpipeStage *stage, guint index, GError *error, Seen *seen)
{
  seen->n_exited++;
}

static void
completed_cb (MpipePipeline *pipeline, Seen *seen)
{
  g_assert_false (seen->completed);
  seen->completed = TRUE;
}

static void
connect_results (MpipePipeline *pipeline, Seen *seen)
{
  seen->in_order = TRUE;
  seen->last = -1;
  g_signal_connect (pipeline, "result", G_CALLBACK (result_cb), seen);
}

static void
connect_others (MpipePipeline *pipeline, Seen *seen)
{
  g_signal_connect (pipeline, "task-failed", G_CALLBACK (task_failed_cb), seen);
  g_signal_connect (pipeline, "worker-started", G_CALLBACK (started_cb), seen);
  g_signal_connect (pipeline, "worker-exited", G_CALLBACK (exited_cb), seen);
  g_signal_connect (pipeline, "completed", G_CALLBACK (completed_cb), seen);
}

static MpipePipeline *
new_failing_pipeline (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 2);

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'error'>}"));
  return mpipe_test_pipeline (stage);
}

static void
test_a_main_loop_needs_signals_only (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  Seen seen = { 0 };

  connect_results (pipeline, &seen);
  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 2000);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&seen.completed);
  g_assert_cmpuint (seen.n_results, ==, 2000);
  g_assert_cmpuint (seen.n_failed, ==, 0);
  g_assert_cmpuint (seen.n_started, ==, 2);
  g_assert_cmpuint (seen.n_exited, ==, 2);
  if (way->ordered)
    g_assert_true (seen.in_order);
  mpipe_test_get_end (pipeline);
}

static void
test_a_handler_connected_late_gets_what_waits (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  Seen seen = { 0 };

  mpipe_test_put (pipeline, 0, 100);
  mpipe_test_finish (pipeline);
  g_variant_unref (mpipe_test_get (pipeline));
  connect_results (pipeline, &seen);
  connect_others (pipeline, &seen);
  mpipe_test_iterate_until (&seen.completed);
  g_assert_cmpuint (seen.n_results, ==, 99);
}

static void
test_without_a_result_handler_results_wait_for_get (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  Seen seen = { 0 };
  g_autoptr (GArray) values = NULL;

  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 100);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&seen.completed);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 100, 1);
}

static void
test_a_failure_that_a_handler_deals_with_is_not_got (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_failing_pipeline (way);
  Seen seen = { .handles = TRUE };
  g_autoptr (GArray) values = NULL;

  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 8);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_assert_cmpuint (values->len, ==, 7);
  g_assert_cmpuint (seen.n_failed, ==, 1);
}

static void
test_a_failure_that_no_handler_deals_with_is_got_once (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_failing_pipeline (way);
  Seen seen = { .handles = FALSE };
  guint n_errors, n_results;

  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 8);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_count_until_end (pipeline, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED, &n_results,
                              &n_errors);
  g_assert_cmpuint (n_results, ==, 7);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (seen.n_failed, ==, 1);
}

static void
test_a_failure_that_no_handler_wants_does_not_hold_up_results (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_failing_pipeline (way);
  Seen seen = { 0 };
  g_autoptr (GError) error = NULL;

  connect_results (pipeline, &seen);
  g_signal_connect (pipeline, "completed", G_CALLBACK (completed_cb), &seen);
  mpipe_test_put (pipeline, 0, 8);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&seen.completed);
  g_assert_cmpuint (seen.n_results, ==, 7);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, 1);
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  mpipe_test_get_end (pipeline);
}

static gpointer
get_errors (gpointer pipeline)
{
  gsize n_errors = 0;
  g_autoptr (GError) error = NULL;
  GVariant *result;

  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL || error != NULL)
    {
      n_errors += error != NULL;
      g_clear_error (&error);
      g_clear_pointer (&result, g_variant_unref);
    }
  return GSIZE_TO_POINTER (n_errors);
}

static void
test_a_reader_thread_waits_for_the_handlers_of_the_main_loop (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_failing_pipeline (way);
  Seen seen = { .handles = TRUE };
  GThread *thread;

  connect_others (pipeline, &seen);
  thread = g_thread_new ("reader", get_errors, pipeline);
  for (int i = 0; i < 50; i++)
    mpipe_test_put (pipeline, i % 5, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&seen.completed);
  /* what the loop had no time to report, the reader may report itself, now that the loop rests */
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, 0);
  g_assert_cmpuint (seen.n_failed, ==, 10);
}

/* Somebody runs the context when the failure comes, and leaves it without having looked. */
static void
test_a_reader_reports_what_the_main_loop_left (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_failing_pipeline (way);
  Seen seen = { .handles = TRUE };
  GThread *thread;

  connect_others (pipeline, &seen);
  g_assert_true (g_main_context_acquire (NULL));
  thread = g_thread_new ("reader", get_errors, pipeline);
  mpipe_test_put (pipeline, 0, 5);
  mpipe_pipeline_stop (pipeline);
  while (mpipe_pipeline_get_n_failed (pipeline) == 0)
    g_thread_yield ();
  for (int i = 0; i < 1000; i++) /* so that the reader has most likely come to it */
    g_thread_yield ();
  g_main_context_release (NULL);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), ==, 0);
  g_assert_cmpuint (seen.n_failed, ==, 1);
}

static gboolean
set_true_cb (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_many_results_do_not_starve_the_main_loop (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  Seen seen = { 0 };
  gboolean had_turn = FALSE;

  mpipe_test_put (pipeline, 0, 5000);
  mpipe_test_finish (pipeline);
  connect_results (pipeline, &seen);
  connect_others (pipeline, &seen);
  g_idle_add_full (G_PRIORITY_DEFAULT, set_true_cb, &had_turn, NULL);
  mpipe_test_iterate_until (&had_turn);
  g_assert_cmpuint (seen.n_results, <, 5000);
  mpipe_test_iterate_until (&seen.completed);
  g_assert_cmpuint (seen.n_results, ==, 5000);
}

/* Asynchronous calls */

typedef struct
{
  guint n_done;
  guint n_expected;
  gboolean done;
  gint64 sum;
  guint n_null;
  guint n_cancelled;
} Calls;

static void
count_call (Calls *calls)
{
  calls->n_done++;
  calls->done = calls->n_done == calls->n_expected;
}

static void
put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_finish (MPIPE_PIPELINE (source), result, &error), >, 0);
  g_assert_no_error (error);
  count_call (user_data);
}

static void
get_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Calls *calls = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value
      = mpipe_pipeline_get_finish (MPIPE_PIPELINE (source), result, &error);

  calls->n_cancelled += g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (value != NULL)
    calls->sum += g_variant_get_int64 (value);
  else if (error == NULL)
    calls->n_null++;
  count_call (calls);
}

static void
wait_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (mpipe_pipeline_wait_finish (MPIPE_PIPELINE (source), result, NULL));
  count_call (user_data);
}

static void
test_asynchronous_calls_do_what_the_others_do (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Calls puts = { .n_expected = 100 }, gets = { .n_expected = 110 }, waits = { .n_expected = 2 };

  mpipe_stage_set_max_backlog (stage, 7);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 100; i++)
    mpipe_pipeline_put_async (pipeline, g_variant_new_int64 (i), NULL, put_cb, &puts);
  for (int i = 0; i < 110; i++)
    mpipe_pipeline_get_async (pipeline, NULL, get_cb, &gets);
  mpipe_pipeline_wait_async (pipeline, NULL, wait_cb, &waits);
  mpipe_pipeline_wait_async (pipeline, NULL, wait_cb, &waits);
  mpipe_test_iterate_until (&puts.done);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&gets.done);
  mpipe_test_iterate_until (&waits.done);
  g_assert_cmpint (gets.sum, ==, 99 * 100 / 2);
  g_assert_cmpuint (gets.n_null, ==, 10);
}

static void
test_an_asynchronous_call_can_be_cancelled (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Calls gets = { .n_expected = 1 }, more = { .n_expected = 1 };

  mpipe_pipeline_get_async (pipeline, cancellable, get_cb, &gets);
  mpipe_pipeline_get_async (pipeline, NULL, get_cb, &more);
  g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  mpipe_test_iterate_until (&gets.done);
  g_assert_cmpuint (gets.n_cancelled, ==, 1);
  mpipe_test_put (pipeline, 5, 1);
  mpipe_test_iterate_until (&more.done);
  g_assert_cmpint (more.sum, ==, 5);
  mpipe_test_finish (pipeline);
}

static gpointer
cancel_it (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_waiting_calls_can_be_cancelled_and_have_deadlines (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  GThread *thread = g_thread_new ("canceller", cancel_it, cancellable);

  g_assert_null (mpipe_pipeline_get (pipeline, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (mpipe_pipeline_wait (pipeline, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);
  g_assert_cmpint (mpipe_pipeline_try_get (pipeline, &value, &error), ==, MPIPE_GET_STATUS_EMPTY);
  g_assert_cmpint (mpipe_pipeline_get_until (pipeline, g_get_monotonic_time () + 1000, &value, NULL,
                                             &error),
                   ==, MPIPE_GET_STATUS_EMPTY);
  g_assert_no_error (error);
  mpipe_test_put (pipeline, 4, 1);
  g_assert_cmpint (mpipe_pipeline_get_until (pipeline, G_MAXINT64, &value, NULL, &error), ==,
                   MPIPE_GET_STATUS_RESULT);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 4);
  g_clear_pointer (&value, g_variant_unref);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_cmpint (mpipe_pipeline_try_get (pipeline, &value, &error), ==, MPIPE_GET_STATUS_ENDED);
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(GObject **) user_data
      = g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, &error);
  g_assert_no_error (error);
}

static void
test_a_pipeline_can_be_made_without_waiting (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = mpipe_test_stage (way, "echo", 2);
  MpipePipeline *pipeline = NULL;
  Seen seen = { 0 };

#ifdef __SANITIZE_THREAD__
  g_test_skip ("it cannot be seen that a GTask's thread comes after the GTask");
  return;
#endif
  g_async_initable_new_async (MPIPE_TYPE_PIPELINE, G_PRIORITY_DEFAULT, NULL, created_cb, &pipeline,
                              "first", stage, NULL);
  while (pipeline == NULL)
    g_main_context_iteration (NULL, TRUE);
  connect_results (pipeline, &seen);
  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 10);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_iterate_until (&seen.completed);
  g_assert_cmpuint (seen.n_results, ==, 10);
  g_object_unref (pipeline);
}

static void
test_signals_come_in_the_context_of_the_maker (const MpipeTestWay *way)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MpipePipeline) pipeline = NULL;
  Seen seen = { 0 };

  g_main_context_push_thread_default (context);
  pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 1));
  g_main_context_pop_thread_default (context);
  connect_results (pipeline, &seen);
  connect_others (pipeline, &seen);
  mpipe_test_put (pipeline, 0, 10);
  mpipe_pipeline_stop (pipeline);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (seen.n_results, ==, 0);
  while (!seen.completed)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (seen.n_results, ==, 10);
}

static void
drop_cb (MpipePipeline *pipeline, GVariant *value, guint64 task_id, MpipeStage *leaf,
         MpipePipeline **owned)
{
  g_clear_object (owned);
}

static void
test_a_handler_may_drop_the_pipeline (const MpipeTestWay *way)
{
  MpipePipeline *pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));

  g_signal_connect (pipeline, "result", G_CALLBACK (drop_cb), &pipeline);
  mpipe_test_put (pipeline, 0, 100);
  while (pipeline != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
notified_cb (GObject *object, GParamSpec *pspec, gboolean *notified)
{
  *notified = TRUE;
}

static void
test_counts_are_live (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "slow", 2));
  GListModel *stages = mpipe_pipeline_get_stages (pipeline);
  g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, 0);
  GListModel *workers = mpipe_stage_get_workers (stage);
  guint64 n_tasks = 0;
  gint64 busy = 0;
  gboolean notified = FALSE;

  g_assert_cmpuint (g_list_model_get_n_items (stages), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 2);
  g_signal_connect (stage, "notify::n-results", G_CALLBACK (notified_cb), &notified);
  mpipe_test_put (pipeline, 2000, 10);
  mpipe_test_iterate_until (&notified);
  mpipe_test_finish (pipeline);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      g_assert_cmpuint (mpipe_worker_info_get_index (info), ==, i);
      g_assert_cmpuint (mpipe_worker_info_get_n_starts (info), ==, 1);
      g_assert_cmpint (mpipe_worker_info_get_pid (info), ==, 0);
      g_assert_cmpint (mpipe_worker_info_get_up_time (info), >, 0);
      n_tasks += mpipe_worker_info_get_n_tasks (info);
      busy += mpipe_worker_info_get_busy_time (info);
    }
  g_assert_cmpuint (n_tasks, ==, 10);
  if (!way->in_threads || way->with_page)
    g_assert_cmpint (busy, >=, 10 * 2000);
  g_assert_cmpuint (mpipe_stage_get_n_tasks (stage), ==, 10);
  g_assert_cmpuint (mpipe_stage_get_n_results (stage), ==, 10);
  g_assert_cmpuint (mpipe_stage_get_backlog (stage), ==, 0);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/signals/" path, function)
  ADD (test_a_main_loop_needs_signals_only, "a-main-loop-needs-signals-only");
  ADD (test_a_handler_connected_late_gets_what_waits, "a-handler-connected-late-gets-what-waits");
  ADD (test_without_a_result_handler_results_wait_for_get,
       "without-a-result-handler-results-wait-for-get");
  ADD (test_a_failure_that_a_handler_deals_with_is_not_got,
       "a-failure-that-a-handler-deals-with-is-not-got");
  ADD (test_a_failure_that_no_handler_deals_with_is_got_once,
       "a-failure-that-no-handler-deals-with-is-got-once");
  ADD (test_a_failure_that_no_handler_wants_does_not_hold_up_results,
       "a-failure-that-no-handler-wants-does-not-hold-up-results");
  ADD (test_a_reader_thread_waits_for_the_handlers_of_the_main_loop,
       "a-reader-thread-waits-for-the-handlers-of-the-main-loop");
  ADD (test_a_reader_reports_what_the_main_loop_left, "a-reader-reports-what-the-main-loop-left");
  ADD (test_many_results_do_not_starve_the_main_loop, "many-results-do-not-starve-the-main-loop");
  ADD (test_asynchronous_calls_do_what_the_others_do, "asynchronous-calls-do-what-the-others-do");
  ADD (test_an_asynchronous_call_can_be_cancelled, "an-asynchronous-call-can-be-cancelled");
  ADD (test_waiting_calls_can_be_cancelled_and_have_deadlines,
       "waiting-calls-can-be-cancelled-and-have-deadlines");
  ADD (test_a_pipeline_can_be_made_without_waiting, "a-pipeline-can-be-made-without-waiting");
  ADD (test_signals_come_in_the_context_of_the_maker, "signals-come-in-the-context-of-the-maker");
  ADD (test_a_handler_may_drop_the_pipeline, "a-handler-may-drop-the-pipeline");
  ADD (test_counts_are_live, "counts-are-live");
#undef ADD

  return g_test_run ();
}
