/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "samples.h"

void
bench_samples_add (BenchSamples *self, double figure)
{
  if (self->figures == NULL)
    self->figures = g_array_new (FALSE, FALSE, sizeof figure);
  g_array_append_val (self->figures, figure);
}

void
bench_samples_clear (BenchSamples *self)
{
  g_clear_pointer (&self->figures, g_array_unref);
}

gboolean
bench_samples_is_empty (const BenchSamples *self)
{
  return self->figures == NULL;
}

/* There must be one. */
double
bench_samples_get_last (const BenchSamples *self)
{
  return g_array_index (self->figures, double, self->figures->len - 1);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return (first > second) - (first < second);
}

/* There must be one. */
double
bench_samples_get_median (const BenchSamples *self)
{
  g_autoptr (GArray) sorted = g_array_copy (self->figures);
  guint middle = sorted->len / 2;

  g_array_sort (sorted, compare);
  if (sorted->len % 2 == 1)
    return g_array_index (sorted, double, middle);
  return (g_array_index (sorted, double, middle - 1) + g_array_index (sorted, double, middle)) / 2;
}
