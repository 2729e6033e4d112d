/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The application is killed, with SIGKILL, while its workers are busy: none is left, nor what they started.
 * This program is the application as well, when it is called so. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mpipe-glib.h>

#define N_WORKERS 4
#define CHANNEL_FD 3
#define DEADLINE_S 2

/* Tells the test which processes there are, one line each, and never ends. */
static GVariant *
spin (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  pid_t helper = fork ();

  if (helper == 0)
    for (;;)
      pause ();
  g_print ("%d %d\n", (int) getpid (), (int) helper);
  fflush (stdout);
  for (volatile gboolean forever = TRUE; forever;)
    ;
  return NULL;
}

/* Becomes another program, which knows nothing of channels and never ends; nothing in it looks for the end of the
 * application. */
static GVariant *
stay (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  fcntl (CHANNEL_FD, F_SETFD, 0);
  execl ("/bin/sh", "sh", "-c", "echo stays; while :; do sleep 1; done", NULL);
  return NULL;
}

static MpipeSandbox *
new_sandbox (void)
{
  MpipeSandbox *sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);

#ifdef __SANITIZE_ADDRESS__
  g_object_set (sandbox, "max-memory", G_GUINT64_CONSTANT (0), NULL);
#endif
  return sandbox;
}

static int
run_application (const char *worker, gboolean sandboxed)
{
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered (worker, N_WORKERS);
  g_autoptr (MpipePipeline) pipeline = NULL;

  if (sandboxed)
    {
      g_autoptr (MpipeSandbox) sandbox = new_sandbox ();

      mpipe_stage_set_sandbox (stage, sandbox);
    }
  pipeline = mpipe_pipeline_new (stage, NULL);
  for (int i = 0; i < N_WORKERS; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  for (;;)
    pause ();
  return 0;
}

/* Reaps children, which the workers have become, until there are none. */
static guint
reap_all (guint n_expected)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_S * G_USEC_PER_SEC;
  guint n = 0;

  while (n < n_expected && g_get_monotonic_time () < deadline)
    {
      pid_t pid = waitpid (-1, NULL, WNOHANG);

      if (pid < 0 && errno == ECHILD)
        break;
      if (pid > 0)
        n++;
      else
        g_thread_yield ();
    }
  return n;
}

/* With @stop, its workers are stopped before. */
static void
kill_application (const char *option, gboolean stop)
{
  int output[2];
  FILE *lines;
  char *line = NULL;
  size_t size = 0;
  pid_t application;

  alarm (60);
  g_assert_no_errno (pipe (output));
  application = fork ();
  if (application == 0)
    {
      dup2 (output[1], STDOUT_FILENO);
      close (output[0]);
      close (output[1]);
      execl ("/proc/self/exe", "test-orphans", option, NULL);
      _exit (127);
    }
  close (output[1]);
  lines = fdopen (output[0], "r");
  for (int i = 0; i < N_WORKERS; i++)
    {
      g_assert_cmpint (getline (&line, &size, lines), >, 0);
      if (stop)
        g_assert_no_errno (kill (atoi (line), SIGSTOP));
    }

  g_assert_no_errno (kill (application, SIGKILL));
  g_assert_cmpint (waitpid (application, NULL, 0), ==, application);
  /* each worker, and the process that each had started; or the two around each that is in a sandbox */
  g_assert_cmpuint (reap_all (2 * N_WORKERS), ==, 2 * N_WORKERS);
  fclose (lines);
  free (line);
  alarm (0);
}

static void
test_no_busy_worker_outlives_a_killed_application (void)
{
  kill_application ("--application", FALSE);
}

static void
test_no_stopped_worker_outlives_a_killed_application (void)
{
  kill_application ("--application", TRUE);
}

static void
kill_application_with_sandbox (const char *option)
{
  g_autoptr (MpipeSandbox) sandbox = new_sandbox ();

  if (mpipe_sandbox_get_problem (sandbox) != NULL)
    g_test_skip (mpipe_sandbox_get_problem (sandbox));
  else
    kill_application (option, FALSE);
}

static void
test_no_sandbox_outlives_a_killed_application (void)
{
  kill_application_with_sandbox ("--sandbox");
}

static void
test_no_sandbox_outlives_what_is_around_it (void)
{
  kill_application_with_sandbox ("--stubborn");
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("spin", spin, NULL, NULL);
  mpipe_worker_register_func ("stay", stay, NULL, NULL);
  mpipe_init (&argc, &argv);
  if (argc > 1 && strcmp (argv[1], "--application") == 0)
    return run_application ("spin", FALSE);
  if (argc > 1 && strcmp (argv[1], "--sandbox") == 0)
    return run_application ("spin", TRUE);
  if (argc > 1 && strcmp (argv[1], "--stubborn") == 0)
    return run_application ("stay", TRUE);

  g_test_init (&argc, &argv, NULL);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  g_test_add_func ("/mpipe/pipeline/orphans/no-busy-worker-outlives-a-killed-application",
                   test_no_busy_worker_outlives_a_killed_application);
  g_test_add_func ("/mpipe/pipeline/orphans/no-stopped-worker-outlives-a-killed-application",
                   test_no_stopped_worker_outlives_a_killed_application);
  g_test_add_func ("/mpipe/pipeline/orphans/no-sandbox-outlives-a-killed-application",
                   test_no_sandbox_outlives_a_killed_application);
  g_test_add_func ("/mpipe/pipeline/orphans/no-sandbox-outlives-what-is-around-it",
                   test_no_sandbox_outlives_what_is_around_it);
  return g_test_run ();
}
