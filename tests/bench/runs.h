/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* What pipelines do. */

/* Tasks each second */
double bench_run_put_get (const BenchShape *shape, gsize n_tasks);
double bench_run_signal (const BenchShape *shape, gsize n_tasks);
double bench_run_arrays (const BenchShape *shape, gsize n_tasks);
double bench_run_crowd (const BenchShape *shape, gsize n_tasks);
double bench_run_uneven (const BenchShape *shape, gsize n_tasks);

double bench_run_hops (const BenchShape *shape, gsize n_tasks);     /* stages passed each second */
double bench_run_one_task (const BenchShape *shape, gsize n_tasks); /* µs for one */
double bench_run_payload (const BenchShape *shape, gsize n_tasks);  /* GB/s one way, each stage */
double bench_run_put_all (const BenchShape *shape, gsize n_tasks);  /* seconds in all */
double bench_run_growth (const BenchShape *shape, gsize n_tasks);   /* MB */

/* The time that a change costs, in tasks */
double bench_run_to_quick (const BenchShape *shape, gsize n_tasks);
double bench_run_to_slow (const BenchShape *shape, gsize n_tasks);

G_END_DECLS
