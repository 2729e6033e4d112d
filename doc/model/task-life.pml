/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The life of the tasks of one stage, from put to their end, whatever becomes of its workers. README.md says what is
 * shown, how names correspond to those of the code, and which switches break the model. */

#ifndef N_TASKS
#define N_TASKS 2
#endif
#ifndef N_SLOTS
#define N_SLOTS 2
#endif
#ifndef MAX_ATTEMPTS
#define MAX_ATTEMPTS 1 /* property max-attempts */
#endif
#ifndef RESTART_LIMIT
#define RESTART_LIMIT 2 /* property restart-limit */
#endif
#ifndef CREDIT
#define CREDIT 2 /* tasks that a worker may hold: what mpipe_window_get_credit() gives for long tasks */
#endif

/* How often something may happen in a run, so that it ends. */
#ifndef N_DEATHS
#define N_DEATHS 0 /* a worker dies */
#endif
#ifndef N_HANGS
#define N_HANGS 0 /* a worker does nothing any more; with a time limit */
#endif
#ifndef N_LATE
#define N_LATE 0 /* a worker exceeds its time, but goes on until it is killed */
#endif
#ifndef N_RECALLS
#define N_RECALLS 0 /* the balance between workers is found bad */
#endif
#ifndef N_CANCELS
#define N_CANCELS 0
#endif
#ifndef N_TERMINATIONS
#define N_TERMINATIONS 0
#endif
#ifndef ORDERED
#define ORDERED 1 /* property ordered */
#endif
#ifndef PUTS
#define PUTS 0 /* whether tasks may put a result before they end */
#endif
#ifndef FAILS
#define FAILS 0 /* whether tasks may fail by themselves */
#endif
#ifndef RETRY_DELAY
#define RETRY_DELAY 0 /* property retry-delay, whether there is one */
#endif

/* Numbers of one process go up to this; a task gets a new one each time it is given. */
#define MAX_NUMBER (N_TASKS + N_RECALLS * N_TASKS + N_CANCELS * N_TASKS + 1)
#define STOP_TASK (N_TASKS + 1)

/* Frames, as in wire/mpipe-protocol-private.h; LAST is a RESULT with the flag. */
mtype = { TASK, STOP, READY, RESULT, LAST, DONE, FAILED, SKIPPED, GOODBYE };

/* States of a worker process as its slot knows them: MpipeWorkerProcessState; EMPTY is a slot without process. */
#define EMPTY 0
#define PROCESS_STARTING 1
#define PROCESS_READY 2
#define PROCESS_STOPPING 3
#define PROCESS_ENDING 4

/* The worker's process */

typedef Worker
{
  bool alive;
  bool gone = true; /* has died, and does nothing any more */
  bool hung;
  byte n_unflushed; /* answers at the end of its channel that are in its outbox yet: they die with it */

  byte begun; /* the page */
  bool since;
  byte recall_from;
  byte recall_until;

  byte on;       /* what it is on, to judge who is blamed */
  byte to_blame; /* what it was on when it died, or when it was decided to end it */
};

Worker workers[N_SLOTS];
chan to_worker[N_SLOTS] = [CREDIT + 2] of { mtype, byte };
chan from_worker[N_SLOTS] = [CREDIT + 2] of { mtype, byte }; /* a worker waits while it is full */

byte n_deaths, n_hangs;

/* The worker's side: worker/mpipe-worker-loop.c, mpipe-outbox.c. These processes come first: their numbers, _pid, are those of
 * the slots. */
#define self workers[_pid]
#define is_recalled(number) \
  (self.recall_from != 0 && number >= self.recall_from && number < self.recall_until)

/* mpipe_outbox_add(): it leaves with the next flush, or some time before */
inline outbox_add (kind)
{
  atomic { from_worker[_pid] ! kind, number -> self.n_unflushed++ }
}

/* Whether the worker stays where it is for ever. */
inline may_hang ()
{
  if
  :: atomic { n_hangs < N_HANGS -> n_hangs++; self.hung = true }
    false
  :: skip
  fi
}

