/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker in a sandbox that tries to break out. Each attempt is a task, a verb and an object, and its result says
 * what came of it: "ok", or an error of the system, or what was found. What harms nobody is tried without a
 * sandbox as well, to see that it is the sandbox that prevents it. */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

#define MEBIBYTE (1 << 20)
#define TMP_SIZE (8 * MEBIBYTE)
#define MAX_PROCESSES 32
#define TIMEOUT_MS 300
#define TIDY_UP_US 200000
#define GRACE_MS 20000 /* nobody takes as long as that */
#define SECRET "MPIPE_TEST_SECRET"

/* Attempts */

static char *
say (gboolean success)
{
  return success ? g_strdup ("ok") : g_strdup (g_strerror (errno));
}

static char *
try_read (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  char *said = say (fd >= 0);

  if (fd >= 0)
    close (fd);
  return said;
}

static char *
try_write (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  char *said = say (fd >= 0);

  if (fd >= 0)
    close (fd);
  return said;
}

static char *
try_list (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) directory = g_dir_open (path, 0, &error);

  return directory != NULL ? g_strdup ("ok") : g_strdup (error->message);
}

static char *
try_connect (const struct sockaddr *address, socklen_t size)
{
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char *said = say (fd >= 0 && connect (fd, address, size) == 0);

  if (fd >= 0)
    close (fd);
  return said;
}

static char *
try_tcp (const char *port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons ((guint16) atoi (port)),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };

  return try_connect ((struct sockaddr *) &address, sizeof address);
}

static char *
try_abstract (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gsize length = strlen (name);

  memcpy (address.sun_path + 1, name, length);
  return try_connect ((struct sockaddr *) &address,
                      (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + length));
}

static char *
try_signal (const char *pid)
{
  return say (kill (atoi (pid), 0) == 0);
}

static char *
try_ptrace (const char *pid)
{
  return say (ptrace (PTRACE_SEIZE, atoi (pid), NULL, NULL) == 0);
}

/* Returns: how many processes it could start at once */
static char *
try_fork (const char *number)
{
  g_autoptr (GArray) children = g_array_new (FALSE, FALSE, sizeof (pid_t));

  for (int i = atoi (number); i > 0; i--)
    {
      pid_t child = fork ();

      if (child == 0)
        for (;;)
          pause ();
      if (child < 0)
        break;
      g_array_append_val (children, child);
    }
  for (guint i = 0; i < children->len; i++)
    {
      kill (g_array_index (children, pid_t, i), SIGKILL);
      waitpid (g_array_index (children, pid_t, i), NULL, 0);
    }
  return g_strdup_printf ("%u", children->len);
}

