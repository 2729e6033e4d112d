/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers whose memory is limited by control groups of the kernel. MPIPE_CGROUP has to name a group that can be used;
 * build-aux/try-control-groups starts a kernel and makes one. This program is the application that is killed as well,
 * when it is called so. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-workers.h"

#define VARIABLE "MPIPE_CGROUP"
#define N_WORKERS 2
#define N_TASKS 8
#define CULPRIT 3
#define N_KILLED 3 /* pipelines */
#define MIB (1 << 20)
#define LIMIT (64 * MIB)

static char *root; /* NULL when there is none */
static const char *own_program;

/* What workers do with their memory. They do it on one task, and give back all. */

static void
touch (gsize size)
{
  char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    _exit (42);
  memset (memory, 1, size);
}

static void
take (void)
{
  touch (4 * LIMIT);
}

static void
reserve (void)
{
  if (mmap (NULL, 16 * (gsize) LIMIT, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      == MAP_FAILED)
    _exit (42);
}

/* Each of them has less than the limit. */
static void
take_with_others (void)
{
  int fds[2];
  char byte;

  if (pipe (fds) < 0)
    _exit (43);
  for (int i = 0; i < 4; i++)
    if (fork () == 0)
      {
        setsid ();
        touch (LIMIT / 2);
        for (;;)
          pause ();
      }
  close (fds[1]);
  while (read (fds[0], &byte, 1) != 0) /* until all of them are gone, which takes this one along */
    ;
}

/* In memory, but in that of no process. */
static void
write_files (void)
{
  int fd = open ("/dev/shm/large", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_autofree char *block = g_malloc0 (MIB);

  for (int i = 0; i < LIMIT / MIB; i++)
    if (fd < 0 || write (fd, block, MIB) != MIB)
      _exit (44);
}

static GVariant *
do_with_memory (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  void (*func) (void) = user_data;

  if (g_variant_get_int64 (task) == CULPRIT)
    func ();
  return g_variant_ref (task);
}

/* Leaves a process behind that belongs to nobody, and dies. Its end is seen by the end of a FIFO. */
static GVariant *
leave_behind (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      setsid ();
      if (fork () != 0)
        _exit (0);
      open (g_variant_get_bytestring (task), O_WRONLY);
      for (;;)
        pause ();
    }
  for (;;)
    pause ();
  return NULL;
}

/* What is seen of them */

static gboolean
has_groups (void)
{
  g_autoptr (MpipeLauncher) launcher = mpipe_subprocess_launcher_new ();
  const char *problem
      = mpipe_subprocess_launcher_get_control_group_problem (MPIPE_SUBPROCESS_LAUNCHER (launcher));

#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("a sanitizer needs all memory for itself");
  return FALSE;
#endif
  if (root != NULL && problem == NULL)
    return TRUE;
  g_test_skip (problem != NULL ? problem : VARIABLE " names no control group");
  return FALSE;
}

static guint
count_groups (void)
{
  g_autoptr (GDir) directory = g_dir_open (root, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    n += g_str_has_prefix (name, "mpipe-");
  return n;
}

static void
assert_file (const char *group, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (root, group, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) && g_str_equal (name, "memory.swap.max"))
    return; /* a kernel without swap */
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_strchomp (text), ==, expected);
}

static MpipeStage *
new_stage (const MpipeTestWay *way, const char *worker)
{
  MpipeStage *stage = way->ordered ? mpipe_stage_new_ordered (worker, N_WORKERS)
                                   : mpipe_stage_new_unordered (worker, N_WORKERS);

  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  return stage;
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
assert_is_ended (const MpipeTestWay *way, const char *worker)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  guint n_results, n_errors;

  if (!has_groups ())
    return;
  pipeline = mpipe_test_pipeline (new_stage (way, worker));
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  mpipe_test_check_until_end (pipeline, check_took_too_much, NULL, &n_results, &n_errors);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_cmpuint (n_results, ==, N_TASKS - 1);
  g_clear_object (&pipeline);
  g_assert_cmpuint (count_groups (), ==, 0);
}

static void
test_who_takes_too_much_is_ended (const MpipeTestWay *way)
{
  assert_is_ended (way, "take");
}

static void
test_processes_of_a_worker_count_together (const MpipeTestWay *way)
{
  assert_is_ended (way, "take-with-others");
}

static void
test_files_in_memory_count (const MpipeTestWay *way)
{
  assert_is_ended (way, "write-files");
}

