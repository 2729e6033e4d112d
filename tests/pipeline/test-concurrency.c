/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks that end later. The worker of these tests does what its tasks say, which are texts:
 *
 *   echo X         gives X, at once
 *   later X        gives X, when its main context has run
 *   thread X       gives X, from another thread
 *   hold X         stays open until "free X" comes to the same worker, and gives X
 *   free X         ends "hold X", and gives "free X" itself
 *   open           gives the number of tasks that are held
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
 *   cancel X       stays open until it is cancelled, and gives X
 *   ignore         stays open for ever
 *   die            ends the process
 *   block          never returns
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

  mpipe_task_return_text (task,
                          mpipe_task_get_text (task) != NULL ? get_argument (task) : "stop");
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
  call_later (user_data, return_cb);
}

static void
await_cancellation (MpipeTask *task)
{
  g_cancellable_connect (mpipe_task_get_cancellable (task), G_CALLBACK (cancelled_cb),
                         g_object_ref (task), g_object_unref);
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
    await_cancellation (task);
  else if (g_str_equal (command, "block"))
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

static MpipePipeline *
new_pipeline (const MpipeTestWay *way)
{
  return mpipe_test_pipeline (mpipe_test_stage (way, "begin", 1));
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
  expect_failure (pipeline, MPIPE_ERROR_WORKER_DIED, "*signal 9*on task 2");
  expect (pipeline, "b");
  mpipe_test_finish (pipeline);
}

/* Progress */

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
#undef ADD
#define ADD(function, path)                                                                        \
  mpipe_test_add_process_ways ("/mpipe/pipeline/concurrency/" path, function)
  ADD (test_takes_the_blame_alone, "takes-the-blame-alone");
#undef ADD

  return g_test_run ();
}
