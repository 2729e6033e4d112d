/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A pipeline that is to be measured; whatever goes wrong with it ends the program. */

#include "pipelines.h"

static MpipeStage *
new_stage (const BenchShape *shape)
{
  if (shape->unordered)
    return mpipe_stage_new_unordered (shape->worker, shape->n_workers);
  return mpipe_stage_new_ordered (shape->worker, shape->n_workers);
}

MpipePipeline *
bench_pipeline_new (const BenchShape *shape)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) first = new_stage (shape);
  MpipeStage *last = first; /* held by the one before it */
  MpipePipeline *self;

  mpipe_stage_set_max_backlog (first, shape->max_backlog);
  for (guint i = 1; i < shape->n_stages; i++)
    {
      g_autoptr (MpipeStage) next = new_stage (shape);

      mpipe_stage_link (last, next);
      last = next;
    }
  self = mpipe_pipeline_new (first, &error);
  if (self == NULL)
    g_error ("%s", error->message);
  return self;
}

void
bench_pipeline_put (MpipePipeline *self, GVariant *task)
{
  g_autoptr (GError) error = NULL;

  if (mpipe_pipeline_put (self, task, NULL, &error) == 0)
    g_error ("%s", error->message);
}

/* @tasks are @n. */
void
bench_pipeline_put_array (MpipePipeline *self, GVariant *tasks, gsize n)
{
  g_autoptr (GError) error = NULL;

  if (mpipe_pipeline_put_array (self, tasks, NULL, &error) != n)
    g_error ("%s", error->message);
}

static GVariant *
check_result (GVariant *result, const GError *error)
{
  if (result == NULL)
    g_error ("%s", error != NULL ? error->message : "results are missing");
  return result;
}

GVariant *
bench_pipeline_get (MpipePipeline *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *result = mpipe_pipeline_get (self, NULL, &error);

  return check_result (result, error);
}

GVariant *
bench_pipeline_get_array (MpipePipeline *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *results = mpipe_pipeline_get_array (self, 0, NULL, &error);

  return check_result (results, error);
}

/* Stops the pipeline, which must have nothing left to do, and waits for its workers to end. */
void
bench_pipeline_end (MpipePipeline *self)
{
  mpipe_pipeline_stop (self);
  if (mpipe_pipeline_get (self, NULL, NULL) != NULL)
    g_error ("there are more results than tasks");
  mpipe_pipeline_wait (self, NULL, NULL);
}
