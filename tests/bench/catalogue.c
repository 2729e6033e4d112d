/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* All that is measured, and against what. */

#include "catalogue.h"

#include "bounds.h"
#include "runs.h"
#include "start.h"

#define N_TASKS 300000
#define N_TASKS_SMOKE 2000
#define WINDOW 4096
#define KIB ((gsize) 1 << 10)
#define MIB ((gsize) 1 << 20)

#define INT64 .worker = "int64", .kind = &bench_int64_tasks, .window = WINDOW
#define OF_GVARIANT { "gvariant_tasks_s", "bound" }

static const BenchMeasure tasks[] = {
  { .name = "raw_batched_tasks_s",
    .run = bench_bound_raw,
    .n_tasks = 4000000,
    .n_tasks_smoke = 10000,
    .shape = { .window = WINDOW } },
  { .name = "gvariant_tasks_s",
    .run = bench_bound_gvariant,
    .n_tasks = N_TASKS,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { .window = WINDOW } },
  { .name = "int64_1_stage",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { INT64, .n_workers = 2, .n_stages = 1 },
    .references = { OF_GVARIANT } },
  { .name = "int64_3_stages",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { INT64, .n_workers = 2, .n_stages = 3 },
    .references = { OF_GVARIANT, { "int64_1_stage", "1_stage" } } },
  { .name = "int64_signal",
    .unit = "tasks_s",
    .run = bench_run_signal,
    .n_tasks = N_TASKS,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { INT64, .n_workers = 2, .n_stages = 1 },
    .references = { OF_GVARIANT, { "int64_1_stage", "put_get" } } },
  { .name = "int64_unordered",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { INT64, .n_workers = 2, .n_stages = 1, .unordered = TRUE },
    .references = { OF_GVARIANT, { "int64_1_stage", "ordered" } } },
  { .name = "int64_put_then_get",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape
    = { .worker = "int64", .kind = &bench_int64_tasks, .n_workers = 2, .n_stages = 1 },
    .references = { OF_GVARIANT, { "int64_1_stage", "put_get" } } },
  { .name = "text",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { .worker = "text",
               .kind = &bench_text_tasks,
               .window = WINDOW,
               .n_workers = 2,
               .n_stages = 1 },
    .references = { OF_GVARIANT, { "int64_1_stage", "int64" } } },
  { .name = "pair",
    .unit = "tasks_s",
    .run = bench_run_put_get,
    .n_tasks = N_TASKS / 2,
    .n_tasks_smoke = N_TASKS_SMOKE,
    .shape = { .worker = "pair",
               .kind = &bench_pair_tasks,
               .window = WINDOW,
               .n_workers = 2,
               .n_stages = 1 },
    .references = { OF_GVARIANT, { "int64_1_stage", "int64" } } },
};

static const BenchMeasure round_trip[] = {
  { .name = "round_trip_us",
    .run = bench_bound_round_trip,
    .n_tasks = 10000,
    .n_tasks_smoke = 100 },
  { .name = "one_task",
    .unit = "us",
    .run = bench_run_one_task,
    .n_tasks = 10000,
    .n_tasks_smoke = 100,
    .shape = { .worker = "int64", .kind = &bench_int64_tasks, .n_workers = 1, .n_stages = 1 },
    .references = { { "round_trip_us", "bound" } } },
};

/* A bound, and a worker that returns the payload or makes a new one, with one and with some on the way. */
#define PAYLOADS(label, bytes, n)                                                                  \
  {                                                                                                \
    { .name = "echo_GB_s_" label,                                                                  \
      .run = bench_bound_echo,                                                                     \
      .n_tasks = n,                                                                                \
      .n_tasks_smoke = 4,                                                                          \
      .shape = { .size = bytes } },                                                                \
    PAYLOAD (label "_returned", label, bytes, n, "return", 4),                                     \
    PAYLOAD (label "_made", label, bytes, n, "make", 4),                                           \
    PAYLOAD (label "_returned_alone", label, bytes, n, "return", 1),                               \
    PAYLOAD (label "_made_alone", label, bytes, n, "make", 1),                                     \
  }
#define PAYLOAD(suffix, label, bytes, n, worker_name, in_flight)                                   \
  {                                                                                                \
    .name = "payload_" suffix, .unit = "GB_s", .run = bench_run_payload, .n_tasks = n,             \
    .n_tasks_smoke = 4,                                                                            \
    .shape = { .worker = worker_name,                                                              \
               .n_workers = 1,                                                                     \
               .n_stages = 1,                                                                      \
               .size = bytes,                                                                      \
               .window = in_flight },                                                              \
    .references = {                                                                                \
      { "echo_GB_s_" label, "bound" }                                                              \
    }                                                                                              \
  }

static const BenchMeasure payloads_64_kib[] = PAYLOADS ("64KiB", 64 * KIB, 3000);
static const BenchMeasure payloads_1_mib[] = PAYLOADS ("1MiB", MIB, 300);
static const BenchMeasure payloads_16_mib[] = PAYLOADS ("16MiB", 16 * MIB, 24);

static const BenchMeasure memory[] = {
  { .name = "memcpy_GB_s", .run = bench_bound_memcpy, .n_tasks = 10, .n_tasks_smoke = 1 },
};

static const BenchMeasure start[] = {
  { .name = "bare_start_8_ms",
    .run = bench_bound_start,
    .n_tasks = 1,
    .n_tasks_smoke = 1,
    .shape = { .n_workers = 8 } },
  { .name = "start_8_workers",
    .unit = "ms",
    .run = bench_start_pipeline,
    .n_tasks = 1,
    .n_tasks_smoke = 1,
    .shape = { .worker = "int64", .n_workers = 8, .n_stages = 1 },
    .references = { { "bare_start_8_ms", "bound" } } },
};

static const BenchMeasure put_all_then_read[] = {
  { .name = "put_all_then_read_ordered",
    .unit = "s",
    .run = bench_run_put_all,
    .n_tasks = 100000,
    .n_tasks_smoke = 100,
    .shape = { .worker = "return", .n_workers = 2, .n_stages = 1, .size = 100000 } },
  { .name = "put_all_then_read_unordered",
    .unit = "s",
    .run = bench_run_put_all,
    .n_tasks = 100000,
    .n_tasks_smoke = 100,
    .shape = { .worker = "return",
               .n_workers = 2,
               .n_stages = 1,
               .size = 100000,
               .unordered = TRUE } },
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
