/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-scheduler-private.h"

#define N_PLACES_MAX 8
#define NONE MPIPE_SCHEDULER_NONE

typedef struct
{
  const char *sentence;
  guint n_places;
  MpipeSchedulerPlace places[4];
  gsize n_waiting;
  guint picked;
  guint share;
  gboolean has_idle;
} PickCase;

#define READY(n, c)                                                                                \
  {                                                                                                \
    .available = TRUE, .n_leased = (n), .credit = (c)                                              \
  }
#define SEVERAL(n, at_a_time)                                                                      \
  {                                                                                                \
    .available = TRUE, .n_leased = (n), .credit = 9, .concurrency = (at_a_time)                    \
  }
#define QUICK(n, c, service, waited)                                                               \
  {                                                                                                \
    .available = TRUE, .n_leased = (n), .credit = (c), .service_us = (service),                    \
    .waited_us = (waited)                                                                          \
  }
#define AWAY(n, c)                                                                                 \
  {                                                                                                \
    .available = FALSE, .n_leased = (n), .credit = (c)                                             \
  }

static const PickCase pick_cases[] = {
  { "picks-nobody-of-none", 0, { AWAY (0, 0) }, 1, NONE, 0, FALSE },
  { "picks-nobody-who-is-away", 2, { AWAY (0, 4), AWAY (0, 4) }, 1, NONE, 0, FALSE },
  { "picks-nobody-whose-credit-is-used-up", 2, { READY (4, 4), READY (5, 4) }, 1, NONE, 0, FALSE },
  { "picks-the-only-one", 1, { READY (0, 4) }, 1, 0, 1, TRUE },
  { "picks-the-first-of-equals", 3, { READY (1, 4), READY (1, 4), READY (1, 4) }, 1, 0, 1, FALSE },
  { "picks-the-least-loaded", 3, { READY (3, 4), READY (1, 4), READY (2, 4) }, 1, 1, 1, FALSE },
  { "picks-the-least-loaded-by-tasks", 2, { READY (3, 100), READY (2, 3) }, 1, 1, 1, FALSE },
  { "passes-over-one-who-is-away", 2, { AWAY (0, 4), READY (3, 4) }, 1, 1, 1, FALSE },
  { "passes-over-one-without-credit", 2, { READY (2, 2), READY (3, 4) }, 1, 1, 1, FALSE },
  { "picks-one-of-the-last-credit", 1, { READY (3, 4) }, 100, 0, 1, FALSE },
  { "gives-all-to-the-only-one", 1, { READY (0, 100) }, 7, 0, 7, TRUE },
  { "gives-no-more-than-the-credit", 1, { READY (2, 10) }, 70, 0, 8, FALSE },
  { "deals-long-tasks-out-one-by-one", 2, { READY (0, 2), READY (0, 2) }, 30, 0, 1, TRUE },
  { "deals-out-up-to-a-credit-of-eight", 1, { READY (0, 8) }, 30, 0, 1, TRUE },
  { "gives-shares-from-a-credit-of-nine-on", 1, { READY (0, 9) }, 30, 0, 9, TRUE },
  { "gives-each-its-share", 2, { READY (0, 100), READY (0, 100) }, 10, 0, 5, TRUE },
  { "rounds-shares-up", 2, { READY (0, 100), READY (0, 100) }, 11, 0, 6, TRUE },
  { "gives-one-at-least", 3, { READY (0, 100), READY (0, 100), READY (0, 100) }, 1, 0, 1, TRUE },
  { "shares-among-those-who-take", 3, { READY (0, 9), AWAY (0, 9), READY (9, 9) }, 6, 0, 6, TRUE },
  { "gives-very-many", 1, { READY (0, G_MAXUINT) }, G_MAXSIZE / 2, 0, G_MAXUINT, TRUE },
  { "wakes-nobody-while-another-has-little-to-do",
    2,
    { QUICK (0, 100, 1, 0), QUICK (49, 100, 1, 0) },
    1,
    1,
    1,
    TRUE },
  { "wakes-one-when-the-other-has-enough-to-do",
    2,
    { QUICK (50, 100, 1, 0), QUICK (0, 100, 1, 0) },
    1,
    1,
    1,
    TRUE },
  { "wakes-one-when-the-other-is-held-up",
    2,
    { QUICK (2, 100, 1, 25), QUICK (0, 100, 1, 0) },
    1,
    1,
    1,
    TRUE },
  { "wakes-one-while-nothing-is-known-of-the-other",
    2,
    { QUICK (1, 100, 0, 0), QUICK (0, 100, 0, 0) },
    1,
    1,
    1,
    TRUE },
  { "wakes-one-for-long-tasks", 2, { QUICK (1, 9, 60, 0), QUICK (0, 9, 60, 0) }, 1, 1, 1, TRUE },
  { "wakes-one-when-the-other-takes-none",
    2,
    { QUICK (4, 4, 1, 0), QUICK (0, 9, 1, 0) },
    1,
    1,
    1,
    TRUE },
  { "lets-those-sleep-soon-who-have-least",
    3,
    { QUICK (3, 100, 1, 0), QUICK (7, 100, 1, 0), QUICK (0, 100, 1, 0) },
    1,
    1,
    1,
    TRUE },
  { "shares-with-the-least-loaded-when-all-are-awake",
    2,
    { QUICK (3, 100, 1, 0), QUICK (7, 100, 1, 0) },
    4,
    0,
    4,
    FALSE },
  { "wakes-one-for-as-much-as-is-worth-it",
    2,
    { QUICK (0, 100, 1, 0), QUICK (0, 100, 1, 0) },
    70,
    0,
    50,
    TRUE },
  { "wakes-one-for-its-share-when-that-is-more",
    2,
    { QUICK (0, 999, 1, 0), QUICK (0, 999, 1, 0) },
    400,
    0,
    200,
    TRUE },
  { "sees-nobody-idle-who-is-away", 2, { AWAY (0, 4), READY (1, 4) }, 1, 1, 1, FALSE },
  { "sees-one-idle-that-may-begin-more", 2, { SEVERAL (3, 3), SEVERAL (2, 3) }, 1, 1, 1, TRUE },
  { "sees-none-idle-that-has-all-it-may", 2, { SEVERAL (3, 3), SEVERAL (4, 3) }, 1, 0, 1, FALSE },
  { "sees-an-idle-one-among-busy-ones", 2, { READY (1, 4), READY (0, 4) }, 1, 1, 1, TRUE },
};

