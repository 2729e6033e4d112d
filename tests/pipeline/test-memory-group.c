/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers whose memory is limited by control groups, as far as it can be seen without a kernel that has them: a
 * directory plays it. What the kernel itself does is in test-memory-group-kernel.c. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "mpipe-fake-groups.h"
#include "mpipe-test-kit.h"

#define VARIABLE "MPIPE_CGROUP"
#define N_WORKERS 2
#define N_TASKS 8
#define CULPRIT 3
#define LIMIT (64 << 20)

static char *
begin (void)
{
  char *root = mpipe_fake_groups_new ();

  g_setenv (VARIABLE, root, TRUE);
  return root;
}

/* Nothing is left of the groups. */
static void
end (char *root)
{
  g_unsetenv (VARIABLE);
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  mpipe_fake_groups_free (root);
}

static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode)
{
  g_autofree char *program
      = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, N_WORKERS);

  mpipe_stage_set_ordered (stage, way->ordered);
  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  return stage;
}

static void
assert_limit (MpipeStage *stage, MpipeMemoryLimit expected)
{
  GListModel *workers = mpipe_stage_get_workers (stage);

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);
      MpipeMemoryLimit told;

      g_assert_cmpint (mpipe_worker_info_get_memory_limit (info), ==, expected);
      g_object_get (info, "memory-limit", &told, NULL);
      g_assert_cmpint (told, ==, expected);
    }
}

static void
for_each_group (const char *root, void (*func) (const char *group))
{
  g_autoptr (GDir) directory = g_dir_open (root, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, "mpipe-"))
      {
        g_autofree char *group = g_build_filename (root, name, NULL);

        func (group);
      }
}

static void
assert_was_entered (const char *group)
{
  g_autofree char *processes = mpipe_fake_groups_get (group, "cgroup.procs");
  g_autofree char *limit = mpipe_fake_groups_get (group, "memory.max");

  g_assert_cmpstr (processes, ==, "0");
  g_assert_cmpstr (limit, ==, G_STRINGIFY (67108864));
}

static void
test_each_worker_has_its_group (const MpipeTestWay *way)
{
  char *root = begin ();
  g_autoptr (MpipeStage) stage = g_object_ref (new_raw_stage (way, "echo"));
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GArray) values = NULL;

  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, N_WORKERS);
  mpipe_test_put (pipeline, 0, N_TASKS);
  for_each_group (root, assert_was_entered);
  assert_limit (stage, MPIPE_MEMORY_LIMIT_GROUP);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, N_TASKS, 1);
  g_clear_object (&pipeline);
  end (root);
}

/* The group counts what is used, and all of it; the limit of each process would count what is reserved. */
static void
test_the_group_takes_the_place_of_the_other_limit (const MpipeTestWay *way)
{
  char *root = begin ();
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "memory-bomb"));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, N_TASKS, 1);
  g_clear_object (&pipeline);
  end (root);
}

static void
say_ran_out (const char *group)
{
  mpipe_fake_groups_set (group, "memory.events", "max 7\noom 1\noom_kill 2\n");
}

static void
say_system_ran_out (const char *group)
{
  mpipe_fake_groups_set (group, "memory.events", "max 0\noom 0\noom_kill 2\n");
}

static void
test_who_is_ended_for_the_memory_of_others_is_told_so (const MpipeTestWay *way)
{
  char *root = begin ();
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "kill"));
  g_autoptr (GError) error = NULL;

  for_each_group (root, say_system_ran_out);
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  g_test_message ("%s", error->message);
  g_assert_nonnull (
      strstr (error->message, "by the system for want of memory on task"));
  g_clear_object (&pipeline);
  end (root);
}

static void
check_took_too_much (guint64 id, const GError *error, gpointer user_data)
{
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (error->message,
                            "was ended for taking more memory than 67108864 bytes on task 4"));
  g_assert_cmpuint (id, ==, CULPRIT + 1);
}

static void
test_who_is_ended_for_its_memory_is_told_so (const MpipeTestWay *way)
{
  char *root = begin ();
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "kill"));
  guint n_results, n_errors;

  for_each_group (root, say_ran_out);
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_check_until_end (pipeline, check_took_too_much, NULL, &n_results, &n_errors);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (n_results, ==, N_TASKS - 1);
  g_clear_object (&pipeline);
  end (root);
}

/* Another process of the group may have been ended, and the worker by something else. */
static void
test_who_ends_otherwise_is_told_so (const MpipeTestWay *way)
{
  char *root = begin ();
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "exit-1"));
  g_autoptr (GError) error = NULL;

  for_each_group (root, say_ran_out);
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  g_assert_nonnull (strstr (error->message, "exited with status 1"));
  g_clear_object (&pipeline);
  end (root);
}

static void
assert_data_is_limited (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) stage = g_object_ref (new_raw_stage (way, "memory-bomb"));
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  g_assert_nonnull (strstr (error->message, "exited with status 42"));
  assert_limit (stage, MPIPE_MEMORY_LIMIT_DATA);
}