/* Returns: how many MiB it got, which it gives back */
static char *
try_allocate (const char *mebibytes)
{
  const gsize step = 64 * MEBIBYTE;
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();

  for (int left = atoi (mebibytes); left > 0; left -= 64)
    {
      void *block = mmap (NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

      if (block == MAP_FAILED)
        break;
      g_ptr_array_add (blocks, block);
    }
  for (guint i = 0; i < blocks->len; i++)
    munmap (g_ptr_array_index (blocks, i), step);
  return g_strdup_printf ("%u", blocks->len * 64);
}

/* Returns: how many bytes fitted into a file, which it removes */
static char *
try_fill (const char *path)
{
  g_autofree char *block = g_malloc0 (MEBIBYTE);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  gint64 size = 0;
  gssize n;

  if (fd < 0)
    return g_strdup (g_strerror (errno));
  while ((n = write (fd, block, MEBIBYTE)) > 0)
    size += n;
  close (fd);
  unlink (path);
  return g_strdup_printf ("%" G_GINT64_FORMAT, size);
}

static char *
try_call (const char *name)
{
  struct
  {
    const char *name;
    long result;
  } calls[] = {
    /* with arguments that do nothing even where they are let through */
    { "add_key", 0 },
    { "bpf", 0 },
    { "clone", 0 },
    { "clone3", 0 },
    { "init_module", 0 },
    { "io_uring_setup", 0 },
    { "keyctl", 0 },
    { "mount", 0 },
    { "open_by_handle_at", 0 },
    { "perf_event_open", 0 },
    { "process_vm_readv", 0 },
    { "setns", 0 },
    { "unshare", 0 },
    { "userfaultfd", 0 },
  };
  const long numbers[] = {
    SYS_add_key,
    SYS_bpf,
    SYS_clone,
    SYS_clone3,
    SYS_init_module,
    SYS_io_uring_setup,
    SYS_keyctl,
    SYS_mount,
    SYS_open_by_handle_at,
    SYS_perf_event_open,
    SYS_process_vm_readv,
    SYS_setns,
    SYS_unshare,
    SYS_userfaultfd,
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (g_str_equal (name, calls[i].name))
      {
        long first
            = g_str_equal (name, "unshare") || g_str_equal (name, "clone") ? CLONE_NEWUSER : -1;

        return say (syscall (numbers[i], first, -1, -1, -1, -1, -1) >= 0);
      }
  return g_strdup ("unknown call");
}

/* Returns: where the secret variable can be found */
static char *
try_environment (const char *unused)
{
  GString *found = g_string_new (g_getenv (SECRET) != NULL ? "own" : "");
  DIR *processes = opendir ("/proc");
  struct dirent *entry;

  while (processes != NULL && (entry = readdir (processes)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", entry->d_name, "environ", NULL);
      g_autofree char *text = NULL;
      gsize length;

      if (atoi (entry->d_name) > 0 && g_file_get_contents (path, &text, &length, NULL)
          && memmem (text, length, SECRET, strlen (SECRET)) != NULL)
        g_string_append_printf (found, " %s", entry->d_name);
    }
  if (processes != NULL)
    closedir (processes);
  return g_string_free (found, FALSE);
}

static char *marker;

static void
tidy_up_cb (int signal_number)
{
  int fd;

  usleep (TIDY_UP_US); /* so long, as if there was more to do, nothing may happen to the worker */
  fd = open (marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  _exit (fd >= 0 ? 0 : 1);
}

/* Never ends by itself. */
static char *
try_tidy (const char *path)
{
  marker = g_strdup (path);
  signal (SIGTERM, tidy_up_cb);
  for (volatile gboolean forever = TRUE; forever;)
    pause ();
  return NULL;
}

/* Returns: a line of /proc/self/status */
static char *
try_status (const char *field)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return g_strdup ("no status");
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], field) && lines[i][strlen (field)] == ':')
      return g_strstrip (g_strdup (lines[i] + strlen (field) + 1));
  return g_strdup ("no line");
}

/* Returns: the files that are open beyond those of a worker */
static char *
try_descriptors (const char *unused)
{
  GString *found = g_string_new (NULL);

  for (int fd = 0; fd < 1024; fd++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && target[0] == '/' && fd > 4)
        g_string_append_printf (found, " %d=%s", fd, target);
    }
  return g_string_free (found, FALSE);
}

/* Reads the open file that came with the task, after it has tried to open it itself. Returns: what came of both */
static GVariant *
read_given (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  GUnixFDList *fds = mpipe_worker_get_fd_list (worker);
  g_autofree char *by_name = NULL;
  g_autofree char *again = NULL;
  g_autofree char *link = NULL;
  const char *path;
  char contents[16];
  gint32 handle;
  gssize n;
  int fd;

  g_variant_get (task, "(&sh)", &path, &handle);
  fd = g_unix_fd_list_peek_fds (fds, NULL)[handle];
  by_name = try_read (path);
  link = g_strdup_printf ("/proc/self/fd/%d", fd);
  again = try_write (link);
  n = pread (fd, contents, sizeof contents, 0);
  g_assert_cmpint (n, >=, 0);
  return g_variant_new_take_string (
      g_strdup_printf ("%.*s; by name: %s; to write: %s", (int) n, contents, by_name, again));
}

static GVariant *
escape (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  const struct
  {
    const char *verb;
    char *(*attempt) (const char *object);
  } attempts[] = {
    { "abstract", try_abstract },
    { "allocate", try_allocate },
    { "call", try_call },
    { "descriptors", try_descriptors },
    { "environment", try_environment },
    { "fill", try_fill },
    { "fork", try_fork },
    { "list", try_list },
    { "ptrace", try_ptrace },
    { "read", try_read },
    { "signal", try_signal },
    { "status", try_status },
    { "tidy", try_tidy },
    { "tcp", try_tcp },
    { "write", try_write },
  };
  g_auto (GStrv) words = g_strsplit (g_variant_get_string (task, NULL), " ", 2);

  if (g_str_equal (words[0], "die"))
    kill (0, SIGKILL);
  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    if (g_str_equal (words[0], attempts[i].verb))
      return g_variant_new_take_string (attempts[i].attempt (words[1] != NULL ? words[1] : ""));
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no attempt “%s”", words[0]);
  return NULL;
}

