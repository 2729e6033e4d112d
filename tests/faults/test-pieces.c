/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What is sent and received goes in pieces of any length, with interruptions and waits between them. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "mpipe-conversation.h"
#include "mpipe-failing-calls.h"

static const int errors[] = { 0, EINTR, EAGAIN };

static void
check_whole (const char *call, gsize piece, int error)
{
  g_auto (MpipeConversation) seen = { NULL };

  mpipe_conversation_run (mpipe_conversation_stage (1), &seen);
  g_assert_cmpuint (mpipe_test_fault_clear (), >, 0);
  if (seen.n_results < MPIPE_CONVERSATION_TASKS)
    g_test_message ("%s, %" G_GSIZE_FORMAT " bytes, %s", call, piece, g_strerror (error));
  g_assert_no_error (seen.refused);
  g_assert_no_error (seen.failure);
  g_assert_cmpuint (seen.n_results, ==, MPIPE_CONVERSATION_TASKS);
}

typedef void (*SetFault) (const MpipeTestFault *fault);

/* Every length up to that of a few frames, and some beyond; all of them with “-m slow”. */
static void
check_pieces (SetFault set_fault, const char *receive)
{
  const char *const calls[] = { receive, "sendmsg" };

  for (guint call = 0; call < G_N_ELEMENTS (calls); call++)
    for (guint error = 0; error < G_N_ELEMENTS (errors); error++)
      for (gsize piece = 1; piece < 10000;
           piece = piece < 33 || g_test_slow () ? piece + 1 : piece * 2)
        {
          MpipeTestFault fault
              = { .call = calls[call], .error = errors[error], .first = 1, .piece = piece };

          if (errors[error] != 0 && piece > 1 && piece % 7 != 0 && !g_test_slow ())
            continue;
          set_fault (&fault);
          check_whole (calls[call], piece, errors[error]);
        }
}

static void
test_the_application_s_pieces_make_a_whole (void)
{
  check_pieces (mpipe_test_fault_set, "recv");
}

static void
test_a_worker_s_pieces_make_a_whole (void)
{
  check_pieces (mpipe_test_fault_set_for_worker, "recvmsg");
}

/* What a worker wrote before it died is quoted whole, whatever the pieces in which it was read. */
static void
test_last_words_are_kept (void)
{
  for (gsize piece = 1; piece < 30; piece++)
    {
      MpipeTestFault fault = { .call = "read", .error = EINTR, .first = 1, .piece = piece };
      g_auto (MpipeConversation) seen = { NULL };
      MpipeStage *stage = mpipe_conversation_stage (1);

      mpipe_conversation_set_parameter (stage, "talks-and-dies");
      mpipe_test_fault_set (&fault);
      mpipe_conversation_run (stage, &seen);
      g_assert_cmpuint (mpipe_test_fault_clear (), >, 0);
      g_assert_cmpuint (seen.n_failures, ==, 1);
      g_test_message ("%s", seen.failure->message);
      g_assert_nonnull (strstr (seen.failure->message, MPIPE_CONVERSATION_LINE));
    }
}

int
main (int argc, char **argv)
{
  mpipe_conversation_register ();
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add ("/mpipe/faults/pieces/" path, function)
  ADD (test_the_application_s_pieces_make_a_whole, "the-application-s-pieces-make-a-whole");
  ADD (test_a_worker_s_pieces_make_a_whole, "a-worker-s-pieces-make-a-whole");
  ADD (test_last_words_are_kept, "last-words-are-kept");
#undef ADD

  return g_test_run ();
}