active [N_SLOTS] proctype worker ()
{
  byte number;
  bool has_put;

end_without_process:
  do
  :: self.alive ->
    {
      may_hang ();
      outbox_add (READY);
      self.n_unflushed = 0;
      do
      :: to_worker[_pid] ? TASK, number ->
        may_hang ();
        /* mpipe_page_begin(): announces, then looks */
#ifdef SINCE_FIRST
        self.since = true;
        d_step { self.begun = number; self.on = number }
#else
        self.begun = number;
        d_step { self.since = true; self.on = number }
#endif
        if
#ifndef NO_SKIPPING
        :: is_recalled (number) ->
          d_step { self.since = false; self.on = 0 }
          outbox_add (SKIPPED)
#endif
#ifdef NO_SKIPPING
        :: true ->
#else
        :: else ->
#endif
          may_hang ();
          if
          :: atomic { PUTS -> from_worker[_pid] ! RESULT, number -> self.n_unflushed++; has_put = true }
            self.n_unflushed = 0
          :: skip
          fi;
          if
          :: has_put -> outbox_add (DONE)
          :: !has_put -> outbox_add (LAST)
          :: FAILS -> outbox_add (FAILED)
          fi;
          /* end_task() */
          if
#ifndef END_OF_PUTS_WAITS
          :: has_put -> d_step { self.n_unflushed = 0; has_put = false }
#endif
          :: else -> has_put = false
          fi;
          d_step { self.since = false; self.on = 0 } /* mpipe_page_end() */
        fi;
        number = 0
      :: to_worker[_pid] ? STOP, number ->
        may_hang ();
        outbox_add (DONE);
        self.n_unflushed = 0;
        number = 0;
        may_hang ();
        outbox_add (GOODBYE);
        atomic { self.n_unflushed = 0; self.alive = false }
      od
    }
    unless { !self.alive };
    d_step { number = 0; has_put = false }
  :: d_step { !self.alive && !self.gone -> self.gone = true }
  od
}

/* What is in the outbox, from some answer on, is lost; what was sent will be read. */
inline die (s)
{
  d_step
  {
    workers[s].alive = false;
    workers[s].hung = false;
    if
    :: workers[s].to_blame == 0 -> workers[s].to_blame = workers[s].on
    :: else
    fi;
    workers[s].on = 0;
    do
    :: to_worker[s] ? _, _
    :: empty (to_worker[s]) -> break
    od
  }
  do
  :: workers[s].n_unflushed > 0 ->
    d_step
    {
      n_before = len (from_worker[s]) - 1;
      do
      :: n_before > 0 -> from_worker[s] ? kind, answered; from_worker[s] ! kind, answered; n_before--
      :: else -> break
      od;
      from_worker[s] ? kind, answered;
      workers[s].n_unflushed--;
      kind = 0;
      answered = 0
    }
  :: workers[s].n_unflushed = 0; break
  od
}

/* Workers die at any moment. */
active proctype fate ()
{
  byte n_before, answered;
  mtype kind;

end:
  do
  :: atomic { n_deaths < N_DEATHS && workers[0].alive -> n_deaths++; die (0) }
#if N_SLOTS > 1
  :: atomic { n_deaths < N_DEATHS && workers[1].alive -> n_deaths++; die (1) }
#endif
  od
}

/* The engine's side: a stage's run with its slots */

typedef Slot
{
  byte process;
  bool retired;
  bool problem;      /* given up */
  bool restarting;   /* `restart_source` */
  bool ended_by_us;  /* `reason` of the process */
  bool said_goodbye;
  byte condemned;
  byte n_ends;       /* MpipeRestart */
  byte recall_until;
  byte next;         /* of the leases: */
  byte n_leased;
  byte lease[MAX_NUMBER + 1]; /* a task, by the number under which the worker knows it; 0 for none */
};

Slot slots[N_SLOTS];

/* Tasks, by id. */
byte n_put;
bool is_cancelled[N_TASKS + 1];
bool has_passed_on[N_TASKS + 1];
byte n_attempts[N_TASKS + 1];
byte n_held[N_TASKS + 1]; /* results that are held back until it has ended */

/* The run. */
byte input[N_TASKS]; /* queued */
byte n_input;
bool retries[N_TASKS + 1]; /* waits for its next attempt */
bool input_ended, retired, terminating, output_ended, completed;

/* Its order: a task has the place of its id, since tasks are first given in this order. */
byte n_opened;
byte next_given = 1;
byte n_waiting[N_TASKS + 1]; /* results at their place */
bool failure_waits[N_TASKS + 1];
bool closed[N_TASKS + 1];
byte n_open_stops;

