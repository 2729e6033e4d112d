/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks without a loop: each ends once, from whatever thread. */

#include "config.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-glib/worker/mpipe-task-private.h"
#include "mpipe-glib/worker/mpipe-worker.h"
#include "mpipe-unit-streams.h"

#define SOME_TYPE_WORKER (some_worker_get_type ())

G_DECLARE_FINAL_TYPE (SomeWorker, some_worker, SOME, WORKER, MpipeWorker)

struct _SomeWorker
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (SomeWorker, some_worker, MPIPE_TYPE_WORKER)

static void
some_worker_class_init (SomeWorkerClass *klass)
{
}

static void
some_worker_init (SomeWorker *self)
{
}

typedef struct
{
  GIOStream *near, *far;
  MpipeChannel *sender, *receiver;
  MpipeTypeTable *types;
  MpipeOutbox *outbox;
  MpipePage *page;
  GMainContext *context;
  MpipeOpenTasks *open_tasks;
  MpipeWorker *worker;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  const MpipeOpenTasksOptions options = { .several = TRUE };

  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->sender = mpipe_channel_new (self->near, TRUE);
  self->receiver = mpipe_channel_new (self->far, TRUE);
  self->types = mpipe_type_table_new ();
  self->outbox = mpipe_outbox_new (self->sender, self->types);
  self->page = mpipe_page_new (NULL);
  self->context = g_main_context_new ();
  self->open_tasks = mpipe_open_tasks_new (self->outbox, self->page, self->context, &options);
  self->worker = g_object_new (SOME_TYPE_WORKER, NULL);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->worker);
  mpipe_open_tasks_close (self->open_tasks);
  mpipe_open_tasks_unref (self->open_tasks);
  g_main_context_unref (self->context);
  mpipe_page_free (self->page);
  mpipe_outbox_free (self->outbox);
  mpipe_channel_free (self->sender);
  mpipe_channel_free (self->receiver);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  mpipe_type_table_unref (self->types);
}

static MpipeTask *
begin (Fixture *fixture, guint64 sequence, GVariant *value)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GVariant) sunk = value != NULL ? g_variant_ref_sink (value) : NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_open_tasks_begin (fixture->open_tasks, sequence, cancellable, &error));
  g_assert_no_error (error);
  return mpipe_task_new (fixture->worker, fixture->open_tasks, sequence, cancellable, sunk);
}

/* Passes over TYPE frames. */
static void
expect (Fixture *fixture, guint8 kind, guint64 sequence)
{
  MpipeFrame frame;

  do
    mpipe_unit_receive (fixture->receiver, &frame);
  while (frame.header.kind == MPIPE_FRAME_TYPE);
  g_assert_cmpstr (mpipe_frame_kind_to_string (frame.header.kind), ==,
                   mpipe_frame_kind_to_string (kind));
  g_assert_cmpuint (frame.header.sequence, ==, sequence);
}

static void
test_tells_what_it_is (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeTask) number = begin (fixture, 1, g_variant_new_int64 (5));
  g_autoptr (MpipeTask) text = begin (fixture, 2, g_variant_new_string ("five"));
  g_autoptr (MpipeTask) bytes
      = begin (fixture, 3, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "\5\0", 2, 1));
  g_autoptr (MpipeTask) none = begin (fixture, 4, NULL);
  g_autoptr (GBytes) got = mpipe_task_get_bytes (bytes);

  g_assert_cmpint (g_variant_get_int64 (mpipe_task_get_value (number)), ==, 5);
  g_assert_null (mpipe_task_get_text (number));
  g_assert_null (mpipe_task_get_bytes (number));
  g_assert_cmpstr (mpipe_task_get_text (text), ==, "five");
  g_assert_null (mpipe_task_get_bytes (text));
  g_assert_cmpuint (g_bytes_get_size (got), ==, 2);
  g_assert_null (mpipe_task_get_text (bytes));
  g_assert_true (g_bytes_get_data (got, NULL) == g_variant_get_data (mpipe_task_get_value (bytes)));
  g_assert_null (mpipe_task_get_value (none));
  g_assert_null (mpipe_task_get_text (none));
  g_assert_null (mpipe_task_get_bytes (none));
  g_assert_true (mpipe_task_get_worker (none) == fixture->worker);
}

