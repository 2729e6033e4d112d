/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* One stage of one worker. The worker is a function of this program: registered under a name before
 * mpipe_init(), it runs in a process of its own. */

#include <mpipe-glib.h>

static GVariant *
greet (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_printf ("Hello, %s!", g_variant_get_string (task, NULL));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  char *text;

  mpipe_worker_register_func ("greet", greet, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("greet", 1);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  mpipe_pipeline_put_text (pipeline, "world", NULL, NULL);
  mpipe_pipeline_put_text (pipeline, "pipeline", NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  while ((text = mpipe_pipeline_get_text (pipeline, NULL, &error)) != NULL)
    {
      g_print ("%s\n", text);
      g_free (text);
    }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
