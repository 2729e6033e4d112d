/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks that end later. The worker of these tests does what its tasks say, which are texts:
 *
 *   echo X         gives X, at once
 *   later X        gives X, when its main context has run
 *   thread X       gives X, from another thread
 *   hold X         stays open until "free X" comes to the same worker, and gives X
 *   free X         ends "hold X", and gives "free X" itself
 *   fail X         fails with the message X
 *   drop           is not ended
 *   drop-later     is not ended, when its main context has run
 *   number         gives a number
 *   handle         gives a handle
 *   put N X        puts X N times, and gives nothing
 *   no-utf-8       gives a text that is none
 *   bytes          gives bytes
 *   progress X     says that X is half done, and is held as X
 *   flood          says a thousand times how far it is, and gives "flood"
 *   cancel X       says that it has begun, stays open until it is cancelled, and gives X
 *   ignore         stays open for ever
 *   die            ends the process
 *   block          says that it has begun, and never returns
 *
 * The last task, if the stage wants one, gives "stop" when its main context has run. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

/* The worker */

/* Of the thread, not of the worker: a task holds its worker. */
static GPrivate held_tasks = G_PRIVATE_INIT ((GDestroyNotify) g_hash_table_unref);

static GHashTable *
get_held (void)
{
  GHashTable *held = g_private_get (&held_tasks);

  if (held == NULL)
    {
      held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
      g_private_set (&held_tasks, held);
    }
  return held;
}

static void
hold (MpipeTask *task, const char *name)
{
  g_hash_table_insert (get_held (), g_strdup (name), g_object_ref (task));
}

static void
free_held (MpipeTask *task, const char *name)
{
  GHashTable *held = get_held ();
  MpipeTask *other = g_hash_table_lookup (held, name);

  if (other == NULL)
    {
      mpipe_task_fail_with_message (task, "nothing of that name is held");
      return;
    }
  mpipe_task_return_text (other, name);
  g_hash_table_remove (held, name);
  mpipe_task_return_text (task, mpipe_task_get_text (task));
}

static const char *
get_argument (MpipeTask *task)
{
  const char *text = mpipe_task_get_text (task);
  const char *blank = text != NULL ? strchr (text, ' ') : NULL;

  return blank != NULL ? blank + 1 : "";
}

static gboolean
return_cb (gpointer user_data)
{
  MpipeTask *task = user_data;

  mpipe_task_return_text (task, mpipe_task_get_text (task) != NULL ? get_argument (task) : "stop");
  return G_SOURCE_REMOVE;
}

static gboolean
nothing_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
call_later (MpipeTask *task, GSourceFunc func)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, func, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

static gpointer
return_thread (gpointer data)
{
  g_autoptr (MpipeTask) task = data;

  mpipe_task_return_text (task, get_argument (task));
  return NULL;
}

static void
put_several (MpipeTask *task, const char *argument)
{
  const char *text = strchr (argument, ' ') + 1;
  g_autoptr (GError) error = NULL;

  for (int n = atoi (argument); n > 0; n--)
    if (!mpipe_task_put_text (task, text, &error))
      {
        mpipe_task_fail (task, error);
        return;
      }
  mpipe_task_return_text (task, NULL);
}

static void
flood (MpipeTask *task)
{
  for (int i = 0; i <= 1000; i++)
    mpipe_task_report_progress (task, i / 1000.0, NULL);
  mpipe_task_return_text (task, "flood");
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  MpipeTask *task = user_data;

  call_later (task, return_cb);
  g_hash_table_remove (get_held (), get_argument (task));
}

static void
await_cancellation (MpipeTask *task)
{
  hold (task, get_argument (task));
  g_cancellable_connect (mpipe_task_get_cancellable (task), G_CALLBACK (cancelled_cb), task, NULL);
}

