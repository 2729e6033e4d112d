/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

/* Small tasks of one type: how the application makes a task and reads a result. */
typedef struct
{
  GVariant *(*make) (gint64 number); /* floating */
  gint64 (*read) (GVariant *result); /* returns the number, which every stage has increased */
} BenchTaskKind;

extern const BenchTaskKind bench_int64_tasks;
extern const BenchTaskKind bench_text_tasks;
extern const BenchTaskKind bench_pair_tasks;

void bench_register_workers (void);

G_END_DECLS