/* The tests */

static char *
attempt (MpipePipeline *pipeline, const char *verb, const char *object)
{
  g_autofree char *task = g_strjoin (" ", verb, object, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_text (pipeline, task, NULL, &error), >, 0);
  result = mpipe_test_get (pipeline);
  g_test_message ("%s: %s", task, g_variant_get_string (result, NULL));
  return g_variant_dup_string (result, NULL);
}

static void
assert_attempt (MpipePipeline *pipeline, const char *verb, const char *object, const char *expected)
{
  g_autofree char *said = attempt (pipeline, verb, object);

  g_assert_cmpstr (said, ==, expected);
}

static void
assert_at_most (MpipePipeline *pipeline, const char *verb, const char *object, gint64 most)
{
  g_autofree char *said = attempt (pipeline, verb, object);
  char *end;
  gint64 number = g_ascii_strtoll (said, &end, 10);

  g_assert_true (end > said && *end == '\0');
  g_assert_cmpint (number, <=, most);
  g_assert_cmpint (number, >, 0);
}

/* Takes @sandbox over; NULL for none. */
static MpipePipeline *
new_escape (MpipeSandbox *sandbox)
{
  MpipeStage *stage = mpipe_stage_new_ordered ("escape", 1);

  mpipe_stage_set_sandbox (stage, sandbox);
  g_clear_object (&sandbox);
  return mpipe_test_pipeline (stage);
}

static MpipePipeline *
new_required (void)
{
  MpipeSandbox *sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, NULL);

  g_object_set (sandbox, "tmp-size", (guint64) TMP_SIZE, "max-processes", MAX_PROCESSES, NULL);
  return new_escape (sandbox);
}

static char *
make_secret (const char *directory)
{
  char *path = g_build_filename (directory, "secret", NULL);

  g_assert_true (g_file_set_contents (path, "secret", -1, NULL));
  return path;
}

static void
remove_secret (const char *path, const char *directory)
{
  g_assert_no_errno (g_remove (path));
  g_assert_no_errno (g_rmdir (directory));
}

static void
test_files_are_hidden (void)
{
  g_autoptr (MpipePipeline) inside = new_required (), outside = new_escape (NULL);
  g_autofree char *in_tmp = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *in_home = g_build_filename (g_get_home_dir (), "secret-XXXXXX", NULL);
  g_autofree char *secret_in_tmp = make_secret (in_tmp);
  g_autofree char *secret_in_home = NULL;
  g_autofree char *own_tmp = NULL;

  g_assert_nonnull (g_mkdtemp (in_home));
  secret_in_home = make_secret (in_home);

  assert_attempt (outside, "read", secret_in_home, "ok");
  assert_attempt (outside, "read", secret_in_tmp, "ok");
  assert_attempt (outside, "list", g_get_home_dir (), "ok");

  assert_attempt (inside, "read", secret_in_home, g_strerror (ENOENT));
  assert_attempt (inside, "read", secret_in_tmp, g_strerror (ENOENT));
  own_tmp = attempt (inside, "list", g_get_home_dir ());
  g_assert_cmpstr (own_tmp, !=, "ok");
  assert_attempt (inside, "read", "/etc/passwd", g_strerror (ENOENT));
  assert_attempt (inside, "read", "/run/user", g_strerror (ENOENT));
  assert_attempt (inside, "read", "/sys/kernel", g_strerror (ENOENT));

  remove_secret (secret_in_tmp, in_tmp);
  remove_secret (secret_in_home, in_home);
  mpipe_test_finish (inside);
  mpipe_test_finish (outside);
}

static char *
read_through (MpipePipeline *pipeline, const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (fd);
  mpipe_pipeline_put_with_fds (pipeline, g_variant_new ("(sh)", path, 0), fds, NULL, &error);
  g_assert_no_error (error);
  result = mpipe_test_get (pipeline);
  return g_variant_dup_string (result, NULL);
}