/* Returns: whether @task is one that ends at once. */
static gboolean
do_short (MpipeTask *task, const char *command, const char *argument)
{
  if (g_str_equal (command, "echo"))
    mpipe_task_return_text (task, argument);
  else if (g_str_equal (command, "fail"))
    mpipe_task_fail_with_message (task, argument);
  else if (g_str_equal (command, "number"))
    mpipe_task_return_value (task, g_variant_new_int64 (7));
  else if (g_str_equal (command, "handle"))
    mpipe_task_return_value (task, g_variant_new_handle (3));
  else if (g_str_equal (command, "put"))
    put_several (task, argument);
  else if (g_str_equal (command, "no-utf-8"))
    mpipe_task_return_text (task, "\xff");
  else if (g_str_equal (command, "bytes"))
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\1\2", 3);

      mpipe_task_return_bytes (task, bytes);
    }
  else if (g_str_equal (command, "free"))
    free_held (task, argument);
  else if (g_str_equal (command, "flood"))
    flood (task);
  else if (g_str_equal (command, "die"))
    raise (SIGKILL);
  else
    return FALSE;
  return TRUE;
}

static void
do_long (MpipeTask *task, const char *command, const char *argument)
{
  if (g_str_equal (command, "later") || g_str_equal (command, "stop"))
    call_later (task, return_cb);
  else if (g_str_equal (command, "thread"))
    g_thread_unref (g_thread_new ("test-return", return_thread, g_object_ref (task)));
  else if (g_str_equal (command, "hold") || g_str_equal (command, "ignore"))
    hold (task, argument);
  else if (g_str_equal (command, "drop-later"))
    call_later (task, nothing_cb);
  else if (g_str_equal (command, "progress"))
    {
      mpipe_task_report_progress (task, 0.5, argument);
      hold (task, argument);
    }
  else if (g_str_equal (command, "cancel"))
    {
      await_cancellation (task);
      mpipe_task_report_progress (task, 0, NULL);
    }
  else if (g_str_equal (command, "block"))
    mpipe_task_report_progress (task, 0, NULL);
  if (g_str_equal (command, "block"))
    for (volatile gboolean forever = TRUE; forever;)
      ;
}

static void
begin (MpipeWorker *worker, MpipeTask *task, gpointer user_data)
{
  const char *text = mpipe_task_get_text (task) != NULL ? mpipe_task_get_text (task) : "stop";
  g_autofree char *command = g_strndup (text, strcspn (text, " "));

  g_assert_true (mpipe_task_get_worker (task) == worker);
  if (!do_short (task, command, get_argument (task)))
    do_long (task, command, get_argument (task));
}

/* The pipeline */

static MpipeStage *
new_stage (const MpipeTestWay *way, guint size, guint concurrency)
{
  MpipeStage *stage = mpipe_test_stage (way, "begin", size);

  mpipe_stage_set_concurrency (stage, concurrency);
  return stage;
}

static MpipePipeline *
new_pipeline (const MpipeTestWay *way)
{
  return mpipe_test_pipeline (new_stage (way, 1, 1));
}

static guint64
put (MpipePipeline *pipeline, const char *task)
{
  g_autoptr (GError) error = NULL;
  guint64 id = mpipe_pipeline_put (pipeline, g_variant_new_string (task), NULL, &error);

  g_assert_no_error (error);
  return id;
}

static void
expect (MpipePipeline *pipeline, const char *result)
{
  g_autoptr (GVariant) value = mpipe_test_get (pipeline);

  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, result);
}

static void
expect_failure (MpipePipeline *pipeline, int code, const char *pattern)
{
  g_autoptr (GError) error = mpipe_test_get_error (pipeline);

  g_assert_error (error, MPIPE_ERROR, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("“%s” is not like “%s”", error->message, pattern);
}

typedef struct
{
  MpipePipeline *pipeline;
  guint64 task_id;
  double fraction;
  char *message;
  guint n;
  gboolean told;
} Told;

static void
progress_cb (MpipePipeline *pipeline, guint64 task_id, MpipeStage *stage, double fraction,
             const char *message, gpointer user_data)
{
  Told *told = user_data;

  g_assert_true (MPIPE_IS_STAGE (stage));
  told->task_id = task_id;
  told->fraction = fraction;
  g_free (told->message);
  told->message = g_strdup (message);
  told->n++;
  told->told = TRUE;
}

/* One task after the other */

static void
test_ends_at_once_or_later (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (way);

  put (pipeline, "echo a");
  expect (pipeline, "a");
  put (pipeline, "later b");
  expect (pipeline, "b");
  put (pipeline, "thread c");
  expect (pipeline, "c");
  put (pipeline, "put 3 d");
  for (int i = 0; i < 3; i++)
    expect (pipeline, "d");
  mpipe_test_finish (pipeline);
}

static void
test_does_one_after_the_other (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (way);
  static const char *const commands[] = { "echo", "later", "thread" };

  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *task = g_strdup_printf ("%s %d", commands[i % 3], i);

      put (pipeline, task);
    }
  mpipe_pipeline_stop (pipeline);
  /* one worker, one at a time: the order is that of the tasks, also where none is promised */
  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *result = g_strdup_printf ("%d", i);

      expect (pipeline, result);
    }
  mpipe_test_get_end (pipeline);
}

