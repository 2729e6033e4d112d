/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a worker may use is limited; one that wants more ends, and nobody suffers but its task. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"

#define N_TASKS 8
#define CULPRIT 3

static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, 2);

  mpipe_stage_set_ordered (stage, way->ordered);
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  return stage;
}

static void
check_death (guint64 id, const GError *error, gpointer says)
{
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (error->message, says));
  g_assert_cmpuint ((id - 1) % N_TASKS, ==, CULPRIT);
}

/* Twice, so that workers that were replaced are limited, too. */
static void
assert_fails_task_only (MpipeStage *stage, const char *says)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  guint n_results, n_errors;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_check_until_end (pipeline, check_death, (gpointer) says, &n_results, &n_errors);
  g_assert_cmpuint (n_errors, ==, 2);
  g_assert_cmpuint (n_results, ==, 2 * N_TASKS - 2);
}

static void
assert_fails_nothing (MpipeStage *stage, const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, N_TASKS, 1);
}

static void
test_memory_is_limited (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "memory-bomb");

  g_assert_cmpuint (mpipe_stage_get_worker_memory_limit (stage), ==, 0);
  mpipe_stage_set_worker_memory_limit (stage, 64 << 20);
  assert_fails_task_only (stage, "exited with status 42");
  assert_fails_nothing (new_raw_stage (way, "memory-bomb"), way);
}

static void
test_open_files_are_limited (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "many-files");

  mpipe_stage_set_worker_files_limit (stage, 32);
  assert_fails_task_only (stage, "exited with status 43");
  assert_fails_nothing (new_raw_stage (way, "many-files"), way);
}

static void
test_processor_time_is_limited (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "loop");

  mpipe_stage_set_worker_cpu_limit (stage, 1);
  assert_fails_task_only (stage, "signal 24");
}

#ifndef __SANITIZE_ADDRESS__
static void
check_early_or_late_death (guint64 id, const GError *error, gpointer user_data)
{
  /* it may have noticed before it was too late */
  if (!g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED))
    g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (error->message, "task 4"));
  g_assert_cmpuint (id, ==, CULPRIT + 1);
}
#endif

/* It may not even be able to read it, and say so: no other worker is tried for ever, and no other task is charged. */
static void
test_a_task_larger_than_the_memory_harms_no_other (const MpipeTestWay *way)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("a sanitizer needs all memory for itself");
#else
  MpipeStage *stage = mpipe_test_stage (way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autofree char *zeros = g_malloc0 (100 << 20);
  guint n_results, n_errors;

  mpipe_stage_set_worker_memory_limit (stage, 64 << 20);
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < N_TASKS; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (zeros, i == CULPRIT ? 100 << 20 : 100);

      g_assert_cmpuint (mpipe_pipeline_put_bytes (pipeline, bytes, NULL, NULL), >, 0);
    }
  mpipe_pipeline_stop (pipeline);
  mpipe_test_check_until_end (pipeline, check_early_or_late_death, NULL, &n_results, &n_errors);
  g_assert_cmpuint (n_results, >=, N_TASKS - 1);
  g_assert_cmpuint (n_results + n_errors, ==, N_TASKS);
#endif
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    mpipe_test_add_process_ways ("/mpipe/pipeline/worker-limits/" path, function);                 \
    mpipe_test_add_sandbox_ways ("/mpipe/pipeline/worker-limits/" path, function);                 \
  }                                                                                                \
  G_STMT_END
  ADD (test_memory_is_limited, "memory-is-limited");
  ADD (test_open_files_are_limited, "open-files-are-limited");
  ADD (test_processor_time_is_limited, "processor-time-is-limited");
  ADD (test_a_task_larger_than_the_memory_harms_no_other,
       "a-task-larger-than-the-memory-harms-no-other");
#undef ADD

  return g_test_run ();
}