static MpipePipeline *
new_reader (MpipeSandbox *sandbox)
{
  MpipeStage *stage = mpipe_stage_new_ordered ("read-given", 1);

  mpipe_stage_set_sandbox (stage, sandbox);
  g_clear_object (&sandbox);
  return mpipe_test_pipeline (stage);
}

/* As root the file is somebody else's in the sandbox; otherwise it belongs to the worker's user, who may open for
 * writing what was given to him. */
static void
test_a_file_that_was_given_can_be_read_and_no_other (void)
{
  g_autoptr (MpipePipeline) inside
      = new_reader (mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, NULL));
  g_autoptr (MpipePipeline) outside = new_reader (NULL);
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *path = make_secret (directory);
  g_autofree char *said_outside = NULL;
  g_autofree char *said_inside = NULL;
  g_autofree char *expected = g_strdup_printf ("secret; by name: %s; to write: %s",
                                               g_strerror (ENOENT), g_strerror (EACCES));

  g_assert_no_errno (g_chmod (path, getuid () == 0 ? 0600 : 0400));
  said_outside = read_through (outside, path);
  g_assert_true (g_str_has_prefix (said_outside, "secret; by name: ok; "));
  said_inside = read_through (inside, path);
  g_assert_cmpstr (said_inside, ==, expected);
  remove_secret (path, directory);
  mpipe_test_finish (inside);
  mpipe_test_finish (outside);
}

static void
test_nothing_can_be_written_but_tmp (void)
{
  g_autoptr (MpipePipeline) inside = new_required ();
  g_autofree char *own_directory
      = g_test_build_filename (G_TEST_BUILT, "pipeline", "written", NULL);
  const char *const places[] = {
    "/written",   "/usr/written", "/etc/written", "/dev/written", "/proc/sys/kernel/core_pattern",
    own_directory
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *said = attempt (inside, "write", places[i]);

      g_assert_cmpstr (said, !=, "ok");
    }
  g_assert_false (g_file_test (own_directory, G_FILE_TEST_EXISTS));
  assert_attempt (inside, "write", "/tmp/written", "ok");
  assert_attempt (inside, "write", "/dev/shm/written", "ok");
  g_assert_false (g_file_test ("/tmp/written", G_FILE_TEST_EXISTS));
  assert_at_most (inside, "fill", "/tmp/full", TMP_SIZE);
  assert_at_most (inside, "fill", "/dev/shm/full", TMP_SIZE);
  mpipe_test_finish (inside);
}

static int
listen_at (const struct sockaddr *address, socklen_t size)
{
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (fd);
  g_assert_no_errno (bind (fd, address, size));
  g_assert_no_errno (listen (fd, 8));
  return fd;
}

static void
test_there_is_no_network (void)
{
  g_autoptr (MpipePipeline) inside = new_required (), outside = new_escape (NULL);
  struct sockaddr_in internet
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un local = { .sun_family = AF_UNIX };
  socklen_t size = sizeof internet;
  g_autofree char *name = g_strdup_printf ("mpipe-test-%d", (int) getpid ());
  g_autofree char *port = NULL;
  int tcp = listen_at ((struct sockaddr *) &internet, sizeof internet), abstract;

  g_assert_no_errno (getsockname (tcp, (struct sockaddr *) &internet, &size));
  port = g_strdup_printf ("%d", ntohs (internet.sin_port));
  memcpy (local.sun_path + 1, name, strlen (name));
  abstract = listen_at ((struct sockaddr *) &local,
                        (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + strlen (name)));

  assert_attempt (outside, "tcp", port, "ok");
  assert_attempt (outside, "abstract", name, "ok");
  assert_attempt (inside, "tcp", port, g_strerror (EAFNOSUPPORT));
  assert_attempt (inside, "abstract", name, g_strerror (ECONNREFUSED));

  close (tcp);
  close (abstract);
  mpipe_test_finish (inside);
  mpipe_test_finish (outside);
}

