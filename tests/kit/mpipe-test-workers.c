/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-test-workers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

static GVariant *
echo (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_ref (task);
}

static GVariant *
add (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) summand
      = mpipe_worker_lookup_parameter (worker, "summand", G_VARIANT_TYPE_INT64);

  return g_variant_new_int64 (g_variant_get_int64 (task)
                              + (summand != NULL ? g_variant_get_int64 (summand) : 1));
}

static GVariant *
make (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = (gsize) g_variant_get_int64 (task);
  guint8 *data = g_malloc (size);

  memset (data, (int) (size % 251), size);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

/* As make does, in memory that was asked for. */
static GVariant *
make_in_place (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = (gsize) g_variant_get_int64 (task);
  guint8 *data;
  g_autoptr (GBytes) bytes = mpipe_worker_new_bytes (worker, size, &data, error);

  if (bytes == NULL)
    return NULL;
  memset (data, (int) (size % 251), size);
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

/* Puts the same bytes several times, and a part of them. */
static GVariant *
make_once_put_often (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = (gsize) g_variant_get_int64 (task);
  guint8 *data;
  g_autoptr (GBytes) bytes = mpipe_worker_new_bytes (worker, size, &data, error);
  g_autoptr (GBytes) part = bytes != NULL ? g_bytes_new_from_bytes (bytes, 8, size / 2) : NULL;

  if (bytes == NULL)
    return NULL;
  memset (data, (int) (size % 251), size);
  for (int i = 0; i < 5; i++)
    if (!mpipe_worker_put_result (
            worker, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE), error))
      return NULL;
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, part, TRUE);
}

#define N_KEPT 6

static void
free_kept (gpointer kept)
{
  g_ptr_array_unref (kept);
}

static GVariant *
keep (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  GPtrArray *kept = g_object_get_data (G_OBJECT (worker), "kept");

  if (kept == NULL)
    {
      kept = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
      g_object_set_data_full (G_OBJECT (worker), "kept", kept, free_kept);
    }
  g_ptr_array_add (kept, g_variant_ref (task));
  if (kept->len > N_KEPT)
    g_ptr_array_remove_index (kept, 0);
  for (guint i = 0; i < kept->len; i++)
    {
      GVariant *value = g_ptr_array_index (kept, i);
      const guint8 *data = g_variant_get_data (value);

      if (memcmp (data, data + 1, g_variant_get_size (value) - 1) != 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "a task that was kept has changed");
          return NULL;
        }
    }
  return g_variant_ref (g_ptr_array_index (kept, 0));
}

static GVariant *
second (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_get_child_value (task, 1);
}

static GVariant *
kill_once (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) mark
      = mpipe_worker_lookup_parameter (worker, "mark", G_VARIANT_TYPE_STRING);
  int fd = open (g_variant_get_string (mark, NULL), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

  if (fd < 0)
    return g_variant_ref (task);
  close (fd);
  raise (SIGKILL);
  return NULL;
}

/* A number for which there is a file kills one worker. */
static GVariant *
kill_each_once (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) mark
      = mpipe_worker_lookup_parameter (worker, "mark", G_VARIANT_TYPE_STRING);
  g_autofree char *path = g_strdup_printf ("%s-%" G_GINT64_FORMAT, g_variant_get_string (mark, NULL),
                                           g_variant_get_int64 (task));

  if (unlink (path) != 0)
    return g_variant_ref (task);
  raise (SIGKILL);
  return NULL;
}

static GVariant *
nothing (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return NULL;
}

static GVariant *
several (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gint64 value = g_variant_get_int64 (task);

  for (int i = 0; i < 3; i++)
    if (!mpipe_worker_put_result (worker, g_variant_new_int64 (10 * value + i), error))
      return NULL;
  return NULL;
}

static GVariant *
put_and_give (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  if (!mpipe_worker_put_result (worker, task, error))
    return NULL;
  return g_variant_new_int64 (-g_variant_get_int64 (task));
}