/* What the application has got. */
bool got_result[N_TASKS + 1];
bool got_failure[N_TASKS + 1];
byte last_delivered;

byte n_late, n_recalls, n_cancels, n_terminations;

#define is_available(s) (slots[s].process == PROCESS_READY && slots[s].recall_until == 0)
#define current(s) (workers[s].begun * workers[s].since)

/* Tasks that end. All of this is called in a d_step. */

inline deliver_result (task)
{
  assert (!got_result[task]); /* at most once */
  assert (!ORDERED || task >= last_delivered);
  got_result[task] = true;
  last_delivered = task
}

inline deliver_failure (task)
{
  assert (!got_failure[task]);
  assert (!got_result[task] || has_passed_on[task]);
  assert (!ORDERED || task >= last_delivered);
  got_failure[task] = true;
  last_delivered = task
}

/* mpipe_reorder_add() */
inline add_result (task)
{
  if
#ifndef UNORDERED_RELEASE
  :: ORDERED -> n_waiting[task]++
#endif
  :: else -> deliver_result (task)
  fi
}

/* mpipe_reorder_close() */
inline end_place (task)
{
  assert (!closed[task]); /* each task ends once */
  closed[task] = true
}

inline fail_task (task)
{
  if
#ifndef UNORDERED_RELEASE
  :: ORDERED -> failure_waits[task] = true
#endif
  :: else -> deliver_failure (task)
  fi;
  n_held[task] = 0;
  end_place (task)
}

inline finish_task (task)
{
  do
  :: n_held[task] > 0 -> n_held[task]--; add_result (task)
  :: else -> break
  od;
  end_place (task)
}

/* mpipe_fifo_push_first() */
inline queue_first (task)
{
  assert (n_input < N_TASKS);
  i = n_input;
  do
  :: i > 0 -> input[i] = input[i - 1]; i--
  :: else -> break
  od;
  input[0] = task;
  n_input++
}

/* slot_result_cb() */
inline slot_result (task)
{
  if
  :: is_cancelled[task]
  :: else ->
    if
    :: MAX_ATTEMPTS > 1 -> n_held[task]++
    :: else -> add_result (task); has_passed_on[task] = true
    fi
  fi
}

/* slot_ended_cb() of a task that has failed, or was charged with the end of its worker */
inline slot_ended_with_error (task, worker_died)
{
  if
  :: worker_died -> n_attempts[task]++
  :: else
  fi;
  if
  :: !is_cancelled[task] && worker_died && !terminating && n_attempts[task] < MAX_ATTEMPTS ->
    n_held[task] = 0;
    if
    :: RETRY_DELAY -> retries[task] = true
    :: else -> queue_first (task)
    fi
  :: else -> fail_task (task)
  fi
}

/* slot_ended_cb() of a task that has done its work */
inline slot_ended (task)
{
  if
  :: is_cancelled[task] -> fail_task (task)
  :: else -> finish_task (task)
  fi
}

/* slot_returned_cb(); a worker that dies by itself was on the only task of which results, and no end, were sent */
inline slot_returned (s, task)
{
  assert (!has_passed_on[task] || slots[s].ended_by_us);
  if
  :: has_passed_on[task] -> fail_task (task)
  :: else -> n_held[task] = 0; queue_first (task)
  fi
}

/* The slot */

inline end_process (s)
{
  slots[s].process = PROCESS_ENDING;
  slots[s].ended_by_us = true
}

inline condemn (s, number_)
{
  end_process (s);
#ifndef BLAME_WHAT_IT_IS_ON_AT_LAST
  slots[s].condemned = number_;
#endif
  workers[s].to_blame = number_
}

inline add_lease (s, task)
{
  assert (slots[s].next <= MAX_NUMBER);
  slots[s].lease[slots[s].next] = task;
  slots[s].n_leased++
}

inline send (s, kind_)
{
  assert (nfull (to_worker[s]));
  if
  :: workers[s].alive -> to_worker[s] ! kind_, slots[s].next
  :: else
  fi;
  slots[s].next++
}

inline send_stop (s)
{
  slots[s].process = PROCESS_STOPPING;
  add_lease (s, STOP_TASK);
  n_open_stops++;
  send (s, STOP)
}

