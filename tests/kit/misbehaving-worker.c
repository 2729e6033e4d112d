/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker program that speaks the protocol by itself, without the library, and breaks it where its mode says
 * so: at its start, or on the task whose value, an int64, is 3. All other tasks are given back.
 *
 * With the mode chaos, tasks are as in tests/chaos/task.h: they begin with a number whose last
 * five bits say what is wrong.
 *
 *   misbehaving-worker MODE */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"
#include "mpipe-raw-frames.h"

#define CULPRIT 3

static const char *mode;

static int
is (const char *name)
{
  return strcmp (mode, name) == 0;
}

static void
send_place (uint8_t flags, uint16_t type, uint64_t sequence, uint64_t offset, uint64_t size)
{
  MpipeSharedPlace place = { offset, size };

  mpipe_raw_send (MPIPE_FRAME_RESULT, flags, type, sequence, &place, sizeof place);
}

static void
send_hello (void)
{
  uint32_t hello[4] = { is ("bad-version") ? 99 : MPIPE_PROTOCOL_VERSION, 0, (uint32_t) getpid (), 0 };

  mpipe_raw_send (MPIPE_FRAME_HELLO, 0, 0, 0, hello, sizeof hello);
}

static void
wait_for_ever (void)
{
  for (;;)
    pause ();
}

/* As a worker with a main loop would. */
static void
wait_for_end (void)
{
  char byte;

  while (mpipe_raw_read (&byte, 1))
    ;
  _exit (1);
}

static void
fail (uint64_t sequence, const char *message)
{
  char payload[256];
  int32_t code = 7;
  size_t length = strlen (message) + 1;

  memcpy (payload, &code, sizeof code);
  memcpy (payload + 4, "test", 5);
  memcpy (payload + 9, message, length);
  mpipe_raw_send (MPIPE_FRAME_FAILED, 0, 0, sequence, payload, (uint32_t) (9 + length));
}

static void
misbehave_at_start (void)
{
  if (is ("exit-at-start"))
    _exit (0);
  if (is ("kill-at-start"))
    raise (SIGKILL);
  if (is ("silent-at-start"))
    wait_for_end ();
  if (is ("stopped-at-start"))
    raise (SIGSTOP);
  if (is ("defiant-at-start"))
    {
      signal (SIGTERM, SIG_IGN);
      wait_for_ever ();
    }
  if (is ("garbage-at-start"))
    {
      mpipe_raw_write ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
      wait_for_end ();
    }
  if (is ("refuse"))
    {
      fail (0, "no licence");
      _exit (1);
    }
  if (is ("result-before-ready"))
    {
      send_hello ();
      mpipe_raw_send (MPIPE_FRAME_DONE, 0, 0, 1, NULL, 0);
      wait_for_end ();
    }
}

static void
say_last_words (void)
{
  for (int i = 0; i < 30; i++)
    fprintf (stderr, "line %d\n", i);
  fprintf (stderr, "not \377 text, \033[31mnot red\n\n");
}

/* Takes a lot of memory or descriptors, and ends when there are no more. */
static void
be_greedy (void)
{
  if (is ("memory-bomb"))
    for (int i = 0; i < 256; i++)
      if (malloc (1 << 20) == NULL)
        _exit (42);
  if (is ("many-files"))
    for (int i = 0; i < 100; i++)
      if (open ("/dev/null", O_RDONLY) < 0)
        _exit (43);
}

static void
end_itself (void)
{
  if (is ("last-words"))
    {
      say_last_words ();
      raise (SIGABRT);
    }
  if (is ("kill"))
    raise (SIGKILL);
  if (is ("segv"))
    raise (SIGSEGV);
  if (is ("abort"))
    raise (SIGABRT);
  if (is ("exit-0"))
    _exit (0);
  if (is ("exit-1"))
    _exit (1);
  if (is ("loop"))
    for (;;)
      ;
  if (is ("sigstop"))
    raise (SIGSTOP);
  if (is ("silent"))
    wait_for_end ();
  if (is ("close"))
    {
      close (MPIPE_CHANNEL_FD);
      wait_for_ever ();
    }
  if (is ("close-and-exit"))
    {
      close (MPIPE_CHANNEL_FD);
      _exit (0);
    }
}

