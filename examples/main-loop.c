/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A program with a main loop, which never waits in a call: it puts its tasks, and is told about
 * results, failures and the end by signals. Three of its tasks are no numbers; each of them fails alone, in
 * its place. */

#include <locale.h>

#include <mpipe-glib.h>

static MpipePipeline *pipeline;

static GVariant *
parse (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gint64 number;

  if (!g_ascii_string_to_signed (g_variant_get_string (task, NULL), 10, -1000, 1000, &number,
                                 error))
    return NULL;
  return g_variant_new_int64 (number);
}

static void
result_cb (MpipePipeline *self, GVariant *value, guint64 task_id, MpipeStage *leaf,
           gpointer user_data)
{
  g_print ("task %" G_GUINT64_FORMAT ": %" G_GINT64_FORMAT "\n", task_id,
           g_variant_get_int64 (value));
}

static gboolean
task_failed_cb (MpipePipeline *self, guint64 task_id, MpipeStage *stage, GError *error,
                gpointer user_data)
{
  gboolean by_task = g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);

  g_print ("task %" G_GUINT64_FORMAT ": failed%s\n", task_id, by_task ? "" : " unexpectedly");
  g_printerr ("%s\n", error->message);
  return TRUE;
}

static void
completed_cb (MpipePipeline *self, gpointer user_data)
{
  g_print ("completed: %" G_GUINT64_FORMAT " results, %" G_GUINT64_FORMAT " failures\n",
           mpipe_pipeline_get_n_results (self), mpipe_pipeline_get_n_failed (self));
  g_application_release (G_APPLICATION (user_data));
}

static void
activate_cb (GApplication *application, gpointer user_data)
{
  static const char *const texts[] = { "1", "two", "-3", "4000", "5", "" };
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("parse", 2);

  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return; /* nothing holds the application: it ends */
    }
  g_signal_connect (pipeline, "result", G_CALLBACK (result_cb), NULL);
  g_signal_connect (pipeline, "task-failed", G_CALLBACK (task_failed_cb), NULL);
  g_signal_connect (pipeline, "completed", G_CALLBACK (completed_cb), application);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    mpipe_pipeline_put_text (pipeline, texts[i], NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  g_application_hold (application); /* until the pipeline has completed */
}

int
main (int argc, char **argv)
{
  g_autoptr (GApplication) application = NULL;
  int status;

  setlocale (LC_ALL, "");
  mpipe_worker_register_func ("parse", parse, NULL, NULL);
  mpipe_init (&argc, &argv);

  application = g_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), NULL);
  status = g_application_run (application, argc, argv);
  if (pipeline == NULL)
    return 1;
  g_object_unref (pipeline);
  return status;
}