inline retire_slot (s)
{
  slots[s].retired = true;
  slots[s].restarting = false;
  if
  :: slots[s].process == PROCESS_READY -> send_stop (s)
  :: else
  fi
}

inline start_process (s)
{
  slots[s].process = PROCESS_STARTING;
  slots[s].restarting = false;
  slots[s].next = 1;
  workers[s].begun = 0;
  workers[s].since = false;
  workers[s].recall_from = 0;
  workers[s].recall_until = 0;
  workers[s].to_blame = 0;
  workers[s].gone = false;
  workers[s].alive = true
}

inline remove_lease (s, number_)
{
  task = slots[s].lease[number_];
  slots[s].lease[number_] = 0;
  slots[s].n_leased--
}

inline end_recall_at (s, number_)
{
  if
  :: slots[s].recall_until != 0 && number_ == slots[s].recall_until - 1 ->
    slots[s].recall_until = 0;
    workers[s].recall_from = 0
  :: else
  fi
}

/* release() */
inline release_lease (s, number_)
{
  assert (slots[s].lease[number_] != 0); /* or a worker that obeys would be ended for breaking the protocol */
  remove_lease (s, number_);
  end_recall_at (s, number_);
  if
  :: task != STOP_TASK -> slots[s].n_ends = 0
  :: else
  fi
}

/* handle_frame() of the process, and what the slot and the run make of it */
inline handle_frame (s)
{
  if
  :: workers[s].n_unflushed == len (from_worker[s]) -> workers[s].n_unflushed--
  :: else
  fi;
  from_worker[s] ? kind, answered;
  if
  :: kind == READY ->
    slots[s].process = PROCESS_READY;
    if
    :: slots[s].retired -> retire_slot (s)
    :: else
    fi
  :: kind == RESULT ->
    assert (slots[s].lease[answered] != 0);
    task = slots[s].lease[answered];
    slot_result (task)
  :: kind == LAST ->
    release_lease (s, answered);
    slot_result (task);
    slot_ended (task)
  :: kind == DONE ->
    release_lease (s, answered);
    if
    :: task == STOP_TASK -> n_open_stops--
    :: else -> slot_ended (task)
    fi
  :: kind == FAILED ->
    release_lease (s, answered);
    slot_ended_with_error (task, false)
  :: kind == SKIPPED ->
    assert (answered < slots[s].recall_until); /* the same */
    if
    :: slots[s].lease[answered] != 0 -> remove_lease (s, answered); slot_returned (s, task)
    :: else
    fi;
    end_recall_at (s, answered)
  :: kind == GOODBYE ->
    assert (slots[s].process == PROCESS_STOPPING);
    slots[s].said_goodbye = true
  fi;
  kind = 0;
  answered = 0;
  task = 0
}

/* mpipe_worker_slot_find_charge() */
inline find_culprit (s)
{
  if
  :: slots[s].condemned != 0 -> culprit = slots[s].condemned
  :: else -> culprit = current (s)
  fi;
  if
  :: slots[s].lease[culprit] == 0 -> culprit = 0
  :: else
  fi;
  /* it is what the worker was on, and is charged if it was not answered */
  assert (culprit == (slots[s].lease[workers[s].to_blame] != 0 -> workers[s].to_blame : 0))
}

/* mpipe_worker_slot_give_up_all() */
inline give_up_all (s)
{
  do
  :: slots[s].n_leased > 0 ->
    slots[s].next--;
    if
    :: slots[s].lease[slots[s].next] != 0 ->
      remove_lease (s, slots[s].next);
      if
      :: task == STOP_TASK -> n_open_stops--
      :: task != STOP_TASK && slots[s].next == culprit -> slot_ended_with_error (task, true)
      :: else -> slot_returned (s, task)
      fi
    :: else
    fi
  :: else -> break
  od;
  task = 0;
  slots[s].next = 0
}

/* plan_restart() */
inline plan_restart (s)
{
  if
  :: slots[s].retired
  :: else ->
    if
    :: culprit != 0 || slots[s].condemned != 0 -> slots[s].restarting = true
    :: else ->
      slots[s].n_ends++;
      if
      :: slots[s].n_ends >= RESTART_LIMIT -> slots[s].problem = true
      :: else -> slots[s].restarting = true
      fi
    fi
  fi
}