static void
test_other_processes_are_out_of_reach (void)
{
  g_autoptr (MpipePipeline) inside = new_required (), outside = new_escape (NULL);
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());

  assert_attempt (outside, "signal", own, "ok");
  assert_attempt (inside, "signal", own, g_strerror (ESRCH));
  assert_attempt (inside, "ptrace", own, g_strerror (EPERM));
  assert_attempt (inside, "ptrace", "1", g_strerror (EPERM));
  assert_attempt (inside, "write", "/proc/1/mem", g_strerror (EACCES));
  assert_attempt (inside, "read", "/proc/1/environ", g_strerror (EACCES));
  mpipe_test_finish (inside);
  mpipe_test_finish (outside);
}

static void
test_the_environment_is_cleared (void)
{
  g_autoptr (MpipePipeline) inside = new_required (), outside = new_escape (NULL), kept = NULL;
  MpipeSandbox *sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, NULL);
  g_autofree char *said = attempt (outside, "environment", "");

  mpipe_sandbox_add_variable (sandbox, SECRET);
  kept = new_escape (sandbox);
  g_assert_true (g_str_has_prefix (said, "own"));
  g_free (said);
  assert_attempt (inside, "environment", "", "");
  said = attempt (kept, "environment", "");
  g_assert_true (g_str_has_prefix (said, "own"));
  mpipe_test_finish (inside);
  mpipe_test_finish (outside);
  mpipe_test_finish (kept);
}

static void
test_system_calls_are_refused (void)
{
  g_autoptr (MpipePipeline) inside = new_required ();
  const char *const refused[] = { "add_key",
                                  "bpf",
                                  "clone",
                                  "init_module",
                                  "keyctl",
                                  "mount",
                                  "open_by_handle_at",
                                  "perf_event_open",
                                  "process_vm_readv",
                                  "setns",
                                  "unshare",
                                  "userfaultfd" };
  const char *const absent[] = { "clone3", "io_uring_setup" };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_attempt (inside, "call", refused[i], g_strerror (EPERM));
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    assert_attempt (inside, "call", absent[i], g_strerror (ENOSYS));
  assert_attempt (inside, "status", "Seccomp", "2");
  mpipe_test_finish (inside);
}

static void
test_a_worker_has_no_privileges (void)
{
  g_autoptr (MpipePipeline) inside = new_required ();
  g_autofree char *uid = attempt (inside, "status", "Uid");

  g_assert_false (g_str_has_prefix (uid, "0\t"));
  assert_attempt (inside, "status", "NoNewPrivs", "1");
  assert_attempt (inside, "status", "CapPrm", "0000000000000000");
  assert_attempt (inside, "status", "CapEff", "0000000000000000");
  assert_attempt (inside, "status", "CapInh", "0000000000000000");
  assert_attempt (inside, "status", "CapAmb", "0000000000000000");
  assert_attempt (inside, "descriptors", "", "");
  mpipe_test_finish (inside);
}

static void
test_memory_and_processes_are_limited (void)
{
  g_autoptr (MpipePipeline) inside = new_required ();
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);

#ifndef __SANITIZE_ADDRESS__
  assert_at_most (inside, "allocate", "10240", 2048);
#endif
  if (mpipe_sandbox_get_parts (sandbox) & MPIPE_SANDBOX_PARTS_PROCESS_LIMIT)
    assert_at_most (inside, "fork", "1000", MAX_PROCESSES);
  /* and the worker is as it was */
  assert_attempt (inside, "read", "/usr/bin/env", "ok");
  mpipe_test_finish (inside);
}

static void
test_a_worker_that_kills_all_it_can_kills_itself_only (void)
{
  g_autoptr (MpipePipeline) inside = new_required ();
  g_autoptr (GError) error = NULL;

  mpipe_pipeline_put_text (inside, "die", NULL, NULL);
  error = mpipe_test_get_error (inside);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (error->message, "signal 9"));
  assert_attempt (inside, "read", "/usr/bin/env", "ok");
  mpipe_test_finish (inside);
}

