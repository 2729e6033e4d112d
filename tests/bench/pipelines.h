/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

MpipePipeline *bench_pipeline_new (const BenchShape *shape);
void bench_pipeline_put (MpipePipeline *self, GVariant *task);
void bench_pipeline_put_array (MpipePipeline *self, GVariant *tasks, gsize n);
GVariant *bench_pipeline_get (MpipePipeline *self);
GVariant *bench_pipeline_get_array (MpipePipeline *self);
void bench_pipeline_end (MpipePipeline *self);

G_END_DECLS
