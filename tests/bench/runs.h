/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* What pipelines do. */

double bench_run_put_get (const BenchShape *shape, gsize n_tasks);  /* tasks each second */
double bench_run_signal (const BenchShape *shape, gsize n_tasks);   /* tasks each second */
double bench_run_one_task (const BenchShape *shape, gsize n_tasks); /* µs for one */
double bench_run_payload (const BenchShape *shape, gsize n_tasks);  /* GB each second, one way */
double bench_run_put_all (const BenchShape *shape, gsize n_tasks);  /* seconds in all */

G_END_DECLS
