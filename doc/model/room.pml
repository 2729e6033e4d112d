/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Limits, and what is read: one thread puts and waits for room (pipeline/mpipe-task-mailbox.c), another one reads, and
 * the engine (pipeline/mpipe-engine.c) counts. A reader says what he has read without a lock and without the engine. The
 * first stage has a limit, and, if INNER_MAX is not 0, the second one as well: then the engine may wait for the reader
 * itself. README.md says what is shown, and which switches break the model. */

#ifndef N_TASKS
#define N_TASKS 5
#endif
#ifndef MAX_N
#define MAX_N 2 /* the limit of the first stage */
#endif
#ifndef INNER_MAX
#define INNER_MAX 0 /* that of the second; 0 for none */
#endif
#ifndef ROW
#define ROW 2 /* results that come back to the engine together, at most */
#endif

/* The backlogs, which count the same reads: MpipeBacklog. */
byte n_read; /* atomic */
byte n_settled, n_ahead;
byte first_n, inner_n;

/* The task mailbox, behind its lock. */
bool locked;
byte batch_tasks, batch_returned;
byte room_left, room_read;
bool room_counts, room_wanted, engine_waits;
bool wants_reads; /* atomic */
bool sleeping;
byte broadcasts; /* of the condition; changes with each, that is all */
bool woken;      /* the engine's descriptor */

/* Elsewhere. */
byte delivered; /* to be read */
byte waiting;   /* in the first stage, for room in the second */
byte n_put, n_got, n_moved;
bool done;

inline lock () { atomic { !locked -> locked = true } }
inline unlock () { locked = false }

#define has_room() (room_left + (room_counts -> n_read - room_read : 0) > batch_tasks)

/* note_locked() and the event */
inline wake_if_asleep ()
{
  if
  :: sleeping -> sleeping = false; woken = true
  :: else
  fi
}

/* offer_room_locked() */
inline offer_room ()
{
  if
  :: room_wanted && has_room () ->
     room_wanted = false;
     wants_reads = engine_waits;
     broadcasts = 1 - broadcasts
  :: else
  fi
}

/* mpipe_task_mailbox_put() */
active proctype putter ()
{
  byte seen;

  do
  :: n_put == N_TASKS -> break
  :: else ->
     lock ();
     do
     :: has_room () -> break
     :: else ->
        room_wanted = true;
        wants_reads = true;
#ifndef PUTTER_DOES_NOT_LOOK_AGAIN
        if
        :: has_room () -> break
        :: else
        fi;
#endif
        atomic { seen = broadcasts; unlock () };
        broadcasts != seen;
        lock ()
     od;
     batch_tasks++;
     n_put++;
     assert (n_put <= MAX_N + n_read);
     wake_if_asleep ();
     unlock ()
  od
}

/* mpipe_task_mailbox_tell_read() */
inline tell_read ()
{
  if
  :: wants_reads ->
     lock ();
     offer_room ();
     if
     :: engine_waits -> wake_if_asleep ()
     :: else
     fi;
     unlock ()
  :: else
  fi
}

/* What is read of a row is said at once; the row goes back with its last result. */
active proctype reader ()
{
  byte kept;
  bool wanted;

  do
  :: n_got == N_TASKS -> break
  :: else ->
     delivered > 0;
     delivered--;
     kept++;
     n_got++;
#ifdef READER_LOOKS_FIRST
     wanted = wants_reads;
     n_read++;
     if
     :: wanted -> tell_read ()
     :: else
     fi;
#else
     n_read++;
#endif
     if
     :: kept == ROW || delivered == 0 ->
        lock ();
        batch_returned = batch_returned + kept;
        unlock ();
        kept = 0
     :: kept < ROW
     fi;
#ifndef READER_LOOKS_FIRST
     tell_read ()
#endif
  od;
  lock ();
  done = true;
  sleeping = false;
  woken = true;
  unlock ()
}

/* mpipe_task_mailbox_take() */
inline take ()
{
  lock ();
  tasks = batch_tasks;
  returned = batch_returned;
  batch_tasks = 0;
  batch_returned = 0;
  d_step
  {
    if
#ifndef TASKS_ARE_TAKEN_BEFORE_READS_ARE_COUNTED
    :: room_counts -> now_read = n_read; room_left = room_left + now_read - room_read; room_read = now_read
#endif
    :: else
    fi;
    room_left = (room_left > tasks -> room_left - tasks : 0)
  }
  sleeping = false;
  unlock ()
}

/* handle_batch(): what came back leaves, what was put enters. */
inline handle ()
{
  d_step
  {
    n_settled = n_settled + returned;
    first_n = first_n - returned;
    inner_n = inner_n - returned;
    returned = 0;
    first_n = first_n + tasks;
    waiting = waiting + tasks;
    tasks = 0
  }
}

/* settle_cb(): look_at_backlogs(), and what there is room for goes to the reader; workers take no time here. */
inline settle ()
{
  n_ahead = n_read - n_settled;
  do
  :: waiting > 0 && (INNER_MAX == 0 || inner_n - n_ahead < INNER_MAX) ->
     waiting--;
     inner_n++;
     n_moved++;
     assert (INNER_MAX == 0 || n_moved <= INNER_MAX + n_read);
     delivered++
  :: else -> break
  od
}

/* publish_room() */
inline publish ()
{
  lock ();
  d_step
  {
    /* is_blocked: the next stage is closed */
    blocked = (INNER_MAX > 0 && inner_n - n_ahead >= INNER_MAX);
    engine_waits = blocked;
    room_counts = !blocked;
    room_left = (blocked -> 0 : MAX_N - (first_n - n_ahead));
#ifdef READS_SINCE_THE_LOOK_ARE_FORGOTTEN
    room_read = n_read;
#else
#ifdef READS_ARE_COUNTED_TWICE
    room_read = n_settled;
#else
    room_read = n_settled + n_ahead;
#endif
#endif
    wants_reads = room_wanted || engine_waits
  }
  offer_room ();
  unlock ()
}

/* mailbox_prepare(), sleep_if_idle() */
inline sleep ()
{
  lock ();
  sleeping = (batch_tasks == 0 && !done);
  idle = sleeping;
  unlock ();
#ifndef ENGINE_DOES_NOT_LOOK
  if
  :: engine_waits && n_read != n_settled + n_ahead -> idle = false
  :: else
  fi
#endif
}

active proctype engine ()
{
  byte tasks, returned, now_read;
  bool blocked, idle;

  publish ();
  do
  :: done -> break
  :: else ->
     take ();
     handle ();
     settle ();
     publish ();
     sleep ();
     if
     :: idle -> atomic { woken -> woken = false }
     :: else -> woken = false
     fi
  od;
  assert (n_put == N_TASKS && n_got == N_TASKS)
}
