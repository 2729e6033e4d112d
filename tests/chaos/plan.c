/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Every decision is a hash of the seed, of what is decided, and of a number; so none depends on how many were made
 * before it, or in which thread. */

#include "config.h"

#include "plan.h"

#define POISON_EVERY 30  /* tasks, on average */
#define DISTURB_EVERY 20 /* ended tasks, on average */
#define LARGE_EVERY 100  /* tasks */
#define MEDIUM_EVERY 12
#define SMALL_SIZE 256
#define MEDIUM_SIZE (64 << 10)
#define NUMBERS_BYTES 2000 /* of numbers, where bytes are limited */

/* What a decision is about. */
typedef enum
{
  ABOUT_STAGES,
  ABOUT_PIPELINE,
  ABOUT_POISON,
  ABOUT_FAULT,
  ABOUT_CLASS,
  ABOUT_SIZE,
  ABOUT_PUTTING,
  ABOUT_DISTURBANCE,
} Subject;

typedef struct
{
  const char *name;
  guint stage;
  guint weight; /* those that cost a whole time limit are rarer */
} FaultInfo;

static const FaultInfo faults[CHAOS_N_FAULTS] = {
  [CHAOS_HARMLESS] = { "harmless", 0, 0 },
  [CHAOS_KILL] = { "kill", 0, 4 },
  [CHAOS_EXIT] = { "exit 0", 0, 4 },
  [CHAOS_ERROR] = { "error", 0, 4 },
  [CHAOS_FLOOD] = { "flood of errors, kill", 0, 2 },
  [CHAOS_STOP] = { "stop", 0, 1 },
  [CHAOS_HANG] = { "hang", 0, 1 },
  [CHAOS_WRONG_TYPE] = { "wrong type", 0, 4 },
  [CHAOS_GARBAGE] = { "garbage", 1, 4 },
  [CHAOS_TRUNCATED] = { "truncated frame", 1, 4 },
  [CHAOS_CLOSE] = { "closed channel", 1, 4 },
  [CHAOS_MEMORY_BOMB] = { "memory bomb", 1, 4 },
  [CHAOS_UNKNOWN_KIND] = { "unknown kind", 1, 4 },
  [CHAOS_PROMISE] = { "promise of a gigabyte", 1, 4 },
  [CHAOS_WRONG_SIZE] = { "wrong size", 1, 4 },
  [CHAOS_UNNAMED_TYPE] = { "unnamed type", 1, 4 },
  [CHAOS_FALSE_PLACE] = { "false place in shared memory", 1, 4 },
  [CHAOS_FALSE_LOAN] = { "part of a task not lent", 1, 4 },
  [CHAOS_KILL_LATE] = { "kill in the last stage", 2, 4 },
  [CHAOS_CRASH] = { "crash", 2, 4 },
  [CHAOS_EXIT_LATE] = { "exit 1", 2, 4 },
  [CHAOS_KILL_AMID_RESULTS] = { "kill after two results", 2, 4 },
};

typedef struct
{
  const char *name;
  guint weight;
  guint amount_min, amount_max;
} DisturbanceInfo;

static const DisturbanceInfo disturbances[CHAOS_N_DISTURBANCES] = {
  [CHAOS_KILL_WORKER] = { "kills", 40, 0, 0 },
  [CHAOS_PAUSE_WORKER] = { "pauses", 20, 100, 5000 },
  [CHAOS_STOP_WORKER] = { "stops", 2, 0, 0 },
  [CHAOS_REFUSE_LAUNCHES] = { "refusals", 6, 1, 3 },
  [CHAOS_MISLEAD_LAUNCHES] = { "misleadings", 6, 1, 3 },
  [CHAOS_EXHAUST_DESCRIPTORS] = { "exhaustions", 6, 0, 24 },
  [CHAOS_CANCEL_TASK] = { "cancellations", 20, 0, 200 },
};

