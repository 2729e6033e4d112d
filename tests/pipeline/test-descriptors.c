/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Descriptors that travel with a task. A task of these tests is a verb, some bytes, and handles; what its worker does:
 *
 *   read       gives what is in all files, one after the other
 *   slow-read  the same, after a while
 *   size       gives how many descriptors came, and how many bytes
 *   flags      gives "closed on exec" if all of them are
 *   open       gives how many descriptors the process has open
 *   die-once   reads the first, and ends the process when something was in it; gives what is in the second
 *   die        ends the process
 *   handle     gives a handle */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

#define N_TASKS 200
#define LARGE (3u << 20)
#define ALL_TYPES "(sayah)"

/* The worker */

static char *
read_file (GUnixFDList *fds, gint32 handle)
{
  g_autoptr (GError) error = NULL;
  int fd = g_unix_fd_list_get (fds, handle, &error);
  char buffer[64];
  gssize n;

  g_assert_no_error (error);
  n = pread (fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == ESPIPE)
    n = read (fd, buffer, sizeof buffer);
  g_assert_cmpint (n, >=, 0);
  close (fd);
  return g_strndup (buffer, (gsize) n);
}

static GVariant *
read_all (GVariant *handles, GUnixFDList *fds)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize n = g_variant_n_children (handles);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) handle = g_variant_get_child_value (handles, i);
      g_autofree char *contents = read_file (fds, g_variant_get_handle (handle));

      g_string_append (text, contents);
    }
  return g_variant_new_string (text->str);
}

static guint
count_open (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

static GVariant *
name_flags (GUnixFDList *fds)
{
  int n;
  const int *list = g_unix_fd_list_peek_fds (fds, &n);

  for (int i = 0; i < n; i++)
    if ((fcntl (list[i], F_GETFD) & FD_CLOEXEC) == 0)
      return g_variant_new_string ("inherited");
  return g_variant_new_string ("closed on exec");
}

static GVariant *
die_once (GUnixFDList *fds)
{
  g_autofree char *first = read_file (fds, 0);

  if (first[0] != '\0')
    raise (SIGKILL);
  return g_variant_new_take_string (read_file (fds, 1));
}

static GVariant *
do_verb (GVariant *task, GUnixFDList *fds)
{
  g_autoptr (GVariant) bytes = NULL;
  g_autoptr (GVariant) handles = NULL;
  const char *verb;

  g_variant_get (task, "(&s@ay@ah)", &verb, &bytes, &handles);
  if (g_str_equal (verb, "slow-read"))
    g_usleep (2000);
  if (g_str_equal (verb, "read") || g_str_equal (verb, "slow-read"))
    return read_all (handles, fds);
  if (g_str_equal (verb, "size"))
    return g_variant_new_take_string (
        g_strdup_printf ("%d %" G_GSIZE_FORMAT, fds != NULL ? g_unix_fd_list_get_length (fds) : -1,
                         g_variant_get_size (bytes)));
  if (g_str_equal (verb, "flags"))
    return name_flags (fds);
  if (g_str_equal (verb, "open"))
    return g_variant_new_take_string (g_strdup_printf ("%u", count_open ()));
  if (g_str_equal (verb, "die-once"))
    return die_once (fds);
  if (g_str_equal (verb, "handle"))
    return g_variant_new_handle (0);
  raise (SIGKILL);
  return NULL;
}

static GVariant *
do_task (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return do_verb (task, mpipe_worker_get_fd_list (worker));
}

static gboolean
end_cb (gpointer user_data)
{
  MpipeTask *task = user_data;

  mpipe_task_return_value (task, do_verb (mpipe_task_get_value (task), mpipe_task_get_fd_list (task)));
  return G_SOURCE_REMOVE;
}

static void
begin_task (MpipeWorker *worker, MpipeTask *task, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_assert_null (mpipe_worker_get_fd_list (worker));
  g_source_set_callback (source, end_cb, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* The application */

static int
new_file (const char *contents)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  g_assert_no_errno (fd);
  g_assert_cmpint (write (fd, contents, strlen (contents)), ==, strlen (contents));
  return fd;
}

/* Takes the descriptors over. */
static GUnixFDList *
new_list (int first, int second)
{
  const int fds[2] = { first, second };

  return g_unix_fd_list_new_from_array (fds, second >= 0 ? 2 : 1);
}

static GVariant *
new_task (const char *verb, gsize n_bytes, GUnixFDList *fds)
{
  g_autofree guint8 *bytes = g_malloc0 (n_bytes + 1);
  GVariantBuilder handles;

  g_variant_builder_init (&handles, G_VARIANT_TYPE ("ah"));
  for (int i = 0; fds != NULL && i < g_unix_fd_list_get_length (fds); i++)
    g_variant_builder_add (&handles, "h", i);
  return g_variant_new ("(s@ayah)", verb,
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, n_bytes, 1), &handles);
}

static guint64
put_all (MpipePipeline *pipeline, const char *verb, gsize n_bytes, GUnixFDList *fds)
{
  g_autoptr (GError) error = NULL;
  guint64 id
      = mpipe_pipeline_put_with_fds (pipeline, new_task (verb, n_bytes, fds), fds, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (id, >, 0);
  return id;
}

static void
put_text (MpipePipeline *pipeline, const char *verb, gsize n_bytes, const char *contents)
{
  g_autoptr (GUnixFDList) fds = new_list (new_file (contents), -1);

  put_all (pipeline, verb, n_bytes, fds);
}

static char *
get_text (MpipePipeline *pipeline)
{
  g_autoptr (GVariant) result = mpipe_test_get (pipeline);

  return g_variant_dup_string (result, NULL);
}

static void
assert_gives (MpipePipeline *pipeline, const char *expected)
{
  g_autofree char *text = get_text (pipeline);

  g_assert_cmpstr (text, ==, expected);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Each of @n tasks has read its own number. */
static void
assert_gives_numbers (MpipePipeline *pipeline, const MpipeTestWay *way, guint n)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (texts, get_text (pipeline));
  if (!way->ordered)
    g_ptr_array_sort (texts, compare_texts);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%06u", i);

      g_assert_cmpstr (texts->pdata[i], ==, expected);
    }
}

static void
put_numbers (MpipePipeline *pipeline, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%06u", i);

      put_text (pipeline, i % 16 == 3 ? "slow-read" : "read", i % 50 == 7 ? LARGE / 8 : i, number);
    }
}

