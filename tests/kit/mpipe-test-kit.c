/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-test-kit.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpipe-test-workers.h"
#include "mpipe-thread-launcher.h"

#define DEADLINE_S 120

static const MpipeTestWay ways[] = {
  { "process-ordered", FALSE, FALSE, TRUE },
  { "process-unordered", FALSE, FALSE, FALSE },
  { "thread-ordered", TRUE, TRUE, TRUE },
  { "thread-unordered", TRUE, TRUE, FALSE },
  { "pageless-thread-ordered", TRUE, FALSE, TRUE },
  { "sandbox-ordered", FALSE, FALSE, TRUE, TRUE },
  { "sandbox-unordered", FALSE, FALSE, FALSE, TRUE },
};

typedef struct
{
  const MpipeTestWay *way;
  MpipeTestFunc with_way;
  void (*plain) (void);
  void (*with_data) (gconstpointer data);
  gpointer data; /* owned */
  gboolean needs_sandbox;
} Case;

/* What a test must not leave behind */

static guint
count_descriptors (void)
{
  DIR *directory = opendir ("/proc/self/fd");
  guint n = 0;

  g_assert_nonnull (directory);
  while (readdir (directory) != NULL)
    n++;
  closedir (directory);
  return n;
}

static void
assert_no_child (void)
{
  siginfo_t info;

  /* a child that is on its way out is waited for, one that stays meets the deadline */
  while (waitid (P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
    {
      g_test_message ("child %d is still there", (int) info.si_pid);
      g_assert_cmpint (waitpid (info.si_pid, NULL, 0), ==, info.si_pid);
    }
  g_assert_cmpint (errno, ==, ECHILD);
}

/* GLib's own thread closes the descriptor of a child a moment after it told of its end; what is not closed
 * at all meets the deadline. */
static void
assert_no_descriptor (guint n_before)
{
  while (count_descriptors () > n_before)
    g_thread_yield ();
}

/* Asking this opens descriptors of GLib, which stay. */
static gboolean
can_have_sandbox (void)
{
  g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_PREFERRED);

  if (mpipe_sandbox_get_parts (sandbox) != 0)
    return TRUE;
  g_test_skip (mpipe_sandbox_get_problem (sandbox));
  return FALSE;
}

void
mpipe_test_restart_deadline (void)
{
  alarm (DEADLINE_S);
}

static void
run_case (gconstpointer data)
{
  const Case *test = data;
  guint n_descriptors;

  if (test->needs_sandbox && !can_have_sandbox ())
    return;
  n_descriptors = count_descriptors ();
  mpipe_test_restart_deadline ();
  if (test->plain != NULL)
    test->plain ();
  else if (test->with_data != NULL)
    test->with_data (test->data);
  else
    test->with_way (test->way);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_no_child ();
  assert_no_descriptor (n_descriptors);
  alarm (0);
}

static void
case_free (gpointer data)
{
  Case *test = data;

  g_free (test->data);
  g_free (test);
}

static void
add_case (const char *path, Case test)
{
  static GPtrArray *cases; /* GLib forgets those that are not run; a leak checker shall not */
  Case *copy = g_memdup2 (&test, sizeof test);

  if (cases == NULL)
    cases = g_ptr_array_new ();
  g_ptr_array_add (cases, copy);
  g_test_add_data_func_full (path, copy, run_case, case_free);
}

void
mpipe_test_add (const char *path, void (*func) (void))
{
  add_case (path, (Case){ .plain = func });
}

static void
add_way (const char *path, const MpipeTestWay *way, MpipeTestFunc func)
{
  g_autofree char *full = g_strdup_printf ("%s/%s", path, way->name);

  add_case (full, (Case){ .way = way, .with_way = func, .needs_sandbox = way->sandboxed });
}

void
mpipe_test_add_ways (const char *path, MpipeTestFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (!ways[i].sandboxed)
      add_way (path, &ways[i], func);
}

void
mpipe_test_add_process_ways (const char *path, MpipeTestFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (!ways[i].in_threads && !ways[i].sandboxed)
      add_way (path, &ways[i], func);
}

void
mpipe_test_add_sandbox_ways (const char *path, MpipeTestFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].sandboxed)
      add_way (path, &ways[i], func);
}

