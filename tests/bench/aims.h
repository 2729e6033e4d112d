/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* What was to be reached in this run, and what was. */
typedef struct _BenchAims BenchAims;

BenchAims *bench_aims_new (void);
void bench_aims_free (BenchAims *self);

void bench_aims_note (BenchAims *self, const char *key, double value, const BenchAim *aim);
void bench_aims_print (BenchAims *self);

G_END_DECLS
