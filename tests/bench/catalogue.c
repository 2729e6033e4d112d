/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* All that is measured, and against what. */

#include "catalogue.h"

#include "bounds.h"
#include "rivals.h"
#include "runs.h"
#include "start.h"

#define N_TASKS 300000
#define WINDOW 4096
#define N_UNEVEN 400
#define KIB ((gsize) 1 << 10)
#define MIB ((gsize) 1 << 20)
#define N_BYTES ((gsize) 1 << 30) /* in all payloads of one run */

#define AT_LEAST(value)                                                                            \
  {                                                                                                \
    .at_least = value                                                                              \
  }
#define CROWD(workers, stages)                                                                     \
  .worker = "int64", .kind = &bench_int64_tasks, .n_workers = workers, .n_stages = stages

#define NO_AIM                                                                                     \
  {                                                                                                \
    0                                                                                              \
  }
#define AT_MOST(value)                                                                             \
  {                                                                                                \
    .at_most = value                                                                               \
  }

#define SMALL_TASKS(name) .worker = #name, .kind = &bench_##name##_tasks, .n_workers = 2
#define WHOLE_ARRAYS .worker = "int64_array", .kind = &bench_int64_tasks, .n_workers = 2

static const BenchMeasure tasks[] = {
  { .name = "raw_batched_tasks_s",
    .run = bench_bound_raw,
    .n_tasks = 10 * N_TASKS,
    .shape = { .window = WINDOW } },
  { .name = "gvariant_tasks_s",
    .run = bench_bound_gvariant,
    .n_tasks = N_TASKS,
    .shape = { .window = WINDOW } },
  { .name = "int64_1_stage",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW },
    .references = { { "gvariant_tasks_s", "bound", AT_LEAST (0.9) } } },
  { .name = "int64_3_stages",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (int64), .n_stages = 3, .window = WINDOW },
    .references
    = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "1_stage", AT_LEAST (0.4) } } },
  { .name = "int64_signal",
    .unit = "tasks_s",
    .run = bench_run_signal,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW },
    .references
    = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "put_get", AT_LEAST (0.5) } } },
  { .name = "int64_unordered",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW, .unordered = TRUE },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "ordered" } } },
  { .name = "int64_put_then_get",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1 },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "put_get" } } },
  { .name = "int64_limited",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW, .max_backlog = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "unlimited" } } },
  { .name = "text",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (text), .n_stages = 1, .window = WINDOW },
    .references
    = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "int64", AT_LEAST (0.6) } } },
  { .name = "text_limited",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (text), .n_stages = 1, .window = WINDOW, .max_backlog = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "text", "unlimited" } } },
  { .name = "pair",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (pair), .n_stages = 1, .window = WINDOW },
    .references
    = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "int64", AT_LEAST (0.3) } } },
  { .name = "array_one",
    .unit = "tasks_s",
    .run = bench_run_arrays,
    .n_tasks = 4 * N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = 4 * WINDOW },
    .references
    = { { "raw_batched_tasks_s", "bound" }, { "int64_1_stage", "int64", AT_LEAST (2) } } },
  { .name = "array_whole",
    .unit = "tasks_s",
    .run = bench_run_arrays,
    .n_tasks = 40 * N_TASKS,
    .shape = { WHOLE_ARRAYS, .n_stages = 1, .window = 4 * WINDOW },
    .references
    = { { "raw_batched_tasks_s", "bound", AT_LEAST (1) }, { "int64_1_stage", "int64" } } },
  { .name = "array_whole_limited",
    .unit = "tasks_s",
    .run = bench_run_arrays,
    .n_tasks = 40 * N_TASKS,
    .shape = { WHOLE_ARRAYS, .n_stages = 1, .window = 4 * WINDOW, .max_backlog = 4 * WINDOW },
    .references
    = { { "raw_batched_tasks_s", "bound" }, { "array_whole", "unlimited" } } },
};

static const BenchMeasure round_trip[] = {
  { .name = "round_trip_us", .run = bench_bound_round_trip, .n_tasks = 10000 },
  { .name = "one_task",
    .unit = "us",
    .run = bench_run_one_task,
    .n_tasks = 10000,
    .shape = { .worker = "int64", .kind = &bench_int64_tasks, .n_workers = 1, .n_stages = 1 },
    .references = { { "round_trip_us", "bound", AT_MOST (1.6) } } },
};