/* ended_cb() */
inline handle_end (s)
{
  do
  :: from_worker[s] ? _, _
  :: empty (from_worker[s]) -> break
  od;
  workers[s].n_unflushed = 0;
  find_culprit (s);
  give_up_all (s);
  slots[s].recall_until = 0;
  slots[s].process = EMPTY;
  if
  :: slots[s].said_goodbye && !slots[s].ended_by_us
  :: else -> plan_restart (s)
  fi;
  slots[s].condemned = 0;
  slots[s].ended_by_us = false;
  slots[s].said_goodbye = false;
  culprit = 0
}

/* The first half of mpipe_page_recall(); the second is when the engine goes on. */
inline begin_recall (s, number_)
{
  looks_at = s + 1;
  looks_from = number_;
  slots[s].recall_until = slots[s].next;
  workers[s].recall_until = slots[s].next;
  workers[s].recall_from = number_
}

/* end_if_cancelled() */
inline end_if_cancelled (s)
{
  if
  :: slots[s].process == PROCESS_READY && slots[s].lease[current (s)] != 0 &&
      is_cancelled[slots[s].lease[current (s)]] ->
    condemn (s, current (s))
  :: else
  fi
}

inline take_back ()
{
  s = looks_at - 1;
  j = slots[s].next - 1;
  do
  :: j >= looks_from && j > workers[s].begun ->
    if
    :: slots[s].lease[j] != 0 -> remove_lease (s, j); slot_returned (s, task)
    :: else
    fi;
    j--
  :: else -> break
  od;
  j = 0;
  task = 0;
  end_if_cancelled (s);
  looks_at = 0;
  looks_from = 0
}

/* stage_run_cancel(), mpipe_worker_slot_cancel() */
inline cancel (id)
{
  is_cancelled[id] = !closed[id];
  if
  :: retries[id] -> retries[id] = false; queue_first (id)
  :: else
  fi;
  s = 0;
  do
  :: s < N_SLOTS ->
    j = 1;
    do
    :: j < slots[s].next && slots[s].lease[j] == id ->
      end_if_cancelled (s);
      if
      :: slots[s].process == PROCESS_READY -> begin_recall (s, j)
      :: else
      fi;
      break
    :: j < slots[s].next && slots[s].lease[j] != id -> j++
    :: else -> break
    od;
    s++
  :: else -> break
  od;
  j = 0
}

/* terminate(), mpipe_worker_slot_terminate() */
inline terminate ()
{
  terminating = true;
  input_ended = true;
  retired = true;
  j = N_TASKS;
  do
  :: j > 0 ->
    if
    :: retries[j] -> retries[j] = false; queue_first (j)
    :: else
    fi;
    j--
  :: else -> break
  od;
  s = 0;
  do
  :: s < N_SLOTS ->
    slots[s].retired = true;
    slots[s].restarting = false;
    if
    :: slots[s].process != EMPTY && slots[s].process != PROCESS_ENDING &&
        !(slots[s].process == PROCESS_STOPPING && slots[s].n_leased == 0) ->
      end_process (s)
    :: else
    fi;
    s++
  :: else -> break
  od
}

/* Settling: stage_run_work() */

inline count_slots ()
{
  n_problems = 0;
  n_leased = 0;
  n_starting = 0;
  n_processes = 0;
  s = 0;
  do
  :: s < N_SLOTS ->
    n_problems = n_problems + slots[s].problem;
    n_leased = n_leased + slots[s].n_leased;
    n_processes = n_processes + (slots[s].process != EMPTY);
    n_starting = n_starting + (slots[s].restarting || slots[s].process == PROCESS_STARTING
      || (slots[s].process == PROCESS_ENDING && !slots[s].retired));
    s++
  :: else -> break
  od
}

inline pop_input ()
{
  task = input[0];
  n_input--;
  i = 0;
  do
  :: i < n_input -> input[i] = input[i + 1]; i++
  :: else -> input[i] = 0; break
  od;
  if
  :: n_opened < task ->
    assert (task == n_opened + 1);
    n_opened = task
  :: else
  fi
}

/* mpipe_scheduler_pick() */
inline pick ()
{
  picked = N_SLOTS;
  s = 0;
  do
  :: s < N_SLOTS ->
    if
    :: is_available (s) && slots[s].n_leased < CREDIT ->
      if
      :: picked == N_SLOTS -> picked = s
      :: picked < N_SLOTS && slots[s].n_leased < slots[picked].n_leased -> picked = s
      :: else
      fi
    :: else
    fi;
    s++
  :: else -> break
  od
}