static guint64
hash (const ChaosPlan *self, Subject subject, guint64 number)
{
  guint64 x = ((guint64) self->seed << 32 | (guint64) subject << 26)
              + (number + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  x = (x ^ x >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ x >> 31;
}

static guint
pick (guint64 random, guint min, guint max)
{
  return min + (guint) (random % (max - min + 1));
}


static void
init_stage (ChaosPlan *self, guint n)
{
  static const guint backlogs[] = { 16, 64, 500, 5000 };
  static const guint lifespans[] = { 0, 0, 50, 200 };
  static const guint idle_timeouts[] = { 0, 0, 1, 20 };
  ChaosStageSettings *stage = &self->stages[n];
  guint64 random[10];

  for (guint i = 0; i < G_N_ELEMENTS (random); i++)
    random[i] = hash (self, ABOUT_STAGES, n * G_N_ELEMENTS (random) + i);
  *stage = (ChaosStageSettings){
    .n_workers = pick (random[0], 1, 4),
    .lifespan = lifespans[random[1] % 4],
    .idle_timeout_ms = idle_timeouts[random[2] % 4],
    /* what the first stage holds bounds the memory */
    .max_backlog = n == 0 && self->size_max == CHAOS_SIZE_MAX ? backlogs[random[3] % 3]
                                                              : backlogs[random[3] % 4],
    .max_backlog_bytes = random[4] % 3 == 0 ? 2 * CHAOS_SIZE_MAX : 0,
    .max_attempts = pick (random[5], 1, 3),
    .retry_delay_ms = pick (random[6], 0, 3),
    .concurrency = n != 1 && random[7] % 3 == 0 ? 4 : 1,
    .capture_stderr = random[8] % 4 != 0,
    .sandboxed = random[9] % 4 == 0,
  };
}

void
chaos_plan_init (ChaosPlan *self, guint32 seed)
{
  guint64 random;

  *self = (ChaosPlan){ .seed = seed };
  random = hash (self, ABOUT_PIPELINE, 0);
  self->task_timeout_ms = pick (random, 300, 600);
  self->size_max = (random >> 16) % 3 == 0 ? SMALL_SIZE : CHAOS_SIZE_MAX;
  self->n_feeders = pick (random >> 24, 1, 3);
  self->collects = (random >> 32) % 3 == 0;
  self->polls = (random >> 40) % 3 == 0;
  for (guint i = 0; i < CHAOS_N_STAGES; i++)
    init_stage (self, i);
}

/* The same with tasks that are numbers, and nothing that keeps numbers from travelling in rows. The
 * second stage takes rows with every other seed, and is a program that knows of none otherwise. */
void
chaos_plan_make_numbers (ChaosPlan *self)
{
  self->numbers = TRUE;
  self->size_max = 0;
  self->collects = FALSE;
  for (guint i = 0; i < CHAOS_N_STAGES; i++)
    {
      ChaosStageSettings *stage = &self->stages[i];

      if (self->seed % 3 == 0)
        stage->max_backlog = 0;
      if (stage->max_backlog_bytes > 0)
        stage->max_backlog_bytes = NUMBERS_BYTES;
      stage->concurrency = 1;
      stage->arrays = i == 2 || (i == 1 && self->seed % 2 == 0);
      stage->sandboxed = stage->sandboxed && !stage->arrays;
    }
}

char *
chaos_plan_describe (const ChaosPlan *self)
{
  GString *text = g_string_new (self->numbers ? "numbers, " : NULL);

  g_string_append_printf (text,
                          "time limit %u ms, data up to %" G_GSIZE_FORMAT
                          " bytes, %u threads put%s%s",
                          self->task_timeout_ms, self->size_max, self->n_feeders,
                          self->collects ? ", failures are collected" : "",
                          self->polls ? ", the reader polls" : "");
  for (guint i = 0; i < CHAOS_N_STAGES; i++)
    {
      const ChaosStageSettings *stage = &self->stages[i];

      g_string_append_printf (
          text,
          "; stage %u: %u workers of %u, lifespan %u, idle %u ms, backlog %u and %" G_GUINT64_FORMAT
          " bytes, %u attempts after %u ms%s%s%s",
          i, stage->n_workers, stage->concurrency, stage->lifespan, stage->idle_timeout_ms,
          stage->max_backlog, stage->max_backlog_bytes, stage->max_attempts, stage->retry_delay_ms,
          stage->capture_stderr ? ", captured" : "", stage->sandboxed ? ", sandboxed" : "",
          stage->arrays ? ", whole arrays" : "");
    }
  return g_string_free (text, FALSE);
}

ChaosFault
chaos_plan_get_fault (const ChaosPlan *self, guint index)
{
  guint sum = 0, chosen;

  if (hash (self, ABOUT_POISON, index) % POISON_EVERY != 0)
    return CHAOS_HARMLESS;
  for (guint i = 0; i < CHAOS_N_FAULTS; i++)
    sum += faults[i].weight;
  chosen = (guint) (hash (self, ABOUT_FAULT, index) % sum);
  for (guint i = 0;; i++)
    {
      if (chosen < faults[i].weight)
        return (ChaosFault) i;
      chosen -= faults[i].weight;
    }
}

/* Returns: bytes of data; many are few, some are many. */
gsize
chaos_plan_get_size (const ChaosPlan *self, guint index)
{
  guint64 kind = hash (self, ABOUT_CLASS, index), random = hash (self, ABOUT_SIZE, index);
  gsize max = kind % LARGE_EVERY == 0    ? CHAOS_SIZE_MAX
              : kind % MEDIUM_EVERY == 0 ? MEDIUM_SIZE
                                         : SMALL_SIZE;

  return random % (MIN (max, self->size_max) + 1);
}

ChaosPutKind
chaos_plan_get_put_kind (const ChaosPlan *self, guint index)
{
  ChaosPutKind kind = (ChaosPutKind) (hash (self, ABOUT_PUTTING, index) % CHAOS_N_PUT_KINDS);

  /* which tasks became of an array is known if nobody else puts any */
  return kind == CHAOS_PUT_ARRAY && self->n_feeders > 1 ? CHAOS_PUT : kind;
}

ChaosDisturbance
chaos_plan_get_disturbance (const ChaosPlan *self, guint number)
{
  guint64 random = hash (self, ABOUT_DISTURBANCE, 2 * (guint64) number);
  guint64 other = hash (self, ABOUT_DISTURBANCE, 2 * (guint64) number + 1);
  guint sum = 0, chosen, i = 0;

  for (guint k = 0; k < CHAOS_N_DISTURBANCES; k++)
    sum += disturbances[k].weight;
  for (chosen = (guint) (random % sum); chosen >= disturbances[i].weight; i++)
    chosen -= disturbances[i].weight;
  return (ChaosDisturbance){
    .kind = (ChaosDisturbanceKind) i,
    .after = pick (other, 0, 2 * DISTURB_EVERY),
    .stage = (guint) ((other >> 16) % CHAOS_N_STAGES),
    .worker = (guint) (other >> 32) & 0xffff,
    .amount = pick (random >> 32, disturbances[i].amount_min, disturbances[i].amount_max),
  };
}

/* Returns: the number of the stage that acts according to it, from 0 */
guint
chaos_fault_get_stage (ChaosFault fault)
{
  return faults[fault].stage;
}

const char *
chaos_fault_to_string (ChaosFault fault)
{
  return faults[fault].name;
}

const char *
chaos_disturbance_to_string (ChaosDisturbanceKind kind)
{
  return disturbances[kind].name;
}
