/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* An application that is a flatpak, whose workers are in sandboxes: build-aux/try-flatpak makes it one, and runs it.
 *
 *   flatpak-application        tests, which say how they went in TAP
 *   flatpak-application stay   says "staying" when it has workers, and waits to be killed */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <mpipe-glib.h>

#define LARGE ((gsize) 5 << 20)
#define MEMORY_LIMIT ((gsize) 256 << 20)
#define TIME_LIMIT_MS 1000
#define DEADLINE_S 60

/* What workers do */

static GVariant *
read_file (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  char *text;

  if (!g_file_get_contents (g_variant_get_string (task, NULL), &text, NULL, error))
    return NULL;
  return g_variant_new_take_string (text);
}

static GVariant *
write_file (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  if (!g_file_set_contents (g_variant_get_string (task, NULL), "written", -1, error))
    return NULL;
  return g_variant_ref (task);
}

static GVariant *
use_bus (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);

  return bus != NULL ? g_variant_ref (task) : NULL;
}

static GVariant *
use_network (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, error);
  g_autoptr (GSocketAddress) address
      = g_inet_socket_address_new_from_string (g_variant_get_string (task, NULL), 9);

  if (socket == NULL || !g_socket_connect (socket, address, NULL, error))
    return NULL;
  return g_variant_ref (task);
}

/* Returns: the command lines of all processes that it sees */
static GVariant *
list_processes (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc", 0, error);
  GVariantBuilder builder;
  const char *name;

  if (directory == NULL)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *line = NULL;
      gsize length;

      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &line, &length, NULL))
        continue;
      for (gsize i = 0; i + 1 < length; i++)
        line[i] = line[i] != '\0' ? line[i] : ' ';
      g_variant_builder_add (&builder, "s", line);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
misbehave (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  const char *manner = g_variant_get_string (task, NULL);

  if (g_str_equal (manner, "crash"))
    raise (SIGSEGV);
  if (g_str_equal (manner, "exit"))
    _exit (3);
  if (g_str_equal (manner, "stay"))
    signal (SIGTERM, SIG_IGN);
  while (g_str_equal (manner, "hang") || g_str_equal (manner, "stay"))
    pause ();
  return g_variant_ref (task);
}

/* Returns: whether so much memory can be had */
static GVariant *
take_memory (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autofree char *memory = g_try_malloc (g_variant_get_uint64 (task));

  return g_variant_new_boolean (memory != NULL);
}

static GVariant *
compute (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  for (volatile guint64 i = 1; i != 0; i++)
    ;
  return g_variant_ref (task);
}

static GVariant *
give_back (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_ref (task);
}

static GVariant *
read_descriptor (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  char text[20] = "";
  int fd = g_unix_fd_list_get (mpipe_worker_get_fd_list (worker), g_variant_get_handle (task),
                               error);

  if (fd < 0)
    return NULL;
  g_assert_cmpint (read (fd, text, sizeof text - 1), >, 0);
  close (fd);
  return g_variant_new_string (text);
}

/* What the application sees of it */

static char *
make_path (const char *first, const char *second)
{
  return g_build_filename (g_get_user_data_dir (), first, second, NULL);
}

static void
make_file (const char *directory, const char *name)
{
  g_autofree char *folder = make_path (directory, NULL);
  g_autofree char *path = make_path (directory, name);

  g_assert_no_errno (g_mkdir_with_parents (folder, 0700));
  g_assert_true (g_file_set_contents (path, name, -1, NULL));
}

static MpipeStage *
new_stage (const char *worker, guint n_workers)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);
  MpipeStage *stage = mpipe_stage_new_ordered (worker, n_workers);
  g_autofree char *shown = make_path ("shown", NULL);
  g_autofree char *given = make_path ("given", NULL);

  make_file ("shown", "file");
  make_file ("given", "file");
  make_file ("hidden", "file");
  mpipe_sandbox_add_read_only_path (sandbox, shown);
  mpipe_sandbox_add_writable_path (sandbox, given);
  mpipe_stage_set_sandbox (stage, sandbox);
  return stage;
}

static MpipePipeline *
new_pipeline_of (MpipeStage *stage)
{
  g_autoptr (GError) error = NULL;
  MpipePipeline *pipeline = mpipe_pipeline_new (stage, &error);

  g_assert_no_error (error);
  return pipeline;
}

static MpipePipeline *
new_pipeline (const char *worker, guint n_workers)
{
  g_autoptr (MpipeStage) stage = new_stage (worker, n_workers);

  mpipe_stage_set_task_timeout (stage, TIME_LIMIT_MS);
  return new_pipeline_of (stage);
}

