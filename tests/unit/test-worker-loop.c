/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks and their answers; each test with a page and with START frames. */

#include "config.h"

#include <poll.h>
#include <string.h>

#include "mpipe-random-variant.h"
#include "mpipe-unit-engine.h"
#include "mpipe-unit-streams.h"

/* What a worker answers to one task, beginning with what is expected first:
 *
 *   result TEXT, last TEXT, done, failed PATTERN */
typedef struct
{
  const char *sentence;
  const char *task;
  MpipeUnitWays ways;
  const char *answers[6];
} TaskCase;

static const TaskCase task_cases[] = {
  { "gives-what-the-task-returns", "echo a", { 0 }, { "last a" } },
  { "gives-an-empty-text", "echo ", { 0 }, { "last " } },
  { "gives-nothing-for-nothing", "none", { 0 }, { "done" } },
  { "fails-with-the-tasks-error",
    "fail it broke",
    { 0 },
    { "failed it broke (g-io-error-quark, 2)" } },
  { "fails-when-there-is-a-result-too", "both", { 0 }, { "failed both (*" } },
  { "gives-what-the-task-puts", "put 3 a", { 0 }, { "result a", "result a", "result a", "done" } },
  { "gives-what-the-task-puts-and-returns",
    "put+ 2 a",
    { 0 },
    { "result a", "result a", "last last" } },
  { "refuses-a-result-with-a-handle", "handle", { 0 }, { "failed *“h”*" } },
  { "gives-a-result-of-the-right-type", "echo a", { .result_type = "s" }, { "last a" } },
  { "gives-a-result-of-an-indefinite-type", "echo a", { .result_type = "?" }, { "last a" } },
  { "refuses-a-result-of-a-wrong-type", "number", { .result_type = "s" }, { "failed *“x”*“s”*" } },
  { "refuses-to-put-a-wrong-type", "put number", { .result_type = "s" }, { "last *“x”*“s”*" } },
  { "puts-a-right-type", "put 1 a", { .result_type = "s" }, { "result a", "done" } },
  { "disables-results", "echo a", { .disable_result = TRUE }, { "done" } },
  { "disables-results-of-any-type",
    "number",
    { .disable_result = TRUE, .result_type = "s" },
    { "done" } },
  { "fails-with-results-disabled", "fail x", { .disable_result = TRUE }, { "failed x *" } },
  { "puts-with-results-disabled", "put+ 1 a", { .disable_result = TRUE }, { "result a", "done" } },
  { "tells-the-worker-what-it-is",
    "describe",
    { .parameters = "{'a': <1>}" },
    { "last stage 3 {'a': <1>}" } },
  { "tells-of-no-parameters", "describe", { 0 }, { "last stage 3 {}" } },
};

static void
expect_answer (MpipeUnitEngine *engine, guint64 sequence, const char *answer)
{
  const char *text = strchr (answer, ' ');
  MpipeFrame frame;

  if (g_str_has_prefix (answer, "failed "))
    mpipe_unit_engine_expect_failure (engine, sequence, text + 1);
  else if (g_str_equal (answer, "done"))
    mpipe_unit_engine_expect (engine, MPIPE_FRAME_DONE, sequence);
  else if (strchr (answer, '*') == NULL)
    mpipe_unit_engine_expect_text (engine, sequence, text + 1, g_str_has_prefix (answer, "last "));
  else
    {
      mpipe_unit_engine_receive (engine, &frame);
      g_assert_cmpuint (frame.header.kind, ==, MPIPE_FRAME_RESULT);
      g_assert_true (g_pattern_match_simple (text + 1, (const char *) frame.payload));
    }
}

static void
run_task_case (const TaskCase *test, gboolean with_page)
{
  g_auto (MpipeUnitEngine) engine = { 0 };
  MpipeUnitWays ways = test->ways;

  ways.with_page = with_page;
  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  /* the last one shows that the worker goes on */
  mpipe_unit_engine_give_text (&engine, 1, test->task);
  mpipe_unit_engine_give_text (&engine, 2, "put 1 more");
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect_begun (&engine, 1);
  for (guint i = 0; i < G_N_ELEMENTS (test->answers) && test->answers[i] != NULL; i++)
    expect_answer (&engine, 1, test->answers[i]);
  mpipe_unit_engine_expect_begun (&engine, 2);
  mpipe_unit_engine_expect_text (&engine, 2, "more", FALSE);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 2);
}

static void
test_task_case (gconstpointer data)
{
  run_task_case (data, FALSE);
}

static void
test_task_case_with_page (gconstpointer data)
{
  run_task_case (data, TRUE);
}