inline give_tasks ()
{
  pick ();
  do
  :: n_input > 0 && (terminating || is_cancelled[input[0]] || n_problems == N_SLOTS) ->
    pop_input ();
    fail_task (task)
  :: n_input > 0 && !(terminating || is_cancelled[input[0]] || n_problems == N_SLOTS) && picked < N_SLOTS ->
    pop_input ();
    add_lease (picked, task);
    send (picked, TASK);
    pick ()
  :: else -> break
  od;
  task = 0;
  picked = 0
}

/* mpipe_reorder_take() until there is nothing */
inline release_results ()
{
  do
  :: ORDERED && next_given <= N_TASKS && n_waiting[next_given] > 0 ->
    n_waiting[next_given]--;
    deliver_result (next_given)
  :: ORDERED && next_given <= N_TASKS && n_waiting[next_given] == 0 && failure_waits[next_given] ->
    failure_waits[next_given] = false;
    deliver_failure (next_given)
  :: ORDERED && next_given <= N_TASKS && n_waiting[next_given] == 0 && !failure_waits[next_given] && closed[next_given] ->
    next_given++
  :: else -> break
  od
}

#define has_ended(id) (closed[id] && n_waiting[id] == 0 && !failure_waits[id])

inline count_tasks ()
{
  n_retries = 0;
  n_open = n_open_stops;
  j = 1;
  do
  :: j <= N_TASKS ->
    n_retries = n_retries + retries[j];
    n_open = n_open + (j <= n_opened && !has_ended (j));
    j++
  :: else -> break
  od;
  j = 0
}

inline settle ()
{
  count_slots ();
  give_tasks ();
  count_slots ();
  count_tasks ();
  if
  :: !retired && input_ended && n_input == 0 && n_retries == 0 && n_leased == 0 -> /* retire_if_idle() */
    retired = true;
    s = 0;
    do
    :: s < N_SLOTS -> retire_slot (s); s++
    :: else -> break
    od;
    count_slots ();
    count_tasks ()
  :: else
  fi;
  release_results ();
  count_tasks ();
  if
  :: retired && input_ended && n_input == 0 && n_starting == 0 && n_leased == 0 && n_open == 0 -> output_ended = true
  :: else
  fi;
  completed = output_ended && n_processes == 0;
  n_problems = 0;
  n_leased = 0;
  n_starting = 0;
  n_processes = 0;
  n_retries = 0;
  n_open = 0;
  s = 0
}

mtype = { LOOK, PUT, STOP_INPUT, CANCEL, TERMINATE, RETRY_DUE };
mtype = { FRAME, CHANNEL_END, EXIT, GRACE_OVER, RESTART, START_TIMEOUT, TASK_TIMEOUT, LATE, STOP_TIMEOUT, REBALANCE };

#define has_channel(s) (slots[s].process >= PROCESS_STARTING && slots[s].process <= PROCESS_STOPPING)

/* Whether a task's time is being taken; a worker that says that it is on none while it holds some is on the oldest. */
#ifdef TIME_ONLY_WHAT_IT_SAYS_IT_IS_ON
#define has_time_limit(s) (slots[s].n_leased > 0 && slots[s].lease[current (s)] != 0)
#else
#define has_time_limit(s) (slots[s].n_leased > 0 || slots[s].recall_until != 0)
#endif

#define needs_balance(giver, idle) \
  (n_recalls < N_RECALLS && n_input == 0 && is_available (giver) && slots[giver].n_leased > 1 \
   && is_available (idle) && slots[idle].n_leased == 0)

