/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers that have done enough are replaced, and those that have nothing to do are stopped, without anything being
 * lost. */

#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "mpipe-test-kit.h"

#define N_TASKS 500

static GVariant *
tell_pid (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (getpid ());
}

static guint
count_starts (MpipeStage *stage)
{
  GListModel *workers = mpipe_stage_get_workers (stage);
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      n += mpipe_worker_info_get_n_starts (info);
    }
  return n;
}

static gboolean
has_no_worker (gpointer user_data)
{
  GListModel *workers = mpipe_stage_get_workers (user_data);

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      if (mpipe_worker_info_get_pid (info) != 0)
        return FALSE;
    }
  return TRUE;
}

static void
test_a_worker_is_replaced_after_some_tasks (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_worker_lifespan (stage, 10);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < N_TASKS; i++)
    {
      mpipe_test_put (pipeline, i, 1);
      g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i);
    }
  mpipe_test_finish (pipeline);
  mpipe_test_get_end (pipeline);
  g_assert_cmpuint (count_starts (kept), >, 2);
  g_assert_cmpuint (count_starts (kept), <=, 2 + N_TASKS / 10);
}

static void
test_nothing_is_lost_while_workers_are_replaced (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "several", 3);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_worker_lifespan (stage, 1);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 20 * N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_assert_cmpuint (values->len, ==, 3 * 20 * N_TASKS);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpint (g_array_index (values, gint64, i), ==, i / 3 * 10 + i % 3);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_a_worker_is_replaced_after_some_time (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "tell-pid", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  gint64 first, now;

  mpipe_stage_set_worker_lifetime (stage, 1);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 1);
  first = now = mpipe_test_get_int64 (pipeline);
  while (now == first)
    {
      mpipe_test_put (pipeline, 0, 1);
      now = mpipe_test_get_int64 (pipeline);
    }
  mpipe_test_finish (pipeline);
}

static void
test_each_worker_that_leaves_has_its_stop_task (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "count", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;
  gint64 sum = 0;

  mpipe_stage_set_worker_lifespan (stage, 10);
  mpipe_stage_set_do_stop_task (stage, TRUE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  for (guint i = 0; i < values->len; i++)
    sum += g_array_index (values, gint64, i);
  g_assert_cmpint (sum, ==, N_TASKS);
}

static void
test_idle_workers_are_stopped_and_started_again (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "tell-pid", 2);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_idle_timeout (stage, 30);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 3; i++)
    {
      mpipe_test_wait_until (has_no_worker, kept);
      mpipe_test_put (pipeline, 0, 1);
      mpipe_test_get_int64 (pipeline);
    }
  mpipe_test_wait_until (has_no_worker, kept);
  g_assert_cmpuint (count_starts (kept), ==, 2 + 3); /* one is enough for one task */
  mpipe_test_put (pipeline, 0, 200);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 200; i++)
    mpipe_test_get_int64 (pipeline);
  mpipe_test_get_end (pipeline);
}

static void
test_a_stage_that_sleeps_ends (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_idle_timeout (stage, 10);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_wait_until (has_no_worker, kept);
  mpipe_test_finish (pipeline);
  mpipe_test_get_end (pipeline);
}

/* Old and new ones are killed at any time, and nothing hangs or is lost but what they were on. */
static void
test_workers_die_while_they_are_replaced (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "put-or-die", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_worker_lifespan (stage, 1);
  mpipe_stage_set_idle_timeout (stage, 5);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put_or_die (pipeline);
}

static void
test_a_pipeline_may_be_dropped_while_workers_are_replaced (const MpipeTestWay *way)
{
  for (int i = 0; i < 20; i++)
    {
      MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
      g_autoptr (MpipePipeline) pipeline = NULL;

      mpipe_stage_set_worker_lifespan (stage, 1);
      pipeline = mpipe_test_pipeline (stage);
      mpipe_test_put (pipeline, 0, 50);
      mpipe_test_get_int64 (pipeline);
      if (i % 2 == 0)
        mpipe_pipeline_terminate (pipeline);
    }
}

/* Gives its number, and a lot of bytes. */
static GVariant *
swell (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autofree char *bytes = g_strnfill (1000, 'x');

  return g_variant_new ("(x@ay)", g_variant_get_int64 (task),
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 1000, 1));
}

static gpointer
put_thread (gpointer pipeline)
{
  mpipe_test_put (pipeline, 0, 20);
  return NULL;
}

/* Each result is more than the limit, so that only the worker is read whose task has its turn; meanwhile the others may
 * become idle and be stopped, and their goodbyes wait. */
static void
test_idle_workers_and_a_limit_in_bytes_do_not_hold_each_other_up (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "swell", 3);
  g_autoptr (MpipeStage) kept = g_object_ref (stage);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_idle_timeout (stage, 1);
  mpipe_stage_set_max_backlog_bytes (stage, 500);
  pipeline = mpipe_test_pipeline (stage);
  for (int round = 0; round < 5; round++)
    {
      GThread *putting;
      guint seen = 0;

      mpipe_test_wait_until (has_no_worker, kept);
      putting = g_thread_new ("putting", put_thread, pipeline);
      for (int i = 0; i < 20; i++)
        {
          g_autoptr (GVariant) result = mpipe_test_get (pipeline);
          gint64 value;

          g_variant_get_child (result, 0, "x", &value);
          if (way->ordered)
            g_assert_cmpint (value, ==, i);
          seen |= 1u << value;
        }
      g_thread_join (putting);
      g_assert_cmphex (seen, ==, (1u << 20) - 1);
    }
  g_assert_cmpuint (count_starts (kept), >=, 3 + 4);
  mpipe_test_finish (pipeline);
  mpipe_test_get_end (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("tell-pid", tell_pid, NULL, NULL);
  mpipe_worker_register_func ("swell", swell, NULL, NULL);
  mpipe_test_init (&argc, &argv);

#define ADD(function, path)                                                                        \
  mpipe_test_add_process_ways ("/mpipe/pipeline/worker-life/" path, function)
  ADD (test_nothing_is_lost_while_workers_are_replaced,
       "nothing-is-lost-while-workers-are-replaced");
  ADD (test_a_pipeline_may_be_dropped_while_workers_are_replaced,
       "a-pipeline-may-be-dropped-while-workers-are-replaced");
  /* in a sandbox each has the same number */
  ADD (test_a_worker_is_replaced_after_some_time, "a-worker-is-replaced-after-some-time");
#undef ADD
#define ADD(function, path)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    mpipe_test_add_process_ways ("/mpipe/pipeline/worker-life/" path, function);                   \
    mpipe_test_add_sandbox_ways ("/mpipe/pipeline/worker-life/" path, function);                   \
  }                                                                                                \
  G_STMT_END
  ADD (test_a_worker_is_replaced_after_some_tasks, "a-worker-is-replaced-after-some-tasks");
  ADD (test_each_worker_that_leaves_has_its_stop_task,
       "each-worker-that-leaves-has-its-stop-task");
  ADD (test_idle_workers_are_stopped_and_started_again,
       "idle-workers-are-stopped-and-started-again");
  ADD (test_a_stage_that_sleeps_ends, "a-stage-that-sleeps-ends");
  ADD (test_workers_die_while_they_are_replaced, "workers-die-while-they-are-replaced");
  ADD (test_idle_workers_and_a_limit_in_bytes_do_not_hold_each_other_up,
       "idle-workers-and-a-limit-in-bytes-do-not-hold-each-other-up");
#undef ADD

  return g_test_run ();
}
