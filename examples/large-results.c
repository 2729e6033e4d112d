/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Pictures of 16 megabytes, which the workers paint in memory that they share with the application. */

#include <mpipe-glib.h>

#define N_PICTURES 8
#define WIDTH 4096
#define HEIGHT 4096

static void
paint_rings (guint8 *pixels, gint32 distance)
{
  for (gint32 y = 0; y < HEIGHT; y++)
    for (gint32 x = 0; x < WIDTH; x++)
      {
        gint32 dx = x - WIDTH / 2, dy = y - HEIGHT / 2;

        pixels[y * WIDTH + x] = (guint8) ((dx * dx + dy * dy) / (distance * 1000));
      }
}

static GVariant *
paint (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  guint8 *pixels;
  g_autoptr (GBytes) bytes = mpipe_worker_new_bytes (worker, WIDTH * HEIGHT, &pixels, error);

  if (bytes == NULL)
    return NULL;
  paint_rings (pixels, g_variant_get_int32 (task));
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

int
main (int argc, char **argv)
{
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *picture;

  mpipe_worker_register_func ("paint", paint, NULL, NULL);
  mpipe_init (&argc, &argv);

  stage = mpipe_stage_new_ordered ("paint", 2);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  for (gint32 i = 1; i <= N_PICTURES; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int32 (i), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  while ((picture = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      const guint8 *pixels = g_variant_get_data (picture);

      g_print ("%" G_GSIZE_FORMAT " bytes, the corner is %u\n", g_variant_get_size (picture),
               pixels[0]);
      g_variant_unref (picture);
    }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error == NULL ? 0 : 1;
}