/* There and back through one worker, which does with it what @what_worker says. */
#define PAYLOAD(what_name, bytes, what_worker, in_flight, bound, ...)                              \
  {                                                                                                \
    .name = what_name, .unit = "GB_s", .run = bench_run_payload, .n_tasks = N_BYTES / (bytes),     \
    .shape = { .worker = what_worker,                                                              \
               .n_workers = 1,                                                                     \
               .n_stages = 1,                                                                      \
               .size = (bytes),                                                                    \
               .window = in_flight },                                                              \
    .references = { { bound, "bound", __VA_ARGS__ } },                                             \
  }

/* Each stage passes it on; the figure counts how much each of them takes and gives. */
#define PAYLOAD_CHAIN(what_name, bytes, bound, one_stage)                                          \
  {                                                                                                \
    .name = what_name, .unit = "GB_s", .run = bench_run_payload, .n_tasks = N_BYTES / (bytes) / 4, \
    .shape = { .worker = "return", .n_workers = 1, .n_stages = 4, .size = (bytes), .window = 4 },  \
    .references = { { bound, "bound" }, { one_stage, "1_stage", AT_LEAST (0.8) } },                \
  }

static const BenchMeasure payloads_64_kib[] = {
  { .name = "echo_GB_s_64KiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / (64 * KIB),
    .shape = { .size = 64 * KIB } },
  PAYLOAD ("payload_64KiB_returned", 64 * KIB, "return", 4, "echo_GB_s_64KiB", NO_AIM),
  PAYLOAD ("payload_64KiB_made", 64 * KIB, "make", 4, "echo_GB_s_64KiB", NO_AIM),
  PAYLOAD ("payload_64KiB_made_in_place", 64 * KIB, "make_in_place", 4, "echo_GB_s_64KiB", NO_AIM),
  PAYLOAD ("payload_64KiB_returned_alone", 64 * KIB, "return", 1, "echo_GB_s_64KiB", NO_AIM),
  PAYLOAD ("payload_64KiB_made_alone", 64 * KIB, "make", 1, "echo_GB_s_64KiB", NO_AIM),
};

static const BenchMeasure payloads_1_mib[] = {
  { .name = "echo_GB_s_1MiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / MIB,
    .shape = { .size = MIB } },
  PAYLOAD ("payload_1MiB_returned", MIB, "return", 4, "echo_GB_s_1MiB", AT_LEAST (2)),
  PAYLOAD ("payload_1MiB_made", MIB, "make", 4, "echo_GB_s_1MiB", AT_LEAST (1.2)),
  PAYLOAD ("payload_1MiB_made_in_place", MIB, "make_in_place", 4, "echo_GB_s_1MiB",
           AT_LEAST (1.2)),
  PAYLOAD ("payload_1MiB_returned_alone", MIB, "return", 1, "echo_GB_s_1MiB", NO_AIM),
  PAYLOAD ("payload_1MiB_made_alone", MIB, "make", 1, "echo_GB_s_1MiB", NO_AIM),
  PAYLOAD_CHAIN ("payload_1MiB_4_stages", MIB, "echo_GB_s_1MiB", "payload_1MiB_returned"),
};

static const BenchMeasure payloads_16_mib[] = {
  { .name = "echo_GB_s_16MiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / (16 * MIB),
    .shape = { .size = 16 * MIB } },
  PAYLOAD ("payload_16MiB_returned", 16 * MIB, "return", 4, "echo_GB_s_16MiB", AT_LEAST (2)),
  PAYLOAD ("payload_16MiB_made", 16 * MIB, "make", 4, "echo_GB_s_16MiB", AT_LEAST (1.2)),
  PAYLOAD ("payload_16MiB_made_in_place", 16 * MIB, "make_in_place", 4, "echo_GB_s_16MiB",
           AT_LEAST (1.2)),
  PAYLOAD ("payload_16MiB_returned_alone", 16 * MIB, "return", 1, "echo_GB_s_16MiB", NO_AIM),
  PAYLOAD ("payload_16MiB_made_alone", 16 * MIB, "make", 1, "echo_GB_s_16MiB", NO_AIM),
  PAYLOAD_CHAIN ("payload_16MiB_4_stages", 16 * MIB, "echo_GB_s_16MiB", "payload_16MiB_returned"),
};

static const BenchMeasure memory[] = {
  { .name = "memcpy_GB_s", .run = bench_bound_memcpy, .n_tasks = 10 },
};