static void
test_paths_are_as_they_were_added (void)
{
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *inner = g_build_filename (directory, "inner", NULL);
  g_autofree char *secret = make_secret (directory);
  g_autofree char *written = g_build_filename (inner, "written", NULL);
  g_autofree char *refused = g_build_filename (directory, "refused", NULL);
  MpipeSandbox *sandbox;
  g_autoptr (MpipePipeline) inside = NULL;

  g_assert_no_errno (g_mkdir (inner, 0777));
  g_assert_no_errno (g_chmod (inner, 0777)); /* root's workers are somebody else */
  g_assert_no_errno (g_chmod (directory, 0755));
  g_assert_no_errno (g_chmod (secret, 0644));
  sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, inner);
  mpipe_sandbox_add_read_only_path (sandbox, directory);
  inside = new_escape (sandbox);
  assert_attempt (inside, "read", secret, "ok");
  assert_attempt (inside, "write", refused, g_strerror (EROFS));
  assert_attempt (inside, "write", written, "ok");
  g_assert_true (g_file_test (written, G_FILE_TEST_EXISTS));
  mpipe_test_finish (inside);
  g_assert_no_errno (g_remove (written));
  g_assert_no_errno (g_rmdir (inner));
  remove_secret (secret, directory);
}

static void
test_a_path_that_is_not_there_is_refused (void)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (GError) error = NULL;

  mpipe_sandbox_add_read_only_path (sandbox, "/nowhere");
  mpipe_stage_set_sandbox (stage, sandbox);
  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX);
  g_assert_nonnull (strstr (error->message, "Stage “echo”"));
  g_assert_nonnull (strstr (error->message, "/nowhere"));
}

/* Work as outside */

static void
test_many_tasks_come_back (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 3));
  g_autoptr (GArray) values = NULL;

  mpipe_test_put (pipeline, 0, 10000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 10000, 1);
}

static void
test_large_tasks_come_back (const MpipeTestWay *way)
{
  const gsize size = 20 * MEBIBYTE;
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "echo", 2));
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 + i / 4096);
  bytes = g_bytes_new_static (data, size);
  for (int i = 0; i < 3; i++)
    g_assert_cmpuint (mpipe_pipeline_put_bytes (pipeline, bytes, NULL, NULL), >, 0);
  mpipe_pipeline_stop (pipeline);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) back = mpipe_pipeline_get_bytes (pipeline, NULL, NULL);

      g_assert_true (g_bytes_equal (back, bytes));
    }
  mpipe_test_get_end (pipeline);
}

static void
test_a_stage_in_a_sandbox_is_linked_to_one_outside (const MpipeTestWay *way)
{
  MpipeStage *first = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipeStage) second = mpipe_stage_new_ordered ("add", 2);
  g_autoptr (MpipeStage) third = mpipe_test_stage (way, "add", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_ordered (second, way->ordered);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 3, 1000, 1);
}

static void
test_modules_and_printed_lines_pass (const MpipeTestWay *way)
{
  g_autofree char *file = g_test_build_filename (G_TEST_BUILT, "pipeline", MODULE_FILE, NULL);
  MpipeStage *first = mpipe_stage_new_module (file, "module_double", 2);
  g_autoptr (MpipeStage) second = mpipe_test_stage (way, "print", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;

  mpipe_stage_set_ordered (first, way->ordered);
  mpipe_test_keep_in_sandbox (way, first, NULL);
  mpipe_stage_link (first, second);
  pipeline = mpipe_test_pipeline (first);
  mpipe_test_put (pipeline, 0, 20);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  mpipe_test_assert_range (values, 0, 20, 2);
}

static void
test_a_busy_pipeline_is_terminated (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 3);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'loop'>}"));
  pipeline = mpipe_test_pipeline (stage);
  for (int i = 0; i < 3; i++)
    mpipe_test_put (pipeline, 3, 1);
  mpipe_pipeline_terminate (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, &error));
  g_assert_no_error (error);
}

/* A task that is ended is told by a signal first, and can tidy up. */
static void
test_a_worker_is_told_to_end (void)
{
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *marker = g_build_filename (directory, "tidied-up", NULL);
  g_autofree char *task = g_strconcat ("tidy ", marker, NULL);
  MpipeSandbox *sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, directory);
  MpipeStage *stage = mpipe_stage_new_ordered ("escape", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_chmod (directory, 0777)); /* root's workers are somebody else */
  mpipe_stage_set_sandbox (stage, sandbox);
  g_object_unref (sandbox);
  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  mpipe_stage_set_grace_time (stage, GRACE_MS);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_pipeline_put_text (pipeline, task, NULL, NULL);
  error = mpipe_test_get_error (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT);
  mpipe_test_finish (pipeline);
  g_assert_no_errno (g_remove (marker));
  g_assert_no_errno (g_rmdir (directory));
}