static void
test_does_many_tasks_of_any_type (gconstpointer data)
{
  enum
  {
    N = 3000
  };
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  guint n_answered = 0;

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  while (n_answered < N)
    {
      for (guint n = g_rand_int_range (rand, 1, 60); n > 0 && tasks->len < N; n--)
        {
          g_autofree char *inner = mpipe_random_type (rand, 3);
          g_autofree char *type = g_strconcat ("(y", inner, ")", NULL);
          GVariant *task = mpipe_random_variant (rand, G_VARIANT_TYPE (type), 2);

          g_ptr_array_add (tasks, g_variant_ref_sink (task));
          mpipe_unit_engine_give (&engine, tasks->len, task);
        }
      mpipe_unit_engine_flush (&engine);
      for (; n_answered < tasks->len; n_answered++)
        {
          mpipe_unit_engine_expect_begun (&engine, n_answered + 1);
          mpipe_unit_engine_expect_result (&engine, n_answered + 1,
                                           g_ptr_array_index (tasks, n_answered), TRUE);
        }
    }
}

static void
test_does_large_tasks (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };
  g_autofree guint8 *bytes = g_malloc0 (100000);
  g_autoptr (GVariant) task = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 100000, sizeof (guint8)));

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  for (guint i = 1; i <= 200; i++)
    {
      mpipe_unit_engine_give (&engine, i, task);
      mpipe_unit_engine_flush (&engine);
      mpipe_unit_engine_expect_begun (&engine, i);
      mpipe_unit_engine_expect_result (&engine, i, task, TRUE);
    }
}

/* Nobody reads for a while: the worker waits in the middle of its task. */
static void
test_waits_until_results_are_taken (gconstpointer data)
{
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };
  g_autofree char *text = g_strnfill (1000, 'a');
  g_autofree char *task = g_strconcat ("put+ 2000 ", text, NULL);
  struct pollfd writable = { .events = POLLOUT };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  writable.fd = mpipe_unit_stream_get_fd (engine.far);
  mpipe_unit_engine_give_text (&engine, 1, task);
  mpipe_unit_engine_flush (&engine);
  while (poll (&writable, 1, 0) == 1)
    g_thread_yield ();
  mpipe_unit_engine_expect_begun (&engine, 1);
  for (guint i = 0; i < 2000; i++)
    mpipe_unit_engine_expect_text (&engine, 1, text, FALSE);
  mpipe_unit_engine_expect_text (&engine, 1, "last", TRUE);
}

/* Bytes that claim to be a task, of a type that was named as number 1. */
static const struct
{
  const char *type;
  const char *data;
  gsize size;
  const char *answer;
} bad_tasks[] = {
  { "s", "no end", 6, "failed *not a value in normal form*" },
  { "x", "short", 5, "failed *5 bytes are no value of type “x”*" },
  { "b", "\2", 1, "failed *normal form*" },
  { "v", "\0\0\0\0\0h", 6, "failed *handle*" },
  { "a{sv}", "garbage", 7, "failed *normal form*" },
};

static void
test_fails_tasks_that_are_no_values (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_tasks); i++)
    {
      const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      mpipe_unit_engine_get_ready (&engine);
      mpipe_unit_engine_say_bytes (&engine, MPIPE_FRAME_TYPE, 1, 0, bad_tasks[i].type,
                                   strlen (bad_tasks[i].type));
      mpipe_unit_engine_say_bytes (&engine, MPIPE_FRAME_TASK, 1, 9, bad_tasks[i].data,
                                   bad_tasks[i].size);
      mpipe_unit_engine_give_text (&engine, 10, "echo more");
      mpipe_unit_engine_flush (&engine);
      mpipe_unit_engine_expect_begun (&engine, 9);
      expect_answer (&engine, 9, bad_tasks[i].answer);
      mpipe_unit_engine_expect_begun (&engine, 10);
      mpipe_unit_engine_expect_text (&engine, 10, "more", TRUE);
    }
}

static void
test_fails_tasks_of_types_not_named (gconstpointer data)
{
  static const guint16 numbers[]
      = { 0, 1, 77, MPIPE_TYPE_TABLE_MAX - 1, MPIPE_TYPE_TABLE_MAX, G_MAXUINT16 };
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };
  g_auto (MpipeUnitEngine) engine = { 0 };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      mpipe_unit_engine_say_bytes (&engine, MPIPE_FRAME_TASK, numbers[i], 100 + i, "12345678", 8);
      mpipe_unit_engine_flush (&engine);
      mpipe_unit_engine_expect_begun (&engine, 100 + i);
      mpipe_unit_engine_expect_failure (&engine, 100 + i, "*type that was not named*");
    }
}

/* Tasks that were taken back before they were begun. */
static void
test_skips_tasks_taken_back (void)
{
  const MpipeUnitWays ways = { .with_page = TRUE };
  g_auto (MpipeUnitEngine) engine = { 0 };

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  mpipe_unit_engine_give_text (&engine, 1, "put 1 waiting");
  mpipe_unit_engine_give_text (&engine, 2, "wait");
  for (guint i = 3; i <= 6; i++)
    mpipe_unit_engine_give_text (&engine, i, "echo a");
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect_text (&engine, 1, "waiting", FALSE);
  while (mpipe_page_get_current (engine.page, NULL) != 2)
    g_thread_yield ();
  g_assert_cmpuint (mpipe_page_recall (engine.page, 4, 6), ==, 4);
  g_async_queue_push (engine.told, &engine);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 1);
  mpipe_unit_engine_expect_text (&engine, 2, "waited", TRUE);
  mpipe_unit_engine_expect_text (&engine, 3, "a", TRUE);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_SKIPPED, 4);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_SKIPPED, 5);
  mpipe_unit_engine_expect_text (&engine, 6, "a", TRUE);
  mpipe_page_end_recall (engine.page);
  mpipe_unit_engine_give_text (&engine, 7, "none");
  mpipe_unit_engine_flush (&engine);
  mpipe_unit_engine_expect (&engine, MPIPE_FRAME_DONE, 7);
  while (mpipe_page_get_current (engine.page, NULL) != 0)
    g_thread_yield ();
  mpipe_channel_close (engine.channel);
  mpipe_unit_engine_join (&engine);
  g_assert_cmpuint (engine.n_tasks, ==, 5);
}

