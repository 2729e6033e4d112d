/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Each system call that the application's side makes fails, the first time, the second, and so on until there is none
 * left that could. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mpipe-conversation.h"
#include "mpipe-failing-calls.h"

#define N_WORKERS 2
#define N_MANY_WORKERS 8 /* so many that they share a poller */
#define TIMES_MAX 60 /* calls of one kind in one conversation that are tried */

typedef enum
{
  GOES_ON,       /* nobody notices */
  GOES_ON_FIRST, /* the same; the call is made where the pipeline is */
  STARTS_AGAIN,  /* a worker that could not be started is started a little later */
  ENDS_WORKER,   /* its task may fail */
  REFUSES,       /* as no pipeline could be made */
  REFUSES_FIRST, /* no pipeline, or a worker is started again: whoever comes first */
} Effect;

typedef struct
{
  const char *call;
  int error;
  Effect effect;
} Case;

static const Case cases[] = {
  { "epoll_create1", EMFILE, GOES_ON_FIRST },
  { "epoll_create1", ENOMEM, GOES_ON_FIRST },
  { "epoll_ctl", ENOMEM, GOES_ON },
  { "epoll_ctl", ENOSPC, GOES_ON },
  { "epoll_wait", EINTR, GOES_ON },
  { "eventfd", EMFILE, REFUSES_FIRST },
  { "fcntl", EMFILE, STARTS_AGAIN }, /* also what seals the page, and so on */
  { "ftruncate", ENOSPC, STARTS_AGAIN },
  { "ftruncate", EINTR, STARTS_AGAIN },
  { "getsockopt", ENOBUFS, STARTS_AGAIN },
  { "memfd_create", EMFILE, STARTS_AGAIN },
  { "memfd_create", ENOMEM, STARTS_AGAIN },
  { "mmap", ENOMEM, STARTS_AGAIN },
  { "pipe2", EMFILE, STARTS_AGAIN },
  { "poll", EINTR, GOES_ON },
  { "poll", ENOMEM, GOES_ON },
  { "posix_spawn", EAGAIN, STARTS_AGAIN },
  { "posix_spawn", ENOMEM, STARTS_AGAIN },
  { "pthread_create", EAGAIN, REFUSES },
  { "read", EAGAIN, GOES_ON },
  { "read", EINTR, GOES_ON },
  { "read", EIO, GOES_ON },
  { "recv", EAGAIN, GOES_ON },
  { "recv", EINTR, GOES_ON },
  { "recv", ECONNRESET, ENDS_WORKER },
  { "recv", EIO, ENDS_WORKER },
  { "recv", ENOMEM, ENDS_WORKER },
  { "send", EINTR, GOES_ON },
  { "send", ENOBUFS, GOES_ON },
  { "sendmsg", EAGAIN, GOES_ON },
  { "sendmsg", EINTR, GOES_ON },
  { "sendmsg", ENOBUFS, ENDS_WORKER },
  { "sendmsg", ENOMEM, ENDS_WORKER },
  { "sendmsg", EPIPE, ENDS_WORKER },
  { "setsockopt", ENOBUFS, GOES_ON },
  { "socketpair", EMFILE, STARTS_AGAIN },
  { "socketpair", ENOBUFS, STARTS_AGAIN },
  { "socketpair", ENOMEM, STARTS_AGAIN },
  { "write", EAGAIN, GOES_ON },
  { "write", EINTR, GOES_ON },
  { "write", EPIPE, GOES_ON },
};

static gboolean
is_everywhere (const Case *test)
{
  return test->effect == REFUSES || test->effect == REFUSES_FIRST || test->effect == GOES_ON_FIRST;
}