static void
test_what_is_not_used_does_not_count (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  if (!has_groups ())
    return;
  pipeline = mpipe_test_pipeline (new_stage (way, "reserve"));
  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, N_TASKS, 1);
  g_clear_object (&pipeline);
  g_assert_cmpuint (count_groups (), ==, 0);
}

static void
test_limits_are_as_they_were_written (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GDir) directory = NULL;
  const char *name;

  if (!has_groups ())
    return;
  pipeline = mpipe_test_pipeline (new_stage (way, "take"));
  g_assert_cmpuint (count_groups (), ==, N_WORKERS);
  directory = g_dir_open (root, 0, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, "mpipe-"))
      {
        assert_file (name, "memory.max", G_STRINGIFY (67108864));
        assert_file (name, "memory.swap.max", "0");
        assert_file (name, "memory.oom.group", "1");
        assert_file (name, "cgroup.events", "populated 1\nfrozen 0");
      }
  g_clear_object (&pipeline);
  g_assert_cmpuint (count_groups (), ==, 0);
}

/* A pipeline that is terminated while its workers are busy leaves no group either. */
static void
test_groups_of_those_that_are_killed_go (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = NULL;

  if (!has_groups ())
    return;
  for (int i = 0; i < N_KILLED; i++)
    {
      MpipeStage *stage = mpipe_test_stage (way, "slow", N_WORKERS);

      mpipe_stage_set_worker_memory_limit (stage, LIMIT);
      mpipe_stage_set_grace_time (stage, 0);
      pipeline = mpipe_test_pipeline (stage);
      for (int j = 0; j < N_WORKERS; j++)
        g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (600 * G_USEC_PER_SEC),
                                              NULL, NULL),
                          >, 0);
      mpipe_pipeline_terminate (pipeline);
      g_clear_object (&pipeline);
      g_assert_cmpuint (count_groups (), ==, 0);
    }
}

static gboolean
limit_all (const char *limit)
{
  g_autofree char *path = g_build_filename (root, "memory.max", NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean could = fd >= 0 && write (fd, limit, strlen (limit)) == (gssize) strlen (limit);

  if (fd >= 0)
    close (fd);
  return could;
}

/* The group that was delegated has less memory than one of its workers may have. */
static void
test_who_is_ended_for_the_memory_of_others_is_told_so (void)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  MpipeStage *stage;

  if (!has_groups ())
    return;
  if (!limit_all ("max"))
    {
      g_test_skip ("the group that was delegated cannot be limited");
      return;
    }
  stage = mpipe_stage_new_ordered ("take", 1);
  mpipe_stage_set_worker_memory_limit (stage, 4 * LIMIT);
  pipeline = mpipe_test_pipeline (stage);
  g_assert_true (limit_all (G_STRINGIFY (134217728)));
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  g_assert_true (limit_all ("max"));
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (
      strstr (error->message, "by the system for want of memory on task 1"));
  g_clear_object (&pipeline);
  g_assert_cmpuint (count_groups (), ==, 0);
}

static void
test_who_has_left_its_process_group_is_ended (void)
{
  g_autofree char *directory = NULL;
  g_autofree char *fifo = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  MpipeStage *stage;
  struct pollfd life;
  char byte;

  if (!has_groups ())
    return;
  directory = g_dir_make_tmp (NULL, NULL);
  fifo = g_build_filename (directory, "fifo", NULL);
  g_assert_no_errno (mkfifo (fifo, 0600));
  stage = mpipe_stage_new_ordered ("leave-behind", 1);
  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_pipeline_put (pipeline, g_variant_new_bytestring (fifo), NULL, NULL);
  life
      = (struct pollfd){ .fd = open (fifo,
                                     O_RDONLY | O_CLOEXEC) }; /* when it has opened the other end */
  g_assert_cmpint (life.fd, >=, 0);
  mpipe_pipeline_terminate (pipeline);
  g_clear_object (&pipeline);
  g_assert_cmpint (poll (&life, 1, 0), ==, 1);
  g_assert_cmpint (life.revents, ==, POLLHUP);
  g_assert_cmpint ((int) read (life.fd, &byte, 1), ==, 0);
  close (life.fd);
  unlink (fifo);
  rmdir (directory);
  g_assert_cmpuint (count_groups (), ==, 0);
}

/* The application that is killed: it says when its workers are there, and never ends. */
static int
run_application (int argc, char **argv, gboolean ends)
{
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_test_workers_register ();
  mpipe_init (&argc, &argv);
  stage = mpipe_stage_new_ordered ("slow", N_WORKERS);
  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  pipeline = mpipe_pipeline_new (stage, NULL);
  if (pipeline == NULL)
    return 1;
  if (ends)
    return 0;
  puts ("ready");
  fflush (stdout);
  for (;;)
    pause ();
}

