/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Figures of the same kind, from repetitions. */
typedef struct
{
  GArray *figures; /* of double; NULL when there are none */
} BenchSamples;

void bench_samples_add (BenchSamples *self, double figure);
void bench_samples_clear (BenchSamples *self);
gboolean bench_samples_is_empty (const BenchSamples *self);
double bench_samples_get_last (const BenchSamples *self);
double bench_samples_get_median (const BenchSamples *self);

G_END_DECLS
