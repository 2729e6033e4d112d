/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks that end later. The worker does not compute: for each task it runs a program, and waits. So one process
 * does for all: it has up to four tasks open at a time, and ends each from a callback. One of the programs
 * fails, and so does its task. */

#include <locale.h>

#include <mpipe-glib.h>

static void
ended_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GSubprocess *program = G_SUBPROCESS (object);
  g_autoptr (MpipeTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;

  if (!g_subprocess_communicate_utf8_finish (program, result, &output, NULL, &error))
    mpipe_task_fail (task, error);
  else if (!g_subprocess_get_successful (program))
    mpipe_task_fail_with_message (task, "the program was not successful");
  else
    mpipe_task_return_text (task, g_strchomp (output));
}

static void
begin (MpipeWorker *worker, MpipeTask *task, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) program
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                          &error, "expr", mpipe_task_get_text (task), "*", "2", NULL);

  if (program == NULL)
    mpipe_task_fail (task, error);
  else
    g_subprocess_communicate_utf8_async (program, NULL, mpipe_task_get_cancellable (task), ended_cb,
                                         g_object_ref (task));
}

int
main (int argc, char **argv)
{
  static const char *const texts[] = { "1", "22", "333", "four", "55555", "666666" };
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  mpipe_worker_register_begin_func ("double", begin, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("double", 1);
  mpipe_stage_set_concurrency (stage, 4);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    mpipe_pipeline_put_text (pipeline, texts[i], NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autofree char *result = mpipe_pipeline_get_text (pipeline, NULL, &error);

      if (result != NULL)
        g_print ("%s\n", result);
      else if (error != NULL)
        g_print ("failed\n");
      else
        return 0;
      if (error != NULL)
        g_printerr ("%s\n", error->message);
      g_clear_error (&error);
    }
}