static void
test_fails_alone (const MpipeTestWay *way)
{
  static const struct
  {
    const char *task;
    const char *pattern;
  } cases[] = {
    { "fail no such thing", "*: no such thing (*" },
    { "drop", "*dropped the task*" },
    { "drop-later", "*dropped the task*" },
    { "number", "*“x”*“s”*" },
    { "handle", "*“h”*" },
    { "no-utf-8", "*UTF-8*" },
    { "bytes", "*“ay”*“s”*" },
  };
  MpipeStage *stage = mpipe_test_stage (way, "begin", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_STRING);
  pipeline = mpipe_test_pipeline (stage);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      put (pipeline, cases[i].task);
      expect_failure (pipeline, MPIPE_ERROR_TASK_FAILED, cases[i].pattern);
      put (pipeline, "echo good");
      expect (pipeline, "good");
    }
  mpipe_test_finish (pipeline);
}

static void
test_does_a_stop_task_that_ends_later (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "begin", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_do_stop_task (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  put (pipeline, "later a");
  mpipe_pipeline_stop (pipeline);
  expect (pipeline, "a");
  expect (pipeline, "stop");
  mpipe_test_get_end (pipeline);
}

static void
test_takes_the_blame_alone (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (way);

  put (pipeline, "echo a");
  expect (pipeline, "a");
  put (pipeline, "die");
  put (pipeline, "later b");
  expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 2 after *");
  expect (pipeline, "b");
  mpipe_test_finish (pipeline);
}

/* Several at a time: what "hold" waits for comes from a task that was put later */

/* Results in any order, each once. */
static void
expect_all (MpipePipeline *pipeline, const char *const *results)
{
  g_autoptr (GPtrArray) expected = g_ptr_array_new ();

  for (guint i = 0; results[i] != NULL; i++)
    g_ptr_array_add (expected, (char *) results[i]);
  while (expected->len > 0)
    {
      g_autoptr (GVariant) value = mpipe_test_get (pipeline);
      guint index;

      if (!g_ptr_array_find_with_equal_func (expected, g_variant_get_string (value, NULL),
                                             g_str_equal, &index))
        g_error ("“%s” was not expected", g_variant_get_string (value, NULL));
      g_ptr_array_remove_index (expected, index);
    }
}

static void
test_ends_after_another_has_begun (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 3));

  put (pipeline, "hold a");
  put (pipeline, "hold b");
  put (pipeline, "free b");
  put (pipeline, "free a");
  mpipe_pipeline_stop (pipeline);
  if (way->ordered)
    {
      expect (pipeline, "a");
      expect (pipeline, "b");
      expect (pipeline, "free b");
      expect (pipeline, "free a");
    }
  else
    {
      expect (pipeline, "b");
      expect (pipeline, "free b");
      expect (pipeline, "a");
      expect (pipeline, "free a");
    }
  mpipe_test_get_end (pipeline);
}

static void
test_has_as_many_open_as_it_may (const MpipeTestWay *way)
{
  enum
  {
    N = 100
  };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, N + 1));
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_free);

  /* "free 0" begins only when all are open */
  for (int i = 0; i < N; i++)
    {
      g_autofree char *task = g_strdup_printf ("hold %d", i);

      put (pipeline, task);
      g_ptr_array_add (results, g_strdup_printf ("%d", i));
    }
  for (int i = 0; i < N; i++)
    {
      g_autofree char *task = g_strdup_printf ("free %d", i);

      put (pipeline, task);
      g_ptr_array_add (results, g_strdup (task));
    }
  g_ptr_array_add (results, NULL);
  mpipe_pipeline_stop (pipeline);
  if (way->ordered)
    for (guint i = 0; results->pdata[i] != NULL; i++)
      expect (pipeline, results->pdata[i]);
  else
    expect_all (pipeline, (const char *const *) results->pdata);
  mpipe_test_get_end (pipeline);
}

