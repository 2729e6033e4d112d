/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* An unordered stage gives each result as soon as it is there, so that a long task holds up nobody. Its
 * workers sleep at the same time: eight of them are several times as fast as one, however many processors
 * there are. */

#include <mpipe-glib.h>

#define N_TASKS 8
#define FIRST_MS 300 /* the first task takes longest */
#define OTHERS_MS 150

static GVariant *
nap (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_usleep (g_variant_get_uint32 (task) * 1000);
  return g_variant_ref (task);
}

/* Returns: how long the tasks took together, in microseconds; 0 when something went wrong */
static gint64
run (guint n_workers)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_unordered ("nap", n_workers);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, &error);
  gint64 begun = g_get_monotonic_time ();
  guint first_ms = 0, total_ms = 0;
  GVariant *result;

  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 0;
    }
  for (guint i = 0; i < N_TASKS; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_uint32 (i == 0 ? FIRST_MS : OTHERS_MS), NULL, NULL);
  mpipe_pipeline_stop (pipeline);

  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      if (total_ms == 0)
        first_ms = g_variant_get_uint32 (result);
      total_ms += g_variant_get_uint32 (result);
      g_variant_unref (result);
    }
  g_print ("workers: %u, slept %u ms in all; the long task came out first: %s\n", n_workers,
           total_ms, first_ms == FIRST_MS ? "yes" : "no");
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error == NULL ? g_get_monotonic_time () - begun : 0;
}

int
main (int argc, char **argv)
{
  gint64 one_us, eight_us;

  mpipe_worker_register_func ("nap", nap, NULL, NULL);
  mpipe_init (&argc, &argv);

  one_us = run (1);
  eight_us = run (8);
  if (one_us == 0 || eight_us == 0)
    return 1;
  g_print ("at least twice as fast as one process: %s\n", one_us >= 2 * eight_us ? "yes" : "no");
  g_printerr ("%.1f times as fast as one process\n", (double) one_us / eight_us);
  return 0;
}
