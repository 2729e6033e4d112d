/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* Milliseconds until processes of this program are there. */

double bench_start_pipeline (const BenchShape *shape, gsize n_tasks);
double bench_start_pipeline_in_large (const BenchShape *shape, gsize n_mib);

G_END_DECLS
