/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* All that is measured, and against what. */

#include "catalogue.h"

#include "bounds.h"
#include "runs.h"
#include "start.h"

#define N_TASKS 300000
#define WINDOW 4096
#define KIB ((gsize) 1 << 10)
#define MIB ((gsize) 1 << 20)
#define N_BYTES ((gsize) 256 << 20) /* in all payloads of one run */

#define SMALL_TASKS(name) .worker = #name, .kind = &bench_##name##_tasks, .n_workers = 2

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
    .references = { { "gvariant_tasks_s", "bound" } } },
  { .name = "int64_3_stages",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (int64), .n_stages = 3, .window = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "1_stage" } } },
  { .name = "int64_signal",
    .unit = "tasks_s",
    .run = bench_run_signal,
    .n_tasks = N_TASKS,
    .shape = { SMALL_TASKS (int64), .n_stages = 1, .window = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "put_get" } } },
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
  { .name = "text",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (text), .n_stages = 1, .window = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "int64" } } },
  { .name = "pair",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .shape = { SMALL_TASKS (pair), .n_stages = 1, .window = WINDOW },
    .references = { { "gvariant_tasks_s", "bound" }, { "int64_1_stage", "int64" } } },
};

static const BenchMeasure round_trip[] = {
  { .name = "round_trip_us", .run = bench_bound_round_trip, .n_tasks = 10000 },
  { .name = "one_task",
    .unit = "us",
    .run = bench_run_one_task,
    .n_tasks = 10000,
    .shape = { .worker = "int64", .kind = &bench_int64_tasks, .n_workers = 1, .n_stages = 1 },
    .references = { { "round_trip_us", "bound" } } },
};

/* There and back through one worker, which does with it what @what_worker says. */
#define PAYLOAD(what_name, bytes, what_worker, in_flight, bound)                                   \
  {                                                                                                \
    .name = what_name, .unit = "GB_s", .run = bench_run_payload, .n_tasks = N_BYTES / (bytes),     \
    .shape = { .worker = what_worker,                                                              \
               .n_workers = 1,                                                                     \
               .n_stages = 1,                                                                      \
               .size = (bytes),                                                                    \
               .window = in_flight },                                                              \
    .references = { { bound, "bound" } },                                                          \
  }

static const BenchMeasure payloads_64_kib[] = {
  { .name = "echo_GB_s_64KiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / (64 * KIB),
    .shape = { .size = 64 * KIB } },
  PAYLOAD ("payload_64KiB_returned", 64 * KIB, "return", 4, "echo_GB_s_64KiB"),
  PAYLOAD ("payload_64KiB_made", 64 * KIB, "make", 4, "echo_GB_s_64KiB"),
  PAYLOAD ("payload_64KiB_returned_alone", 64 * KIB, "return", 1, "echo_GB_s_64KiB"),
  PAYLOAD ("payload_64KiB_made_alone", 64 * KIB, "make", 1, "echo_GB_s_64KiB"),
};

static const BenchMeasure payloads_1_mib[] = {
  { .name = "echo_GB_s_1MiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / MIB,
    .shape = { .size = MIB } },
  PAYLOAD ("payload_1MiB_returned", MIB, "return", 4, "echo_GB_s_1MiB"),
  PAYLOAD ("payload_1MiB_made", MIB, "make", 4, "echo_GB_s_1MiB"),
  PAYLOAD ("payload_1MiB_returned_alone", MIB, "return", 1, "echo_GB_s_1MiB"),
  PAYLOAD ("payload_1MiB_made_alone", MIB, "make", 1, "echo_GB_s_1MiB"),
};

static const BenchMeasure payloads_16_mib[] = {
  { .name = "echo_GB_s_16MiB",
    .run = bench_bound_echo,
    .n_tasks = N_BYTES / (16 * MIB),
    .shape = { .size = 16 * MIB } },
  PAYLOAD ("payload_16MiB_returned", 16 * MIB, "return", 4, "echo_GB_s_16MiB"),
  PAYLOAD ("payload_16MiB_made", 16 * MIB, "make", 4, "echo_GB_s_16MiB"),
  PAYLOAD ("payload_16MiB_returned_alone", 16 * MIB, "return", 1, "echo_GB_s_16MiB"),
  PAYLOAD ("payload_16MiB_made_alone", 16 * MIB, "make", 1, "echo_GB_s_16MiB"),
};

static const BenchMeasure memory[] = {
  { .name = "memcpy_GB_s", .run = bench_bound_memcpy, .n_tasks = 10 },
};

static const BenchMeasure start[] = {
  { .name = "bare_start_8_ms",
    .run = bench_bound_start,
    .n_tasks = 1,
    .shape = { .n_workers = 8 } },
  { .name = "start_8_workers",
    .unit = "ms",
    .run = bench_start_pipeline,
    .n_tasks = 1,
    .shape = { .worker = "int64", .n_workers = 8, .n_stages = 1 },
    .references = { { "bare_start_8_ms", "bound" } } },
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

#define GROUP(group_name, table)                                                                   \
  .name = group_name, .measures = table, .n_measures = G_N_ELEMENTS (table)

const BenchGroup bench_catalogue[] = {
  { GROUP ("tasks", tasks) },
  { GROUP ("round_trip", round_trip) },
  { GROUP ("payload_64KiB", payloads_64_kib) },
  { GROUP ("payload_1MiB", payloads_1_mib) },
  { GROUP ("payload_16MiB", payloads_16_mib) },
  { GROUP ("memory", memory) },
  { GROUP ("start", start) },
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