static GVariant *
count (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gint64 n = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (worker), "count"));

  if (task == NULL)
    return g_variant_new_int64 (n);
  g_object_set_data (G_OBJECT (worker), "count", GINT_TO_POINTER (n + 1));
  return NULL;
}

static GVariant *
describe (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new ("(sui@a{sv})", mpipe_worker_get_stage_name (worker),
                        mpipe_worker_get_index (worker), (int) getpid (),
                        mpipe_worker_get_parameters (worker));
}

static GVariant *
slow (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_usleep (g_variant_get_int64 (task));
  return g_variant_ref (task);
}

static GVariant *
print (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_print ("# task %" G_GINT64_FORMAT "\n", g_variant_get_int64 (task));
  return g_variant_ref (task);
}

static void
wait_for_gate (MpipeWorker *worker)
{
  g_autoptr (GVariant) path
      = mpipe_worker_lookup_parameter (worker, "gate", G_VARIANT_TYPE_STRING);

  while (!g_file_test (g_variant_get_string (path, NULL), G_FILE_TEST_EXISTS))
    g_usleep (500);
}

static GVariant *
gate (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  wait_for_gate (worker);
  return g_variant_ref (task);
}

static GVariant *
count_descriptors (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  GUnixFDList *fds = mpipe_worker_get_fd_list (worker);

  return g_variant_new_int64 (fds != NULL ? g_unix_fd_list_get_length (fds) : 0);
}

/* misbehave */

static GVariant *
die (const char *mode)
{
  if (g_str_equal (mode, "kill"))
    raise (SIGKILL);
  if (g_str_equal (mode, "segv"))
    {
      signal (SIGSEGV, SIG_DFL); /* a sanitizer has its own */
      raise (SIGSEGV);
    }
  if (g_str_equal (mode, "exit-0"))
    _exit (0);
  if (g_str_equal (mode, "exit-1"))
    _exit (1);
  if (g_str_equal (mode, "sigstop"))
    raise (SIGSTOP);
  for (volatile gboolean forever = TRUE; forever;)
    ;
  return NULL;
}

static GVariant *
die_once (MpipeWorker *worker, GVariant *task)
{
  g_autoptr (GVariant) directory
      = mpipe_worker_lookup_parameter (worker, "directory", G_VARIANT_TYPE_STRING);
  g_autofree char *marker
      = g_build_filename (g_variant_get_string (directory, NULL), "died", NULL);

  if (g_file_test (marker, G_FILE_TEST_EXISTS))
    return g_variant_ref (task);
  mpipe_worker_put_result (worker, g_variant_new_int64 (-1), NULL);
  g_file_set_contents (marker, "", 0, NULL);
  return die ("kill");
}

static GVariant *
misbehave (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) parameter
      = mpipe_worker_lookup_parameter (worker, "mode", G_VARIANT_TYPE_STRING);
  const char *mode = g_variant_get_string (parameter, NULL);

  if (g_variant_get_int64 (task) != 3)
    return g_variant_ref (task);
  if (g_str_equal (mode, "error"))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "No such number: 3");
      return NULL;
    }
  if (g_str_equal (mode, "wrong-type"))
    return g_variant_new_string ("three");
  if (g_str_equal (mode, "unsendable"))
    return g_variant_new_handle (3);
  if (g_str_equal (mode, "once"))
    return die_once (worker, task);
  return die (mode);
}

/* Puts its number, and ends with the process every fourth time. */
static GVariant *
put_or_die (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  mpipe_worker_put_result (worker, task, NULL);
  return g_variant_get_int64 (task) % 4 == 3 ? die ("kill") : NULL;
}

static GVariant *
wait_on_3 (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_get_int64 (task) == 3 ? gate (worker, task, user_data, error)
                                         : g_variant_ref (task);
}

