/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All that a seed decides: how the stages are set, what is wrong with which task, how large it is, how it is put, and
 * which disturbance comes after how many ended tasks. Pure: the same seed gives the same plan anywhere. */

#define CHAOS_N_STAGES 3
#define CHAOS_USUAL_SEED 25 /* from this one on */
#define CHAOS_N_USUAL_SEEDS 4
#define CHAOS_SIZE_MAX ((gsize) 2 << 20) /* of a task's data */

/* What is wrong with a task. Its stage acts accordingly; the others only pass it on. The program of the second stage,
 * tests/kit/misbehaving-worker.c, knows the same numbers. */
typedef enum
{
  CHAOS_HARMLESS,
  CHAOS_KILL,
  CHAOS_EXIT,
  CHAOS_ERROR,
  CHAOS_FLOOD,
  CHAOS_STOP,
  CHAOS_HANG,
  CHAOS_WRONG_TYPE,
  CHAOS_GARBAGE,
  CHAOS_TRUNCATED,
  CHAOS_CLOSE,
  CHAOS_MEMORY_BOMB,
  CHAOS_UNKNOWN_KIND,
  CHAOS_PROMISE,
  CHAOS_WRONG_SIZE,
  CHAOS_UNNAMED_TYPE,
  CHAOS_FALSE_PLACE,
  CHAOS_FALSE_LOAN,
  CHAOS_KILL_LATE,
  CHAOS_CRASH,
  CHAOS_EXIT_LATE,
  CHAOS_KILL_AMID_RESULTS,
  CHAOS_N_FAULTS,
} ChaosFault;

/* What comes from outside of the tasks. */
typedef enum
{
  CHAOS_KILL_WORKER,
  CHAOS_PAUSE_WORKER,        /* for a number of microseconds */
  CHAOS_STOP_WORKER,         /* for ever */
  CHAOS_REFUSE_LAUNCHES,     /* so many: no process can be made */
  CHAOS_MISLEAD_LAUNCHES,    /* so many: the process finds nothing to execute */
  CHAOS_EXHAUST_DESCRIPTORS, /* but for so many */
  CHAOS_CANCEL_TASK,         /* so many before the latest */
  CHAOS_N_DISTURBANCES,
} ChaosDisturbanceKind;

typedef struct
{
  ChaosDisturbanceKind kind;
  guint after;  /* so many more ended tasks */
  guint stage;  /* whose worker it is, */
  guint worker; /* any number: of its workers, counted round */
  guint amount;
} ChaosDisturbance;

typedef enum
{
  CHAOS_PUT,
  CHAOS_TRY_PUT,
  CHAOS_PUT_UNTIL,
  CHAOS_PUT_ARRAY,
  CHAOS_N_PUT_KINDS,
} ChaosPutKind;

typedef struct
{
  guint n_workers;
  guint lifespan;
  guint idle_timeout_ms;
  guint max_backlog;
  guint64 max_backlog_bytes;
  guint max_attempts;
  guint retry_delay_ms;
  guint concurrency;
  gboolean capture_stderr;
  gboolean sandboxed;
  gboolean arrays; /* its workers take whole arrays, and have no time limit */
} ChaosStageSettings;

typedef struct
{
  guint32 seed;
  ChaosStageSettings stages[CHAOS_N_STAGES];
  guint task_timeout_ms;
  gboolean numbers;  /* tasks are numbers, without data, and travel in rows */
  gsize size_max;    /* of the data of a task */
  guint n_feeders;   /* threads that put */
  gboolean collects; /* failures are taken with their tasks */
  gboolean polls;    /* who reads does not wait long */
} ChaosPlan;

void chaos_plan_init (ChaosPlan *self, guint32 seed);
void chaos_plan_make_numbers (ChaosPlan *self);
char *chaos_plan_describe (const ChaosPlan *self);

ChaosFault chaos_plan_get_fault (const ChaosPlan *self, guint index);
gsize chaos_plan_get_size (const ChaosPlan *self, guint index);
ChaosPutKind chaos_plan_get_put_kind (const ChaosPlan *self, guint index);
ChaosDisturbance chaos_plan_get_disturbance (const ChaosPlan *self, guint number);

guint chaos_fault_get_stage (ChaosFault fault);
const char *chaos_fault_to_string (ChaosFault fault);
const char *chaos_disturbance_to_string (ChaosDisturbanceKind kind);

G_END_DECLS
