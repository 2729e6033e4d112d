/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A filter stage: every task passes at once, and is offered to an inner pipeline that is slow. While that
 * has as many tasks as it may hold, it gets no more, so that the stream is not held up by it. Its latest
 * result goes along with the tasks that pass later. */

#include <mpipe-glib.h>

#define N_TASKS 10
#define MAX_TASKS 2

static GVariant *
analyse (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_usleep (300 * 1000);
  return g_variant_new_printf ("analysis of %" G_GINT64_FORMAT, g_variant_get_int64 (task));
}

static gboolean
print_next (MpipePipeline *pipeline)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);
  g_autoptr (GVariant) task = NULL;
  g_autoptr (GVariant) latest = NULL;
  g_autofree char *text = NULL;

  if (result == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "no result");
      return FALSE;
    }
  /* the task, and the latest results of the inner pipelines that have one */
  g_variant_get (result, "(v@av)", &task, &latest);
  text = g_variant_print (latest, FALSE);
  g_print ("task %" G_GINT64_FORMAT " passed, with %s\n", g_variant_get_int64 (task), text);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) slow = NULL;
  g_autoptr (MpipeStage) filter = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  gboolean passed = TRUE;

  mpipe_worker_register_func ("analyse", analyse, NULL, NULL);
  mpipe_init (&argc, &argv);

  slow = mpipe_stage_new_ordered ("analyse", 1);
  filter = mpipe_filter_stage_new (&slow, 1);
  mpipe_filter_stage_set_max_tasks (MPIPE_FILTER_STAGE (filter), MAX_TASKS);
  pipeline = mpipe_pipeline_new (filter, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  for (gint64 i = 1; i <= N_TASKS; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  for (int i = 1; i <= N_TASKS && passed; i++)
    passed = print_next (pipeline);
  g_print ("analysed: %" G_GUINT64_FORMAT " tasks\n", mpipe_stage_get_n_tasks (slow));

  /* counts are notified in the main context: wait there until the analyses are done */
  while (mpipe_stage_get_backlog (slow) > 0)
    g_main_context_iteration (NULL, TRUE);
  mpipe_pipeline_put (pipeline, g_variant_new_int64 (N_TASKS + 1), NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  return passed && print_next (pipeline) ? 0 : 1;
}