static void
assert_fails (MpipePipeline *pipeline, int code, const char *says)
{
  g_autoptr (GError) error = mpipe_test_get_error (pipeline);

  g_assert_error (error, MPIPE_ERROR, code);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static void
test_each_worker_reads_what_its_task_came_with (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 2));

  put_numbers (pipeline, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  assert_gives_numbers (pipeline, way, N_TASKS);
  mpipe_test_get_end (pipeline);
}

static void
test_tasks_that_end_later_have_theirs (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "begin-descriptors", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_concurrency (stage, 8);
  pipeline = mpipe_test_pipeline (stage);
  put_numbers (pipeline, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  assert_gives_numbers (pipeline, way, N_TASKS);
  mpipe_test_get_end (pipeline);
}

static void
test_tasks_with_and_without_are_not_mixed_up (const MpipeTestWay *way)
{
  static const gsize sizes[] = { 0, 1, 100, 5000, 70000, LARGE };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autoptr (GUnixFDList) none = g_unix_fd_list_new ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i % G_N_ELEMENTS (sizes)];
      g_autoptr (GUnixFDList) two = new_list (new_file ("a"), new_file ("b"));

      put_all (pipeline, "size", size, none);
      put_all (pipeline, "size", size, two);
      put_all (pipeline, "read", size, two);
      put_text (pipeline, "size", size, "c");
    }
  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i % G_N_ELEMENTS (sizes)];
      g_autofree char *zero = g_strdup_printf ("-1 %" G_GSIZE_FORMAT, size);
      g_autofree char *two = g_strdup_printf ("2 %" G_GSIZE_FORMAT, size);
      g_autofree char *one = g_strdup_printf ("1 %" G_GSIZE_FORMAT, size);

      assert_gives (pipeline, zero);
      assert_gives (pipeline, two);
      assert_gives (pipeline, "ab");
      assert_gives (pipeline, one);
    }
}

