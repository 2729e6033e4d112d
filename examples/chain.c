/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Two linked stages: the results of the first are the tasks of the second. Each has two workers, so that
 * up to four tasks are in work at once; both are ordered, so that the results come in the order of the
 * tasks nevertheless. */

#include <mpipe-glib.h>

static GVariant *
increment (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) + 1);
}

static GVariant *
twice (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) * 2);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) first = NULL;
  g_autoptr (MpipeStage) second = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  GVariant *result;

  mpipe_worker_register_func ("increment", increment, NULL, NULL);
  mpipe_worker_register_func ("twice", twice, NULL, NULL);
  mpipe_init (&argc, &argv);

  first = mpipe_stage_new_ordered ("increment", 2);
  second = mpipe_stage_new_ordered ("twice", 2);
  mpipe_stage_link (first, second);
  pipeline = mpipe_pipeline_new (first, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  for (gint64 i = 0; i < 10; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      g_print ("%" G_GINT64_FORMAT "\n", g_variant_get_int64 (result));
      g_variant_unref (result);
    }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