static void
test_pick (gconstpointer data)
{
  const PickCase *test = data;
  /* not one place more than said */
  g_autofree MpipeSchedulerPlace *places
      = g_memdup2 (test->places, test->n_places * sizeof test->places[0]);

  g_assert_cmpuint (mpipe_scheduler_pick (places, test->n_places), ==, test->picked);
  if (test->picked != NONE)
    g_assert_cmpuint (mpipe_scheduler_share (places, test->n_places, test->picked, test->n_waiting),
                      ==, test->share);
  g_assert_true (mpipe_scheduler_has_idle (places, test->n_places) == test->has_idle);
}

typedef struct
{
  const char *sentence;
  guint n_places;
  MpipeSchedulerPlace places[4];
  guint giver;
  guint n_tasks;
  gboolean maybe_later;
} GiverCase;

#define BUSY(n, service, waited)                                                                   \
  {                                                                                                \
    .available = TRUE, .can_give = TRUE, .n_leased = (n), .service_us = (service),                 \
    .waited_us = (waited)                                                                          \
  }
#define FIRM(n, service, waited)                                                                   \
  {                                                                                                \
    .available = TRUE, .n_leased = (n), .service_us = (service), .waited_us = (waited)             \
  }

#define BEGUN(n, begun)                                                                            \
  {                                                                                                \
    .available = TRUE, .can_give = TRUE, .n_leased = (n), .n_begun = (begun), .service_us = 2000   \
  }

