/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

extern const BenchGroup bench_catalogue[];
extern const guint bench_catalogue_size;

const BenchMeasure *bench_catalogue_find (const BenchGroup *group, const char *name);
gboolean bench_catalogue_has (const char *name);

G_END_DECLS
