/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A small thread of a worker process that has two duties while the main thread is busy with a task: to end
 * the process when the application is gone, and to send answers that would otherwise wait for the
 * end of the task. It lives as long as the process. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-guard-private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FLUSH_AFTER_NS 2000000

typedef struct
{
  int channel_fd; /* owned by the loop */
  int timer_fd;   /* -1 when there is none: then answers wait for the end of the task */
  MpipeOutbox *outbox;
} Guard;

static pid_t parent; /* the application, or what is around this process in a sandbox */

/* The process leads a session of its own: what it started ends with it. */
static void
end_everything (void)
{
  if (getpgrp () == getpid ())
    kill (0, SIGKILL);
  _exit (1);
}

static void
terminated_cb (int signal_number)
{
  end_everything ();
}

static void
flush_soon_cb (gpointer user_data)
{
  Guard *guard = user_data;
  struct itimerspec soon = { .it_value = { .tv_nsec = FLUSH_AFTER_NS } };

  timerfd_settime (guard->timer_fd, 0, &soon, NULL);
}

static gpointer
guard_thread (gpointer data)
{
  Guard *guard = data;

  for (;;)
    {
      struct pollfd fds[2] = { { .fd = guard->channel_fd, .events = POLLRDHUP },
                               { .fd = guard->timer_fd, .events = POLLIN } };
      guint64 n_expired;

      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        continue;
      if (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL))
        end_everything ();
      if ((fds[1].revents & POLLIN) && read (guard->timer_fd, &n_expired, sizeof n_expired) > 0)
        mpipe_outbox_flush (guard->outbox, NULL);
    }
  return NULL;
}

static void
continued_cb (int signal_number)
{
  if (getppid () != parent)
    end_everything ();
}

/* The parent-death signal ends the worker when even the thread cannot run. It is one that a stopped process
 * receives, and it may come for another reason: then the parent is still there. */
static void
end_with_parent (void)
{
  struct sigaction terminated = { .sa_handler = terminated_cb };
  struct sigaction continued = { .sa_handler = continued_cb, .sa_flags = SA_RESTART };

  parent = getppid ();
  sigaction (SIGTERM, &terminated, NULL);
  sigaction (SIGCONT, &continued, NULL);
  prctl (PR_SET_PDEATHSIG, SIGCONT);
}

/* Returns: FALSE with an error when there can be no thread: without it the process might outlive the application. */
gboolean
mpipe_guard_start (int channel_fd, MpipeOutbox *outbox, GError **error)
{
  Guard *guard = g_new0 (Guard, 1);
  GThread *thread;
  sigset_t all, before;

  guard->channel_fd = channel_fd;
  guard->outbox = outbox;
  guard->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (guard->timer_fd >= 0)
    mpipe_outbox_set_alarm (outbox, flush_soon_cb, guard);
  end_with_parent ();

  /* signals that the worker's code handles are for its own thread */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new ("mpipe-guard", guard_thread, guard, error);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (thread == NULL)
    {
      mpipe_outbox_set_alarm (outbox, NULL, NULL);
      close (guard->timer_fd);
      g_free (guard);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}