static void
test_tells_the_current_task (void)
{
  const MpipeUnitWays ways = { .with_page = TRUE };
  g_auto (MpipeUnitEngine) engine = { 0 };
  gint64 before, since = 0;

  mpipe_unit_engine_start (&engine, &ways);
  mpipe_unit_engine_get_ready (&engine);
  g_assert_cmpuint (mpipe_page_get_current (engine.page, NULL), ==, 0);
  before = g_get_monotonic_time ();
  mpipe_unit_engine_give_text (&engine, 42, "wait");
  mpipe_unit_engine_flush (&engine);
  while (mpipe_page_get_current (engine.page, &since) != 42)
    g_thread_yield ();
  g_assert_cmpint (since, >=, before);
  g_assert_cmpint (since, <=, g_get_monotonic_time ());
  g_async_queue_push (engine.told, &engine);
  mpipe_unit_engine_expect_text (&engine, 42, "waited", TRUE);
  g_assert_cmpuint (mpipe_page_get_current (engine.page, NULL), ==, 0);
  g_assert_cmpint (mpipe_page_get_busy (engine.page), >=, 0);
  g_assert_cmpint (mpipe_page_get_busy (engine.page), <=, g_get_monotonic_time () - before);
}

/* What was put is out already; that the task has ended must not stay behind with the worker. */
static void
test_ends_a_task_that_put_results_at_once (gconstpointer data)
{
  static const char *const tasks[] = { "put 2 a", "put+ 2 a" };
  const MpipeUnitWays ways = { .with_page = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_auto (MpipeUnitEngine) engine = { 0 };

      mpipe_unit_engine_start (&engine, &ways);
      mpipe_unit_engine_get_ready (&engine);
      mpipe_unit_engine_give_text (&engine, 1, tasks[i]);
      mpipe_unit_engine_give_text (&engine, 2, "wait");
      mpipe_unit_engine_flush (&engine);
      mpipe_unit_engine_expect_begun (&engine, 1);
      mpipe_unit_engine_expect_text (&engine, 1, "a", FALSE);
      mpipe_unit_engine_expect_text (&engine, 1, "a", FALSE);
      expect_answer (&engine, 1, i == 0 ? "done" : "last last");
      mpipe_unit_engine_expect_begun (&engine, 2);
      g_async_queue_push (engine.told, &engine);
      mpipe_unit_engine_expect_text (&engine, 2, "waited", TRUE);
    }
}

static void
add_both_ways (const char *sentence, GTestDataFunc func)
{
  g_autofree char *path = g_strconcat ("/mpipe/worker/worker-loop/", sentence, NULL);
  g_autofree char *path_with_page = g_strconcat (path, "/page", NULL);
  g_autofree char *path_without = g_strconcat (path, "/no-page", NULL);

  g_test_add_data_func (path_with_page, GINT_TO_POINTER (TRUE), func);
  g_test_add_data_func (path_without, GINT_TO_POINTER (FALSE), func);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (task_cases); i++)
    {
      const char *sentence = task_cases[i].sentence;
      g_autofree char *path = g_strconcat ("/mpipe/worker/worker-loop/", sentence, NULL);
      g_autofree char *path_with_page = g_strconcat (path, "/page", NULL);
      g_autofree char *path_without = g_strconcat (path, "/no-page", NULL);

      g_test_add_data_func (path_with_page, &task_cases[i], test_task_case_with_page);
      g_test_add_data_func (path_without, &task_cases[i], test_task_case);
    }
  add_both_ways ("does-many-tasks-of-any-type", test_does_many_tasks_of_any_type);
  add_both_ways ("does-large-tasks", test_does_large_tasks);
  add_both_ways ("waits-until-results-are-taken", test_waits_until_results_are_taken);
  add_both_ways ("fails-tasks-that-are-no-values", test_fails_tasks_that_are_no_values);
  add_both_ways ("fails-tasks-of-types-not-named", test_fails_tasks_of_types_not_named);
  add_both_ways ("ends-a-task-that-put-results-at-once", test_ends_a_task_that_put_results_at_once);
  g_test_add_func ("/mpipe/worker/worker-loop/skips-tasks-taken-back", test_skips_tasks_taken_back);
  g_test_add_func ("/mpipe/worker/worker-loop/tells-the-current-task", test_tells_the_current_task);
  return g_test_run ();
}