static void
test_has_no_more_open_than_it_may (const MpipeTestWay *way)
{
  /* the third waits until one of the two that are held has ended, which nothing does */
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 2));
  Told told = { pipeline };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "hold a");
  put (pipeline, "progress b");
  put (pipeline, "progress c");
  mpipe_test_iterate_until (&told.told);
  g_assert_cmpstr (told.message, ==, "b");
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 3));
  mpipe_pipeline_terminate (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (told.n, ==, 1);
  g_free (told.message);
}

static void
test_mixes_all_sorts (const MpipeTestWay *way)
{
  enum
  {
    N = 3000
  };
  static const char *const commands[] = { "echo", "later", "thread", "fail", "drop-later" };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 2, 7));
  guint n_results = 0, n_failed = 0;

  for (int i = 0; i < N; i++)
    {
      g_autofree char *task = g_strdup_printf ("%s %d", commands[i % 5], i);

      put (pipeline, task);
    }
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) value = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (value == NULL && error == NULL)
        break;
      if (way->ordered)
        g_assert_cmpuint (id, ==, n_results + n_failed + 1);
      n_results += value != NULL;
      n_failed += error != NULL;
      if (value != NULL)
        g_assert_cmpint (atoi (g_variant_get_string (value, NULL)), ==, (int) id - 1);
      else
        g_assert_cmpuint ((id - 1) % 5, >=, 3);
    }
  g_assert_cmpuint (n_results, ==, N / 5 * 3);
  g_assert_cmpuint (n_failed, ==, N / 5 * 2);
}

static void
test_uses_every_worker (const MpipeTestWay *way)
{
  /* what is open in one worker cannot be freed by another: neither has more than its share */
  MpipeStage *stage = new_stage (way, 2, 2);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  Told told = { pipeline };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  for (int i = 0; i < 4; i++)
    put (pipeline, "progress x");
  while (told.n < 4)
    g_main_context_iteration (NULL, TRUE);
  mpipe_pipeline_terminate (pipeline);
  g_free (told.message);
}

static void
begun_cb (MpipePipeline *pipeline, guint64 task_id, MpipeStage *stage, double fraction,
          const char *message, gpointer user_data)
{
  guint64 *begun = user_data;

  *begun |= 1u << task_id;
}

static void
iterate_until_begun (guint64 *begun, guint64 ids)
{
  while ((*begun & ids) != ids)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_moves_what_waits (const MpipeTestWay *way)
{
  /* each worker has two open and one that waits; when one worker has room, it gets that of the other too */
  static const char *const tasks[]
      = { "cancel a", "cancel b", "cancel c", "cancel d", "cancel e", "cancel f" };
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint64 begun = 0;

  if (way->in_threads && !way->with_page)
    {
      g_test_skip ("nothing is taken back without a page");
      return;
    }
  pipeline = mpipe_test_pipeline (new_stage (way, 2, 2));
  g_signal_connect (pipeline, "task-progress", G_CALLBACK (begun_cb), &begun);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    put (pipeline, tasks[i]);
  iterate_until_begun (&begun, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 2));
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 4));
  iterate_until_begun (&begun, 1 << 5 | 1 << 6);
  for (guint64 id = 1; id <= G_N_ELEMENTS (tasks); id++)
    g_assert_true (mpipe_pipeline_cancel_task (pipeline, id));
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_autoptr (GError) error = mpipe_test_get_error (pipeline);

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  mpipe_test_get_end (pipeline);
}

static void
test_keeps_to_limits (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, 2, 5);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  guint n_put = 0, n_got = 0;

  mpipe_stage_set_max_backlog (stage, 12);
  pipeline = mpipe_test_pipeline (stage);
  while (n_got < 1000)
    {
      while (n_put < 1000 && n_put - n_got < 12)
        {
          put (pipeline, n_put % 2 ? "later x" : "thread x");
          n_put++;
        }
      expect (pipeline, "x");
      n_got++;
    }
  mpipe_test_finish (pipeline);
}

