/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Payloads of many bytes. */

#include "runs.h"

#include <string.h>

#include "pipelines.h"

static GVariant *
new_payload (gsize size, gint64 number)
{
  guint8 *data = g_malloc (size);

  memset (data, 1, size);
  memcpy (data, &number, sizeof number);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

static gint64
read_payload (GVariant *result, gsize size)
{
  gint64 number;

  if (g_variant_get_size (result) != size)
    g_error ("a payload has changed its size");
  memcpy (&number, g_variant_get_data (result), sizeof number);
  return number;
}

/* The same payload again and again: making it is not what is measured. */
double
bench_run_payload (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  g_autoptr (GVariant) payload = g_variant_ref_sink (new_payload (shape->size, 1));
  gint64 begun = g_get_monotonic_time ();
  gsize n_put = 0;
  double seconds;

  while (n_put < MIN (shape->window, n_tasks))
    {
      bench_pipeline_put (pipeline, payload);
      n_put++;
    }
  for (gsize n_got = 0; n_got < n_tasks; n_got++)
    {
      g_autoptr (GVariant) result = bench_pipeline_get (pipeline);

      read_payload (result, shape->size);
      if (n_put++ < n_tasks)
        bench_pipeline_put (pipeline, payload);
    }
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  bench_pipeline_end (pipeline);
  return shape->size * n_tasks / seconds / 1e9 * shape->n_stages;
}

/* Everything is put, and made, before the first result is read. */
double
bench_run_put_all (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  gint64 begun = g_get_monotonic_time (), sum = 0;
  double seconds;

  for (gsize i = 0; i < n_tasks; i++)
    bench_pipeline_put (pipeline, new_payload (shape->size, i));
  mpipe_pipeline_stop (pipeline);
  for (gsize i = 0; i < n_tasks; i++)
    {
      g_autoptr (GVariant) result = bench_pipeline_get (pipeline);
      gint64 number = read_payload (result, shape->size);

      if (!shape->unordered && number != (gint64) i)
        g_error ("a result is out of order");
      sum += number;
    }
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  bench_pipeline_end (pipeline);
  if (sum != (gint64) (n_tasks * (n_tasks - 1) / 2))
    g_error ("a pipeline has lost tasks");
  return seconds;
}