static void
test_sixteen_go_with_one_task_and_no_more (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;

  for (char letter = 'a'; letter < 'a' + 16; letter++)
    {
      const char contents[2] = { letter };
      int fd = new_file (contents);

      g_unix_fd_list_append (fds, fd, &error);
      g_assert_no_error (error);
      close (fd);
    }
  put_all (pipeline, "read", 0, fds);
  put_all (pipeline, "flags", 0, fds);
  assert_gives (pipeline, "abcdefghijklmnop");
  assert_gives (pipeline, "closed on exec");
  g_unix_fd_list_append (fds, g_unix_fd_list_peek_fds (fds, NULL)[0], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      mpipe_pipeline_put_with_fds (pipeline, new_task ("read", 0, fds), fds, NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
}

static void
assert_refuses (MpipePipeline *pipeline, GVariant *task, GUnixFDList *fds)
{
  g_autoptr (GError) error = NULL;

  if (fds != NULL)
    g_assert_cmpuint (mpipe_pipeline_put_with_fds (pipeline, task, fds, NULL, &error), ==, 0);
  else
    g_assert_cmpuint (mpipe_pipeline_put (pipeline, task, NULL, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
}

static void
test_handles_that_refer_to_nothing_are_refused (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autoptr (GUnixFDList) none = g_unix_fd_list_new ();
  g_autoptr (GUnixFDList) one = new_list (new_file ("x"), -1);

  assert_refuses (pipeline, g_variant_new_handle (0), NULL);
  assert_refuses (pipeline, new_task ("read", 0, NULL), NULL);
  assert_refuses (pipeline, g_variant_new_handle (0), none);
  assert_refuses (pipeline, g_variant_new_handle (1), one);
  assert_refuses (pipeline, g_variant_new_handle (-1), one);
  assert_refuses (pipeline, g_variant_new_variant (g_variant_new_handle (1)), one);
  assert_refuses (pipeline, g_variant_new_variant (g_variant_new_handle (0)), NULL);
  assert_refuses (pipeline, g_variant_new_parsed ("{'a': <[@h 0, 1]>}"), one);
  /* none of them has done any harm */
  put_text (pipeline, "read", 0, "fine");
  assert_gives (pipeline, "fine");
}

static void
test_results_carry_none (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));

  put_text (pipeline, "handle", 0, "x");
  assert_fails (pipeline, MPIPE_ERROR_TASK_FAILED, "cannot be sent");
}

static void
test_what_nobody_takes_is_closed (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autofree char *before = NULL;

  put_text (pipeline, "open", 0, "x");
  before = get_text (pipeline);
  for (guint i = 0; i < N_TASKS; i++)
    {
      put_text (pipeline, "size", 0, "x");
      assert_gives (pipeline, "1 0");
    }
  put_text (pipeline, "open", 0, "x");
  assert_gives (pipeline, before);
}

static void
test_the_reader_of_a_pipe_sees_its_end (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 2));
  char buffer[1];

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GUnixFDList) list = NULL;
      int fds[2];

      g_assert_no_errno (pipe2 (fds, O_CLOEXEC));
      list = new_list (fds[1], -1);
      put_all (pipeline, "size", 0, list);
      g_clear_object (&list);
      assert_gives (pipeline, "1 0");
      /* the deadline of the test ends this, if somebody still has the other end */
      g_assert_cmpint (read (fds[0], buffer, 1), ==, 0);
      close (fds[0]);
    }
}

static void
test_a_task_that_is_tried_again_has_the_same (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "descriptors", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;

  mpipe_stage_set_max_attempts (stage, 2);
  pipeline = mpipe_test_pipeline (stage);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GUnixFDList) list = NULL;
      int fds[2];

      g_assert_no_errno (pipe2 (fds, O_CLOEXEC));
      g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
      close (fds[1]);
      list = new_list (fds[0], new_file ("again"));
      put_all (pipeline, "die-once", 0, list);
      put_text (pipeline, "read", 0, "next"); /* which was with the worker that died */
    }
  mpipe_pipeline_stop (pipeline);
  if (way->ordered)
    for (guint i = 0; i < 3; i++)
      {
        assert_gives (pipeline, "again");
        assert_gives (pipeline, "next");
      }
  else
    for (guint i = 0; i < 6; i++)
      g_free (get_text (pipeline));
  mpipe_test_get_end (pipeline);
}

