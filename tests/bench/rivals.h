/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "measure.h"

G_BEGIN_DECLS

/* What one could use instead, on the same work: numbers are increased elsewhere. Tasks each second. */

/* PUSH and PULL over sockets of the file system: in no order, and nobody knows what was lost. */
double bench_rival_zeromq (const BenchShape *shape, gsize n_tasks);

/* Calls of one method, without a bus; @shape->window at a time. */
double bench_rival_gdbus (const BenchShape *shape, gsize n_tasks);

/* Threads, and a queue of results: nothing is isolated from anything. */
double bench_rival_thread_pool (const BenchShape *shape, gsize n_tasks);

G_END_DECLS
