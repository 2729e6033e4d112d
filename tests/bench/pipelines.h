/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

MpipePipeline *bench_pipeline_new (const BenchShape *shape);
void bench_pipeline_put (MpipePipeline *self, GVariant *task);
GVariant *bench_pipeline_get (MpipePipeline *self);
void bench_pipeline_end (MpipePipeline *self);

G_END_DECLS
