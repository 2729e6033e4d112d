/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker that is a class, with parameters. The pipeline makes an object of it in each worker process and
 * calls start() there once; the stage's parameters say what this stage's objects do. Two stages of
 * the same class differ in them. */

#include <mpipe-glib.h>

#define EXAMPLE_TYPE_SCALER (example_scaler_get_type ())
G_DECLARE_FINAL_TYPE (ExampleScaler, example_scaler, EXAMPLE, SCALER, MpipeWorker)

struct _ExampleScaler
{
  MpipeWorker parent_instance;
  gint64 factor;
};

G_DEFINE_FINAL_TYPE (ExampleScaler, example_scaler, MPIPE_TYPE_WORKER)

static gboolean
example_scaler_start (MpipeWorker *worker, GError **error)
{
  g_autoptr (GVariant) factor
      = mpipe_worker_lookup_parameter (worker, "factor", G_VARIANT_TYPE_INT64);

  if (factor == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "it needs a factor");
      return FALSE;
    }
  EXAMPLE_SCALER (worker)->factor = g_variant_get_int64 (factor);
  return TRUE;
}

static GVariant *
example_scaler_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) * EXAMPLE_SCALER (worker)->factor);
}

static void
example_scaler_class_init (ExampleScalerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->start = example_scaler_start;
  MPIPE_WORKER_CLASS (klass)->task = example_scaler_task;
}

static void
example_scaler_init (ExampleScaler *self)
{
}

static gboolean
print_scaled (gint64 factor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("ExampleScaler", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  GVariant *result;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'factor': <%x>}", factor));
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  for (gint64 i = 1; i <= 5; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  g_print ("times %" G_GINT64_FORMAT ":", factor);
  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      g_print (" %" G_GINT64_FORMAT, g_variant_get_int64 (result));
      g_variant_unref (result);
    }
  g_print ("\n");
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error == NULL;
}

int
main (int argc, char **argv)
{
  mpipe_worker_register (EXAMPLE_TYPE_SCALER);
  mpipe_init (&argc, &argv);
  return print_scaled (3) && print_scaled (10) ? 0 : 1;
}