static void
test_goes_through_several_stages (const MpipeTestWay *way)
{
  MpipeStage *first = new_stage (way, 1, 4);
  g_autoptr (MpipeStage) second = new_stage (way, 1, 4);
  g_autoptr (MpipePipeline) pipeline = NULL;
  GHashTable *seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *task = g_strdup_printf ("later thread echo %d", i);

      put (pipeline, task);
    }
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 500; i++)
    {
      g_autoptr (GVariant) value = mpipe_test_get (pipeline);
      g_autofree char *expected = g_strdup_printf ("echo %d", i);

      if (way->ordered)
        g_assert_cmpstr (g_variant_get_string (value, NULL), ==, expected);
      g_assert_true (g_hash_table_add (seen, g_variant_dup_string (value, NULL)));
    }
  mpipe_test_get_end (pipeline);
  g_hash_table_unref (seen);
}

static void
test_waits_for_open_tasks_when_it_stops (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, 1, 3);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_do_stop_task (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  put (pipeline, "later a");
  put (pipeline, "thread b");
  put (pipeline, "put 2 c");
  mpipe_pipeline_stop (pipeline);
  expect_all (pipeline, (const char *const[]){ "a", "b", "c", "c", NULL });
  expect (pipeline, "stop");
  mpipe_test_get_end (pipeline);
}

static void
test_does_plain_tasks_one_by_one (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_concurrency (stage, 10);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 5000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 5000, 1);
}

static void
test_ends_with_its_pipeline (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 2, 3));

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *task = g_strdup_printf ("ignore %d", i); /* one of the same name would take its place */

      put (pipeline, task);
    }
  mpipe_pipeline_terminate (pipeline);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (GError) error = mpipe_test_get_error (pipeline);

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  mpipe_test_get_end (pipeline);
}

/* The end of a worker */

static void
test_blames_all_that_are_open (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 3));

  put (pipeline, "hold a");
  put (pipeline, "hold b");
  put (pipeline, "die");
  put (pipeline, "echo c");
  if (!way->ordered)
    {
      expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 3 or one of 2 others after *");
      expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 2 or one of 2 others after *");
    }
  expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 1 or one of 2 others after *");
  if (way->ordered)
    {
      expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 2 or one of 2 others after *");
      expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 3 or one of 2 others after *");
    }
  expect (pipeline, "c");
  mpipe_test_finish (pipeline);
}

static void
test_blames_none_that_has_ended (const MpipeTestWay *way)
{
  /* the first two end in the same turn in which the third ends the process */
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 4));

  put (pipeline, "echo a");
  put (pipeline, "put 1 b");
  put (pipeline, "die");
  put (pipeline, "later d");
  expect (pipeline, "a");
  expect (pipeline, "b");
  expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 3 after *");
  expect (pipeline, "d");
  mpipe_test_finish (pipeline);
}

static void
test_tries_all_that_were_open_again (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, 1, 3);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_max_attempts (stage, 2);
  pipeline = mpipe_test_pipeline (stage);
  /* the second time all but the one that ends the process again have ended before */
  put (pipeline, "hold a");
  put (pipeline, "die");
  if (way->ordered)
    expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*task 1 or another after *");
  expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*task 2 or another after *");
  if (!way->ordered)
    expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*task 1 or another after *");
  g_assert_cmpuint (mpipe_stage_get_n_retried (kept), ==, 2);
  mpipe_test_finish (pipeline);
}

static void
test_takes_the_time_of_each (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, 1, 3);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_task_timeout (stage, 300);
  pipeline = mpipe_test_pipeline (stage);
  put (pipeline, "ignore");
  put (pipeline, "later b");
  if (!way->ordered)
    expect (pipeline, "b");
  expect_failure (pipeline, MPIPE_ERROR_TIMED_OUT, "*300 ms on task 1 after *");
  if (way->ordered)
    expect (pipeline, "b");
  mpipe_test_finish (pipeline);
}

