/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* What the machine allows: the same work without a pipeline, one thread on each side of a socket. */

double bench_bound_raw (const BenchShape *shape, gsize n_tasks);
double bench_bound_gvariant (const BenchShape *shape, gsize n_tasks);

double bench_bound_round_trip (const BenchShape *shape, gsize n_tasks);
double bench_bound_echo (const BenchShape *shape, gsize n_tasks);
double bench_bound_memcpy (const BenchShape *shape, gsize n_tasks);

double bench_bound_start (const BenchShape *shape, gsize n_tasks);
double bench_bound_start_in_large (const BenchShape *shape, gsize n_mib);

double bench_bound_balance (const BenchShape *shape, gsize n_tasks);
double bench_bound_in_turn (const BenchShape *shape, gsize n_tasks);

G_END_DECLS
