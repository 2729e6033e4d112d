/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* An unordered stage gives each result as soon as it is there, so that a long task holds up nobody. Its
 * workers sleep at the same time: eight of them are several times as fast as one, however many processors
 * there are. */

#include <mpipe-glib.h>

#define N_TASKS 8
#define FIRST_MS 300 /* the first task takes longest */
#define OTHER_MS 150

static GVariant *
nap (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_usleep (g_variant_get_uint32 (task) * 1000);
  return g_variant_ref (task);
}

/* Returns: how long the tasks took together, in microseconds; 0 when something went wrong */
static gint64
run (guint n_workers, gboolean *out_long_one_came_first, guint *out_total_ms)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_unordered ("nap", n_workers);
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, &error);
  gint64 begun = g_get_monotonic_time ();
  guint n_results = 0;
  GVariant *result;

  for (guint i = 0; i < N_TASKS && pipeline != NULL; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_uint32 (i == 0 ? FIRST_MS : OTHER_MS), NULL, NULL);
  if (pipeline != NULL)
    mpipe_pipeline_stop (pipeline);

  *out_total_ms = 0;
  while (pipeline != NULL && (result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      if (n_results++ == 0)
        *out_long_one_came_first = g_variant_get_uint32 (result) == FIRST_MS;
      *out_total_ms += g_variant_get_uint32 (result);
      g_variant_unref (result);
    }
  if (error == NULL)
    return g_get_monotonic_time () - begun;
  g_printerr ("%s\n", error->message);
  return 0;
}

int
main (int argc, char **argv)
{
  gboolean in_order_of_one, in_order_of_eight;
  guint total_ms_of_one, total_ms_of_eight;
  gint64 us_of_one, us_of_eight;

  mpipe_worker_register_func ("nap", nap, NULL, NULL);
  mpipe_init (&argc, &argv);

  us_of_one = run (1, &in_order_of_one, &total_ms_of_one);
  us_of_eight = run (8, &in_order_of_eight, &total_ms_of_eight);
  if (us_of_one == 0 || us_of_eight == 0)
    return 1;

  g_print ("slept with one worker: %u ms, with eight: %u ms\n", total_ms_of_one,
           total_ms_of_eight);
  g_print ("the long task came out first with one worker: %s, with eight: %s\n",
           in_order_of_one ? "yes" : "no", in_order_of_eight ? "yes" : "no");
  g_print ("at least twice as fast as one process: %s\n",
           us_of_one >= 2 * us_of_eight ? "yes" : "no");
  g_printerr ("%.1f times as fast as one process\n", (double) us_of_one / us_of_eight);
  return 0;
}