void
mpipe_test_add_in_sandbox (const char *path, void (*func) (void))
{
  add_case (path, (Case){ .plain = func, .needs_sandbox = TRUE });
}

void
mpipe_test_add_data (const char *path, void (*func) (gconstpointer data), gconstpointer data,
                     gsize size, gboolean in_sandbox)
{
  add_case (path, (Case){ .with_data = func,
                          .data = g_memdup2 (data, size),
                          .needs_sandbox = in_sandbox });
}

/* GLib opens descriptors of its own when the first child is started; they stay. */
static void
warm_up (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) subprocess
      = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "/bin/true", NULL);

  g_assert_no_error (error);
  g_subprocess_wait (subprocess, NULL, &error);
  g_assert_no_error (error);
  g_main_context_iteration (NULL, FALSE);
}

void
mpipe_test_init (int *argc, char ***argv)
{
  mpipe_test_workers_register ();
  mpipe_init (argc, argv);
  g_test_init (argc, argv, NULL);
  g_unsetenv ("MPIPE_CGROUP"); /* tests of limits say themselves how these are kept */
  prctl (PR_SET_CHILD_SUBREAPER, 1); /* children of workers that are left come to us, and are found */
  warm_up ();
}

/* Making */

MpipeSandbox *
mpipe_test_sandbox (MpipeSandboxPolicy policy, const char *directory)
{
  MpipeSandbox *sandbox = mpipe_sandbox_new (policy);
  g_autofree char *library = g_test_build_filename (G_TEST_BUILT, "..", "mpipe-glib", NULL);

  /* what programs and modules are linked to; tests have it in themselves */
  mpipe_sandbox_add_read_only_path (sandbox, library);
  if (directory != NULL)
    mpipe_sandbox_add_writable_path (sandbox, directory);
#ifdef __SANITIZE_ADDRESS__
  /* it wants terabytes, and to look into the process at its end */
  g_object_set (sandbox, "max-memory", G_GUINT64_CONSTANT (0), NULL);
  mpipe_sandbox_add_variable (sandbox, "ASAN_OPTIONS=detect_leaks=0");
#endif
  return sandbox;
}

void
mpipe_test_keep_in_sandbox (const MpipeTestWay *way, MpipeStage *stage, const char *directory)
{
  if (way->sandboxed)
    {
      g_autoptr (MpipeSandbox) sandbox
          = mpipe_test_sandbox (MPIPE_SANDBOX_POLICY_REQUIRED, directory);

      mpipe_stage_set_sandbox (stage, sandbox);
    }
}

MpipeStage *
mpipe_test_stage (const MpipeTestWay *way, const char *worker, guint size)
{
  MpipeStage *stage = way->ordered ? mpipe_stage_new_ordered (worker, size)
                                   : mpipe_stage_new_unordered (worker, size);

  if (way->in_threads)
    {
      g_autoptr (MpipeLauncher) launcher = mpipe_thread_launcher_new (way->with_page);

      mpipe_stage_set_launcher (stage, launcher);
    }
  mpipe_test_keep_in_sandbox (way, stage, NULL);
  return stage;
}

/* Takes @first over. */
MpipePipeline *
mpipe_test_pipeline (MpipeStage *first)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeStage) owned = first;
  MpipePipeline *pipeline = mpipe_pipeline_new (owned, &error);

  g_assert_no_error (error);
  g_assert_nonnull (pipeline);
  return pipeline;
}

char *
mpipe_test_build_path (const char *name)
{
  return g_test_build_filename (G_TEST_BUILT, name, NULL);
}

/* Calls that must not fail */

void
mpipe_test_put (MpipePipeline *pipeline, gint64 first, gint64 n)
{
  g_autoptr (GError) error = NULL;

  for (gint64 i = first; i < first + n; i++)
    {
      g_assert_cmpuint (mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, &error), >, 0);
      g_assert_no_error (error);
    }
}

/* Returns: (floating): an array of @n numbers, from @first on */
GVariant *
mpipe_test_new_numbers (gint64 first, gsize n)
{
  gint64 *numbers = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    numbers[i] = first + (gint64) i;
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers, n * sizeof *numbers, TRUE, g_free,
                                  numbers);
}

