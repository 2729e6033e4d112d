/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How a process becomes a worker: by mpipe_init() in the application's own program, or by
 * mpipe_worker_run() in a worker program. The helper program has set up descriptors, signals and session. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-init.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/worker/mpipe-guard-private.h"
#include "mpipe-glib/worker/mpipe-registry-private.h"
#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

#define EXIT_NOT_A_WORKER 2

/* Memory that a worker keeps for its next large task. Both must be set: one alone fixes the other. */
#define KEPT_BYTES (256 << 20)
#define MAPPED_BYTES (32 << 20) /* the most that is allowed */

static gboolean
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

static void
close_on_exec (int fd)
{
  fcntl (fd, F_SETFD, FD_CLOEXEC);
}

/* What was printed before the program became a worker went nowhere; from here on it goes where the
 * application's output goes. */
static void
restore_stdout (void)
{
  if (!is_open (MPIPE_STDOUT_FD))
    return;
  fflush (stdout);
  dup2 (MPIPE_STDOUT_FD, STDOUT_FILENO);
  close (MPIPE_STDOUT_FD);
}

/* Without shared memory, or the room to map it, everything goes through the channel. */
static void
share_memory (MpipeWorkerLoop *loop)
{
  MpipeArenaView *view
      = is_open (MPIPE_ARENA_FD) ? mpipe_arena_view_new_for_fd (MPIPE_ARENA_FD, NULL) : NULL;
  MpipeTray *tray = is_open (MPIPE_TRAY_FD) ? mpipe_tray_new_for_fd (MPIPE_TRAY_FD, NULL) : NULL;

  if (tray != NULL)
    mpipe_tray_close_fd (tray);
  mpipe_worker_loop_share_memory (loop, view, tray);
}

static MpipeWorkerLoop *
open_loop (GError **error)
{
  MpipeWorkerLoop *loop;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (MpipePage) page = NULL;

  close_on_exec (MPIPE_CHANNEL_FD);
  socket = g_socket_new_from_fd (MPIPE_CHANNEL_FD, error);
  if (socket == NULL)
    return NULL;
  connection = g_socket_connection_factory_create_connection (socket);
  if (is_open (MPIPE_PAGE_FD))
    {
      close_on_exec (MPIPE_PAGE_FD);
      page = mpipe_page_new_for_fd (MPIPE_PAGE_FD, error);
      if (page == NULL)
        return NULL;
    }
  loop = mpipe_worker_loop_new (G_IO_STREAM (connection), g_steal_pointer (&page));
  share_memory (loop);
  return loop;
}

/* A large payload that is given back to the system and taken anew for each task costs more in page faults
 * than everything else that is done with it. */
static void
keep_memory (void)
{
  mallopt (M_MMAP_THRESHOLD, MAPPED_BYTES);
  mallopt (M_TRIM_THRESHOLD, KEPT_BYTES);
}

/* Returns: the exit status */
static int
run (MpipeWorker *given, gboolean registered)
{
  g_autoptr (GError) error = NULL;
  static MpipeWorkerLoop *loop; /* the guard looks at it until the process ends */
  const MpipeWorkerSetup *setup;
  g_autoptr (MpipeWorker) worker = NULL;
  gboolean stopped;

  keep_memory ();
  loop = open_loop (&error);
  setup = loop != NULL ? mpipe_worker_loop_greet (loop, &error) : NULL;
  if (setup == NULL)
    {
      g_printerr ("mpipe: this process cannot become a worker: %s\n", error->message);
      return EXIT_FAILURE;
    }
  worker = registered ? mpipe_registry_create (setup->worker_name, &error) : g_object_ref (given);
  if (worker == NULL
      || !mpipe_guard_start (MPIPE_CHANNEL_FD, mpipe_worker_loop_get_outbox (loop), &error))
    {
      mpipe_worker_loop_refuse (loop, error);
      return EXIT_FAILURE;
    }
  stopped = mpipe_worker_loop_run (loop, worker, &error);
  if (error != NULL && mpipe_worker_loop_was_ready (loop)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_printerr ("mpipe: this worker cannot go on: %s\n", error->message);
  return stopped ? EXIT_SUCCESS : EXIT_FAILURE;
}

static gboolean
environment_says (const char *role)
{
  return g_strcmp0 (g_getenv (MPIPE_ENVIRONMENT), role) == 0 && is_open (MPIPE_CHANNEL_FD);
}

/**
 * mpipe_init:
 * @argc: (inout) (optional): the number of arguments that `main()` got; not changed
 * @argv: (array length=argc) (inout) (nullable) (optional): the arguments that `main()` got; not changed
 *
 * Lets the program become its own workers.
 *
 * A stage made by [ctor@Mpipe.Stage.new_ordered] or [ctor@Mpipe.Stage.new_unordered] starts the running
 * program again for each of its workers. In such a process this function does not return: it does the
 * tasks and then exits. So a program whose stages use its own functions or classes begins its `main()`
 * with registering them, then calls this, and then does everything else:
 *
 * ```c
 * int
 * main (int argc, char **argv)
 * {
 *   mpipe_worker_register_func ("double", double_it, NULL, NULL);
 *   mpipe_init (&argc, &argv);
 *   …
 * }
 * ```
 *
 * What a worker process prints before this call goes nowhere, so that test programs may call
 * `g_test_init()` first. Programs whose stages use worker programs or modules only need not call it.
 *
 * Since: 1.0
 */
void
mpipe_init (int *argc, char ***argv)
{
  mpipe_program_set_initialised ();
  if (!environment_says (MPIPE_ENVIRONMENT_SELF))
    return;
  g_unsetenv (MPIPE_ENVIRONMENT);
  restore_stdout ();
  exit (run (NULL, TRUE));
}

/**
 * mpipe_worker_run:
 * @self: the worker that this program is
 * @argc: the number of arguments that `main()` got
 * @argv: (array length=argc): the arguments that `main()` got
 *
 * Does tasks in a worker program, until the pipeline stops it.
 *
 * A worker program is one that [ctor@Mpipe.Stage.new_command] names. Its `main()` makes the worker and
 * returns what this returns.
 *
 * Returns: the exit status for `main()`: 0 when the worker was stopped in order, 2 when the program was not
 *   started by a pipeline (it says so on standard error), 1 otherwise
 *
 * Since: 1.0
 */
int
mpipe_worker_run (MpipeWorker *self, int argc, char **argv)
{
  g_return_val_if_fail (MPIPE_IS_WORKER (self), EXIT_FAILURE);

  if (!environment_says (MPIPE_ENVIRONMENT_PROGRAM))
    {
      g_printerr ("%s: this program is a worker; a pipeline starts it\n",
                  argc > 0 ? argv[0] : "worker");
      return EXIT_NOT_A_WORKER;
    }
  g_unsetenv (MPIPE_ENVIRONMENT);
  return run (self, FALSE);
}
