/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Filter stages: tasks pass, inner pipelines take what they can. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

/* Returns: a filter whose inner pipelines begin with @inner, which are taken over */
static MpipeFilterStage *
new_filter (MpipeStage *first, MpipeStage *second)
{
  MpipeStage *stages[] = { first, second };
  MpipeStage *filter = mpipe_filter_stage_new (stages, second != NULL ? 2 : 1);

  g_object_unref (first);
  if (second != NULL)
    g_object_unref (second);
  return MPIPE_FILTER_STAGE (filter);
}

static void
test_dropped_results_leave_the_tasks_alone (const MpipeTestWay *way)
{
  MpipeFilterStage *filter = new_filter (mpipe_test_stage (way, "slow", 1), NULL);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_filter_stage_set_drop_results (filter, TRUE);
  pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
  mpipe_test_put (pipeline, 0, 500);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, &(MpipeTestWay){ .ordered = TRUE });
  mpipe_test_assert_range (values, 0, 500, 1);
}

static void
test_an_inner_pipeline_that_is_full_misses_tasks (const MpipeTestWay *way)
{
  MpipeStage *inner = g_object_ref (mpipe_test_stage (way, "gate", 1));
  MpipeFilterStage *filter = new_filter (inner, NULL);
  g_autoptr (MpipePipeline) pipeline = NULL;
  MpipeTestMark gate;

  mpipe_test_mark_init (&gate, "gate");
  mpipe_stage_set_parameters (inner, g_variant_new_parsed ("{'gate': <%s>}", gate.path));
  mpipe_filter_stage_set_max_tasks (filter, 3);
  mpipe_filter_stage_set_drop_results (filter, TRUE);
  pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
  mpipe_test_put (pipeline, 0, 100);
  for (int i = 0; i < 100; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i);
  g_assert_cmpuint (mpipe_stage_get_n_tasks (inner), ==, 3);
  mpipe_test_mark_set (&gate);
  while (mpipe_stage_get_backlog (inner) > 0)
    g_thread_yield ();
  mpipe_test_put (pipeline, 0, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  mpipe_test_finish (pipeline);
  g_assert_cmpuint (mpipe_stage_get_n_tasks (inner), ==, 4);
  g_object_unref (inner);
  mpipe_test_mark_clear (&gate);
}

static GVariant *
put_and_get (MpipePipeline *pipeline, gint64 value, guint *out_n_results)
{
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GVariant) task = NULL;
  g_autoptr (GVariant) results = NULL;

  mpipe_test_put (pipeline, value, 1);
  result = mpipe_test_get (pipeline);
  g_assert_cmpstr (g_variant_get_type_string (result), ==, "(vav)");
  g_variant_get (result, "(v@av)", &task, &results);
  g_assert_cmpint (g_variant_get_int64 (task), ==, value);
  *out_n_results = g_variant_n_children (results);
  return g_steal_pointer (&results);
}

static void
wait_for_results (MpipeStage *inner, guint64 n)
{
  while (mpipe_stage_get_n_results (inner) < n || mpipe_stage_get_backlog (inner) > 0)
    g_thread_yield ();
}

static void
test_the_latest_results_come_with_the_task (const MpipeTestWay *way)
{
  MpipeStage *inner = g_object_ref (mpipe_test_stage (way, "add", 1));
  MpipeFilterStage *filter = new_filter (inner, mpipe_test_stage (way, "nothing", 1));
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
  guint n;

  g_variant_unref (put_and_get (pipeline, 10, &n));
  g_assert_cmpuint (n, ==, 0);
  wait_for_results (inner, 1);
  for (gint64 i = 20; n == 0; i++)
    {
      g_autoptr (GVariant) results = put_and_get (pipeline, i, &n);

      if (n == 1)
        {
          g_autoptr (GVariant) latest = NULL;

          g_variant_get_child (results, 0, "v", &latest);
          g_assert_cmpint (g_variant_get_int64 (latest), ==, 11);
        }
    }
  mpipe_test_finish (pipeline);
  g_object_unref (inner);
}