/* The pipeline counts upwards; one that does not has no worker that could tell its tasks apart. */
static void
test_refuses_a_number_that_is_open (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeTask) task = begin (fixture, 1, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (mpipe_open_tasks_begin (fixture->open_tasks, 1, cancellable, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  g_assert_cmpuint (mpipe_open_tasks_get_n (fixture->open_tasks), ==, 1);
  mpipe_task_return_text (task, "a");
  g_assert_cmpuint (mpipe_open_tasks_get_n (fixture->open_tasks), ==, 0);
}

static void
expect_critical (void)
{
  g_test_expect_message ("Mpipe", G_LOG_LEVEL_CRITICAL, "*has ended already*");
}

static void
test_ends_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeTask) task = begin (fixture, 1, NULL);
  g_autoptr (GError) error = NULL;

  mpipe_task_return_text (task, "a");
  g_assert_cmpuint (mpipe_open_tasks_get_n (fixture->open_tasks), ==, 0);
  expect_critical ();
  mpipe_task_return_text (task, "b");
  expect_critical ();
  mpipe_task_fail_with_message (task, "c");
  g_test_assert_expected_messages ();
  g_assert_false (mpipe_task_put_text (task, "d", &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
  mpipe_task_report_progress (task, 0.5, NULL);
  g_clear_object (&task);

  g_object_unref (begin (fixture, 2, NULL));
  expect (fixture, MPIPE_FRAME_START, 1);
  expect (fixture, MPIPE_FRAME_RESULT, 1);
  expect (fixture, MPIPE_FRAME_START, 2);
  expect (fixture, MPIPE_FRAME_FAILED, 2);
}

static void
test_is_nothing_without_a_pipeline (void)
{
  g_autoptr (MpipeTask) task = g_object_new (MPIPE_TYPE_TASK, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_task_get_value (task));
  g_assert_false (mpipe_task_put_text (task, "a", &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
  mpipe_task_report_progress (task, 0.5, NULL);
  expect_critical ();
  mpipe_task_return_value (task, NULL);
  g_test_assert_expected_messages ();
}

static void
test_may_outlive_the_worker (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeTask) ended = begin (fixture, 1, NULL);
  g_autoptr (MpipeTask) dropped = begin (fixture, 2, NULL);
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;

  mpipe_open_tasks_close (fixture->open_tasks);
  g_assert_false (mpipe_task_put_text (ended, "a", &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
  mpipe_task_report_progress (ended, 0.5, NULL);
  mpipe_task_return_text (ended, "a");
  g_clear_object (&dropped);
  g_assert_true (mpipe_outbox_flush (fixture->outbox, NULL));
  expect (fixture, MPIPE_FRAME_START, 1);
  expect (fixture, MPIPE_FRAME_START, 2);
  g_assert_cmpint (mpipe_channel_next (fixture->receiver, &frame, NULL), ==,
                   MPIPE_CHANNEL_WOULD_BLOCK);
}

static void
test_is_skipped_when_it_was_taken_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MpipeTask) first = begin (fixture, 1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_page_recall (fixture->page, 2, 3), ==, 2);
  g_assert_false (mpipe_open_tasks_begin (fixture->open_tasks, 2, cancellable, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (mpipe_open_tasks_get_n (fixture->open_tasks), ==, 1);
  mpipe_task_return_value (first, NULL);
  expect (fixture, MPIPE_FRAME_START, 1);
  expect (fixture, MPIPE_FRAME_SKIPPED, 2);
  expect (fixture, MPIPE_FRAME_DONE, 1);
}

/* Several threads end the same tasks: each is ended by one of them. */

#define N_THREADS 4
#define N_TASKS 500

typedef struct
{
  MpipeOpenTasks *open_tasks;
  guint n_ended;
} Ender;

static gpointer
end_all (gpointer data)
{
  Ender *ender = data;
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_int64 (1));

  for (guint64 sequence = 1; sequence <= N_TASKS; sequence++)
    ender->n_ended += mpipe_open_tasks_end (ender->open_tasks, sequence, value, NULL);
  return NULL;
}

static void
test_ends_once_in_several_threads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Ender enders[N_THREADS];
  GThread *threads[N_THREADS];
  gboolean ended[N_TASKS + 1] = { FALSE };
  guint n_ended = 0;

  for (guint64 sequence = 1; sequence <= N_TASKS; sequence++)
    g_assert_true (mpipe_open_tasks_begin (fixture->open_tasks, sequence, cancellable, NULL));
  for (guint i = 0; i < N_THREADS; i++)
    {
      enders[i] = (Ender){ fixture->open_tasks, 0 };
      threads[i] = g_thread_new ("ender", end_all, &enders[i]);
    }
  for (guint n = 0; n < N_TASKS;)
    {
      MpipeFrame frame;

      mpipe_unit_receive (fixture->receiver, &frame);
      if (frame.header.kind != MPIPE_FRAME_RESULTS)
        continue;
      for (guint i = 0; i < frame.header.size / sizeof (gint64); i++, n++)
        {
          g_assert_false (ended[frame.header.sequence + i]);
          ended[frame.header.sequence + i] = TRUE;
        }
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      n_ended += enders[i].n_ended;
    }
  g_assert_cmpuint (n_ended, ==, N_TASKS);
  g_assert_cmpuint (mpipe_open_tasks_get_n (fixture->open_tasks), ==, 0);
}

static void
test_is_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeTask) one = begin (fixture, 1, NULL);
  g_autoptr (MpipeTask) other = begin (fixture, 2, NULL);

  g_assert_true (mpipe_open_tasks_cancel (fixture->open_tasks, 2));
  g_assert_false (mpipe_open_tasks_cancel (fixture->open_tasks, 3));
  g_assert_false (g_cancellable_is_cancelled (mpipe_task_get_cancellable (one)));
  g_assert_true (g_cancellable_is_cancelled (mpipe_task_get_cancellable (other)));
  mpipe_task_return_value (other, NULL);
  g_assert_false (mpipe_open_tasks_cancel (fixture->open_tasks, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(function, path)                                                                        \
  g_test_add ("/mpipe/worker/task/" path, Fixture, NULL, fixture_set_up, function,                 \
              fixture_tear_down)
  ADD (test_tells_what_it_is, "tells-what-it-is");
  ADD (test_refuses_a_number_that_is_open, "refuses-a-number-that-is-open");
  ADD (test_ends_once, "ends-once");
  ADD (test_may_outlive_the_worker, "may-outlive-the-worker");
  ADD (test_is_skipped_when_it_was_taken_back, "is-skipped-when-it-was-taken-back");
  ADD (test_ends_once_in_several_threads, "ends-once-in-several-threads");
  ADD (test_is_cancelled, "is-cancelled");
#undef ADD
  g_test_add_func ("/mpipe/worker/task/is-nothing-without-a-pipeline",
                   test_is_nothing_without_a_pipeline);
  return g_test_run ();
}
