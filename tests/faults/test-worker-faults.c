/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Each system call that a worker process makes for the library fails, the first time, the second, and so on until there
 * is none left that could. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "mpipe-conversation.h"
#include "mpipe-failing-calls.h"

#define N_WORKERS 2
#define TIMES_MAX 60  /* calls of one kind in one conversation that are tried */
#define TRIES_MAX 100 /* conversations until there is such a call at all */

typedef enum
{
  GOES_ON,     /* nobody notices */
  ENDS_WORKER, /* its task may fail; before it has one, another worker is started */
} Effect;

static const struct
{
  const char *call;
  int error;
  Effect effect;
} cases[] = {
  { "getsockopt", ENOBUFS, ENDS_WORKER },
  { "mmap", ENOMEM, ENDS_WORKER },
  { "poll", EINTR, GOES_ON }, /* the guard's */
  { "poll", ENOMEM, GOES_ON },
  { "prctl", EINVAL, GOES_ON },
  { "pthread_create", EAGAIN, ENDS_WORKER },
  { "recvmsg", EAGAIN, GOES_ON },
  { "recvmsg", EINTR, GOES_ON },
  { "recvmsg", ECONNRESET, ENDS_WORKER },
  { "recvmsg", EIO, ENDS_WORKER },
  { "recvmsg", ENOMEM, ENDS_WORKER },
  { "sendmsg", EAGAIN, GOES_ON },
  { "sendmsg", EINTR, GOES_ON },
  { "sendmsg", ENOBUFS, ENDS_WORKER },
  { "sendmsg", EPIPE, ENDS_WORKER },
  { "timerfd_create", EMFILE, GOES_ON },
};

/* Returns: whether there was such a call. */
static gboolean
try (guint i, guint number)
{
  const MpipeTestFault fault
      = { .call = cases[i].call, .error = cases[i].error, .first = number, .n = 1 };
  g_auto (MpipeConversation) seen = { NULL };
  guint n_failures_max;
  gboolean met;

  mpipe_test_fault_set_for_worker (&fault);
  mpipe_conversation_run (mpipe_conversation_stage (N_WORKERS), &seen);
  met = mpipe_test_fault_clear () > 0;
  n_failures_max = met && cases[i].effect == ENDS_WORKER ? 1 : 0;
  g_assert_no_error (seen.refused);
  if (seen.failure != NULL)
    {
      g_test_message ("%s: %s", cases[i].call, seen.failure->message);
      g_assert_error (seen.failure, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
    }
  g_assert_cmpuint (seen.n_failures, <=, n_failures_max);
  return met;
}

/* The guard is a thread of its own: when others have the processors it may come too late for a conversation. */
static gboolean
try_until_met (guint i)
{
  for (guint n = 0; n < TRIES_MAX; n++)
    if (try (i, 1))
      return TRUE;
  return FALSE;
}

static void
test_a_call_that_fails_once_costs_a_task_at_most (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint number = 2;

      g_assert_true (try_until_met (i));
      while (number <= TIMES_MAX && try (i, number))
        number++;
      g_test_message ("%s, %s: %u times", cases[i].call, g_strerror (cases[i].error), number - 1);
    }
}

int
main (int argc, char **argv)
{
  mpipe_conversation_register ();
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add ("/mpipe/faults/worker/" path, function)
  ADD (test_a_call_that_fails_once_costs_a_task_at_most,
       "a-call-that-fails-once-costs-a-task-at-most");
#undef ADD

  return g_test_run ();
}