/* Returns: (nullable): the result of one task, in a pipeline of its own */
static GVariant *
do_one (const char *worker, GVariant *task, GError **error)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline (worker, 1);
  GVariant *result;

  g_assert_cmpuint (mpipe_pipeline_put (pipeline, task, NULL, NULL), ==, 1);
  result = mpipe_pipeline_get (pipeline, NULL, error);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  return result;
}

static void
assert_fails (const char *worker, const char *task, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (do_one (worker, g_variant_new_string (task), &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_the_sandbox_is_in_force (void)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);
  g_autofree char *description = mpipe_sandbox_describe (sandbox);
  const MpipeSandboxParts parts = MPIPE_SANDBOX_PARTS_NAMESPACES | MPIPE_SANDBOX_PARTS_SYSTEM_CALLS
                                  | MPIPE_SANDBOX_PARTS_LIMITS;

  g_assert_true (g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS));
  g_test_message ("%s", description);
  g_assert_cmpstr (mpipe_sandbox_get_problem (sandbox), ==, NULL);
  g_assert_cmpuint (mpipe_sandbox_get_parts (sandbox) & parts, ==, parts);
}

static void
test_files_are_those_that_are_shown (void)
{
  g_autofree char *shown = make_path ("shown", "file");
  g_autofree char *given = make_path ("given", "file");
  g_autofree char *hidden = make_path ("hidden", "file");
  g_autofree char *text = NULL;
  g_autoptr (GVariant) read = do_one ("read-file", g_variant_new_string (shown), NULL);
  g_autoptr (GVariant) written = do_one ("write-file", g_variant_new_string (given), NULL);

  g_assert_nonnull (read);
  g_assert_cmpstr (g_variant_get_string (read, NULL), ==, "file");
  g_assert_nonnull (written);
  g_assert_cmpuint (g_file_test (shown, G_FILE_TEST_EXISTS), ==, TRUE);
  g_assert_true (g_file_get_contents (given, &text, NULL, NULL));
  assert_fails ("write-file", shown, "Read-only file system");
  assert_fails ("read-file", hidden, "No such file");
}

static void
test_there_is_no_bus_and_no_network (void)
{
  assert_fails ("use-bus", "", "D-Bus");
  assert_fails ("use-network", "127.0.0.1", "");
}

static void
test_other_processes_are_not_seen (void)
{
  g_autoptr (GVariant) seen = do_one ("list-processes", g_variant_new_string (""), NULL);
  gsize n = g_variant_n_children (seen);

  g_assert_cmpuint (n, >, 0);
  for (gsize i = 0; i < n; i++)
    {
      const char *line;

      g_variant_get_child (seen, i, "&s", &line);
      g_test_message ("%s", line);
      g_assert_true (strstr (line, "--mpipe-worker") != NULL || strstr (line, "bwrap") != NULL
                     || strstr (line, "mpipe-sandbox-exec") != NULL);
    }
}

/* They are kept from others by the sandbox, and still there to be shared with it. */
static void
test_large_tasks_are_shared (void)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline ("give-back", 1);
  g_autoptr (MpipeStage) stage = g_list_model_get_item (mpipe_pipeline_get_stages (pipeline), 0);
  g_autoptr (MpipeWorkerInfo) info
      = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);
  guint8 *data = g_malloc (LARGE);
  g_autoptr (GVariant) result = NULL;

  memset (data, 7, LARGE);
  mpipe_pipeline_put (pipeline,
                      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, LARGE, TRUE,
                                               g_free, data),
                      NULL, NULL);
  result = mpipe_pipeline_get (pipeline, NULL, NULL);
  g_assert_cmpuint (g_variant_get_size (result), ==, LARGE);
  g_assert_cmpuint (mpipe_worker_info_get_n_shared (info), ==, 2);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_a_descriptor_goes_with_its_task (void)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline ("read-descriptor", 1);
  g_autofree char *hidden = make_path ("hidden", "file");
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int fd = open (hidden, O_RDONLY | O_CLOEXEC);
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  g_unix_fd_list_append (fds, fd, NULL);
  close (fd);
  mpipe_pipeline_put_with_fds (pipeline, g_variant_new_handle (0), fds, NULL, NULL);
  result = mpipe_pipeline_get (pipeline, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (result, NULL), ==, "file");
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
test_who_misbehaves_is_replaced (void)
{
  static const char *const manners[]
      = { "crash", "well", "exit", "well", "hang", "well", "stay", "well" };
  static const char *const says[]
      = { "signal 11", NULL, "status 3", NULL, "time limit", NULL, "time limit", NULL };
  g_autoptr (MpipePipeline) pipeline = new_pipeline ("misbehave", 1);

  for (guint i = 0; i < G_N_ELEMENTS (manners); i++)
    mpipe_pipeline_put (pipeline, g_variant_new_string (manners[i]), NULL, NULL);
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < G_N_ELEMENTS (manners); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);

      if (says[i] == NULL)
        g_assert_no_error (error);
      else
        g_assert_nonnull (strstr (error->message, says[i]));
    }
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

