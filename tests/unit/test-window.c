/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-window-private.h"

/* Measurements, and what the worker may hold then. */
typedef struct
{
  const char *sentence;
  struct
  {
    guint n_done;
    gint64 elapsed_us;
    gint64 busy_us;
  } measured[6]; /* up to the first with no task and no time */
  guint credit_min;
  guint credit_max;
} Case;

static const Case cases[] = {
  { "gives-little-before-it-knows", { { 0 } }, MPIPE_WINDOW_MIN, 16 },
  { "ignores-a-measurement-of-no-task", { { 0, 1000000 } }, MPIPE_WINDOW_MIN, 16 },
  { "ignores-a-later-measurement-of-no-task", { { 1, 100 }, { 0, 1000000 } }, 20, 20 },
  { "gives-two-milliseconds-of-work", { { 1, 100 } }, 20, 20 },
  { "counts-the-tasks-of-a-measurement", { { 1000, 100000 } }, 20, 20 },
  { "gives-the-most-to-the-fastest", { { 100000, 1 } }, MPIPE_WINDOW_MAX, MPIPE_WINDOW_MAX },
  { "survives-no-time", { { 1, 0 } }, MPIPE_WINDOW_MAX, MPIPE_WINDOW_MAX },
  { "survives-time-that-runs-backwards", { { 1, -1000 } }, MPIPE_WINDOW_MAX, MPIPE_WINDOW_MAX },
  { "survives-the-longest-time", { { 1, G_MAXINT64 } }, MPIPE_WINDOW_MIN, MPIPE_WINDOW_MIN },
  { "survives-the-shortest-time", { { 1, G_MININT64 } }, MPIPE_WINDOW_MAX, MPIPE_WINDOW_MAX },
  { "survives-the-most-tasks", { { G_MAXUINT, 1 } }, MPIPE_WINDOW_MAX, MPIPE_WINDOW_MAX },
  { "gives-the-least-to-the-slowest", { { 1, 3600000000 } }, MPIPE_WINDOW_MIN, MPIPE_WINDOW_MIN },
  { "gives-at-least-two", { { 1, 1001 } }, MPIPE_WINDOW_MIN, MPIPE_WINDOW_MIN },
  { "leaves-out-what-the-worker-waited", { { 10, 5000, 1000 } }, 20, 20 },
  { "takes-all-for-work-where-the-worker-does-not-say", { { 10, 1000, 0 } }, 20, 20 },
  { "believes-no-more-work-than-there-was-time", { { 10, 1000, 60000000 } }, 20, 20 },
  { "believes-no-work-that-runs-backwards", { { 10, 1000, -60000000 } }, 20, 20 },
  { "believes-slower-at-once",
    { { 1000, 1000 }, { 1, 100000 } },
    MPIPE_WINDOW_MIN,
    MPIPE_WINDOW_MIN },
  { "believes-thrice-as-slow-at-once", { { 1, 100 }, { 1, 300 } }, 6, 6 },
  { "believes-a-bit-slower-by-half", { { 1, 100 }, { 1, 200 } }, 13, 13 },
  { "believes-faster-by-half", { { 1, 100 }, { 100, 100 } }, 39, 40 },
  { "believes-much-faster-the-second-time", { { 1, 10000 }, { 1, 100 }, { 1, 50 } }, 20, 20 },
  { "believes-much-faster-only-in-a-row",
    { { 1, 10000 }, { 1, 100 }, { 1, 10000 }, { 1, 100 } },
    MPIPE_WINDOW_MIN,
    MPIPE_WINDOW_MIN },
  { "believes-faster-in-the-end",
    { { 1, 100 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 } },
    400,
    2000 },
  { "forgets-one-slow-task",
    { { 1000, 1000 }, { 1, 50000 }, { 500, 500 }, { 500, 500 }, { 500, 500 }, { 500, 500 } },
    MPIPE_WINDOW_MIN,
    2000 },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  MpipeWindow window = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (test->measured); i++)
    if (test->measured[i].n_done > 0 || test->measured[i].elapsed_us != 0)
      mpipe_window_update (&window, test->measured[i].n_done, test->measured[i].elapsed_us,
                           test->measured[i].busy_us);
  g_assert_cmpuint (mpipe_window_get_credit (&window), >=, test->credit_min);
  g_assert_cmpuint (mpipe_window_get_credit (&window), <=, test->credit_max);
}

