/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* Until processes of this program are there. */

void bench_start_answer_if_asked (int argc, char **argv);
double bench_start_pipeline (const BenchShape *shape, gsize n_tasks);

G_END_DECLS