/* Those of the stage as well as those of the sandbox */
static void
test_limits_are_in_force (void)
{
  g_autoptr (MpipeStage) stage = new_stage ("take-memory", 1);
  g_autoptr (MpipeWorkerInfo) info = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_worker_memory_limit (stage, MEMORY_LIMIT);
  pipeline = new_pipeline_of (stage);
  info = g_list_model_get_item (mpipe_stage_get_workers (stage), 0);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) result = NULL;

      mpipe_pipeline_put (pipeline, g_variant_new_uint64 ((guint64) (i + 1) * MEMORY_LIMIT / 2), NULL,
                          NULL);
      result = mpipe_pipeline_get (pipeline, NULL, NULL);
      g_assert_cmpint (g_variant_get_boolean (result), ==, i == 0);
    }
  g_assert_cmpint (mpipe_worker_info_get_memory_limit (info), ==, MPIPE_MEMORY_LIMIT_DATA);
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

/* Whoever makes the worker is in another one. */
static void
test_a_control_group_is_refused (void)
{
  g_autoptr (MpipeStage) stage = new_stage ("take-memory", 1);
  g_autoptr (MpipeLauncher) launcher = g_object_new (
      MPIPE_TYPE_SUBPROCESS_LAUNCHER, "control-group", "/sys/fs/cgroup/workers", NULL);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_launcher (stage, launcher);
  mpipe_stage_set_worker_memory_limit (stage, MEMORY_LIMIT);
  pipeline = mpipe_pipeline_new (stage, &error);
  g_assert_null (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_assert_nonnull (strstr (error->message, "started by flatpak"));
}

static void
test_processor_time_is_limited (void)
{
  g_autoptr (MpipeStage) stage = new_stage ("compute", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_worker_cpu_limit (stage, 1);
  pipeline = new_pipeline_of (stage);
  mpipe_pipeline_put (pipeline, g_variant_new_string (""), NULL, NULL);
  result = mpipe_pipeline_get (pipeline, NULL, &error);
  g_assert_null (result);
  g_assert_nonnull (strstr (error->message, "signal 24"));
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

static void
stay (void)
{
  g_autoptr (MpipePipeline) pipeline = new_pipeline ("misbehave", 2);

  mpipe_pipeline_put (pipeline, g_variant_new_string ("hang"), NULL, NULL);
  g_print ("staying\n");
  for (;;)
    pause ();
}

static void
register_workers (void)
{
  mpipe_worker_register_func ("read-file", read_file, NULL, NULL);
  mpipe_worker_register_func ("write-file", write_file, NULL, NULL);
  mpipe_worker_register_func ("use-bus", use_bus, NULL, NULL);
  mpipe_worker_register_func ("use-network", use_network, NULL, NULL);
  mpipe_worker_register_func ("list-processes", list_processes, NULL, NULL);
  mpipe_worker_register_func ("misbehave", misbehave, NULL, NULL);
  mpipe_worker_register_func ("take-memory", take_memory, NULL, NULL);
  mpipe_worker_register_func ("compute", compute, NULL, NULL);
  mpipe_worker_register_func ("give-back", give_back, NULL, NULL);
  mpipe_worker_register_func ("read-descriptor", read_descriptor, NULL, NULL);
}

int
main (int argc, char **argv)
{
  register_workers ();
  mpipe_init (&argc, &argv);
  if (argc > 1 && g_str_equal (argv[1], "stay"))
    stay ();

  g_test_init (&argc, &argv, NULL);
  alarm (DEADLINE_S);
#define ADD(function, path) g_test_add_func ("/flatpak/" path, function)
  ADD (test_the_sandbox_is_in_force, "the-sandbox-is-in-force");
  ADD (test_files_are_those_that_are_shown, "files-are-those-that-are-shown");
  ADD (test_there_is_no_bus_and_no_network, "there-is-no-bus-and-no-network");
  ADD (test_other_processes_are_not_seen, "other-processes-are-not-seen");
  ADD (test_large_tasks_are_shared, "large-tasks-are-shared");
  ADD (test_a_descriptor_goes_with_its_task, "a-descriptor-goes-with-its-task");
  ADD (test_limits_are_in_force, "limits-are-in-force");
  ADD (test_a_control_group_is_refused, "a-control-group-is-refused");
  ADD (test_processor_time_is_limited, "processor-time-is-limited");
  ADD (test_who_misbehaves_is_replaced, "who-misbehaves-is-replaced");
#undef ADD
  return g_test_run ();
}
