/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A seed decides everything, and the few seeds that are always run are worth it. */

#include "config.h"

#include "plan.h"

static void
test_a_seed_has_one_plan (void)
{
  ChaosPlan one, other;
  guint n_different = 0;

  chaos_plan_init (&one, CHAOS_USUAL_SEED);
  chaos_plan_init (&other, CHAOS_USUAL_SEED);
  g_assert_cmpmem (&one, sizeof one, &other, sizeof other);
  chaos_plan_init (&other, CHAOS_USUAL_SEED + 1);
  for (guint i = 0; i < 1000; i++)
    n_different += chaos_plan_get_size (&one, i) != chaos_plan_get_size (&other, i);
  g_assert_cmpuint (n_different, >, 900);
}

/* What is seldom in a plan is there nevertheless. */
static void
test_a_plan_has_everything (void)
{
  guint faults[CHAOS_N_FAULTS] = { 0 }, disturbances[CHAOS_N_DISTURBANCES] = { 0 };
  guint n_empty = 0, n_large = 0;
  ChaosPlan plan = { .seed = CHAOS_USUAL_SEED, .size_max = CHAOS_SIZE_MAX, .n_feeders = 1 };

  for (guint i = 0; i < 20000; i++)
    {
      gsize size = chaos_plan_get_size (&plan, i);

      g_assert_cmpuint (size, <=, CHAOS_SIZE_MAX);
      n_empty += size == 0;
      n_large += size > CHAOS_SIZE_MAX / 2;
      faults[chaos_plan_get_fault (&plan, i)]++;
      disturbances[chaos_plan_get_disturbance (&plan, i).kind]++;
    }
  g_assert_cmpuint (n_empty, >, 10);
  g_assert_cmpuint (n_large, >, 10);
  for (guint i = 0; i < CHAOS_N_FAULTS; i++)
    g_assert_cmpuint (faults[i], >, 0);
  for (guint i = 0; i < CHAOS_N_DISTURBANCES; i++)
    g_assert_cmpuint (disturbances[i], >, 0);
}

typedef enum
{
  COLLECTS = 1 << 0,
  REPORTS = 1 << 1,
  POLLS = 1 << 2,
  ONE_FEEDER = 1 << 3,
  SEVERAL_FEEDERS = 1 << 4,
  LARGE_DATA = 1 << 5,
  LIFESPAN = 1 << 6,
  IDLE_TIMEOUT = 1 << 7,
  BYTE_LIMIT = 1 << 8,
  SEVERAL_ATTEMPTS = 1 << 9,
  CONCURRENCY_FIRST = 1 << 10,
  CONCURRENCY_LAST = 1 << 11,
  OWN_STDERR = 1 << 12,
  SANDBOX = 1 << 13,
  ALL_VARIATIONS = (1 << 14) - 1,
} Variations;

static Variations
get_stage_variations (const ChaosPlan *plan, guint number)
{
  const ChaosStageSettings *stage = &plan->stages[number];

  return (stage->lifespan > 0 ? LIFESPAN : 0) | (stage->idle_timeout_ms > 0 ? IDLE_TIMEOUT : 0)
         | (stage->max_backlog_bytes > 0 ? BYTE_LIMIT : 0)
         | (stage->max_attempts > 1 ? SEVERAL_ATTEMPTS : 0)
         | (stage->concurrency == 1 ? 0
            : number == 0           ? CONCURRENCY_FIRST
                                    : CONCURRENCY_LAST)
         | (stage->capture_stderr ? 0 : OWN_STDERR) | (stage->sandboxed ? SANDBOX : 0);
}

static void
test_the_usual_seeds_have_all_variations (void)
{
  Variations variations = 0;

  for (guint i = 0; i < CHAOS_N_USUAL_SEEDS; i++)
    {
      ChaosPlan plan;

      chaos_plan_init (&plan, CHAOS_USUAL_SEED + i);
      variations |= (plan.collects ? COLLECTS : REPORTS) | (plan.polls ? POLLS : 0)
                    | (plan.n_feeders > 1 ? SEVERAL_FEEDERS : ONE_FEEDER)
                    | (plan.size_max == CHAOS_SIZE_MAX ? LARGE_DATA : 0);
      for (guint k = 0; k < CHAOS_N_STAGES; k++)
        variations |= get_stage_variations (&plan, k);
    }
  g_assert_cmphex (variations, ==, ALL_VARIATIONS);
}

static void
test_numbers_are_not_kept_from_rows (void)
{
  guint n_arrays[CHAOS_N_STAGES] = { 0 }, n_limited = 0;

  for (guint i = 0; i < CHAOS_N_USUAL_SEEDS; i++)
    {
      ChaosPlan plan;

      chaos_plan_init (&plan, CHAOS_USUAL_SEED + i);
      chaos_plan_make_numbers (&plan);
      g_assert_false (plan.collects);
      for (guint k = 0; k < CHAOS_N_STAGES; k++)
        {
          n_limited += plan.stages[k].max_backlog > 0;
          g_assert_cmpuint (plan.stages[k].max_backlog_bytes, <, 10000);
          g_assert_cmpuint (plan.stages[k].concurrency, ==, 1);
          n_arrays[k] += plan.stages[k].arrays;
        }
      for (guint k = 0; k < 1000; k++)
        g_assert_cmpuint (chaos_plan_get_size (&plan, k), ==, 0);
    }
  g_assert_cmpuint (n_limited, >, 0);
  g_assert_cmpuint (n_limited, <, CHAOS_N_USUAL_SEEDS * CHAOS_N_STAGES);
  g_assert_cmpuint (n_arrays[0], ==, 0);
  g_assert_cmpuint (n_arrays[1], >, 0);
  g_assert_cmpuint (n_arrays[1], <, CHAOS_N_USUAL_SEEDS);
  g_assert_cmpuint (n_arrays[2], ==, CHAOS_N_USUAL_SEEDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpipe/chaos/plan/a-seed-has-one-plan", test_a_seed_has_one_plan);
  g_test_add_func ("/mpipe/chaos/plan/a-plan-has-everything", test_a_plan_has_everything);
  g_test_add_func ("/mpipe/chaos/plan/the-usual-seeds-have-all-variations",
                   test_the_usual_seeds_have_all_variations);
  g_test_add_func ("/mpipe/chaos/plan/numbers-are-not-kept-from-rows",
                   test_numbers_are_not_kept_from_rows);
  return g_test_run ();
}