/* Policies */

static void
run_without_bubblewrap (void)
{
  g_autoptr (MpipeSandbox) required = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, NULL);
  g_autoptr (MpipeSandbox) preferred = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_PREFERRED, NULL);
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("echo", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *description = NULL;

  g_setenv ("PATH", "/nowhere", TRUE);
  description = mpipe_sandbox_describe (preferred);
  mpipe_stage_set_sandbox (stage, required);
  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX);
  g_assert_nonnull (strstr (error->message, "Stage “echo”"));
  g_assert_nonnull (strstr (error->message, "there is no program “bwrap”"));

  g_assert_cmpuint (mpipe_sandbox_get_parts (preferred), ==, 0);
  g_assert_nonnull (strstr (mpipe_sandbox_get_problem (preferred), "bwrap"));
  g_assert_true (g_str_has_prefix (description, "no sandbox: there is no program “bwrap”"));
  mpipe_stage_set_sandbox (stage, preferred);
  pipeline = mpipe_test_pipeline (g_steal_pointer (&stage));
  mpipe_test_put (pipeline, 7, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 7);
  mpipe_test_finish (pipeline);
}

static void
run_with_failing_wrapper (void)
{
  g_autofree char *directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_autofree char *program = g_build_filename (directory, "bwrap", NULL);
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_PREFERRED);

  g_assert_true (g_file_set_contents (
      program, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n", -1,
      NULL));
  g_assert_no_errno (g_chmod (program, 0755));
  g_setenv ("PATH", directory, TRUE);
  g_assert_cmpuint (mpipe_sandbox_get_parts (sandbox), ==, 0);
  g_assert_cmpstr (mpipe_sandbox_get_problem (sandbox), ==,
                   "bwrap: No permissions to create new namespace");
  g_assert_no_errno (g_remove (program));
  g_assert_no_errno (g_rmdir (directory));
}

static gpointer
ask_cb (gpointer data)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_PREFERRED);

  return GUINT_TO_POINTER (mpipe_sandbox_get_parts (sandbox));
}

static void
run_with_threads (void)
{
  GThread *threads[8];
  gpointer first;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("asks", ask_cb, NULL);
  first = g_thread_join (threads[0]);
  for (guint i = 1; i < G_N_ELEMENTS (threads); i++)
    g_assert_true (g_thread_join (threads[i]) == first);
}

/* What is found out once in the life of a process, is tested in processes of their own. */
static const struct
{
  const char *option;
  void (*run) (void);
} programs[] = {
  { "--without-bubblewrap", run_without_bubblewrap },
  { "--with-failing-wrapper", run_with_failing_wrapper },
  { "--with-threads", run_with_threads },
};

static gboolean
run_program (const char *option)
{
  for (guint i = 0; option != NULL && i < G_N_ELEMENTS (programs); i++)
    if (g_str_equal (option, programs[i].option))
      {
        programs[i].run ();
        return TRUE;
      }
  return FALSE;
}

static void
assert_program (const char *option)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process
      = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "/proc/self/exe", option, NULL);

  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static void
test_without_bubblewrap_it_is_refused_or_done_without (void)
{
  assert_program ("--without-bubblewrap");
}

static void
test_a_wrapper_that_fails_is_quoted (void)
{
  assert_program ("--with-failing-wrapper");
}

static void
test_threads_that_ask_are_told_the_same (void)
{
  assert_program ("--with-threads");
}

static void
test_no_sandbox_is_no_problem (void)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_NONE);
  g_autofree char *description = mpipe_sandbox_describe (sandbox);
  g_autoptr (MpipePipeline) pipeline = NULL;

  g_assert_cmpuint (mpipe_sandbox_get_parts (sandbox), ==, 0);
  g_assert_null (mpipe_sandbox_get_problem (sandbox));
  g_assert_cmpstr (description, ==, "no sandbox");
  pipeline = new_escape (g_steal_pointer (&sandbox));
  assert_attempt (pipeline, "read", "/etc/passwd", "ok");
  mpipe_test_finish (pipeline);
}

