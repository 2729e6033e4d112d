/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Many tasks through a pipeline with a limit: one thread puts them, and waits for room, another one gets the
 * results. */

#include "runs.h"

#include <unistd.h>

#include "pipelines.h"
#include "resources.h"

#define SETTLED_AFTER 100 /* one part of so many of the tasks: from there on nothing may grow */
#define N_LOOKS 20        /* at the memory, after that */

typedef struct
{
  MpipePipeline *pipeline;
  gsize n_tasks;
} Source;

static gpointer
put_all (gpointer data)
{
  Source *self = data;

  for (gsize i = 0; i < self->n_tasks; i++)
    bench_pipeline_put (self->pipeline, g_variant_new_int64 ((gint64) i));
  return NULL;
}

static void
get (MpipePipeline *pipeline, gsize n)
{
  while (n-- > 0)
    g_variant_unref (bench_pipeline_get (pipeline));
}

/* Returns: what this process and the workers have, in 10^6 bytes */
static double
look (MpipePipeline *pipeline)
{
  GListModel *stages = mpipe_pipeline_get_stages (pipeline);
  double mb = bench_resources_get_private_mb (getpid ());

  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);
      GListModel *workers = mpipe_stage_get_workers (stage);

      for (guint k = 0; k < g_list_model_get_n_items (workers); k++)
        {
          g_autoptr (MpipeWorkerInfo) worker = g_list_model_get_item (workers, k);

          mb += bench_resources_get_private_mb (mpipe_worker_info_get_pid (worker));
        }
    }
  return mb;
}

/* Returns: the most that memory grew, in 10^6 bytes */
double
bench_run_growth (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  Source source = { pipeline, n_tasks };
  GThread *thread = g_thread_new ("put", put_all, &source);
  gsize n_first = n_tasks / SETTLED_AFTER, n_each = (n_tasks - n_first) / N_LOOKS;
  double before, growth = 0;

  get (pipeline, n_first);
  before = look (pipeline);
  for (guint i = 0; i < N_LOOKS; i++)
    {
      get (pipeline, n_each);
      growth = MAX (growth, look (pipeline) - before);
    }
  get (pipeline, n_tasks - n_first - N_LOOKS * n_each);
  g_thread_join (thread);
  bench_pipeline_end (pipeline);
  return growth;
}