/* array: modes that have a name of their own are about all tasks, the others are for task 3 */

static GVariant *
add_one_to_each (GVariant *tasks, gsize n_results)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);
  gint64 *results = g_new (gint64, n + 1);

  for (gsize i = 0; i < n; i++)
    results[i] = numbers[i] + 1;
  results[n] = 0;
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), results, n_results * sizeof *results, TRUE,
                                  g_free, results);
}

static GVariant *
write_each (GVariant *tasks)
{
  g_auto (GVariantBuilder) texts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, numbers[i]);

      g_variant_builder_add (&texts, "s", text);
    }
  return g_variant_builder_end (&texts);
}

static gboolean
has_3 (GVariant *tasks)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);

  for (gsize i = 0; i < n; i++)
    if (numbers[i] == 3)
      return TRUE;
  return FALSE;
}

static GVariant *
do_array (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) parameter
      = mpipe_worker_lookup_parameter (worker, "mode", G_VARIANT_TYPE_STRING);
  const char *mode = parameter != NULL ? g_variant_get_string (parameter, NULL) : "add";
  gsize n = g_variant_n_children (tasks);

  if (g_str_equal (mode, "one-less"))
    return add_one_to_each (tasks, n - 1);
  if (g_str_equal (mode, "one-more"))
    return add_one_to_each (tasks, n + 1);
  if (g_str_equal (mode, "no-array"))
    return g_variant_new_int64 (1);
  if (g_str_equal (mode, "nothing"))
    return NULL;
  if (g_str_equal (mode, "text"))
    return write_each (tasks);
  if (g_str_equal (mode, "put"))
    return mpipe_worker_put_result (worker, g_variant_new_int64 (1), error) ? g_variant_ref (tasks)
                                                                             : NULL;
  if (g_str_equal (mode, "kill-together") && n > 1)
    raise (SIGKILL);
  if (g_str_equal (mode, "wait") && has_3 (tasks))
    wait_for_gate (worker);
  else if (!g_str_equal (mode, "add") && !g_str_equal (mode, "kill-together") && has_3 (tasks))
    {
      if (!g_str_equal (mode, "error"))
        return die (mode);
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "No such number: 3");
      return NULL;
    }
  return add_one_to_each (tasks, n);
}

/* storm */

static gboolean
weather (gint64 number, GError **error)
{
  if (number % 4999 == 7)
    raise (SIGKILL);
  if (number % 997 != 3)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%" G_GINT64_FORMAT " is wrong", number);
  return FALSE;
}

static GVariant *
storm (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gint64 number = g_variant_get_int64 (task);

  return weather (number, error) ? g_variant_new_int64 (number + 1) : NULL;
}

static GVariant *
storm_array (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);

  for (gsize i = 0; i < n; i++)
    if (!weather (numbers[i], error))
      return NULL;
  return add_one_to_each (tasks, n);
}

#define TEST_TYPE_BOTH (test_both_get_type ())
G_DECLARE_FINAL_TYPE (TestBoth, test_both, TEST, BOTH, MpipeWorker)

struct _TestBoth
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (TestBoth, test_both, MPIPE_TYPE_WORKER)

static GVariant *
test_both_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  return g_variant_new_int64 (-g_variant_get_int64 (task));
}

static GVariant *
test_both_task_array (MpipeWorker *worker, GVariant *tasks, GError **error)
{
  return do_array (worker, tasks, NULL, error);
}

static void
test_both_class_init (TestBothClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task = test_both_task;
  MPIPE_WORKER_CLASS (klass)->task_array = test_both_task_array;
}

static void
test_both_init (TestBoth *self)
{
}

/* lie */

/* Returns: the page that this process shares with the pipeline */
static guint64 *
find_page (void)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;

  g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL);
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strstr (lines[i], "mpipe-worker-page") != NULL)
      return GSIZE_TO_POINTER (g_ascii_strtoull (lines[i], NULL, 16));
  return NULL;
}

