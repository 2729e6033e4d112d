/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The recall in the shared page (wire/mpipe-page.c), between one worker and the slot that holds its tasks
 * (pipeline/mpipe-worker-slot.c). A store waits in the processor that made it, and may be seen by others later than what
 * that processor loads next; one with sequentially consistent order has been seen before anything else happens. README.md
 * says what is shown, and which switches break the model. */

#ifndef N_NUMBERS
#define N_NUMBERS 4 /* tasks that are given */
#endif
#ifndef N_RECALLS
#define N_RECALLS 2
#endif
#ifndef MAX_ROW
#define MAX_ROW 1 /* tasks that are given, and begun, as one */
#endif

mtype = { BEGUN, SINCE, RECALL_FROM, RECALL_UNTIL }; /* the words of the page */
mtype = { DONE, SKIPPED };                           /* what the worker answers */

/* The page, as memory has it. */
byte begun, recall_from, recall_until;
bool since;

/* Stores that have not reached memory, in the order in which they were made. */
chan worker_stores = [3] of { mtype, byte };
chan engine_stores = [3] of { mtype, byte };

chan tasks = [N_NUMBERS] of { byte, byte }; /* the first of a row, how many */
chan answers = [N_NUMBERS] of { mtype, byte };

/* What became of each number. */
bool executed[N_NUMBERS + 1];
bool returned[N_NUMBERS + 1];

#define stores_are_seen(stores) (empty (stores))

inline reach_memory (stores)
{
  d_step
  {
    if
    :: stores ? BEGUN, value -> begun = value
    :: stores ? SINCE, value -> since = value
    :: stores ? RECALL_FROM, value -> recall_from = value
    :: stores ? RECALL_UNTIL, value -> recall_until = value
    fi;
    value = 0
  }
}

/* Stores reach memory at any time after they were made. */
active proctype memory ()
{
  byte value;

end:
  do
  :: nempty (worker_stores) -> reach_memory (worker_stores)
  :: nempty (engine_stores) -> reach_memory (engine_stores)
  od
}

/* mpipe_page_begin_row() for the tasks from `number` to `last`: n_begun of them are to be done at once.
 * mpipe_page_begin() is the same for one. */
inline begin ()
{
#ifdef LOOK_THEN_ANNOUNCE
  from = recall_from;
#endif
#ifdef ROW_BEGINS_AS_ITS_FIRST
  worker_stores ! BEGUN, number;
#else
  worker_stores ! BEGUN, last;
#endif
  worker_stores ! SINCE, true;
#ifndef RELAXED_ANNOUNCEMENT
  stores_are_seen (worker_stores);
#endif
#ifndef LOOK_THEN_ANNOUNCE
  from = recall_from;
#endif
  n_begun = last - number + 1;
  if
  :: from != 0 && from <= last && recall_until > number ->
    n_begun = (from > number -> from - number : 0);
#ifdef NO_SKIPPING
    n_begun = last - number + 1;
#endif
    if
    :: n_begun > 0 -> worker_stores ! BEGUN, number + n_begun - 1
    :: else -> worker_stores ! SINCE, false
    fi
  :: else
  fi;
  from = 0
}

/* do_all() and do_each(): a row is done at once up to the first task that was taken back; if that fails, and from there
 * on, each alone. */
active proctype worker ()
{
  byte number, last, n, n_begun, from;
  bool at_once;

end:
  do
  :: tasks ? number, n ->
    at_once = n > 1;
    do
    :: n == 0 -> break
    :: else ->
      if
      :: at_once -> last = number + n - 1
      :: else -> last = number
      fi;
      begin ();
      if
      :: n_begun == 0 && at_once -> skip
      :: n_begun == 0 && !at_once -> atomic { answers ! SKIPPED, number; number++; n-- }
      :: n_begun > 0 && at_once -> worker_stores ! SINCE, false /* it fails */
      :: n_begun > 0 ->
        atomic
        {
          worker_stores ! SINCE, false;
          do
          :: n_begun == 0 -> break
          :: else ->
            assert (!executed[number] && !returned[number]);
            executed[number] = true;
            answers ! DONE, number;
            number++;
            n--;
            n_begun--
          od
        }
      fi;
      n_begun = 0;
      at_once = false
    od;
    number = 0;
    last = 0
  od
}

/* The slot's side. Its leases: */
bool leased[N_NUMBERS + 1];
byte next_number = 1;
byte slot_recall_until; /* `recall_until` of the slot; the page has its own */
byte n_leased, n_recalls;

inline return_task (n)
{
  assert (leased[n] && !executed[n]);
  leased[n] = false;
  n_leased--;
  returned[n] = true
}

/* end_recall_at(): the worker has said something about the last task that was taken back */
inline end_recall_at (n)
{
  if
  :: slot_recall_until != 0 && n == slot_recall_until - 1 ->
    slot_recall_until = 0;
    engine_stores ! RECALL_FROM, 0;
    stores_are_seen (engine_stores)
  :: else
  fi
}

/* recall_from() of the slot, mpipe_page_recall() */
inline recall (first)
{
  slot_recall_until = next_number;
  engine_stores ! RECALL_UNTIL, next_number;
  engine_stores ! RECALL_FROM, first;
#ifndef RELAXED_RECALL
  stores_are_seen (engine_stores);
#endif
  certain = begun + 1;
  d_step
  {
    if
    :: certain < first -> certain = first
    :: else
    fi;
    number = next_number - 1;
    do
    :: number >= certain ->
      if
      :: leased[number] -> return_task (number)
      :: else
      fi;
      number--
    :: else -> break
    od;
    number = 0;
    certain = 0
  }
#ifdef RECALL_ENDS_AT_ONCE
  slot_recall_until = 0;
  engine_stores ! RECALL_FROM, 0;
#endif
}

active proctype engine ()
{
  byte number, first, certain, n;

  do
  :: atomic
    {
      next_number <= N_NUMBERS && slot_recall_until == 0 ->
      first = next_number;
      do
      :: leased[next_number] = true;
        n_leased++;
        next_number++;
        n++;
        if
        :: n < MAX_ROW && next_number <= N_NUMBERS
        :: break
        fi
      od;
      tasks ! first, n;
      first = 0;
      n = 0
    }
  :: answers ? DONE, number ->
    atomic
    {
      assert (leased[number]); /* or the worker would be ended for breaking the protocol */
      leased[number] = false;
      n_leased--
    }
    end_recall_at (number);
    number = 0
  :: answers ? SKIPPED, number ->
    atomic
    {
      assert (number < slot_recall_until); /* the same */
      if
      :: leased[number] -> return_task (number)
      :: else
      fi
    }
    end_recall_at (number);
    number = 0
  :: atomic
    {
      n_recalls < N_RECALLS && n_leased > 0 ->
      n_recalls++;
      first = 1; /* any task that the worker holds: the scheduler takes the last ones, a cancellation may take more */
      do
      :: leased[first] -> break
      :: first < N_NUMBERS && leased[first] && leased[first + 1] -> first++
      :: !leased[first] -> first++
      od
    }
    recall (first);
    first = 0
  :: atomic { next_number > N_NUMBERS && n_leased == 0 && slot_recall_until == 0 -> break }
  od;
  atomic
  {
    number = 1;
    do
    :: number <= N_NUMBERS ->
      assert (executed[number] != returned[number]);
      number++
    :: else -> break
    od
  }
}