static void
test_without_a_group_data_is_limited (const MpipeTestWay *way)
{
  const char *problem;
  g_autoptr (MpipeLauncher) launcher = NULL;

  g_unsetenv (VARIABLE);
  assert_data_is_limited (way);
  g_setenv (VARIABLE, "", TRUE);
  assert_data_is_limited (way);
  g_setenv (VARIABLE, "/proc", TRUE);
  assert_data_is_limited (way);
  launcher = mpipe_subprocess_launcher_new ();
  problem
      = mpipe_subprocess_launcher_get_control_group_problem (MPIPE_SUBPROCESS_LAUNCHER (launcher));
  g_assert_nonnull (problem);
  g_assert_nonnull (strstr (problem, "“/proc” is no control group"));
  g_unsetenv (VARIABLE);
}

static void
test_without_a_limit_there_is_no_group (void)
{
  char *root = begin ();
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", N_WORKERS);
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (g_object_ref (stage));

  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  assert_limit (stage, MPIPE_MEMORY_LIMIT_NONE);
  g_clear_object (&pipeline);
  end (root);
}

static MpipeStage *
new_stage_in (const char *group)
{
  MpipeStage *stage = mpipe_stage_new_ordered ("echo", N_WORKERS);
  g_autoptr (MpipeLauncher) launcher
      = g_object_new (MPIPE_TYPE_SUBPROCESS_LAUNCHER, "control-group", group, NULL);

  g_assert_cmpstr (mpipe_subprocess_launcher_get_control_group (
                       MPIPE_SUBPROCESS_LAUNCHER (launcher)),
                   ==, group);
  mpipe_stage_set_launcher (stage, launcher);
  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  return stage;
}

static void
test_the_program_may_name_the_group (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeStage) stage = new_stage_in (root);
  g_autoptr (MpipePipeline) pipeline = NULL;

  g_setenv (VARIABLE, "/proc", TRUE);
  pipeline = mpipe_test_pipeline (g_object_ref (stage));
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, N_WORKERS);
  assert_limit (stage, MPIPE_MEMORY_LIMIT_GROUP);
  g_clear_object (&pipeline);
  end (root);
}

static void
test_a_group_that_the_program_names_must_be_usable (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = new_stage_in ("/proc");

  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_assert_nonnull (strstr (error->message, "control group"));
  g_assert_nonnull (strstr (error->message, "“/proc” is no control group"));
}

/* Afterwards there is an error for each worker that cannot be limited: none runs without. */
static void
assert_cannot_start (const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", N_WORKERS);

  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_no_worker_runs_without_its_limit (void)
{
  char *root = begin ();
  g_autoptr (MpipeLauncher) launcher = mpipe_subprocess_launcher_new ();

  g_assert_null (
      mpipe_subprocess_launcher_get_control_group_problem (MPIPE_SUBPROCESS_LAUNCHER (launcher)));
  mpipe_fake_groups_fill ("memory.max");
  assert_cannot_start ("memory.max");
  mpipe_fake_groups_fill ("cgroup.procs");
  assert_cannot_start ("cannot enter its control group: No space left");
  mpipe_fake_groups_fill (NULL);
  mpipe_fake_groups_set_mkdir_error (EACCES);
  assert_cannot_start ("cannot make the control group");
  mpipe_fake_groups_set_mkdir_error (0);
  end (root);
}

/* Which would be beside the group of this worker, and not in it. */
static GVariant *
tell_group (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  const char *named = g_getenv (VARIABLE);

  return g_variant_ref_sink (g_variant_new_string (named != NULL ? named : "none"));
}

static void
test_a_worker_is_given_no_group_for_others (void)
{
  char *root = begin ();
  MpipeStage *stage = mpipe_stage_new_ordered ("tell-group", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GVariant) result = NULL;

  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 1);
  result = mpipe_test_get (pipeline);
  g_assert_cmpstr (g_variant_get_string (result, NULL), ==, "none");
  g_clear_object (&pipeline);
  end (root);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("tell-group", tell_group, NULL, NULL);
  mpipe_test_init (&argc, &argv);

#define PATH(path) "/mpipe/pipeline/memory-group/" path
#define ADD(function, path)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    mpipe_test_add_process_ways (PATH (path), function);                                           \
    mpipe_test_add_sandbox_ways (PATH (path), function);                                           \
  }                                                                                                \
  G_STMT_END
  ADD (test_each_worker_has_its_group, "each-worker-has-its-group");
  ADD (test_the_group_takes_the_place_of_the_other_limit,
       "the-group-takes-the-place-of-the-other-limit");
  ADD (test_who_is_ended_for_its_memory_is_told_so, "who-is-ended-for-its-memory-is-told-so");
  ADD (test_who_is_ended_for_the_memory_of_others_is_told_so,
       "who-is-ended-for-the-memory-of-others-is-told-so");
  ADD (test_who_ends_otherwise_is_told_so, "who-ends-otherwise-is-told-so");
  ADD (test_without_a_group_data_is_limited, "without-a-group-data-is-limited");
#undef ADD
  mpipe_test_add (PATH ("without-a-limit-there-is-no-group"),
                  test_without_a_limit_there_is_no_group);
  mpipe_test_add (PATH ("the-program-may-name-the-group"), test_the_program_may_name_the_group);
  mpipe_test_add (PATH ("a-group-that-the-program-names-must-be-usable"),
                  test_a_group_that_the_program_names_must_be_usable);
  mpipe_test_add (PATH ("no-worker-runs-without-its-limit"), test_no_worker_runs_without_its_limit);
  mpipe_test_add (PATH ("a-worker-is-given-no-group-for-others"),
                  test_a_worker_is_given_no_group_for_others);
#undef PATH

  return g_test_run ();
}