/* The figure is that of one stage, or one pipeline, times their number. */
static const BenchMeasure scaling[] = {
  { .name = "workers_2",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = 5 * N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW } },
  { .name = "workers_64_busy",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = 5 * N_TASKS,
    .shape = { CROWD (64, 1), .window = WINDOW },
    .references = { { "workers_2", "2", AT_LEAST (0.75) } } },
  /* two tasks on the way: all the others are idle */
  { .name = "workers_2_few_tasks",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = N_TASKS / 10,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = 2 } },
  { .name = "workers_64_idle",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = N_TASKS / 10,
    .shape = { CROWD (64, 1), .window = 2 },
    .references = { { "workers_2_few_tasks", "2", AT_LEAST (0.75) } } },
  { .name = "stages_1",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = N_TASKS,
    .shape = { CROWD (1, 1), .window = WINDOW } },
  { .name = "stages_32",
    .unit = "hops_s",
    .run = bench_run_hops,
    .n_tasks = N_TASKS / 10,
    .shape = { CROWD (1, 32), .window = WINDOW },
    .references = { { "stages_1", "1", AT_LEAST (0.75) } } },
  { .name = "pipelines_1",
    .unit = "hops_s",
    .run = bench_run_crowd,
    .n_tasks = N_TASKS,
    .shape = { CROWD (1, 1), .n_pipelines = 1, .window = WINDOW } },
  { .name = "pipelines_200",
    .unit = "hops_s",
    .run = bench_run_crowd,
    .n_tasks = 4 * N_TASKS,
    .shape = { CROWD (1, 1), .n_pipelines = 200, .window = WINDOW },
    .references = { { "pipelines_1", "1", AT_LEAST (0.75) } } },
};

static const BenchMeasure uneven[] = {
  { .name = "balance_tasks_s",
    .run = bench_bound_balance,
    .n_tasks = N_UNEVEN,
    .shape = { .n_workers = 2 } },
  { .name = "in_turn_tasks_s",
    .run = bench_bound_in_turn,
    .n_tasks = N_UNEVEN,
    .shape = { .n_workers = 2 } },
  { .name = "uneven",
    .unit = "tasks_s",
    .run = bench_run_uneven,
    .n_tasks = N_UNEVEN,
    .shape = { .worker = "wait", .n_workers = 2, .n_stages = 1, .unordered = TRUE },
    .references
    = { { "balance_tasks_s", "balance", AT_LEAST (0.95) }, { "in_turn_tasks_s", "in_turn" } } },
};

static const BenchMeasure change[] = {
  { .name = "quick_after_slow",
    .unit = "tasks",
    .run = bench_run_to_quick,
    .n_tasks = 1000,
    .shape = { .worker = "wait", .n_workers = 2, .n_stages = 1 },
    .aim = AT_MOST (10) },
  { .name = "slow_after_quick",
    .unit = "tasks",
    .run = bench_run_to_slow,
    .n_tasks = 1000,
    .shape = { .worker = "wait", .n_workers = 2, .n_stages = 1 },
    .aim = AT_MOST (10) },
};

#define LARGE_MIB 2048 /* in the process that starts others */

static const BenchMeasure start[] = {
  { .name = "bare_start_8_ms",
    .run = bench_bound_start,
    .n_tasks = 1,
    .shape = { .n_workers = 8 } },
  { .name = "start_8_workers",
    .unit = "ms",
    .run = bench_start_pipeline,
    .n_tasks = 1,
    .shape = { CROWD (8, 1) },
    .references = { { "bare_start_8_ms", "bound", AT_MOST (1.5) } } },
  { .name = "bare_start_1_ms",
    .run = bench_bound_start,
    .n_tasks = 1,
    .shape = { .n_workers = 1 } },
  { .name = "start_1_worker",
    .unit = "ms",
    .run = bench_start_pipeline,
    .n_tasks = 1,
    .shape = { CROWD (1, 1) },
    .references = { { "bare_start_1_ms", "bound" } } },
  { .name = "bare_start_1_in_2GB_ms",
    .run = bench_bound_start_in_large,
    .n_tasks = LARGE_MIB,
    .shape = { .n_workers = 1 } },
  { .name = "start_1_worker_in_2GB",
    .unit = "ms",
    .run = bench_start_pipeline_in_large,
    .n_tasks = LARGE_MIB,
    .shape = { CROWD (1, 1) },
    .references = { { "bare_start_1_in_2GB_ms", "bound", AT_MOST (1.5) },
                    { "bare_start_1_ms", "bound_in_small" } } },
};

