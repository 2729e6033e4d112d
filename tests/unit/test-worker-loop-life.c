/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How a worker begins and ends. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-unit-engine.h"
#include "mpipe-unit-streams.h"

static void
test_says_hello (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };
  g_autoptr (GError) error = NULL;
  MpipeWorkerHello hello;
  MpipeFrame frame;

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_say_hello (&engine);
  mpipe_unit_engine_receive (&engine, &frame);
  g_assert_true (mpipe_worker_hello_parse (&frame, &hello, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (hello.features, ==,
                    (ways.with_page ? MPIPE_FEATURE_PAGE | MPIPE_FEATURE_ROWS
                                    : MPIPE_FEATURE_START_FRAMES)
                        | MPIPE_FEATURE_FDS);
  g_assert_cmpuint (hello.pid, ==, getpid ());
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_READY, 0);
}

/* The stop, and what is answered to it. */
typedef struct
{
  const char *sentence;
  MpipeUnitWays ways;
  const char *answer; /* NULL for DONE, else the result or failure */
  gboolean fails;
  guint n_tasks;
} StopCase;

static const StopCase stop_cases[] = {
  { "stops", { 0 }, NULL, FALSE, 0 },
  { "stops-without-what-it-was-not-told-to-do", { .stop_task = "echo a" }, NULL, FALSE, 0 },
  { "does-a-stop-task", { .do_stop_task = TRUE, .stop_task = "echo a" }, "a", FALSE, 1 },
  { "does-a-stop-task-that-gives-nothing", { .do_stop_task = TRUE }, NULL, FALSE, 1 },
  { "does-a-stop-task-that-fails",
    { .do_stop_task = TRUE, .stop_task = "fail a" },
    "a *",
    TRUE,
    1 },
  { "does-a-stop-task-with-results-disabled",
    { .do_stop_task = TRUE, .stop_task = "echo a", .disable_result = TRUE },
    NULL,
    FALSE,
    1 },
  { "checks-the-type-of-a-stop-task",
    { .do_stop_task = TRUE, .stop_task = "number", .result_type = "s" },
    "*“x”*“s”*",
    TRUE,
    1 },
};

static void
run_stop_case (const StopCase *test, gboolean with_page)
{
  g_auto (MpipeUnitEngine) engine = { 0 };
  MpipeUnitWays ways = test->ways;

  ways.with_page = with_page;
  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  mpipe_unit_engine_give_text (&engine, 1, "put 1 before");
  mpipe_unit_engine_say (&engine, MPIPE_FRAME_STOP, 7);
  mpipe_unit_engine_give_text (&engine, 8, "echo never");
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect_begun (&engine, 1);
  mpipe_unit_engine_expect_text (&engine, 1, "before", FALSE);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 1);
  if (ways.do_stop_task)
    mpipe_unit_engine_expect_begun (&engine, 7);
  if (test->answer == NULL)
    mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 7);
  else if (test->fails)
    mpipe_unit_engine_expect_failure (&engine, 7, test->answer);
  else
    mpipe_unit_engine_expect_text (&engine, 7, test->answer, TRUE);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_GOODBYE, 0);
  mpipe_unit_engine_expect_end (&engine);
  mpipe_unit_engine_join (&engine);
  g_assert_true (engine.stopped);
  g_assert_no_error (engine.error);
  g_assert_cmpuint (engine.n_starts, ==, 1);
  g_assert_cmpuint (engine.n_tasks, ==, 1 + test->n_tasks);
  g_assert_cmpuint (engine.n_stops, ==, 1);
}

static void
test_stop_case (gconstpointer data)
{
  run_stop_case (data, FALSE);
}

static void
test_stop_case_with_page (gconstpointer data)
{
  run_stop_case (data, TRUE);
}

static void
test_puts_results_in_a_stop_task (gconstpointer data)
{
  const MpipeUnitWays ways
      = { .with_page = GPOINTER_TO_INT (data), .do_stop_task = TRUE, .stop_task = "put+ 2 a" };
  g_auto (MpipeUnitEngine) engine = { 0 };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  mpipe_unit_engine_say (&engine, MPIPE_FRAME_STOP, 7);
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect_begun (&engine, 7);
  mpipe_unit_engine_expect_text (&engine, 7, "a", FALSE);
  mpipe_unit_engine_expect_text (&engine, 7, "a", FALSE);
  mpipe_unit_engine_expect_text (&engine, 7, "last", TRUE);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_GOODBYE, 0);
}

static void
test_puts_no_results_outside_of_a_task (gconstpointer data)
{
  const MpipeUnitWays ways
      = { .with_page = GPOINTER_TO_INT (data), .puts_at_start_and_stop = TRUE };
  g_auto (MpipeUnitEngine) engine = { 0 };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  mpipe_unit_engine_say (&engine, MPIPE_FRAME_STOP, 7);
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 7);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_GOODBYE, 0);
  mpipe_unit_engine_join (&engine);
  g_assert_cmpuint (engine.n_refused_puts, ==, 2);
}