/* Writes into the page what cannot be true: since when it is on its task, and how long it was on others. Every
 * tenth task ends the process. */
static GVariant *
lie (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  static const gint64 times[] = { G_MININT64, G_MAXINT64, -1, G_MAXINT64 - 1000, 1 };
  gint64 number = g_variant_get_int64 (task);
  guint64 *page = find_page ();

  __atomic_store_n (&page[1], (guint64) times[number % 5], __ATOMIC_RELAXED);
  __atomic_store_n (&page[2], (guint64) times[(number + number / 5) % 5], __ATOMIC_RELAXED);
  if (number % 10 == 9)
    raise (SIGKILL);
  g_usleep (100);
  return g_variant_ref (task);
}

/* TestLife */

#define TEST_TYPE_LIFE (test_life_get_type ())
G_DECLARE_FINAL_TYPE (TestLife, test_life, TEST, LIFE, MpipeWorker)

struct _TestLife
{
  MpipeWorker parent_instance;
  gboolean started;
};

G_DEFINE_FINAL_TYPE (TestLife, test_life, MPIPE_TYPE_WORKER)

static void
leave_mark (MpipeWorker *worker, const char *what)
{
  g_autoptr (GVariant) directory
      = mpipe_worker_lookup_parameter (worker, "directory", G_VARIANT_TYPE_STRING);
  g_autofree char *name = g_strdup_printf ("%s-%u", what, mpipe_worker_get_index (worker));
  g_autofree char *path
      = g_build_filename (g_variant_get_string (directory, NULL), name, NULL);

  g_file_set_contents (path, "", 0, NULL);
}

static gboolean
test_life_start (MpipeWorker *worker, GError **error)
{
  g_autoptr (GVariant) refuse
      = mpipe_worker_lookup_parameter (worker, "refuse", G_VARIANT_TYPE_STRING);

  if (refuse != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s",
                   g_variant_get_string (refuse, NULL));
      return FALSE;
    }
  leave_mark (worker, "started");
  TEST_LIFE (worker)->started = TRUE;
  return TRUE;
}

static GVariant *
test_life_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  g_assert_true (TEST_LIFE (worker)->started);
  return g_variant_ref (task);
}

static void
test_life_stop (MpipeWorker *worker)
{
  leave_mark (worker, "stopped");
}

static void
test_life_class_init (TestLifeClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->start = test_life_start;
  MPIPE_WORKER_CLASS (klass)->task = test_life_task;
  MPIPE_WORKER_CLASS (klass)->stop = test_life_stop;
}

static void
test_life_init (TestLife *self)
{
}

void
mpipe_test_workers_register (void)
{
  const struct
  {
    const char *name;
    MpipeTaskFunc func;
  } funcs[] = {
    { "echo", echo },
    { "add", add },
    { "nothing", nothing },
    { "several", several },
    { "put-and-give", put_and_give },
    { "count", count },
    { "describe", describe },
    { "slow", slow },
    { "print", print },
    { "gate", gate },
    { "count-descriptors", count_descriptors },
    { "storm", storm },
    { "wait-on-3", wait_on_3 },
    { "misbehave", misbehave },
    { "lie", lie },
    { "put-or-die", put_or_die },
    { "make", make },
    { "make-in-place", make_in_place },
    { "make-once-put-often", make_once_put_often },
    { "keep", keep },
    { "second", second },
    { "kill-once", kill_once },
    { "kill-each-once", kill_each_once },
  };

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    mpipe_worker_register_func (funcs[i].name, funcs[i].func, NULL, NULL);
  mpipe_worker_register_array_func ("array", do_array, NULL, NULL);
  mpipe_worker_register_array_func ("storm-array", storm_array, NULL, NULL);
  mpipe_worker_register (TEST_TYPE_BOTH);
  mpipe_worker_register (TEST_TYPE_LIFE);
}
