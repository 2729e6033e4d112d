/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Back-pressure: a limit on the backlog makes mpipe_pipeline_put() wait for a slow stage, and for a slow
 * reader, so that memory stays bounded however much is put. A task counts until its result was read;
 * therefore one thread puts here and another one reads. */

#include <mpipe-glib.h>

#define N_TASKS 30
#define MAX_BACKLOG 4
#define TASK_MS 10

static GVariant *
squeeze (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_usleep (TASK_MS * 1000);
  return g_variant_ref (task);
}

static gpointer
read_results (gpointer data)
{
  MpipePipeline *pipeline = data;
  guint n_results = 0;
  GVariant *result;

  while ((result = mpipe_pipeline_get (pipeline, NULL, NULL)) != NULL)
    {
      n_results++;
      g_variant_unref (result);
    }
  return GUINT_TO_POINTER (n_results);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint64 largest_backlog = 0;
  guint n_put = 0;
  GThread *reader;
  gint64 begun;

  mpipe_worker_register_func ("squeeze", squeeze, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("squeeze", 1);
  mpipe_stage_set_max_backlog (stage, MAX_BACKLOG);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  begun = g_get_monotonic_time ();
  while (mpipe_pipeline_try_put (pipeline, g_variant_new_int64 (n_put), &error) != 0)
    n_put++;
  g_print ("put before anything was read: %u tasks\n", n_put);

  reader = g_thread_new ("reader", read_results, pipeline);
  for (; n_put < N_TASKS; n_put++)
    {
      mpipe_pipeline_put (pipeline, g_variant_new_int64 (n_put), NULL, NULL);
      largest_backlog = MAX (largest_backlog, mpipe_pipeline_get_backlog (pipeline));
    }
  /* all tasks but the last few are done by now, one after the other */
  g_print ("putting waited for the stage: %s\n",
           g_get_monotonic_time () - begun >= (N_TASKS - MAX_BACKLOG) * TASK_MS * 1000 ? "yes"
                                                                                       : "no");
  g_print ("the backlog was never above %d: %s\n", MAX_BACKLOG,
           largest_backlog <= MAX_BACKLOG ? "yes" : "no");

  mpipe_pipeline_stop (pipeline);
  g_print ("results: %u\n", GPOINTER_TO_UINT (g_thread_join (reader)));
  return 0;
}