static void
send_nonsense (uint16_t type, uint64_t sequence)
{
  int64_t value = CULPRIT;

  if (is ("garbage"))
    for (int i = 0; i < 100; i++)
      mpipe_raw_write ("\xde\xad\xbe\xef\0\1\2\3\4\5\6\7", 12);
  if (is ("unknown-kind"))
    mpipe_raw_send (77, 0, 0, sequence, NULL, 0);
  if (is ("huge"))
    {
      MpipeFrameHeader header = { 0xfffffff0u, MPIPE_FRAME_RESULT, 0, type, sequence };

      mpipe_raw_write (&header, sizeof header);
    }
  if (is ("promise"))
    {
      MpipeFrameHeader header = { 1000u << 20, MPIPE_FRAME_RESULT, 0, type, sequence };

      mpipe_raw_write (&header, sizeof header);
      _exit (0);
    }
  if (is ("truncated"))
    {
      MpipeFrameHeader header = { 8, MPIPE_FRAME_RESULT, 0, type, sequence };

      mpipe_raw_write (&header, sizeof header);
      mpipe_raw_write (&value, 5);
      _exit (0);
    }
  if (is ("unnamed-type"))
    mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, 999, sequence, &value, sizeof value);
  if (is ("bad-type"))
    mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 500, 0, "a{vs", 4);
  if (is ("handle-type"))
    mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 500, 0, "h", 1);
  if (is ("many-types"))
    for (uint16_t i = 100; i < 4000; i++)
      mpipe_raw_send (MPIPE_FRAME_TYPE, 0, i, 0, "x", 1);
  if (is ("type-number"))
    mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 4096, 0, "x", 1);
  if (is ("wrong-size"))
    mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, type, sequence, &value, 7);
  if (is ("wrong-type"))
    {
      mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 600, 0, "s", 1);
      mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, 600, sequence, "three", 6);
    }
  if (is ("results-of-nothing"))
    mpipe_raw_send (MPIPE_FRAME_RESULTS, 0, type, sequence, NULL, 0);
  if (is ("results-cut-short"))
    mpipe_raw_send (MPIPE_FRAME_RESULTS, 0, type, sequence, &value, 7);
  if (is ("results-not-given"))
    mpipe_raw_send (MPIPE_FRAME_RESULTS, 0, type, sequence + 1000, &value, sizeof value);
  if (is ("results-of-text"))
    {
      mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 602, 0, "s", 1);
      mpipe_raw_send (MPIPE_FRAME_RESULTS, 0, 602, sequence, "three", 6);
    }
  if (is ("tasks"))
    mpipe_raw_send (MPIPE_FRAME_TASKS, 0, type, sequence, &value, sizeof value);
  if (is ("not-normal"))
    {
      mpipe_raw_send (MPIPE_FRAME_TYPE, 0, 601, 0, "as", 2);
      mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, 601, sequence, "abc\377\376\375",
                      6);
    }
  if (is ("unknown-number"))
    mpipe_raw_send (MPIPE_FRAME_DONE, 0, 0, sequence + 1000, NULL, 0);
  if (is ("goodbye"))
    mpipe_raw_send (MPIPE_FRAME_GOODBYE, 0, 0, 0, NULL, 0);
  if (is ("ready-again"))
    mpipe_raw_send (MPIPE_FRAME_READY, 0, 0, 0, NULL, 0);
  if (is ("cancel"))
    mpipe_raw_send (MPIPE_FRAME_CANCEL, 0, 0, sequence, NULL, 0);
  if (is ("short-progress"))
    mpipe_raw_send (MPIPE_FRAME_PROGRESS, 0, 0, sequence, "1234567", 7);
  if (is ("progress-of-nothing"))
    mpipe_raw_send (MPIPE_FRAME_PROGRESS, 0, 0, sequence + 1000, "12345678", 8);
  if (is ("shared-nowhere"))
    send_place (MPIPE_FRAME_FLAG_SHARED, type, sequence, (uint64_t) 1 << 40, 20000);
  if (is ("shared-past-the-end"))
    send_place (MPIPE_FRAME_FLAG_SHARED, type, sequence, 4096, UINT64_MAX - 100);
  if (is ("shared-small"))
    send_place (MPIPE_FRAME_FLAG_SHARED, type, sequence, 0, 8);
  if (is ("shared-without-place"))
    mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_SHARED, type, sequence, "12345678", 8);
  if (is ("part-of-no-loan"))
    send_place (MPIPE_FRAME_FLAG_SHARED | MPIPE_FRAME_FLAG_OF_TASK, type, sequence, 0, 20000);
  if (is ("release"))
    mpipe_raw_send (MPIPE_FRAME_RELEASE, 0, 0, sequence, NULL, 0);
  if (is ("skipped"))
    mpipe_raw_send (MPIPE_FRAME_SKIPPED, 0, 0, sequence, NULL, 0);
  wait_for_end ();
}