static void
check (const Case *test, const MpipeConversation *seen)
{
  gboolean may_refuse = test->effect == REFUSES || test->effect == REFUSES_FIRST;

  if (seen->refused != NULL)
    {
      g_assert_true (may_refuse);
      g_assert_error (seen->refused, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_assert_nonnull (strstr (seen->refused->message, g_strerror (test->error)));
      return;
    }
  g_assert_cmpint (test->effect, !=, REFUSES);
  g_assert_cmpuint (seen->n_failures, <=, test->effect == ENDS_WORKER ? 1 : 0);
  if (seen->failure != NULL)
    g_assert_error (seen->failure, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
}

/* Returns: whether there was such a call. */
static gboolean
try (const Case *test, guint number)
{
  const MpipeTestFault fault = {
    .call = test->call,
    .error = test->error,
    .first = number,
    .n = 1,
    .everywhere = is_everywhere (test),
  };
  g_auto (MpipeConversation) seen = { NULL };
  gboolean needs_many = g_str_has_prefix (test->call, "epoll");
  MpipeStage *stage = mpipe_conversation_stage (needs_many ? N_MANY_WORKERS : N_WORKERS);
  guint n_met;

  mpipe_conversation_set_parameter (stage, "talks");
  mpipe_test_fault_set (&fault);
  mpipe_conversation_run (stage, &seen);
  n_met = mpipe_test_fault_clear ();
  if (n_met > 0)
    check (test, &seen);
  else
    g_assert_cmpuint (seen.n_results, ==, MPIPE_CONVERSATION_TASKS);
  return n_met > 0;
}

static void
test_a_call_that_fails_once_costs_a_task_at_most (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint number = 1;

      while (number <= TIMES_MAX && try (&cases[i], number))
        number++;
      g_test_message ("%s, %s: %u times", cases[i].call, g_strerror (cases[i].error), number - 1);
      g_assert_cmpuint (number, >, 1);
    }
}

/* No worker can be started: the reason is what mpipe_pipeline_new() says. */
static void
test_a_call_that_always_fails_is_told (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MpipeTestFault fault
          = { .call = cases[i].call, .error = cases[i].error, .first = 1, .everywhere = TRUE };
      MpipeStage *stage = mpipe_conversation_stage (N_WORKERS);
      g_auto (MpipeConversation) seen = { NULL };

      if (cases[i].effect <= GOES_ON_FIRST || cases[i].effect == ENDS_WORKER)
        {
          g_object_unref (stage);
          continue;
        }
      g_object_set (stage, "restart-limit", 1, NULL);
      mpipe_test_fault_set (&fault);
      mpipe_conversation_run (stage, &seen);
      g_assert_cmpuint (mpipe_test_fault_clear (), >, 0);
      g_assert_error (seen.refused, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_test_message ("%s: %s", cases[i].call, seen.refused->message);
      g_assert_nonnull (strstr (seen.refused->message, g_strerror (cases[i].error)));
    }
}

/* Takes all descriptors but @n_left of those that the process may have. Returns: of int, to be closed */
static GArray *
take_descriptors (guint n_left, struct rlimit *before)
{
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, before));
  limit = *before;
  limit.rlim_cur = MIN (limit.rlim_cur, 200);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  while ((fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
    g_array_append_val (taken, fd);
  for (guint i = 0; i < n_left; i++)
    {
      close (g_array_index (taken, int, taken->len - 1));
      g_array_set_size (taken, taken->len - 1);
    }
  return taken;
}

/* Really so, and not by pretending: any number of descriptors is left when the pipeline is made. */
static void
test_however_few_descriptors_are_left_nothing_breaks (void)
{
  guint n_refused = 0, n_done = 0;

  for (guint n_left = 0; n_left < 50; n_left++)
    {
      MpipeStage *stage = mpipe_conversation_stage (N_WORKERS);
      g_auto (MpipeConversation) seen = { NULL };
      g_autoptr (GArray) taken = NULL;
      struct rlimit before;

      g_object_set (stage, "restart-limit", 1, NULL);
      taken = take_descriptors (n_left, &before);
      mpipe_conversation_run (stage, &seen);
      for (guint i = 0; i < taken->len; i++)
        close (g_array_index (taken, int, i));
      g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
      n_refused += seen.refused != NULL;
      n_done += seen.n_results == MPIPE_CONVERSATION_TASKS;
      if (seen.refused == NULL)
        continue;
      g_assert_error (seen.refused, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
      g_assert_nonnull (strstr (seen.refused->message, g_strerror (EMFILE)));
    }
  g_test_message ("refused %u times, done %u times", n_refused, n_done);
  g_assert_cmpuint (n_refused, >, 0);
  g_assert_cmpuint (n_done, >, 0);
  g_assert_cmpuint (n_refused + n_done, ==, 50);
}

int
main (int argc, char **argv)
{
  mpipe_conversation_register ();
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add ("/mpipe/faults/application/" path, function)
  ADD (test_a_call_that_fails_once_costs_a_task_at_most,
       "a-call-that-fails-once-costs-a-task-at-most");
  ADD (test_a_call_that_always_fails_is_told, "a-call-that-always-fails-is-told");
  ADD (test_however_few_descriptors_are_left_nothing_breaks,
       "however-few-descriptors-are-left-nothing-breaks");
#undef ADD

  return g_test_run ();
}