static const GiverCase giver_cases[] = {
  { "finds-no-giver-of-none", 0, { BUSY (0, 0, 0) }, NONE, 0, FALSE },
  { "finds-no-giver-among-the-idle", 2, { BUSY (0, 1e6, 0), BUSY (0, 1e6, 0) }, NONE, 0, FALSE },
  { "leaves-the-task-that-runs", 1, { BUSY (1, 1e6, 1000000) }, NONE, 0, FALSE },
  { "takes-one-of-two", 1, { BUSY (2, 1000, 0) }, 0, 1, TRUE },
  { "takes-half", 1, { BUSY (10, 1000, 0) }, 0, 5, TRUE },
  { "takes-half-rounded-down", 1, { BUSY (3, 1000, 0) }, 0, 1, TRUE },
  { "leaves-what-is-done-soon", 1, { BUSY (2, 999, 0) }, NONE, 0, TRUE },
  { "leaves-many-tiny-ones", 1, { BUSY (100, 10, 0) }, NONE, 0, TRUE },
  { "takes-from-very-many-tiny-ones", 1, { BUSY (101, 10, 0) }, 0, 50, TRUE },
  { "believes-waiting-more-than-the-estimate", 1, { BUSY (2, 1, 5000) }, 0, 1, TRUE },
  { "believes-waiting-without-an-estimate", 1, { BUSY (2, 0, 5000) }, 0, 1, TRUE },
  { "looks-again-when-nothing-is-known-yet", 1, { BUSY (2, 0, 0) }, NONE, 0, TRUE },
  { "survives-time-that-runs-backwards", 1, { BUSY (2, 0, -5000) }, NONE, 0, TRUE },
  { "passes-over-one-who-cannot-give", 2, { FIRM (9, 1e6, 0), BUSY (2, 1000, 0) }, 1, 1, TRUE },
  { "does-not-wait-for-one-who-cannot-give", 1, { FIRM (9, 1e6, 0) }, NONE, 0, FALSE },
  { "takes-from-the-longest-queue",
    3,
    { BUSY (4, 1000, 0), BUSY (9, 1000, 0), BUSY (5, 1000, 0) },
    1,
    4,
    TRUE },
  { "takes-from-the-longest-queue-by-time",
    2,
    { BUSY (20, 100, 0), BUSY (3, 1e5, 0) },
    1,
    1,
    TRUE },
  { "takes-nothing-that-was-begun", 1, { BEGUN (4, 4) }, NONE, 0, FALSE },
  { "takes-half-of-what-was-not-begun", 1, { BEGUN (7, 3) }, 0, 2, TRUE },
  { "takes-the-only-one-that-was-not-begun", 1, { BEGUN (4, 3) }, 0, 1, TRUE },
  { "takes-from-the-first-of-equals", 2, { BUSY (4, 1000, 0), BUSY (4, 1000, 0) }, 0, 2, TRUE },
};

static void
test_giver (gconstpointer data)
{
  const GiverCase *test = data;
  guint n_tasks = 0;
  gboolean maybe_later = !test->maybe_later;
  g_autofree MpipeSchedulerPlace *places
      = g_memdup2 (test->places, test->n_places * sizeof test->places[0]);

  g_assert_cmpuint (mpipe_scheduler_find_giver (places, test->n_places, &n_tasks, &maybe_later), ==,
                    test->giver);
  g_assert_cmpuint (n_tasks, ==, test->n_tasks);
  g_assert_true (maybe_later == test->maybe_later);
}

static guint
fill_at_random (GRand *rand, MpipeSchedulerPlace *places)
{
  guint n_places = g_rand_int_range (rand, 1, N_PLACES_MAX + 1);
  gint32 most = 1 << g_rand_int_range (rand, 1, 13);

  for (guint i = 0; i < n_places; i++)
    places[i] = (MpipeSchedulerPlace){
      .available = g_rand_int_range (rand, 0, 5) > 0,
      .can_give = g_rand_boolean (rand),
      .n_leased = g_rand_boolean (rand) ? 0 : g_rand_int_range (rand, 0, most),
      .credit = g_rand_int_range (rand, 2, most + 2),
      .waited_us = g_rand_int_range (rand, 0, g_rand_boolean (rand) ? 20 : 10000),
      .service_us = g_rand_double_range (rand, 0, g_rand_boolean (rand) ? 20 : 2000),
    };
  return n_places;
}

static gboolean
takes (const MpipeSchedulerPlace *place)
{
  return place->available && place->n_leased < place->credit;
}

static gboolean
has_little_to_do (const MpipeSchedulerPlace *place)
{
  return place->n_leased > 0
         && place->n_leased * MAX (place->service_us, (double) place->waited_us)
                < MPIPE_SCHEDULER_WORTH_WAKING_US;
}