static void
test_says_why_it_does_not_start (gconstpointer data)
{
  static const char *const reasons[][2]
      = { { "no such device", "no such device (*" }, { "", "*gave no reason*" } };

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      const MpipeUnitWays ways
          = { .with_page = GPOINTER_TO_INT (data), .start_fails = reasons[i][0] };
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      mpipe_unit_engine_say_hello (&engine);
      mpipe_unit_engine_expect (&engine, MPIPE_FRAME_HELLO, 0);
      mpipe_unit_engine_expect_failure (&engine, 0, reasons[i][1]);
      mpipe_unit_engine_expect_end (&engine);
      mpipe_unit_engine_join (&engine);
      g_assert_false (engine.stopped);
      g_assert_nonnull (engine.error);
      g_assert_cmpuint (engine.n_tasks + engine.n_stops, ==, 0);
    }
}

/* The channel ends: between frames, or in one. */
static void
test_ends_with_its_channel (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < 3; i++)
    {
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      mpipe_unit_engine_get_ready (&engine);
      if (i == 1)
        {
          mpipe_unit_engine_give_text (&engine, 1, "echo a");
          mpipe_unit_engine_flush (&engine);
          mpipe_unit_engine_expect_begun (&engine, 1);
          mpipe_unit_engine_expect_text (&engine, 1, "a", TRUE);
        }
      else if (i == 2)
        g_assert_cmpint (g_output_stream_write (g_io_stream_get_output_stream (engine.near),
                                                "\1\2\3\4\3", 5, NULL, NULL),
                         ==, 5);
      mpipe_channel_close (engine.channel);
      mpipe_unit_engine_join (&engine);
      g_assert_true (engine.greeted);
      g_assert_false (engine.stopped);
      g_assert_no_error (engine.error);
      g_assert_cmpuint (engine.n_stops, ==, 0);
    }
}

/* In a task whose results nobody takes any more. */
static void
test_ends_when_nobody_takes_results (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  mpipe_unit_engine_give_text (&engine, 1, "put 100000000 a");
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect_begun (&engine, 1);
  mpipe_unit_engine_expect_text (&engine, 1, "a", FALSE);
  mpipe_channel_close (engine.channel);
  mpipe_unit_engine_join (&engine);
  g_assert_false (engine.stopped);
  g_assert_cmpuint (engine.n_stops, ==, 0);
}

/* The pipeline is gone before the worker says anything, or begins what it was given. */
static void
test_ends_when_nobody_listens (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < 20; i++)
    {
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      if (i % 2 == 0)
        mpipe_unit_engine_say_hello (&engine);
      else
        {
          mpipe_unit_engine_get_ready (&engine);
          for (guint k = 1; k <= 100; k++)
            mpipe_unit_engine_give_text (&engine, k, "echo a");
          mpipe_unit_engine_flush (&engine);
        }
      mpipe_channel_close (engine.channel);
      mpipe_unit_engine_join (&engine);
      g_assert_false (engine.stopped);
      g_assert_cmpuint (engine.n_stops, ==, 0);
    }
}

/* What a worker is not told by a pipeline: it ends. */
static const struct
{
  guint8 kind;
  guint16 type;
  const char *data;
} wrong_frames[] = {
  { 0, 0, "" },
  { MPIPE_FRAME_HELLO, 0, "" },
  { MPIPE_FRAME_READY, 0, "" },
  { MPIPE_FRAME_RESULT, 0, "" },
  { MPIPE_FRAME_RESULTS, 0, "" },
  { MPIPE_FRAME_TASKS, 0, "" },
  { MPIPE_FRAME_DONE, 0, "" },
  { MPIPE_FRAME_FAILED, 0, "" },
  { 7, 0, "" },
  { MPIPE_FRAME_GOODBYE, 0, "" },
  { MPIPE_FRAME_START, 0, "" },
  { MPIPE_FRAME_SKIPPED, 0, "" },
  { MPIPE_FRAME_PROGRESS, 0, "" },
  { MPIPE_FRAME_CANCEL, 0, "" },
  { MPIPE_FRAME_CANCEL + 1, 0, "" },
  { G_MAXUINT8, 0, "" },
  { MPIPE_FRAME_TYPE, 0, "x" },
  { MPIPE_FRAME_TYPE, G_MAXUINT16, "x" },
  { MPIPE_FRAME_TYPE, 1, "" },
  { MPIPE_FRAME_TYPE, 1, "*" },
  { MPIPE_FRAME_TYPE, 1, "no type" },
};

