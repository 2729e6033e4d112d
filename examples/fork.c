/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A fork: a stage that is linked to two others gives each of its results to both. The pipeline has two
 * leaves then; mpipe_pipeline_get_full() says which leaf a result comes from, and of which task. */

#include <mpipe-glib.h>

static GVariant *
add_five (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) + 5);
}

static GVariant *
square (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) * g_variant_get_int64 (task));
}

static GVariant *
negate (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (-g_variant_get_int64 (task));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) first = NULL;
  g_autoptr (MpipeStage) squares = NULL;
  g_autoptr (MpipeStage) negatives = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GString) of_squares = g_string_new ("squares:");
  g_autoptr (GString) of_negatives = g_string_new ("negatives:");
  MpipeStage *leaf;
  GVariant *result;

  mpipe_worker_register_func ("add five", add_five, NULL, NULL);
  mpipe_worker_register_func ("square", square, NULL, NULL);
  mpipe_worker_register_func ("negate", negate, NULL, NULL);
  mpipe_init (&argc, &argv);

  first = mpipe_stage_new_ordered ("add five", 1);
  squares = mpipe_stage_new_ordered ("square", 2);
  negatives = mpipe_stage_new_ordered ("negate", 1);
  mpipe_stage_link (first, squares);
  mpipe_stage_link (first, negatives);
  pipeline = mpipe_pipeline_new (first, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  for (gint64 i = 1; i <= 5; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  /* each leaf keeps its order; which of the two is ahead of the other is not said */
  while ((result = mpipe_pipeline_get_full (pipeline, NULL, &leaf, NULL, &error)) != NULL)
    {
      g_string_append_printf (leaf == squares ? of_squares : of_negatives, " %" G_GINT64_FORMAT,
                              g_variant_get_int64 (result));
      g_variant_unref (result);
    }
  g_print ("%s\n%s\n", of_squares->str, of_negatives->str);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
