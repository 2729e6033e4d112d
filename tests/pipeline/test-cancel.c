/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* One task is cancelled, wherever it is, and no other suffers. */

#include "config.h"

#include <signal.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

static MpipePipeline *
new_gated_pipeline (const MpipeTestWay *way, const MpipeTestMark *gate, guint size)
{
  MpipeStage *stage = mpipe_test_stage (way, "gate", size);

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'gate': <%s>}", gate->path));
  return mpipe_test_pipeline (stage);
}

/* Reads to the end; task @id must be the only one that failed, of @n. */
static void
assert_only_one_cancelled (MpipePipeline *pipeline, const MpipeTestWay *way, guint64 id, guint n)
{
  guint n_results = 0, n_errors = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 task_id = 0;
      g_autoptr (GVariant) result
          = mpipe_pipeline_get_full (pipeline, &task_id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      if (way->ordered)
        g_assert_cmpuint (task_id, ==, n_results + n_errors + 1);
      n_results += result != NULL;
      n_errors += error != NULL;
      if (error == NULL)
        continue;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (task_id, ==, id);
    }
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (n_results, ==, n - 1);
}

static void
test_a_task_that_waits_is_cancelled (const MpipeTestWay *way)
{
  MpipeTestMark gate;
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_test_mark_init (&gate, "gate");
  pipeline = new_gated_pipeline (way, &gate, 2);
  mpipe_test_put (pipeline, 0, 50);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 40));
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 40));
  g_assert_false (mpipe_pipeline_cancel_task (pipeline, 51));
  g_assert_false (mpipe_pipeline_cancel_task (pipeline, 0));
  mpipe_pipeline_stop (pipeline);
  mpipe_test_mark_set (&gate);
  assert_only_one_cancelled (pipeline, way, 40, 50);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_false (mpipe_pipeline_cancel_task (pipeline, 1));
  mpipe_test_mark_clear (&gate);
}

static void
test_a_task_that_a_worker_holds_is_cancelled (const MpipeTestWay *way)
{
  MpipeTestMark gate;
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_test_mark_init (&gate, "gate");
  pipeline = new_gated_pipeline (way, &gate, 1);
  mpipe_test_put (pipeline, 0, 3);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 2));
  mpipe_pipeline_stop (pipeline);
  mpipe_test_mark_set (&gate);
  assert_only_one_cancelled (pipeline, way, 2, 3);
  mpipe_test_mark_clear (&gate);
}

static void
test_a_task_that_runs_takes_its_worker_along (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'loop'>}"));
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 8);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 4));
  mpipe_pipeline_stop (pipeline);
  assert_only_one_cancelled (pipeline, way, 4, 8);
}

static void
wait_for_n_tasks (MpipeStage *stage, guint index, guint64 n_tasks)
{
  g_autoptr (MpipeWorkerInfo) worker
      = g_list_model_get_item (mpipe_stage_get_workers (stage), index);

  while (mpipe_worker_info_get_n_tasks (worker) < n_tasks)
    g_thread_yield ();
}

/* The first worker stands still and holds the task, which it has not begun. The second has done all of the
 * others: some were taken back from the first, which cannot notice before it goes on. */
static void
test_a_task_is_cancelled_while_others_are_taken_back (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (MpipeWorkerInfo) first = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'loop'>}"));
  pipeline = mpipe_test_pipeline (stage);
  first = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);
  kill (mpipe_worker_info_get_pid (first), SIGSTOP);
  mpipe_test_put (pipeline, 3, 20); /* the first of them loops */
  wait_for_n_tasks (stage, 1, 19);
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 1));
  mpipe_test_put (pipeline, 0, 1); /* done after the cancellation was seen */
  wait_for_n_tasks (stage, 1, 20);
  kill (mpipe_worker_info_get_pid (first), SIGCONT);
  mpipe_pipeline_stop (pipeline);
  assert_only_one_cancelled (pipeline, way, 1, 21);
}

static void
test_a_task_is_cancelled_in_a_later_stage (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "misbehave", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_parameters (second, g_variant_new_parsed ("{'mode': <'loop'>}"));
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 8);
  while (mpipe_stage_get_n_tasks (second) < 8)
    g_thread_yield ();
  g_assert_true (mpipe_pipeline_cancel_task (pipeline, 4));
  mpipe_pipeline_stop (pipeline);
  assert_only_one_cancelled (pipeline, way, 4, 8);
}

static void
test_long_tasks_do_not_keep_others_waiting (const MpipeTestWay *way)
{
  /* many tiny tasks make the window large; then one long task must not hold those behind it */
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "slow", 2));
  gint64 n = 4000;

  mpipe_test_put (pipeline, 0, 1);
  for (gint64 i = 0; i < n; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (0), NULL, NULL);
  mpipe_pipeline_put (pipeline, g_variant_new_int64 (300000), NULL, NULL);
  for (gint64 i = 0; i < n; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (0), NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  for (gint64 i = 0; i < 2 * n + 2; i++)
    g_variant_unref (mpipe_test_get (pipeline));
  mpipe_test_get_end (pipeline);
}

static void
test_bursts_of_uneven_tasks_use_all_workers (const MpipeTestWay *way)
{
  /* each burst ends with tasks being taken back; no worker may be lost by that */
  MpipeStage *stage = g_object_ref (mpipe_test_stage (way, "slow", 2));
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  const gint64 burst[] = { 2000, 1200, 3000, 50 };
  GListModel *workers = mpipe_stage_get_workers (stage);
  guint64 before[2];

  for (int round = 0; round < 80; round++)
    {
      if (round == 60)
        for (guint i = 0; i < 2; i++)
          {
            g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

            before[i] = mpipe_worker_info_get_n_tasks (info);
          }
      for (guint i = 0; i < G_N_ELEMENTS (burst); i++)
        mpipe_pipeline_put (pipeline, g_variant_new_int64 (burst[i]), NULL, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (burst); i++)
        g_variant_unref (mpipe_test_get (pipeline));
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      g_assert_cmpuint (mpipe_worker_info_get_n_tasks (info), >, before[i]);
    }
  mpipe_test_finish (pipeline);
  g_object_unref (stage);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/cancel/" path, function)
  ADD (test_a_task_that_waits_is_cancelled, "a-task-that-waits-is-cancelled");
  ADD (test_a_task_that_a_worker_holds_is_cancelled, "a-task-that-a-worker-holds-is-cancelled");
  ADD (test_long_tasks_do_not_keep_others_waiting, "long-tasks-do-not-keep-others-waiting");
  ADD (test_bursts_of_uneven_tasks_use_all_workers, "bursts-of-uneven-tasks-use-all-workers");
#undef ADD
#define ADD(function, path) mpipe_test_add_process_ways ("/mpipe/pipeline/cancel/" path, function)
  ADD (test_a_task_that_runs_takes_its_worker_along, "a-task-that-runs-takes-its-worker-along");
  ADD (test_a_task_is_cancelled_while_others_are_taken_back,
       "a-task-is-cancelled-while-others-are-taken-back");
  ADD (test_a_task_is_cancelled_in_a_later_stage, "a-task-is-cancelled-in-a-later-stage");
#undef ADD

  return g_test_run ();
}
