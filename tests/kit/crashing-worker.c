/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker program that gives each task back, an int64, and has one fault at one point of its life: at its start, at
 * the task whose value is 3, or at its end. It speaks the protocol by itself, so that it can stop in the middle of a
 * frame.
 *
 *   crashing-worker POINT FAULT TELLS [MARKER]
 *
 * TELLS is how the pipeline knows which task it is on: "page", "frames" or "nothing". Where there is a MARKER, a file,
 * the worker that makes it has the fault, and no other. */

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"
#include "mpipe-raw-frames.h"

#define CULPRIT 3
#define PAGE_SIZE 4096
#define PAGE_FROM 8 /* numbers of 8 bytes, as doc/wire.md has them */
#define PAGE_UNTIL 9

static const char *point, *fault, *tells, *marker;
static _Atomic uint64_t *page; /* NULL unless it tells by the page */
static int does_stop_task;

/* Frames */

static void
read_all (void *data, size_t size)
{
  if (!mpipe_raw_read (data, size))
    _exit (3);
}

/* An error that nobody expects is the end; who went on would be on another task then. */
static void
wait_for_end (void)
{
  char bytes[64];

  for (;;)
    read_all (bytes, sizeof bytes);
}

static void
send_empty (uint8_t kind, uint64_t sequence)
{
  mpipe_raw_send (kind, 0, 0, sequence, NULL, 0);
}

static void
send_error (uint64_t sequence)
{
  static const char reason[] = "\7\0\0\0test\0an error at its point";

  mpipe_raw_send (MPIPE_FRAME_FAILED, 0, 0, sequence, reason, sizeof reason);
}

static void
send_hello (void)
{
  uint32_t hello[4] = { MPIPE_PROTOCOL_VERSION, 0, (uint32_t) getpid (), 0 };

  if (page != NULL)
    hello[1] = MPIPE_FEATURE_PAGE;
  else if (strcmp (tells, "frames") == 0)
    hello[1] = MPIPE_FEATURE_START_FRAMES;
  mpipe_raw_send (MPIPE_FRAME_HELLO, 0, 0, 0, hello, sizeof hello);
}

/* The fault */

static int
is_chosen (void)
{
  return marker == NULL || open (marker, O_CREAT | O_EXCL | O_CLOEXEC, 0666) >= 0;
}

/* Returns for the fault that is an error only. */
static void
have_fault (void)
{
  if (strcmp (fault, "segfault") == 0)
    raise (SIGSEGV);
  else if (strcmp (fault, "exit-0") == 0)
    _exit (0);
  else if (strcmp (fault, "exit-1") == 0)
    _exit (1);
  else if (strcmp (fault, "sigstop") == 0)
    raise (SIGSTOP);
  else if (strcmp (fault, "hang") == 0)
    for (;;)
      pause ();
}

/* Has the fault if this is its point. Returns: whether it was, and the fault is an error */
static int
arrive (const char *here, uint64_t sequence)
{
  if (strcmp (point, here) != 0 || !is_chosen ())
    return 0;
  have_fault ();
  send_error (sequence);
  return 1;
}

/* Which task it is on */

static uint64_t
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000000u + (uint64_t) now.tv_nsec / 1000u;
}

/* Returns: whether the task was not taken back. */
static int
begin (uint64_t sequence)
{
  uint64_t from;

  if (strcmp (tells, "frames") == 0)
    send_empty (MPIPE_FRAME_START, sequence);
  if (page == NULL)
    return 1;
  atomic_store (&page[1], now_us ());
  atomic_store (&page[0], sequence);
  from = atomic_load (&page[PAGE_FROM]);
  if (from == 0 || sequence < from || sequence >= atomic_load (&page[PAGE_UNTIL]))
    return 1;
  atomic_store (&page[1], 0);
  send_empty (MPIPE_FRAME_SKIPPED, sequence);
  return 0;
}

static void
end (void)
{
  if (page != NULL)
    atomic_store (&page[1], 0);
}

/* Frames that come */

static void
give_back (const MpipeFrameHeader *task, int64_t value, int is_culprit)
{
  MpipeFrameHeader result
      = { sizeof value, MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, task->type, task->sequence };

  if (is_culprit && strcmp (point, "result-half-written") == 0)
    {
      mpipe_raw_write (&result, sizeof result / 2);
      arrive (point, task->sequence);
      return;
    }
  mpipe_raw_send (result.kind, result.flags, result.type, result.sequence, &value, result.size);
}

/* The low half of a value, which comes first, says whether it is the culprit. */
static void
do_task (const MpipeFrameHeader *task)
{
  int32_t halves[2];
  int64_t value;
  int is_culprit;

  read_all (&halves[0], sizeof halves[0]);
  is_culprit = halves[0] == CULPRIT;
  if (is_culprit && arrive ("reading-a-task", task->sequence))
    {
      read_all (&halves[1], sizeof halves[1]);
      return;
    }
  read_all (&halves[1], sizeof halves[1]);
  memcpy (&value, halves, sizeof value);
  if (!begin (task->sequence))
    return;
  if (!is_culprit || !arrive ("running", task->sequence))
    give_back (task, value, is_culprit);
  end ();
  if (is_culprit && arrive ("after-the-result", task->sequence))
    wait_for_end ();
}

static void
stop (uint64_t sequence)
{
  if (!arrive ("during-stop", sequence)
      && (!does_stop_task || (begin (sequence) && !arrive ("stop-task", sequence))))
    send_empty (MPIPE_FRAME_DONE, sequence);
  end ();
  arrive ("tidying-up", sequence);
  send_empty (MPIPE_FRAME_GOODBYE, 0);
}

/* Of the pipeline's HELLO all but one flag is skipped. */
static void
read_hello (uint32_t size)
{
  uint16_t words[4];

  for (uint32_t n = 0; n < size; n += sizeof words)
    {
      read_all (words, sizeof words);
      if (n == 0)
        does_stop_task = (words[2] & MPIPE_SETUP_DO_STOP_TASK) != 0;
    }
}

static void
echo_type (const MpipeFrameHeader *header)
{
  char name[256];

  read_all (name, (header->size + 7u) / 8u * 8u);
  mpipe_raw_send (header->kind, header->flags, header->type, header->sequence, name, header->size);
}

int
main (int argc, char **argv)
{
  MpipeFrameHeader header;

  if (argc < 4)
    return 2;
  point = argv[1];
  fault = argv[2];
  tells = argv[3];
  marker = argc > 4 ? argv[4] : NULL;
  if (strcmp (tells, "page") == 0)
    page = mmap (NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, MPIPE_PAGE_FD, 0);
  if (page == MAP_FAILED)
    return 2;

  send_hello ();
  if (arrive ("before-ready", 0))
    return 1;
  send_empty (MPIPE_FRAME_READY, 0);
  for (;;)
    {
      read_all (&header, sizeof header);
      switch (header.kind)
        {
        case MPIPE_FRAME_TYPE:
          echo_type (&header);
          break;
        case MPIPE_FRAME_TASK:
          do_task (&header);
          break;
        case MPIPE_FRAME_STOP:
          stop (header.sequence);
          return 0;
        case MPIPE_FRAME_HELLO:
        default:
          read_hello (header.size);
          break;
        }
    }
}
