/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Many pipelines at a time, which one thread feeds and reads in turn; each has its own tasks on the way. */

#include "runs.h"

#include "pipelines.h"

typedef struct
{
  MpipePipeline *pipeline;
  gsize n_put;
  gsize n_got;
  gint64 sum;
} Member;

static void
put (Member *self, gsize until)
{
  while (self->n_put < until)
    bench_pipeline_put (self->pipeline, g_variant_new_int64 ((gint64) self->n_put++));
}

static void
get (Member *self, gsize until)
{
  while (self->n_got < until)
    {
      g_autoptr (GVariant) result = bench_pipeline_get (self->pipeline);

      self->sum += g_variant_get_int64 (result);
      self->n_got++;
    }
}

/* When it is a member's turn, half of what it may have on the way is taken from it, and put again. */
static void
run (Member *members, const BenchShape *shape, gsize n_tasks)
{
  gsize step = MAX (shape->window / 2, 1);

  for (guint i = 0; i < shape->n_pipelines; i++)
    put (&members[i], MIN (shape->window, n_tasks));
  for (gsize n_got = step; n_got < n_tasks + step; n_got += step)
    for (guint i = 0; i < shape->n_pipelines; i++)
      {
        get (&members[i], MIN (n_got, n_tasks));
        put (&members[i], MIN (n_got + shape->window, n_tasks));
      }
}

/* @n_tasks are shared out among the pipelines. */
double
bench_run_crowd (const BenchShape *shape, gsize n_tasks)
{
  g_autofree Member *members = g_new0 (Member, shape->n_pipelines);
  gsize n_each = MAX (n_tasks / shape->n_pipelines, 1);
  double seconds;
  gint64 begun;

  for (guint i = 0; i < shape->n_pipelines; i++)
    members[i].pipeline = bench_pipeline_new (shape);
  begun = g_get_monotonic_time ();
  run (members, shape, n_each);
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  for (guint i = 0; i < shape->n_pipelines; i++)
    {
      bench_pipeline_end (members[i].pipeline);
      g_object_unref (members[i].pipeline);
      if (members[i].sum != (gint64) (n_each * (n_each + 1) / 2))
        g_error ("a pipeline has lost tasks");
    }
  return n_each * shape->n_pipelines / seconds;
}
