/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A task may have any number of results, also none. Here each prime factor is put as soon as it is found,
 * while the task goes on. Results of one task stay together, also when several workers are busy. */

#include <mpipe-glib.h>

static GVariant *
factorise (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  guint64 rest = g_variant_get_uint64 (task);

  for (guint64 factor = 2; factor * factor <= rest; factor++)
    while (rest % factor == 0)
      {
        if (!mpipe_worker_put_result (worker, g_variant_new_uint64 (factor), error))
          return NULL;
        rest /= factor;
      }
  /* what a task returns is its last result; NULL says that there is none, or no more */
  return rest > 1 ? g_variant_new_uint64 (rest) : NULL;
}

int
main (int argc, char **argv)
{
  static const guint64 numbers[] = { 12, 1, 97, 360, 1, 1001, 65536, 999999000001 };
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint64 task_id, last_id = 0;
  GVariant *result;

  mpipe_worker_register_func ("factorise", factorise, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("factorise", 3);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    mpipe_pipeline_put (pipeline, g_variant_new_uint64 (numbers[i]), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  /* tasks are numbered from 1, in the order in which they were put */
  while ((result = mpipe_pipeline_get_full (pipeline, &task_id, NULL, NULL, &error)) != NULL)
    {
      if (task_id != last_id)
        g_print ("%s%" G_GUINT64_FORMAT " =", last_id > 0 ? "\n" : "", numbers[task_id - 1]);
      g_print (" %" G_GUINT64_FORMAT, g_variant_get_uint64 (result));
      last_id = task_id;
      g_variant_unref (result);
    }
  g_print ("\n");
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