/* What else one could use, and what one uses there: two processes, or threads; a connection has one. */
static const BenchMeasure rivals[] = {
#ifdef BENCH_HAS_ZEROMQ
  { .name = "zeromq_tasks_s",
    .run = bench_rival_zeromq,
    .n_tasks = 2 * N_TASKS,
    .shape = { .n_workers = 2 } },
#endif
  { .name = "gdbus_tasks_s",
    .run = bench_rival_gdbus,
    .n_tasks = N_TASKS / 30,
    .shape = { .n_workers = 1, .window = 64 } },
  { .name = "thread_pool_tasks_s",
    .run = bench_rival_thread_pool,
    .n_tasks = N_TASKS,
    .shape = { .n_workers = 2 } },
  { .name = "one_by_one",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW },
    .references = { { "zeromq_tasks_s", "zeromq", AT_LEAST (0.5) },
                    { "gdbus_tasks_s", "gdbus", AT_LEAST (50) },
                    { "thread_pool_tasks_s", "thread_pool" } } },
  { .name = "by_array",
    .unit = "tasks_s",
    .run = bench_run_arrays,
    .n_tasks = 40 * N_TASKS,
    .shape = { WHOLE_ARRAYS, .n_stages = 1, .window = 4 * WINDOW },
    .references = { { "zeromq_tasks_s", "zeromq", AT_LEAST (5) } } },
  { .name = "by_array_to_one",
    .unit = "tasks_s",
    .run = bench_run_arrays,
    .n_tasks = 4 * N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = 4 * WINDOW },
    .references = { { "zeromq_tasks_s", "zeromq" } } },
};

#define MANY_PAYLOADS .worker = "return", .n_workers = 2, .n_stages = 1, .size = 100000

static const BenchMeasure put_all_then_read[] = {
  { .name = "put_all_then_read_ordered",
    .unit = "s",
    .run = bench_run_put_all,
    .n_tasks = 100000,
    .shape = { MANY_PAYLOADS } },
  { .name = "put_all_then_read_unordered",
    .unit = "s",
    .run = bench_run_put_all,
    .n_tasks = 100000,
    .shape = { MANY_PAYLOADS, .unordered = TRUE } },
};

static const BenchMeasure growth[] = {
  { .name = "memory_growth",
    .unit = "MB",
    .run = bench_run_growth,
    .n_tasks = 10000000,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .max_backlog = WINDOW },
    .aim = AT_MOST (2) },
};

#define GROUP(group_name, table)                                                                   \
  .name = group_name, .measures = table, .n_measures = G_N_ELEMENTS (table)

const BenchGroup bench_catalogue[] = {
  { GROUP ("tasks", tasks) },
  { GROUP ("round_trip", round_trip) },
  { GROUP ("payload_64KiB", payloads_64_kib) },
  { GROUP ("payload_1MiB", payloads_1_mib) },
  { GROUP ("payload_16MiB", payloads_16_mib) },
  { GROUP ("memory", memory) },
  { GROUP ("scaling", scaling) },
  { GROUP ("uneven", uneven) },
  { GROUP ("change", change) },
  { GROUP ("start", start) },
  { GROUP ("rivals", rivals) },
  { GROUP ("growth", growth), .on_request = TRUE },
  /* needs some ten gigabytes of memory */
  { GROUP ("put_all_then_read", put_all_then_read), .on_request = TRUE, .with_memory = TRUE },
};
const guint bench_catalogue_size = G_N_ELEMENTS (bench_catalogue);

/* Returns: (nullable): the measure of that name */
const BenchMeasure *
bench_catalogue_find (const BenchGroup *group, const char *name)
{
  for (guint i = 0; i < group->n_measures; i++)
    if (g_strcmp0 (group->measures[i].name, name) == 0)
      return &group->measures[i];
  return NULL;
}

/* Whether there is a group or a measure of that name. */
gboolean
bench_catalogue_has (const char *name)
{
  for (guint i = 0; i < bench_catalogue_size; i++)
    if (g_str_equal (bench_catalogue[i].name, name)
        || bench_catalogue_find (&bench_catalogue[i], name) != NULL)
      return TRUE;
  return FALSE;
}