/* A result that is right, but has descriptors with it, which nobody wants. */
static void
send_with_descriptors (uint16_t type, uint64_t sequence, const char *payload, uint32_t size)
{
  MpipeFrameHeader header = { size, MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, type, sequence };
  struct iovec vectors[2] = { { &header, sizeof header }, { (void *) payload, size } };
  int fds[4] = { 0, 1, 2, MPIPE_CHANNEL_FD };
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof fds)];
  } control = { { 0 } };
  struct msghdr message = { .msg_iov = vectors,
                            .msg_iovlen = 2,
                            .msg_control = &control,
                            .msg_controllen = sizeof control };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof fds);
  memcpy (CMSG_DATA (&control.header), fds, sizeof fds);
  if (sendmsg (MPIPE_CHANNEL_FD, &message, 0) != (ssize_t) (sizeof header + size))
    _exit (3);
}

static void
be_chaotic (int fault, const MpipeFrameHeader *task)
{
  static const char *const modes[32] = {
    [8] = "garbage",
    [9] = "truncated",
    [10] = "close",
    [11] = "memory-bomb",
    [12] = "unknown-kind",
    [13] = "promise",
    [14] = "wrong-size",
    [15] = "unnamed-type",
    [16] = "shared-past-the-end",
    [17] = "part-of-no-loan",
  };

  if (modes[fault] == NULL)
    return;
  mode = modes[fault];
  be_greedy ();
  end_itself ();
  send_nonsense (task->type, task->sequence);
}

static void
do_task (const MpipeFrameHeader *task, const char *payload)
{
  int64_t value = 0;

  if (task->size == sizeof value || (is ("chaos") && task->size > sizeof value))
    memcpy (&value, payload, sizeof value);
  if (is ("descriptors") && task->size == sizeof value)
    {
      send_with_descriptors (task->type, task->sequence, payload, task->size);
      return;
    }
  if (is ("chaos"))
    be_chaotic ((int) (value & 31), task);
  if (value == CULPRIT && is ("error"))
    {
      fail (task->sequence, "No such number: 3");
      return;
    }
  if (value == CULPRIT && (is ("memory-bomb") || is ("many-files")))
    be_greedy ();
  else if (value == CULPRIT && is ("done-twice"))
    mpipe_raw_send (MPIPE_FRAME_DONE, 0, 0, task->sequence, NULL, 0);
  else if (value == CULPRIT && is ("flood"))
    for (int i = 0; i < 1 << 16; i++)
      fprintf (stderr, "%0127d\n", i);
  else if (value == CULPRIT && !is ("noise") && !is ("echo") && !is ("complain") && strstr (mode, "-at-stop") == NULL
           && strstr (mode, "stays-") == NULL && !is ("deaf"))
    {
      end_itself ();
      send_nonsense (task->type, task->sequence);
    }
  if (is ("complain"))
    fprintf (stderr, "complaint %ld.\n", (long) value);
  if (is ("noise"))
    {
      printf ("# MPIPE\1\2 noise %ld\n", (long) value);
      fflush (stdout);
    }
  mpipe_raw_send (MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, task->type, task->sequence, payload,
                  task->size);
  if (is ("deaf"))
    wait_for_ever ();
}

/* Returns: whether it goes on. */
static int
handle_frame (const MpipeFrameHeader *header, const char *payload)
{
  switch (header->kind)
    {
    case MPIPE_FRAME_TYPE:
      mpipe_raw_send (MPIPE_FRAME_TYPE, 0, header->type, 0, payload, header->size);
      return 1;
    case MPIPE_FRAME_TASK:
      do_task (header, payload);
      return 1;
    case MPIPE_FRAME_STOP:
      if (is ("kill-at-stop"))
        raise (SIGKILL);
      if (is ("silent-at-stop"))
        wait_for_ever ();
      mpipe_raw_send (MPIPE_FRAME_DONE, 0, 0, header->sequence, NULL, 0);
      if (is ("stays-without-goodbye"))
        wait_for_ever ();
      mpipe_raw_send (MPIPE_FRAME_GOODBYE, 0, 0, 0, NULL, 0);
      if (is ("stays-after-goodbye"))
        wait_for_end ();
      return 0;
    case MPIPE_FRAME_HELLO:
    default:
      return 1;
    }
}

int
main (int argc, char **argv)
{
  mode = argc > 1 ? argv[1] : "echo";
  misbehave_at_start ();
  send_hello ();
  mpipe_raw_send (MPIPE_FRAME_READY, 0, 0, 0, NULL, 0);
  for (int goes_on = 1; goes_on;)
    {
      MpipeFrameHeader header;
      size_t size;
      char *payload;

      if (!mpipe_raw_read (&header, sizeof header))
        return 1;
      size = (header.size + 7u) / 8u * 8u;
      payload = malloc (size + 1);
      if (payload == NULL || !mpipe_raw_read (payload, size))
        return 1;
      goes_on = handle_frame (&header, payload);
      free (payload);
    }
  return 0;
}