/* The one who holds fewest, or else one who has little to do, when that one sleeps. */
static void
check_picked (const MpipeSchedulerPlace *places, guint n_places, guint picked)
{
  for (guint i = 0; i < n_places; i++)
    {
      if (!takes (&places[i]))
        continue;
      g_assert_cmpuint (picked, !=, NONE);
      g_assert_true (takes (&places[picked]));
      if (places[i].n_leased < places[picked].n_leased && !has_little_to_do (&places[picked]))
        g_assert_cmpuint (places[picked].n_leased, <=, places[i].n_leased);
    }
}

static gsize
get_fair_share (const MpipeSchedulerPlace *places, guint n_places, gsize n_waiting)
{
  guint n_takers = 0;

  for (guint i = 0; i < n_places; i++)
    n_takers += takes (&places[i]);
  return n_takers > 0 ? (n_waiting + n_takers - 1) / n_takers : 0;
}

/* As a stage gives what waits. Nobody gets more than its credit; what waits in the end does so because all
 * credit is used up; and nobody stays idle for others who get more than their share, unless those are done
 * soon. */
static void
test_share_never_starves (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 20000; round++)
    {
      MpipeSchedulerPlace places[N_PLACES_MAX];
      guint n_places = fill_at_random (rand, places);
      guint n_given[N_PLACES_MAX] = { 0 };
      gsize n_waiting = g_rand_int_range (rand, 1, 1 << g_rand_int_range (rand, 1, 15));
      gsize fair = get_fair_share (places, n_places, n_waiting);
      gboolean someone_is_idle = FALSE;
      guint picked;

      while (n_waiting > 0
             && (picked = mpipe_scheduler_pick (places, n_places)) != MPIPE_SCHEDULER_NONE)
        {
          guint share = mpipe_scheduler_share (places, n_places, picked, n_waiting);

          check_picked (places, n_places, picked);
          g_assert_cmpuint (share, >=, 1);
          g_assert_cmpuint (share, <=, n_waiting);
          g_assert_cmpuint (places[picked].n_leased + share, <=, places[picked].credit);
          places[picked].n_leased += share;
          n_given[picked] += share;
          n_waiting -= share;
        }
      if (n_waiting > 0)
        check_picked (places, n_places, NONE);
      for (guint i = 0; i < n_places; i++)
        someone_is_idle |= places[i].available && places[i].n_leased == 0;
      for (guint i = 0; i < n_places; i++)
        if (someone_is_idle && n_given[i] > fair)
          g_assert_cmpfloat (n_given[i] * places[i].service_us, <,
                             2 * MPIPE_SCHEDULER_WORTH_WAKING_US);
    }
}

static double
queued_us (const MpipeSchedulerPlace *place)
{
  if (!place->can_give || place->n_leased < 2)
    return 0;
  return (place->n_leased - 1) * MAX (place->service_us, (double) place->waited_us);
}

static void
test_giver_has_the_longest_queue (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint round = 0; round < 20000; round++)
    {
      MpipeSchedulerPlace places[N_PLACES_MAX];
      guint n_places = fill_at_random (rand, places);
      guint n_tasks = G_MAXUINT;
      double longest = 0;
      gboolean maybe_later;
      guint giver = mpipe_scheduler_find_giver (places, n_places, &n_tasks, &maybe_later);

      for (guint i = 0; i < n_places; i++)
        longest = MAX (longest, queued_us (&places[i]));
      if (giver == MPIPE_SCHEDULER_NONE)
        {
          g_assert_cmpuint (n_tasks, ==, G_MAXUINT);
          g_assert_cmpfloat (longest, <, MPIPE_SCHEDULER_IMBALANCE_US);
          continue;
        }
      g_assert_true (maybe_later);
      g_assert_cmpfloat (queued_us (&places[giver]), ==, longest);
      g_assert_cmpuint (n_tasks, >=, 1);
      g_assert_cmpuint (n_tasks, <, places[giver].n_leased);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pick_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/scheduler/", pick_cases[i].sentence, NULL);

      g_test_add_data_func (path, &pick_cases[i], test_pick);
    }
  for (guint i = 0; i < G_N_ELEMENTS (giver_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/scheduler/", giver_cases[i].sentence, NULL);

      g_test_add_data_func (path, &giver_cases[i], test_giver);
    }
  g_test_add_func ("/mpipe/flow/scheduler/share-never-starves", test_share_never_starves);
  g_test_add_func ("/mpipe/flow/scheduler/giver-has-the-longest-queue",
                   test_giver_has_the_longest_queue);
  return g_test_run ();
}