static void
test_gives_the_innocent_back (const MpipeTestWay *way)
{
  /* task 2 is open when task 1 exceeds its time, and is begun again; then it exceeds its own */
  MpipeStage *stage = new_stage (way, 1, 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  Told told = { NULL };

  mpipe_stage_set_task_timeout (stage, 400);
  pipeline = mpipe_test_pipeline (stage);
  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "progress a");
  mpipe_test_iterate_until (&told.told);
  told.told = FALSE;
  put (pipeline, "progress b");
  mpipe_test_iterate_until (&told.told);
  told.told = FALSE;
  expect_failure (pipeline, MPIPE_ERROR_TIMED_OUT, "*on task 1 after *");
  mpipe_test_iterate_until (&told.told);
  g_assert_cmpuint (told.task_id, ==, 2);
  g_assert_cmpuint (told.n, ==, 3);
  expect_failure (pipeline, MPIPE_ERROR_TIMED_OUT, "*on task 2 after *");
  mpipe_test_finish (pipeline);
  g_free (told.message);
}

/* Cancellation */

static void
expect_cancelled (MpipePipeline *pipeline, guint64 id)
{
  g_autoptr (GError) error = NULL;
  guint64 task_id = 0;

  g_assert_null (mpipe_pipeline_get_full (pipeline, &task_id, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (task_id, ==, id);
}

static int
count_workers_exited (MpipePipeline *pipeline)
{
  return GPOINTER_TO_INT (g_object_get_data (G_OBJECT (pipeline), "exited"));
}

static void
exited_cb (MpipePipeline *pipeline, MpipeStage *stage, guint index, GError *error)
{
  g_object_set_data (G_OBJECT (pipeline), "exited",
                     GINT_TO_POINTER (count_workers_exited (pipeline) + 1));
}

static void
test_lets_a_task_know_that_it_is_cancelled (const MpipeTestWay *way, guint concurrency)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, concurrency));
  Told told = { NULL };

  g_signal_connect (pipeline, "worker-exited", G_CALLBACK (exited_cb), NULL);
  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "cancel a");
  mpipe_test_iterate_until (&told.told);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  expect_cancelled (pipeline, 1);
  put (pipeline, "echo b");
  expect (pipeline, "b");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (count_workers_exited (pipeline), ==, 0);
  mpipe_test_finish (pipeline);
}

static void
test_lets_the_only_task_know_that_it_is_cancelled (const MpipeTestWay *way)
{
  test_lets_a_task_know_that_it_is_cancelled (way, 1);
}

static void
test_lets_one_of_several_know_that_it_is_cancelled (const MpipeTestWay *way)
{
  test_lets_a_task_know_that_it_is_cancelled (way, 3);
}

static void
test_cancels_tasks_that_wait_in_the_worker (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 2));
  Told told = { NULL };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "cancel a");
  mpipe_test_iterate_until (&told.told);
  put (pipeline, "ignore");
  for (int i = 0; i < 5; i++)
    put (pipeline, "ignore");
  for (guint64 id = 3; id <= 7; id++)
    g_assert_true (mpipe_pipeline_cancel_task (pipeline, id));
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 2));
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  mpipe_pipeline_stop (pipeline);
  for (guint64 id = 1; id <= 7; id++)
    {
      g_autoptr (GError) error = mpipe_test_get_error (pipeline);

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  mpipe_test_get_end (pipeline);
}

static void
test_ends_a_worker_that_ignores_a_cancellation (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 2));
  Told told = { NULL };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "progress a");
  mpipe_test_iterate_until (&told.told);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  expect_cancelled (pipeline, 1);
  put (pipeline, "echo b");
  expect (pipeline, "b");
  mpipe_test_finish (pipeline);
  g_free (told.message);
}

static void
test_ends_a_worker_that_does_not_listen (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_stage (way, 1, 1));
  Told told = { NULL };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "block");
  mpipe_test_iterate_until (&told.told);
  put (pipeline, "echo b");
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  expect_cancelled (pipeline, 1);
  expect (pipeline, "b");
  mpipe_test_finish (pipeline);
}

/* Progress */

static void
test_tells_how_far_it_is (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (way);
  Told told = { pipeline };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "echo a");
  put (pipeline, "progress x");
  mpipe_test_iterate_until (&told.told);
  g_assert_cmpuint (told.task_id, ==, 2);
  g_assert_cmpfloat (told.fraction, ==, 0.5);
  g_assert_cmpstr (told.message, ==, "x");
  g_assert_cmpuint (told.n, ==, 1);
  mpipe_pipeline_terminate (pipeline);
  expect (pipeline, "a");
  g_free (told.message);
}