void
mpipe_test_put_array (MpipePipeline *pipeline, gint64 first, gsize n)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_array (pipeline, mpipe_test_new_numbers (first, n), NULL, &error),
                    ==, n);
  g_assert_no_error (error);
}

GVariant *
mpipe_test_get (MpipePipeline *pipeline)
{
  g_autoptr (GError) error = NULL;
  GVariant *result = mpipe_pipeline_get (pipeline, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (result);
  g_assert_false (g_variant_is_floating (result));
  return result;
}

gint64
mpipe_test_get_int64 (MpipePipeline *pipeline)
{
  g_autoptr (GVariant) result = mpipe_test_get (pipeline);

  g_assert_cmpstr (g_variant_get_type_string (result), ==, "x");
  return g_variant_get_int64 (result);
}

void
mpipe_test_get_end (MpipePipeline *pipeline)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_pipeline_get (pipeline, NULL, &error));
  g_assert_no_error (error);
}

GError *
mpipe_test_get_error (MpipePipeline *pipeline)
{
  GError *error = NULL;

  g_assert_null (mpipe_pipeline_get (pipeline, NULL, &error));
  g_assert_nonnull (error);
  return error;
}

/* Stops, reads nothing more, and waits until everything is gone. */
void
mpipe_test_finish (MpipePipeline *pipeline)
{
  g_autoptr (GError) error = NULL;

  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, &error));
  g_assert_no_error (error);
}

void
mpipe_test_check_until_end (MpipePipeline *pipeline, MpipeTestFailureFunc check,
                            gpointer user_data, guint *out_n_results, guint *out_n_errors)
{
  *out_n_results = *out_n_errors = 0;
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        return;
      *out_n_results += result != NULL;
      if (error == NULL)
        continue;
      ++*out_n_errors;
      g_test_message ("%s", error->message);
      check (id, error, user_data);
    }
}

static void
check_error (guint64 id, const GError *error, gpointer expected)
{
  const GError *like = expected;

  g_assert_error (error, like->domain, like->code);
}

void
mpipe_test_count_until_end (MpipePipeline *pipeline, GQuark domain, int code, guint *out_n_results,
                            guint *out_n_errors)
{
  GError expected = { .domain = domain, .code = code };

  mpipe_test_check_until_end (pipeline, check_error, &expected, out_n_results, out_n_errors);
}

void
mpipe_test_put_or_die (MpipePipeline *pipeline)
{
  guint seen[80] = { 0 }, n_errors = 0;

  mpipe_test_put (pipeline, 0, G_N_ELEMENTS (seen));
  mpipe_pipeline_stop (pipeline);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      n_errors += error != NULL;
      if (result != NULL)
        seen[g_variant_get_int64 (result)]++;
    }
  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    g_assert_cmpuint (seen[i], ==, 1);
  g_assert_cmpuint (n_errors, ==, G_N_ELEMENTS (seen) / 4);
}

static int
compare_int64 (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return first < second ? -1 : first > second;
}

/* Unless they came in order. */
void
mpipe_test_sort (GArray *values, const MpipeTestWay *way)
{
  if (!way->ordered)
    g_array_sort (values, compare_int64);
}

GArray *
mpipe_test_get_all (MpipePipeline *pipeline, const MpipeTestWay *way)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  GVariant *result;

  while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      gint64 value = g_variant_get_int64 (result);

      g_array_append_val (values, value);
      g_variant_unref (result);
    }
  g_assert_no_error (error);
  mpipe_test_sort (values, way);
  return values;
}

void
mpipe_test_assert_range (GArray *values, gint64 first, gint64 n, gint64 step)
{
  g_assert_cmpuint (values->len, ==, n);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpint (g_array_index (values, gint64, i), ==, first + i * step);
}

void
mpipe_test_iterate_until (gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

/* For what no event tells; the deadline of the test bounds it. */
void
mpipe_test_wait_until (gboolean (*condition) (gpointer user_data), gpointer user_data)
{
  while (!condition (user_data))
    g_thread_yield ();
}