static void
test_a_launcher_without_sandbox_is_refused (void)
{
  const MpipeTestWay in_threads = { "thread", TRUE, TRUE, TRUE, FALSE };
  g_autoptr (MpipeStage) stage = mpipe_test_stage (&in_threads, "echo", 1);
  g_autoptr (MpipeSandbox) sandbox = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, NULL);
  g_autoptr (GError) error = NULL;

  mpipe_stage_set_sandbox (stage, sandbox);
  g_assert_null (mpipe_pipeline_new (stage, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX);
}

static void
test_what_is_in_force_is_described (void)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);
  g_autofree char *description = mpipe_sandbox_describe (sandbox);

  g_assert_true (g_str_has_prefix (description, "namespaces, system calls, limits"));
  g_assert_null (mpipe_sandbox_get_problem (sandbox));
}

int
main (int argc, char **argv)
{
  const char *option = argc > 1 ? argv[1] : NULL;
  g_autofree char *home = NULL;
  int status;

  mpipe_worker_register_func ("escape", escape, NULL, NULL);
  mpipe_worker_register_func ("read-given", read_given, NULL, NULL);
  mpipe_test_init (&argc, &argv);
  if (run_program (option))
    return 0;
  g_setenv (SECRET, "1", TRUE);
  /* a home that nothing else is in; the directory of this program is to be seen, the one above is not */
  home = g_test_build_filename (G_TEST_BUILT, "home-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (home));
  g_setenv ("HOME", home, TRUE);

#define ADD(function, path) mpipe_test_add_in_sandbox ("/mpipe/pipeline/sandbox/" path, function)
  ADD (test_files_are_hidden, "files-are-hidden");
  ADD (test_a_file_that_was_given_can_be_read_and_no_other,
       "a-file-that-was-given-can-be-read-and-no-other");
  ADD (test_nothing_can_be_written_but_tmp, "nothing-can-be-written-but-tmp");
  ADD (test_there_is_no_network, "there-is-no-network");
  ADD (test_other_processes_are_out_of_reach, "other-processes-are-out-of-reach");
  ADD (test_the_environment_is_cleared, "the-environment-is-cleared");
  ADD (test_system_calls_are_refused, "system-calls-are-refused");
  ADD (test_a_worker_has_no_privileges, "a-worker-has-no-privileges");
  ADD (test_memory_and_processes_are_limited, "memory-and-processes-are-limited");
  ADD (test_a_worker_that_kills_all_it_can_kills_itself_only,
       "a-worker-that-kills-all-it-can-kills-itself-only");
  ADD (test_a_worker_is_told_to_end, "a-worker-is-told-to-end");
  ADD (test_paths_are_as_they_were_added, "paths-are-as-they-were-added");
  ADD (test_a_path_that_is_not_there_is_refused, "a-path-that-is-not-there-is-refused");
  ADD (test_what_is_in_force_is_described, "what-is-in-force-is-described");
#undef ADD
#define ADD(function, path) mpipe_test_add_sandbox_ways ("/mpipe/pipeline/sandbox/" path, function)
  ADD (test_many_tasks_come_back, "many-tasks-come-back");
  ADD (test_large_tasks_come_back, "large-tasks-come-back");
  ADD (test_a_stage_in_a_sandbox_is_linked_to_one_outside,
       "a-stage-in-a-sandbox-is-linked-to-one-outside");
  ADD (test_modules_and_printed_lines_pass, "modules-and-printed-lines-pass");
  ADD (test_a_busy_pipeline_is_terminated, "a-busy-pipeline-is-terminated");
#undef ADD
#define ADD(function, path) mpipe_test_add ("/mpipe/pipeline/sandbox/" path, function)
  ADD (test_without_bubblewrap_it_is_refused_or_done_without,
       "without-bubblewrap-it-is-refused-or-done-without");
  ADD (test_a_wrapper_that_fails_is_quoted, "a-wrapper-that-fails-is-quoted");
  ADD (test_no_sandbox_is_no_problem, "no-sandbox-is-no-problem");
  ADD (test_a_launcher_without_sandbox_is_refused, "a-launcher-without-sandbox-is-refused");
  ADD (test_threads_that_ask_are_told_the_same, "threads-that-ask-are-told-the-same");
#undef ADD

  status = g_test_run ();
  g_assert_no_errno (g_rmdir (home));
  return status;
}
