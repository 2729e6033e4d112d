/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks that differ much in how long they take. Workers wait instead of computing, so that what is measured
 * is how tasks are shared out, not who else needs the processors. */

#include "runs.h"

#include "bounds.h"
#include "pipelines.h"

#define SEED 7
#define LEAST_US 1000
#define MOST_US 50000
#define LONG_EVERY 20 /* tasks, on average, of which one is LONG_FACTOR times as long */
#define LONG_FACTOR 20

#define SLOW_US 10000
#define QUICK_US 100
#define QUICK_FOR_EACH_SLOW 25 /* tasks: both kinds have something to do for some time */

/* The same tasks each time. Returns: an array of the microseconds of each */
static GArray *
new_uneven (gsize n_tasks)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);
  GArray *self = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gsize i = 0; i < n_tasks; i++)
    {
      gint64 us = g_rand_int_range (rand, LEAST_US, MOST_US + 1);

      if (g_rand_int_range (rand, 0, LONG_EVERY) == 0)
        us *= LONG_FACTOR;
      g_array_append_val (self, us);
    }
  return self;
}

static gint64
sum_up (GArray *times_us)
{
  gint64 sum = 0;

  for (guint i = 0; i < times_us->len; i++)
    sum += g_array_index (times_us, gint64, i);
  return sum;
}

/* All are put at once. Returns: the seconds until all have come out */
static double
burst (MpipePipeline *pipeline, GArray *times_us)
{
  gint64 begun = g_get_monotonic_time ();

  for (guint i = 0; i < times_us->len; i++)
    bench_pipeline_put (pipeline, g_variant_new_int64 (g_array_index (times_us, gint64, i)));
  for (guint i = 0; i < times_us->len; i++)
    g_variant_unref (bench_pipeline_get (pipeline));
  return (g_get_monotonic_time () - begun) / 1e6;
}

/* Each worker has the same to do, and does it without a pause. Nothing is run. */
double
bench_bound_balance (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GArray) times_us = new_uneven (n_tasks);

  return n_tasks / (sum_up (times_us) / 1e6 / shape->n_workers);
}

/* Each task goes to the worker that is free first, which nobody can better who does not know how long the
 * tasks are. Nothing is run. */
double
bench_bound_in_turn (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GArray) times_us = new_uneven (n_tasks);
  g_autofree gint64 *busy_until = g_new0 (gint64, shape->n_workers);
  gint64 last = 0;

  for (guint i = 0; i < times_us->len; i++)
    {
      guint first = 0;

      for (guint k = 1; k < shape->n_workers; k++)
        if (busy_until[k] < busy_until[first])
          first = k;
      busy_until[first] += g_array_index (times_us, gint64, i);
      last = MAX (last, busy_until[first]);
    }
  return n_tasks / (last / 1e6);
}

double
bench_run_uneven (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  g_autoptr (GArray) times_us = new_uneven (n_tasks);
  double seconds = burst (pipeline, times_us);

  bench_pipeline_end (pipeline);
  return n_tasks / seconds;
}

/* A change */

static GArray *
new_even (gsize n_tasks, gint64 us)
{
  GArray *self = g_array_new (FALSE, FALSE, sizeof us);

  for (gsize i = 0; i < n_tasks; i++)
    g_array_append_val (self, us);
  return self;
}

/* Returns: how much longer the second kind takes right behind the first than behind itself, in tasks */
static double
measure_change (const BenchShape *shape, GArray *first, GArray *second)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  double changed, steady;

  burst (pipeline, first);
  changed = burst (pipeline, second);
  steady = burst (pipeline, second);
  bench_pipeline_end (pipeline);
  return (changed - steady) / (steady * shape->n_workers / second->len);
}

double
bench_run_to_quick (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GArray) slow = new_even (MAX (n_tasks / QUICK_FOR_EACH_SLOW, 1), SLOW_US);
  g_autoptr (GArray) quick = new_even (n_tasks, QUICK_US);

  return measure_change (shape, slow, quick);
}

double
bench_run_to_slow (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GArray) slow = new_even (MAX (n_tasks / QUICK_FOR_EACH_SLOW, 1), SLOW_US);
  g_autoptr (GArray) quick = new_even (n_tasks, QUICK_US);

  return measure_change (shape, quick, slow);
}
