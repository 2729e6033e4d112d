/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A million numbers, each a task of its own: they go in and come out by the array, and the worker does as many with one
 * call as there are for it. Order, failures and counts stay those of single tasks. */

#include <mpipe-glib.h>

#define N_TASKS 1000000
#define N_AT_ONCE 10000

static GVariant *
square (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);
  g_autofree gint64 *squares = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    squares[i] = numbers[i] * numbers[i];
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, squares, n, sizeof *squares);
}

static void
put_some (MpipePipeline *pipeline, gint64 first)
{
  g_autofree gint64 *numbers = g_new (gint64, N_AT_ONCE);

  for (gint64 i = 0; i < N_AT_ONCE; i++)
    numbers[i] = first + i;
  mpipe_pipeline_put_array (
      pipeline,
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, N_AT_ONCE, sizeof *numbers), NULL,
      NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *results;
  gint64 expected = 0, n_in_order = 0;

  mpipe_worker_register_array_func ("square", square, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("square", 2);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  for (gint64 first = 0; first < N_TASKS; first += N_AT_ONCE)
    put_some (pipeline, first);
  mpipe_pipeline_stop (pipeline);

  while ((results = mpipe_pipeline_get_array (pipeline, 0, NULL, &error)) != NULL)
    {
      gsize n;
      const gint64 *squares = g_variant_get_fixed_array (results, &n, sizeof *squares);

      for (gsize i = 0; i < n; i++, expected++)
        n_in_order += squares[i] == expected * expected;
      g_variant_unref (results);
    }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  g_print ("%" G_GINT64_FORMAT " squares in order\n", n_in_order);
  return error == NULL ? 0 : 1;
}