#define SLOT_EVENTS(w) \
  :: !looks_at && has_channel (w) && nempty (from_worker[w]) -> s = w; event = FRAME \
  :: !looks_at && has_channel (w) && empty (from_worker[w]) && !workers[w].alive -> s = w; event = CHANNEL_END \
  :: !looks_at && workers[w].gone && slots[w].process != EMPTY \
      && (slots[w].process == PROCESS_ENDING || empty (from_worker[w])) -> s = w; event = EXIT \
  :: !looks_at && slots[w].process == PROCESS_ENDING && workers[w].alive -> s = w; event = GRACE_OVER \
  :: !looks_at && slots[w].restarting -> s = w; event = RESTART \
  :: !looks_at && slots[w].process == PROCESS_STARTING && workers[w].hung && empty (from_worker[w]) -> \
    s = w; event = START_TIMEOUT \
  :: !looks_at && slots[w].process == PROCESS_READY && workers[w].hung && empty (from_worker[w]) \
      && has_time_limit (w) -> s = w; event = TASK_TIMEOUT \
  :: !looks_at && n_late < N_LATE && slots[w].process == PROCESS_READY && slots[w].lease[current (w)] != 0 -> \
    s = w; event = LATE \
  :: !looks_at && slots[w].process == PROCESS_STOPPING && workers[w].hung \
      && empty (from_worker[w]) -> s = w; event = STOP_TIMEOUT

active proctype engine ()
{
  byte s, i, j, task, picked, culprit;
  byte looks_at, looks_from; /* a recall was announced to this slot, plus one */
  byte n_problems, n_leased, n_starting, n_processes, n_retries, n_open;
  byte n_before, answered, id;
  mtype kind, event;

  d_step
  {
    do
    :: s < N_SLOTS -> start_process (s); s++
    :: else -> break
    od;
    s = 0
  }
  do
  :: atomic
    {
      if
      :: looks_at -> event = LOOK
      :: !looks_at && n_put < N_TASKS && !input_ended -> event = PUT
      :: !looks_at && n_put == N_TASKS && !input_ended -> event = STOP_INPUT
      :: !looks_at && n_cancels < N_CANCELS && n_put > 0 ->
        event = CANCEL;
        id = 1;
        do
        :: id < n_put -> id++
        :: break
        od
      :: !looks_at && n_terminations < N_TERMINATIONS && !terminating -> event = TERMINATE
      :: !looks_at && retries[1] -> event = RETRY_DUE; id = 1
#if N_TASKS > 1
      :: !looks_at && retries[2] -> event = RETRY_DUE; id = 2
#endif
#if N_TASKS > 2
      :: !looks_at && retries[3] -> event = RETRY_DUE; id = 3
#endif
      SLOT_EVENTS (0)
#if N_SLOTS > 1
      SLOT_EVENTS (1)
      :: !looks_at && needs_balance (0, 1) -> s = 0; event = REBALANCE
      :: !looks_at && needs_balance (1, 0) -> s = 1; event = REBALANCE
#endif
      fi;
      if
      :: event == GRACE_OVER -> die (s); skip
      :: else
      fi;
      d_step
      {
        if
        :: event == LOOK -> take_back ()
        :: event == PUT -> n_put++; input[n_input] = n_put; n_input++
        :: event == STOP_INPUT -> input_ended = true
        :: event == CANCEL -> n_cancels++; cancel (id)
        :: event == TERMINATE -> n_terminations++; terminate ()
        :: event == RETRY_DUE -> retries[id] = false; queue_first (id)
        :: event == FRAME -> handle_frame (s)
        :: event == CHANNEL_END -> slots[s].process = PROCESS_ENDING
        :: event == EXIT -> handle_end (s)
        :: event == GRACE_OVER
        :: event == RESTART -> start_process (s)
        :: event == START_TIMEOUT -> end_process (s)
        :: event == TASK_TIMEOUT -> condemn (s, current (s) * (slots[s].lease[current (s)] != 0))
        :: event == LATE -> n_late++; condemn (s, current (s))
        :: event == STOP_TIMEOUT -> end_process (s)
        :: event == REBALANCE -> n_recalls++; begin_recall (s, slots[s].next - slots[s].n_leased / 2)
        fi;
        event = 0;
        id = 0;
        i = 0;
        s = 0;
        if
        :: !looks_at -> settle ()
        :: else
        fi
      }
      if
      :: completed -> break
      :: else
      fi
    }
  od;
  /* stop has completed: every task has ended */
  atomic
  {
    j = 1;
    do
    :: j <= n_put ->
      assert (closed[j] && (got_result[j] || got_failure[j]));
      assert (n_held[j] == 0 && n_waiting[j] == 0 && !failure_waits[j] && !retries[j]);
      j++
    :: else -> break
    od;
    assert (n_input == 0 && n_open_stops == 0)
  }
}
