/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "task-kind.h"

G_BEGIN_DECLS

#define BENCH_N_REFERENCES 3

/* What a pipeline, or the bound for one, has to do. Zeros where it makes no difference. */
typedef struct
{
  const char *worker; /* name of a registered one */
  guint n_workers;    /* of each stage */
  guint n_stages;
  guint n_pipelines;
  gboolean unordered;
  const BenchTaskKind *kind;
  gsize size;        /* bytes of one payload */
  guint window;      /* tasks of each pipeline that are put and not got at any time; 0 for all */
  guint max_backlog; /* of the first stage */
} BenchShape;

/* What a figure, or a ratio, has to reach; 0 for what has no limit. */
typedef struct
{
  double at_least;
  double at_most;
} BenchAim;

/* What a figure is divided by. */
typedef struct
{
  const char *name;  /* of a measure in the same group; NULL for none */
  const char *label; /* the key of the ratio is NAME_of_LABEL */
  BenchAim aim;      /* of the ratio */
} BenchReference;

typedef struct
{
  const char *name;
  const char *unit; /* the key of the figure is NAME_UNIT; NULL when the name has it already */
  double (*run) (const BenchShape *shape, gsize n_tasks); /* returns the figure */
  gsize n_tasks;                                          /* or other things, in a bound */
  BenchShape shape;
  BenchReference references[BENCH_N_REFERENCES]; /* the first is measured anew each time */
  BenchAim aim;                                  /* of the figure */
} BenchMeasure;

/* Measures that are taken in turn, each right behind its first reference. */
typedef struct
{
  const char *name;
  gboolean on_request;  /* only measured when asked for */
  gboolean with_memory; /* its peak of memory is a figure of each measure */
  const BenchMeasure *measures;
  guint n_measures;
} BenchGroup;

G_END_DECLS