/* Whatever was before, a steady worker gets two milliseconds of work soon. */
static void
test_settles_on_what_is_steady (void)
{
  static const gint64 services_us[] = { 1, 2, 7, 20, 150, 900, 5000, 1000000 };

  for (guint before = 0; before < G_N_ELEMENTS (services_us); before++)
    for (guint after = 0; after < G_N_ELEMENTS (services_us); after++)
      {
        MpipeWindow window = { 0 };
        gint64 wanted
            = CLAMP (MPIPE_WINDOW_WORK_US / services_us[after], MPIPE_WINDOW_MIN, MPIPE_WINDOW_MAX);

        mpipe_window_update (&window, 10, 10 * services_us[before], 0);
        for (guint i = 0; i < 40; i++)
          mpipe_window_update (&window, 3, 3 * services_us[after], 0);
        g_assert_cmpint (ABS (wanted - mpipe_window_get_credit (&window)), <=, 1);
      }
}

/* A worker that always holds what it may answers what it has done in this time, at least one task. */
#define ANSWER_EVERY_US 200

static guint
get_right_credit (gint64 service_us)
{
  return CLAMP (MPIPE_WINDOW_WORK_US / service_us, MPIPE_WINDOW_MIN, MPIPE_WINDOW_MAX);
}

/* Returns: how many tasks are answered until the credit is at most twice too large or too small */
static guint
count_until_adapted (MpipeWindow *window, gint64 service_us, guint n_most)
{
  guint right = get_right_credit (service_us), n_answered = 0;

  for (;;)
    {
      guint credit = mpipe_window_get_credit (window);
      guint n = CLAMP (ANSWER_EVERY_US / service_us, 1, credit);

      if ((credit <= 2 * right && right <= 2 * credit) || n_answered > n_most)
        return n_answered;
      mpipe_window_update (window, n, n * service_us, 0);
      n_answered += n;
    }
}

static void
test_follows_a_change_within_ten_tasks (void)
{
  static const gint64 services_us[] = { 1, 10, 100, 1000, 20000, 1000000 };

  for (guint before = 0; before < G_N_ELEMENTS (services_us); before++)
    for (guint after = 0; after < G_N_ELEMENTS (services_us); after++)
      {
        MpipeWindow window = { 0 };

        for (guint i = 0; i < 10; i++)
          mpipe_window_update (&window, 2, 2 * services_us[before], 0);
        /* a worker that answers tiny tasks does so hundreds at a time */
        if (services_us[before] > ANSWER_EVERY_US || services_us[after] > ANSWER_EVERY_US)
          g_assert_cmpuint (count_until_adapted (&window, services_us[after], 10), <=, 10);
      }
}

static void
test_stays_within_what_was_measured (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 200; round++)
    {
      MpipeWindow window = { 0 };
      double fastest = G_MAXDOUBLE, slowest = 0;

      for (guint step = 0; step < 200; step++)
        {
          guint n_done = g_rand_int_range (rand, 1, 1 << g_rand_int_range (rand, 1, 20));
          gint64 elapsed_us = g_rand_int_range (rand, 0, 1 << g_rand_int_range (rand, 1, 25));
          double measured = (double) elapsed_us / n_done;
          guint credit;

          fastest = MIN (fastest, measured);
          slowest = MAX (slowest, measured);
          mpipe_window_update (&window, n_done, elapsed_us, 0);
          credit = mpipe_window_get_credit (&window);
          g_assert_cmpuint (credit, >=, MPIPE_WINDOW_MIN);
          g_assert_cmpuint (credit, <=, MPIPE_WINDOW_MAX);
          if (fastest > 1)
            g_assert_cmpfloat (credit, <=, MAX (MPIPE_WINDOW_WORK_US / fastest, MPIPE_WINDOW_MIN));
          if (slowest > 1)
            g_assert_cmpfloat (credit + 1, >=,
                               MIN (MPIPE_WINDOW_WORK_US / slowest, MPIPE_WINDOW_MAX));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/window/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/flow/window/settles-on-what-is-steady", test_settles_on_what_is_steady);
  g_test_add_func ("/mpipe/flow/window/follows-a-change-within-ten-tasks",
                   test_follows_a_change_within_ten_tasks);
  g_test_add_func ("/mpipe/flow/window/stays-within-what-was-measured",
                   test_stays_within_what_was_measured);
  return g_test_run ();
}