static void
test_ends_at_frames_it_does_not_know (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < G_N_ELEMENTS (wrong_frames); i++)
    {
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      mpipe_unit_engine_get_ready (&engine);
      mpipe_unit_engine_say_bytes (&engine, wrong_frames[i].kind, wrong_frames[i].type, 5,
                                   wrong_frames[i].data, strlen (wrong_frames[i].data));
      mpipe_unit_engine_flush (&engine);
      mpipe_unit_engine_expect_end (&engine);
      mpipe_unit_engine_join (&engine);
      g_assert_false (engine.stopped);
      g_assert_error (engine.error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      g_assert_cmpuint (engine.n_stops, ==, 0);
    }
}

/* What may come instead of the pipeline's HELLO. */
static void
test_does_not_begin_without_a_greeting (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < 5; i++)
    {
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      if (i == 1)
        mpipe_unit_engine_give_text (&engine, 1, "echo a");
      else if (i == 2)
        mpipe_unit_engine_say_bytes (&engine, MPIPE_FRAME_HELLO, 0, 0, "short", 5);
      else if (i == 3)
        mpipe_unit_engine_say_bytes (&engine, MPIPE_FRAME_HELLO, 0, 0,
                                     "\2\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0", 19);
      else if (i == 4)
        mpipe_unit_engine_say (&engine, G_MAXUINT8, 0);
      mpipe_unit_engine_flush (&engine);
      if (i == 0)
        mpipe_channel_close (engine.channel);
      mpipe_unit_engine_join (&engine);
      g_assert_false (engine.greeted);
      g_assert_nonnull (engine.error);
      g_assert_cmpuint (engine.n_starts, ==, 0);
    }
}

static void
test_refuses_on_behalf_of_a_worker_that_is_not (void)
{
  g_autoptr (GIOStream) near = NULL;
  g_autoptr (GIOStream) far = NULL;
  g_autoptr (GError) reason = g_error_new (MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "no worker “x”");
  g_autoptr (MpipeWorkerLoop) loop = NULL;
  g_autoptr (MpipeChannel) channel = NULL;
  g_autofree char *text = NULL;
  MpipeFrame frame;

  mpipe_unit_socket_pair (0, &near, &far);
  channel = mpipe_channel_new (near, TRUE);
  loop = mpipe_worker_loop_new (far, NULL);
  mpipe_worker_loop_refuse (loop, reason);
  mpipe_unit_receive (channel, &frame);
  g_assert_cmpuint (frame.header.kind, ==, MPIPE_FRAME_FAILED);
  g_assert_cmpuint (frame.header.sequence, ==, 0);
  text = mpipe_message_parse_error (&frame);
  g_assert_cmpstr (text, ==, "no worker “x” (mpipe-error-quark, 5)");
}

static void
test_is_freed_when_null (void)
{
  mpipe_worker_loop_free (NULL);
  mpipe_outbox_free (NULL);
}

#define PATH "/mpipe/worker/worker-loop/"

static const struct
{
  const char *sentence;
  GTestDataFunc func;
} tests[] = {
  { PATH "says-hello", test_says_hello },
  { PATH "puts-results-in-a-stop-task", test_puts_results_in_a_stop_task },
  { PATH "puts-no-results-outside-of-a-task", test_puts_no_results_outside_of_a_task },
  { PATH "says-why-it-does-not-start", test_says_why_it_does_not_start },
  { PATH "ends-with-its-channel", test_ends_with_its_channel },
  { PATH "ends-when-nobody-takes-results", test_ends_when_nobody_takes_results },
  { PATH "ends-when-nobody-listens", test_ends_when_nobody_listens },
  { PATH "ends-at-frames-it-does-not-know", test_ends_at_frames_it_does_not_know },
  { PATH "does-not-begin-without-a-greeting", test_does_not_begin_without_a_greeting },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (stop_cases); i++)
    {
      g_autofree char *path_without = g_strconcat (PATH, stop_cases[i].sentence, "/no-page", NULL);
      g_autofree char *path_with_page = g_strconcat (PATH, stop_cases[i].sentence, "/page", NULL);

      g_test_add_data_func (path_without, &stop_cases[i], test_stop_case);
      g_test_add_data_func (path_with_page, &stop_cases[i], test_stop_case_with_page);
    }
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path_without = g_strconcat (tests[i].sentence, "/no-page", NULL);
      g_autofree char *path_with_page = g_strconcat (tests[i].sentence, "/page", NULL);

      g_test_add_data_func (path_without, GINT_TO_POINTER (FALSE), tests[i].func);
      g_test_add_data_func (path_with_page, GINT_TO_POINTER (TRUE), tests[i].func);
    }
  g_test_add_func (PATH "refuses-on-behalf-of-a-worker-that-is-not",
                   test_refuses_on_behalf_of_a_worker_that_is_not);
  g_test_add_func (PATH "is-freed-when-null", test_is_freed_when_null);
  return g_test_run ();
}
