/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Numbers go in by the array, and come out by the array. */

#include "runs.h"

#include "pipelines.h"

#define AT_ONCE 4096 /* tasks in one array that is put */

typedef struct
{
  MpipePipeline *pipeline;
  gsize n_tasks;
  gsize n_put;
  gsize n_got;
  gint64 sum;
} Run;

/* The numbers are written into memory that becomes the array's own. */
static void
put_next (Run *self)
{
  gsize n = MIN (AT_ONCE, self->n_tasks - self->n_put);
  gint64 *numbers = g_new (gint64, n);
  GVariant *tasks;

  for (gsize i = 0; i < n; i++)
    numbers[i] = (gint64) (self->n_put + i);
  tasks = g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers, n * sizeof *numbers, TRUE,
                                   g_free, numbers);
  bench_pipeline_put_array (self->pipeline, tasks, n);
  self->n_put += n;
}

static void
get_next (Run *self)
{
  g_autoptr (GVariant) results = bench_pipeline_get_array (self->pipeline);
  const gint64 *numbers;
  gsize n;

  numbers = g_variant_get_fixed_array (results, &n, sizeof *numbers);
  for (gsize i = 0; i < n; i++)
    self->sum += numbers[i];
  self->n_got += n;
}

double
bench_run_arrays (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  Run self = { .pipeline = pipeline, .n_tasks = n_tasks };
  gint64 begun = g_get_monotonic_time ();
  double seconds;

  while (self.n_got < n_tasks)
    {
      while (self.n_put < n_tasks && self.n_put - self.n_got + AT_ONCE <= shape->window)
        put_next (&self);
      get_next (&self);
    }
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  bench_pipeline_end (pipeline);
  if (self.sum != (gint64) (n_tasks * (n_tasks + 1) / 2))
    g_error ("a pipeline has lost tasks");
  return n_tasks / seconds;
}
