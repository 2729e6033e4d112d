/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What processes have used: this one, the children it has waited for, or another. */

typedef struct
{
  double n_switches; /* context switches */
  double processor_s;
} BenchCosts;

void bench_resources_reset_peak (void);
double bench_resources_get_peak_mb (void);
double bench_resources_get_private_mb (int pid);
BenchCosts bench_resources_get_costs (void);

G_END_DECLS
