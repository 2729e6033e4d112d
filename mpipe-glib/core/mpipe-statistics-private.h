/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A number that one thread counts and any thread reads. */
typedef guint64 MpipeCounter;

static inline void
mpipe_counter_add (MpipeCounter *self, guint64 n)
{
  __atomic_store_n (self, __atomic_load_n (self, __ATOMIC_RELAXED) + n,
                    __ATOMIC_RELAXED);
}

static inline void
mpipe_counter_set (MpipeCounter *self, guint64 value)
{
  __atomic_store_n (self, value, __ATOMIC_RELAXED);
}

static inline guint64
mpipe_counter_get (const MpipeCounter *self)
{
  return __atomic_load_n (self, __ATOMIC_RELAXED);
}

/* What one stage has done so far; the engine's thread writes. */
typedef struct
{
  MpipeCounter n_tasks;   /* accepted */
  MpipeCounter n_results; /* given to the next stages or to the reader */
  MpipeCounter n_failed;
  MpipeCounter n_retried;
  MpipeCounter n_ended; /* tasks that are neither waiting nor with a worker any more */
} MpipeStageStatistics;

/* What one worker place has done so far, over all processes that were in it. */
typedef struct
{
  MpipeCounter pid; /* 0 while there is none */
  MpipeCounter n_tasks;
  MpipeCounter n_failed;
  MpipeCounter n_starts;
  MpipeCounter busy_us;       /* of processes that ended, and of tasks that ended */
  MpipeCounter started_us;    /* monotonic time; 0 while there is no process */
  MpipeCounter up_us;         /* of processes that ended */
  MpipeCounter n_shared;      /* large tasks and results that were only told of */
  MpipeCounter n_streamed;    /* large tasks and results that went through the channel */
  MpipeCounter memory_limit;  /* an MpipeMemoryLimit, of the last process */
} MpipeWorkerStatistics;

G_END_DECLS