static void
test_cached_results_come_again_and_others_do_not (const MpipeTestWay *way)
{
  for (int cache = 0; cache < 2; cache++)
    {
      /* the inner stage gets one task only: its gate never opens for the second */
      MpipeStage *inner = g_object_ref (mpipe_test_stage (way, "slow", 1));
      MpipeFilterStage *filter = new_filter (inner, NULL);
      g_autoptr (MpipePipeline) pipeline = NULL;
      guint n = 0, n_again;

      mpipe_filter_stage_set_cache_results (filter, cache);
      pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
      g_variant_unref (put_and_get (pipeline, 1, &n));
      wait_for_results (inner, 1);
      while (n == 0)
        g_variant_unref (put_and_get (pipeline, 500000, &n));
      g_variant_unref (put_and_get (pipeline, 500000, &n_again));
      g_assert_cmpuint (n_again, ==, cache);
      mpipe_pipeline_terminate (pipeline);
      g_object_unref (inner);
    }
}

static void
test_a_failure_inside_is_reported (const MpipeTestWay *way)
{
  MpipeStage *inner = mpipe_test_stage (way, "misbehave", 1);
  MpipeFilterStage *filter;
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_errors, n_results;

  mpipe_stage_set_parameters (inner, g_variant_new_parsed ("{'mode': <'error'>}"));
  filter = new_filter (inner, NULL);
  mpipe_filter_stage_set_drop_results (filter, TRUE);
  pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
  mpipe_test_put (pipeline, 3, 1);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_count_until_end (pipeline, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED, &n_results,
                              &n_errors);
  g_assert_cmpuint (n_results, ==, 1);
  g_assert_cmpuint (n_errors, ==, 1);
}

static void
test_filters_nest_and_are_linked (const MpipeTestWay *way)
{
  MpipeStage *inner = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) inner_next = mpipe_test_stage (way, "add", 1);
  g_autoptr (MpipeStage) after = mpipe_test_stage (way, "add", 2);
  MpipeStage *before = mpipe_test_stage (way, "add", 2);
  MpipeFilterStage *nested, *filter;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_link (inner, inner_next);
  nested = new_filter (inner, NULL);
  mpipe_filter_stage_set_drop_results (nested, TRUE);
  filter = new_filter (MPIPE_STAGE (nested), NULL);
  mpipe_filter_stage_set_drop_results (filter, TRUE);
  mpipe_filter_stage_set_max_tasks (filter, 20);
  mpipe_stage_link (before, mpipe_stage_link (MPIPE_STAGE (filter), after));
  g_object_unref (filter);
  pipeline = mpipe_test_pipeline (before);
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 2, 1000, 1);
}

static void
test_a_stage_inside_and_outside_is_refused (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) inner = mpipe_test_stage (way, "add", 1);
  g_autoptr (MpipeStage) filter = mpipe_filter_stage_new (&inner, 1);
  g_autoptr (GError) error = NULL;

  mpipe_stage_link (filter, inner);
  g_assert_null (mpipe_pipeline_new (filter, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH);
}

static void
test_a_filter_may_be_dropped_while_it_is_busy (const MpipeTestWay *way)
{
  MpipeFilterStage *filter
      = new_filter (mpipe_test_stage (way, "slow", 2), mpipe_test_stage (way, "add", 1));
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_filter_stage_set_max_tasks (filter, 50);
  pipeline = mpipe_test_pipeline (MPIPE_STAGE (filter));
  mpipe_test_put (pipeline, 3000, 200);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/filter/" path, function)
  ADD (test_dropped_results_leave_the_tasks_alone, "dropped-results-leave-the-tasks-alone");
  ADD (test_an_inner_pipeline_that_is_full_misses_tasks,
       "an-inner-pipeline-that-is-full-misses-tasks");
  ADD (test_the_latest_results_come_with_the_task, "the-latest-results-come-with-the-task");
  ADD (test_cached_results_come_again_and_others_do_not,
       "cached-results-come-again-and-others-do-not");
  ADD (test_a_failure_inside_is_reported, "a-failure-inside-is-reported");
  ADD (test_filters_nest_and_are_linked, "filters-nest-and-are-linked");
  ADD (test_a_stage_inside_and_outside_is_refused, "a-stage-inside-and-outside-is-refused");
  ADD (test_a_filter_may_be_dropped_while_it_is_busy, "a-filter-may-be-dropped-while-it-is-busy");
#undef ADD

  return g_test_run ();
}
