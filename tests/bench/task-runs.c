/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Small tasks. Each run has a pipeline of its own, which is ready before the clock starts. */

#include "runs.h"

#include "pipelines.h"

#define N_WARM_UP 10

typedef struct
{
  const BenchShape *shape;
  MpipePipeline *pipeline;
  GMainLoop *loop; /* in a run by signals */
  gsize n_tasks;
  gsize n_put;
  gsize n_got;
  gint64 sum;
  gint64 begun;
} Run;

static void
begin (Run *self, const BenchShape *shape, gsize n_tasks)
{
  *self = (Run){ .shape = shape, .n_tasks = n_tasks, .pipeline = bench_pipeline_new (shape) };
  self->begun = g_get_monotonic_time ();
}

/* Returns: the seconds it took */
static double
end (Run *self)
{
  double seconds = (g_get_monotonic_time () - self->begun) / 1e6;
  gint64 n = self->n_tasks;
  gint64 expected
      = self->shape->kind == &bench_text_tasks ? n : n * (n - 1) / 2 + n * self->shape->n_stages;

  bench_pipeline_end (self->pipeline);
  g_object_unref (self->pipeline);
  if (self->n_got != self->n_tasks || self->sum != expected)
    g_error ("a pipeline has lost tasks");
  return seconds;
}

static void
put_next (Run *self)
{
  bench_pipeline_put (self->pipeline, self->shape->kind->make (self->n_put));
  self->n_put++;
}

static void
put_first (Run *self)
{
  gsize n = self->shape->window > 0 ? MIN (self->shape->window, self->n_tasks) : self->n_tasks;

  while (self->n_put < n)
    put_next (self);
}

static void
take_in (Run *self, GVariant *result)
{
  self->sum += self->shape->kind->read (result);
  self->n_got++;
  if (self->n_put < self->n_tasks)
    put_next (self);
}

/* For each task that was got, the next is put. */
double
bench_run_put_get (const BenchShape *shape, gsize n_tasks)
{
  Run self;

  begin (&self, shape, n_tasks);
  put_first (&self);
  while (self.n_got < n_tasks)
    {
      g_autoptr (GVariant) result = bench_pipeline_get (self.pipeline);

      take_in (&self, result);
    }
  return n_tasks / end (&self);
}

double
bench_run_hops (const BenchShape *shape, gsize n_tasks)
{
  return bench_run_put_get (shape, n_tasks) * shape->n_stages;
}

static void
result_cb (MpipePipeline *pipeline, GVariant *value, guint64 task_id, MpipeStage *leaf,
           gpointer user_data)
{
  Run *self = user_data;

  take_in (self, value);
  if (self->n_got == self->n_tasks)
    g_main_loop_quit (self->loop);
}

double
bench_run_signal (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run self;

  begin (&self, shape, n_tasks);
  self.loop = loop;
  g_signal_connect (self.pipeline, "result", G_CALLBACK (result_cb), &self);
  put_first (&self);
  g_main_loop_run (loop);
  return n_tasks / end (&self);
}

double
bench_run_one_task (const BenchShape *shape, gsize n_tasks)
{
  Run self;

  begin (&self, shape, n_tasks);
  while (self.n_put < n_tasks)
    {
      g_autoptr (GVariant) result = NULL;

      if (self.n_put == MIN (N_WARM_UP, n_tasks - 1))
        self.begun = g_get_monotonic_time ();
      put_next (&self);
      result = bench_pipeline_get (self.pipeline);
      self.sum += shape->kind->read (result);
      self.n_got++;
    }
  return end (&self) / (n_tasks - MIN (N_WARM_UP, n_tasks - 1)) * 1e6;
}