static void
test_a_failed_task_can_be_put_again_with_them (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autoptr (GPtrArray) failures = NULL;
  MpipeFailure *failure;

  mpipe_pipeline_set_on_failure (pipeline, MPIPE_ON_FAILURE_COLLECT);
  put_text (pipeline, "die", 0, "contents");
  put_text (pipeline, "read", 0, "other");
  assert_gives (pipeline, "other");
  failures = mpipe_pipeline_take_failures (pipeline);
  g_assert_cmpuint (failures->len, ==, 1);
  failure = failures->pdata[0];
  g_assert_cmpstr (g_variant_get_type_string (mpipe_failure_get_task (failure)), ==, ALL_TYPES);
  put_all (pipeline, "read", 0, mpipe_failure_get_fd_list (failure));
  assert_gives (pipeline, "contents");
}

static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, 1);

  mpipe_stage_set_ordered (stage, way->ordered);
  return stage;
}

static void
test_a_worker_that_takes_none_fails_the_task (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "echo"));
  g_autoptr (GUnixFDList) fds = new_list (new_file ("x"), -1);
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, 0, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  mpipe_pipeline_put_with_fds (pipeline, g_variant_new_handle (0), fds, NULL, &error);
  g_assert_no_error (error);
  assert_fails (pipeline, MPIPE_ERROR_TYPE, "takes none");
  mpipe_test_put (pipeline, 1, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 1);
}

static void
test_what_a_worker_sends_is_closed (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (new_raw_stage (way, "descriptors"));
  guint n_open;

  mpipe_test_put (pipeline, 0, 1);
  g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, 0);
  n_open = count_open ();
  mpipe_test_put (pipeline, 1, N_TASKS);
  for (gint64 i = 1; i <= N_TASKS; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i);
  g_assert_cmpuint (count_open (), ==, n_open);
}

static void
test_a_filter_takes_none (const MpipeTestWay *way)
{
  g_autoptr (MpipeStage) inner = mpipe_test_stage (way, "echo", 1);
  MpipeStage *stages[] = { inner };
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (MPIPE_STAGE (mpipe_filter_stage_new (stages, 1)));
  g_autoptr (GUnixFDList) fds = new_list (new_file ("x"), -1);

  assert_refuses (pipeline, g_variant_new_handle (0), fds);
}

typedef struct
{
  guint n_left;
  gboolean done;
} Puts;

static void
put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Puts *puts = user_data;

  g_assert_cmpuint (mpipe_pipeline_put_finish (MPIPE_PIPELINE (source), result, &error), >, 0);
  g_assert_no_error (error);
  puts->done = --puts->n_left == 0;
}

static void
refused_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean *done = user_data;

  g_assert_cmpuint (mpipe_pipeline_put_finish (MPIPE_PIPELINE (source), result, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  *done = TRUE;
}

static gpointer
read_twenty (gpointer pipeline)
{
  for (guint i = 0; i < 20; i++)
    assert_gives (pipeline, "x");
  return NULL;
}

static void
test_they_wait_for_room_with_their_task (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "descriptors", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GUnixFDList) fds = new_list (new_file ("x"), -1);
  g_autoptr (GError) error = NULL;
  Puts puts = { .n_left = 20 };
  guint n_tried = 0;
  gboolean refused = FALSE;
  GThread *reader;

  mpipe_stage_set_max_backlog (stage, 3);
  pipeline = mpipe_test_pipeline (stage);
  while (mpipe_pipeline_try_put_with_fds (pipeline, new_task ("read", 0, fds), fds, &error) != 0)
    n_tried++;
  g_assert_no_error (error);
  g_assert_cmpuint (n_tried, ==, 3);
  g_assert_cmpuint (mpipe_pipeline_put_with_fds_until (pipeline, new_task ("read", 0, fds), fds,
                                                       g_get_monotonic_time () + 1000, NULL, &error),
                    ==, 0);
  g_assert_no_error (error);
  for (guint i = 0; i < n_tried; i++)
    assert_gives (pipeline, "x");

  for (guint i = 0; i < 20; i++)
    mpipe_pipeline_put_with_fds_async (pipeline, new_task ("read", 0, fds), fds, NULL, put_cb,
                                       &puts);
  g_clear_object (&fds);
  reader = g_thread_new ("reader", read_twenty, pipeline);
  mpipe_test_iterate_until (&puts.done);
  g_thread_join (reader);
  fds = new_list (new_file ("x"), -1);
  mpipe_pipeline_put_with_fds_async (pipeline, g_variant_new_handle (5), fds, NULL, refused_cb,
                                     &refused);
  mpipe_test_iterate_until (&refused);
}

