/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A stage whose worker is a program of its own, in another language: wire-worker.py speaks the protocol
 * of doc/wire.md with nothing but Python's standard library. It squares integers, and fails tasks
 * whose square does not fit into 64 bits.
 *
 *   command [DIRECTORY]     where wire-worker.py is; else MPIPE_EXAMPLE_DIR says it */

#include <locale.h>

#include <mpipe-glib.h>

int
main (int argc, char **argv)
{
  static const gint64 tasks[] = { 3, -7, G_MAXINT64, 1000000, 0 };
  const char *directory = argc > 1 ? argv[1] : g_getenv ("MPIPE_EXAMPLE_DIR");
  g_autofree char *script
      = g_build_filename (directory != NULL ? directory : ".", "wire-worker.py", NULL);
  const char *const command[] = { "python3", script, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_command (command, 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  gboolean ended = FALSE;

  setlocale (LC_ALL, "");
  /* no mpipe_init(): no worker is this program itself */
  mpipe_stage_set_name (stage, "square");
  mpipe_stage_set_task_type (stage, G_VARIANT_TYPE_INT64);
  mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (tasks); i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (tasks[i]), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  while (!ended)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &failure);

      if (result != NULL)
        g_print ("%" G_GINT64_FORMAT "\n", g_variant_get_int64 (result));
      else if (failure != NULL)
        {
          g_print ("a task failed\n");
          g_printerr ("%s\n", failure->message);
        }
      ended = result == NULL && failure == NULL;
    }
  return 0;
}