static void
run (const char *how, gboolean kill)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) application
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, own_program, how, NULL);
  char word[6];

  g_assert_no_error (error);
  if (kill)
    {
      g_input_stream_read_all (g_subprocess_get_stdout_pipe (application), word, sizeof word, NULL,
                               NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (word, sizeof word, "ready\n", sizeof word);
      g_subprocess_force_exit (application);
    }
  g_subprocess_wait (application, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (kill ? g_subprocess_get_if_signaled (application)
                      : g_subprocess_get_successful (application));
}

static gboolean
are_empty (gpointer user_data)
{
  g_autoptr (GDir) directory = g_dir_open (root, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (root, name, "cgroup.procs", NULL);
      g_autofree char *processes = NULL;

      if (g_str_has_prefix (name, "mpipe-")
          && (!g_file_get_contents (path, &processes, NULL, NULL) || processes[0] != '\0'))
        return FALSE;
    }
  return TRUE;
}

static void
test_the_next_one_tidies_up_behind_one_that_was_killed (void)
{
  if (!has_groups ())
    return;
  run ("--long-application", TRUE);
  g_assert_cmpuint (count_groups (), ==, N_WORKERS);
  mpipe_test_wait_until (are_empty, NULL);
  run ("--short-application", FALSE);
  g_assert_cmpuint (count_groups (), ==, 0);
}

/* Somebody else's pipeline at the same time loses nothing. */
static void
test_the_next_one_leaves_others_alone (void)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  MpipeStage *stage;

  if (!has_groups ())
    return;
  stage = mpipe_stage_new_ordered ("echo", N_WORKERS);
  mpipe_stage_set_worker_memory_limit (stage, LIMIT);
  pipeline = mpipe_test_pipeline (stage);
  run ("--short-application", FALSE);
  g_assert_cmpuint (count_groups (), ==, N_WORKERS);
  mpipe_test_put (pipeline, 7, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 7);
  g_clear_object (&pipeline);
  g_assert_cmpuint (count_groups (), ==, 0);
}

int
main (int argc, char **argv)
{
  own_program = argv[0];
  root = g_strdup (g_getenv (VARIABLE));
  mpipe_worker_register_func ("take", do_with_memory, take, NULL);
  mpipe_worker_register_func ("take-with-others", do_with_memory, take_with_others, NULL);
  mpipe_worker_register_func ("write-files", do_with_memory, write_files, NULL);
  mpipe_worker_register_func ("reserve", do_with_memory, reserve, NULL);
  mpipe_worker_register_func ("leave-behind", leave_behind, NULL, NULL);
  if (argc == 2 && g_str_has_suffix (argv[1], "-application"))
    return run_application (argc, argv, strstr (argv[1], "short") != NULL);
  mpipe_test_init (&argc, &argv);
  if (root != NULL)
    g_setenv (VARIABLE, root, TRUE); /* for these tests alone */

#define PATH(path) "/mpipe/pipeline/memory-group-kernel/" path
#define ADD(function, path)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    mpipe_test_add_process_ways (PATH (path), function);                                           \
    mpipe_test_add_sandbox_ways (PATH (path), function);                                           \
  }                                                                                                \
  G_STMT_END
  ADD (test_who_takes_too_much_is_ended, "who-takes-too-much-is-ended");
  ADD (test_processes_of_a_worker_count_together, "processes-of-a-worker-count-together");
  ADD (test_what_is_not_used_does_not_count, "what-is-not-used-does-not-count");
  ADD (test_limits_are_as_they_were_written, "limits-are-as-they-were-written");
  ADD (test_groups_of_those_that_are_killed_go, "groups-of-those-that-are-killed-go");
#undef ADD
  mpipe_test_add_sandbox_ways (PATH ("files-in-memory-count"), test_files_in_memory_count);
  mpipe_test_add (PATH ("who-is-ended-for-the-memory-of-others-is-told-so"),
                  test_who_is_ended_for_the_memory_of_others_is_told_so);
  mpipe_test_add (PATH ("who-has-left-its-process-group-is-ended"),
                  test_who_has_left_its_process_group_is_ended);
  mpipe_test_add (PATH ("the-next-one-tidies-up-behind-one-that-was-killed"),
                  test_the_next_one_tidies_up_behind_one_that_was_killed);
  mpipe_test_add (PATH ("the-next-one-leaves-others-alone"), test_the_next_one_leaves_others_alone);
#undef PATH

  return g_test_run ();
}