/* Tasks that were not begun are dropped with theirs; the test's end finds what is left. */
static void
test_a_pipeline_that_is_terminated_closes_them (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));

  for (guint i = 0; i < N_TASKS; i++)
    put_text (pipeline, "slow-read", 0, "x");
  mpipe_pipeline_terminate (pipeline);
}

/* As many tasks as there are descriptors for; not one of them is lost. */
static void
test_too_few_in_the_application_are_an_error (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (way, "descriptors", 1));
  g_autoptr (GUnixFDList) fds = new_list (new_file ("x"), -1);
  g_autoptr (GError) error = NULL;
  struct rlimit before, few;
  guint n = 0;

  put_all (pipeline, "read", 0, fds);
  assert_gives (pipeline, "x");
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  few = before;
  few.rlim_cur = 200;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &few));
  while (n < 1000
         && mpipe_pipeline_put_with_fds (pipeline, new_task ("slow-read", 0, fds), fds, NULL, &error)
                != 0)
    n++;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpuint (n, >, 50);
  for (guint i = 0; i < n; i++)
    assert_gives (pipeline, "x");
}

static void
test_too_few_in_a_worker_fail_the_task_alone (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "descriptors", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GUnixFDList) many = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  int fd = new_file ("x");

  for (guint i = 0; i < 16; i++)
    g_unix_fd_list_append (many, fd, &error);
  g_assert_no_error (error);
  close (fd);
  mpipe_stage_set_worker_files_limit (stage, 16);
  pipeline = mpipe_test_pipeline (stage);
  for (guint i = 0; i < 5; i++)
    {
      put_all (pipeline, "size", 0, many);
      put_text (pipeline, "read", 0, "one");
      assert_fails (pipeline, MPIPE_ERROR_TASK_FAILED, "too many open files");
      assert_gives (pipeline, "one");
    }
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("descriptors", do_task, NULL, NULL);
  mpipe_worker_register_begin_func ("begin-descriptors", begin_task, NULL, NULL);
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_ways ("/mpipe/pipeline/descriptors/" path, function)
  ADD (test_each_worker_reads_what_its_task_came_with,
       "each-worker-reads-what-its-task-came-with");
  ADD (test_tasks_that_end_later_have_theirs, "tasks-that-end-later-have-theirs");
  ADD (test_tasks_with_and_without_are_not_mixed_up, "tasks-with-and-without-are-not-mixed-up");
  ADD (test_sixteen_go_with_one_task_and_no_more, "sixteen-go-with-one-task-and-no-more");
  ADD (test_handles_that_refer_to_nothing_are_refused,
       "handles-that-refer-to-nothing-are-refused");
  ADD (test_results_carry_none, "results-carry-none");
  ADD (test_the_reader_of_a_pipe_sees_its_end, "the-reader-of-a-pipe-sees-its-end");
  ADD (test_a_filter_takes_none, "a-filter-takes-none");
  ADD (test_they_wait_for_room_with_their_task, "they-wait-for-room-with-their-task");
  ADD (test_a_pipeline_that_is_terminated_closes_them,
       "a-pipeline-that-is-terminated-closes-them");
#undef ADD
#define ADD(function, path)                                                                        \
  mpipe_test_add_process_ways ("/mpipe/pipeline/descriptors/" path, function)
  ADD (test_what_nobody_takes_is_closed, "what-nobody-takes-is-closed");
  ADD (test_a_task_that_is_tried_again_has_the_same, "a-task-that-is-tried-again-has-the-same");
  ADD (test_a_failed_task_can_be_put_again_with_them,
       "a-failed-task-can-be-put-again-with-them");
  ADD (test_a_worker_that_takes_none_fails_the_task, "a-worker-that-takes-none-fails-the-task");
  ADD (test_what_a_worker_sends_is_closed, "what-a-worker-sends-is-closed");
  ADD (test_too_few_in_the_application_are_an_error, "too-few-in-the-application-are-an-error");
  ADD (test_too_few_in_a_worker_fail_the_task_alone, "too-few-in-a-worker-fail-the-task-alone");
#undef ADD

  return g_test_run ();
}