/* It is stopped while none is open: what it was given then goes to its successor. */
static void
test_is_found_when_it_begins_nothing (const MpipeTestWay *way)
{
  MpipeStage *stage = new_stage (way, 1, 3);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipeWorkerInfo) info = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_task_timeout (stage, 400);
  mpipe_stage_set_start_timeout (stage, 3000);
  mpipe_stage_set_grace_time (stage, 50);
  pipeline = mpipe_test_pipeline (stage);
  info = g_list_model_get_item (mpipe_stage_get_workers (kept), 0);
  g_assert_no_errno (kill (mpipe_worker_info_get_pid (info), SIGSTOP));
  for (int i = 0; i < 5; i++)
    put (pipeline, "echo a");
  for (int i = 0; i < 5; i++)
    expect (pipeline, "a");
  mpipe_test_finish (pipeline);
}

static void
test_tells_the_latest_only (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (way);
  Told told = { pipeline };

  g_signal_connect (pipeline, "task-progress", G_CALLBACK (progress_cb), &told);
  put (pipeline, "flood");
  expect (pipeline, "flood"); /* the main context has not run */
  mpipe_test_iterate_until (&told.told);
  g_assert_cmpuint (told.n, ==, 1);
  g_assert_cmpfloat (told.fraction, ==, 1);
  g_assert_null (told.message);
  mpipe_test_finish (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_begin_func ("begin", begin, NULL, NULL);
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/concurrency/" path, function)
  ADD (test_ends_at_once_or_later, "ends-at-once-or-later");
  ADD (test_does_one_after_the_other, "does-one-after-the-other");
  ADD (test_fails_alone, "fails-alone");
  ADD (test_does_a_stop_task_that_ends_later, "does-a-stop-task-that-ends-later");
  ADD (test_tells_how_far_it_is, "tells-how-far-it-is");
  ADD (test_tells_the_latest_only, "tells-the-latest-only");
  ADD (test_ends_after_another_has_begun, "ends-after-another-has-begun");
  ADD (test_has_as_many_open_as_it_may, "has-as-many-open-as-it-may");
  ADD (test_has_no_more_open_than_it_may, "has-no-more-open-than-it-may");
  ADD (test_mixes_all_sorts, "mixes-all-sorts");
  ADD (test_uses_every_worker, "uses-every-worker");
  ADD (test_moves_what_waits, "moves-what-waits");
  ADD (test_keeps_to_limits, "keeps-to-limits");
  ADD (test_goes_through_several_stages, "goes-through-several-stages");
  ADD (test_waits_for_open_tasks_when_it_stops, "waits-for-open-tasks-when-it-stops");
  ADD (test_does_plain_tasks_one_by_one, "does-plain-tasks-one-by-one");
  ADD (test_ends_with_its_pipeline, "ends-with-its-pipeline");
  ADD (test_takes_the_time_of_each, "takes-the-time-of-each");
  ADD (test_gives_the_innocent_back, "gives-the-innocent-back");
  ADD (test_lets_the_only_task_know_that_it_is_cancelled,
       "lets-the-only-task-know-that-it-is-cancelled");
  ADD (test_lets_one_of_several_know_that_it_is_cancelled,
       "lets-one-of-several-know-that-it-is-cancelled");
  ADD (test_cancels_tasks_that_wait_in_the_worker, "cancels-tasks-that-wait-in-the-worker");
  ADD (test_ends_a_worker_that_ignores_a_cancellation, "ends-a-worker-that-ignores-a-cancellation");
#undef ADD
#define ADD(function, path)                                                                        \
  mpipe_test_add_process_ways ("/mpipe/pipeline/concurrency/" path, function)
  ADD (test_is_found_when_it_begins_nothing, "is-found-when-it-begins-nothing");
  ADD (test_takes_the_blame_alone, "takes-the-blame-alone");
  ADD (test_blames_all_that_are_open, "blames-all-that-are-open");
  ADD (test_blames_none_that_has_ended, "blames-none-that-has-ended");
  ADD (test_tries_all_that_were_open_again, "tries-all-that-were-open-again");
  ADD (test_ends_a_worker_that_does_not_listen, "ends-a-worker-that-does-not-listen");
#undef ADD

  return g_test_run ();
}
