/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The two places where threads meet, with more threads than any application has. It is most telling when it is compiled
 * for ThreadSanitizer. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include "mpipe-glib/core/mpipe-type-table-private.h"
#include "mpipe-glib/pipeline/mpipe-event-mailbox-private.h"
#include "mpipe-glib/pipeline/mpipe-task-mailbox-private.h"

#define N_THREADS 4
#define N_ITEMS 3000 /* of each putter */
#define ROOM 37      /* tasks that the engine allows at once */
#define DEADLINE_S 60

static MpipePayload
number_payload (gint64 number)
{
  MpipePayload payload = { .size = sizeof number };

  memcpy (payload.in.words, &number, sizeof number);
  return payload;
}

static gint64
payload_number (const MpipePayload *payload)
{
  gint64 number;

  memcpy (&number, payload->in.words, sizeof number);
  return number;
}

/* Many putters, one engine */

static const MpipeRoom room = { .n_tasks = ROOM, .n_bytes = G_MAXINT64 };

typedef struct
{
  MpipeTaskMailbox *tasks;
  GMainContext *context;
  gboolean limited;
  guint64 n_taken;        /* engine */
  gint64 next[N_THREADS]; /* engine: what each putter must put next */
  GArray *ids;            /* engine: of guint64 that were cancelled */
  guint64 n_returned;     /* engine */
  gboolean terminated;    /* engine */
} Engine;

typedef struct
{
  Engine *engine;
  guint number;
  GCancellable *cancellable;
  guint64 n_accepted;
  MpipePutStatus last;
} Putter;

static void
take_tasks (Engine *self, MpipeTaskBatch *batch)
{
  MpipeItem *item;

  while ((item = mpipe_fifo_pop (&batch->tasks)) != NULL)
    {
      gint64 number = payload_number (&item->payload);
      guint putter = (guint) (number / N_ITEMS);

      g_assert_cmpuint (putter, <, N_THREADS);
      g_assert_cmpint (number, ==, self->next[putter]);
      self->next[putter]++;
      self->n_taken++;
      mpipe_item_free (item);
    }
}

/* As the engine's thread does, until there is nothing more to come. */
static gpointer
engine_thread (gpointer data)
{
  Engine *self = data;
  gboolean stopped = FALSE;

  while (!stopped)
    {
      MpipeTaskBatch batch;

      mpipe_task_mailbox_take (self->tasks, &batch);
      take_tasks (self, &batch);
      self->n_returned += batch.returned.n;
      if (batch.cancelled != NULL)
        g_array_append_vals (self->ids, batch.cancelled->data, batch.cancelled->len);
      stopped = batch.stopped || batch.terminated;
      self->terminated |= batch.terminated;
      mpipe_task_batch_clear (&batch);
      if (self->limited)
        mpipe_task_mailbox_allow (self->tasks, &room);
      if (!stopped && mpipe_task_mailbox_sleep (self->tasks))
        g_main_context_iteration (self->context, TRUE);
    }
  return NULL;
}

static gpointer
putter_thread (gpointer data)
{
  Putter *self = data;
  gint64 first = self->number * N_ITEMS;

  for (gint64 i = 0; i < N_ITEMS; i++)
    {
      MpipePayload payload = number_payload (first + i);
      guint64 id;

      self->last
          = mpipe_task_mailbox_put (self->engine->tasks, &payload, FALSE, NULL, -1, self->cancellable, &id);
      if (self->last != MPIPE_PUT_ACCEPTED)
        break;
      self->n_accepted++;
      if (i % 64 == 0)
        mpipe_task_mailbox_cancel (self->engine->tasks, id);
      if (i % 16 == 0)
        mpipe_task_mailbox_return (self->engine->tasks, mpipe_item_new (id));
    }
  return NULL;
}

static void
wake_cb (gpointer engine)
{
  g_main_context_wakeup (((Engine *) engine)->context);
}

static const MpipeTaskMailboxEvents mailbox_events = {
  .wake = wake_cb,
  .task_came = wake_cb,
  .room_came = wake_cb,
};

static void
engine_set_up (Engine *self, gboolean limited)
{
  alarm (DEADLINE_S);
  *self = (Engine){ .limited = limited };
  self->context = g_main_context_new ();
  self->tasks = mpipe_task_mailbox_new (&mailbox_events, self);
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < N_THREADS; i++)
    self->next[i] = i * N_ITEMS;
  if (limited)
    mpipe_task_mailbox_allow (self->tasks, &room);
}

static void
engine_tear_down (Engine *self)
{
  mpipe_task_mailbox_free (self->tasks);
  g_main_context_unref (self->context);
  g_array_unref (self->ids);
  alarm (0);
}

static void
start_putters (Engine *engine, Putter *putters, GThread **threads)
{
  for (guint i = 0; i < N_THREADS; i++)
    {
      putters[i] = (Putter){ .engine = engine, .number = i, .cancellable = g_cancellable_new () };
      threads[i] = g_thread_new ("puts", putter_thread, &putters[i]);
    }
}

static guint64
join_putters (Putter *putters, GThread **threads)
{
  guint64 n_accepted = 0;

  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      n_accepted += putters[i].n_accepted;
      g_object_unref (putters[i].cancellable);
    }
  return n_accepted;
}

static void
test_each_task_that_was_put_is_taken_once (gconstpointer limited)
{
  Engine engine;
  Putter putters[N_THREADS];
  GThread *threads[N_THREADS], *thread;

  engine_set_up (&engine, GPOINTER_TO_INT (limited));
  thread = g_thread_new ("engine", engine_thread, &engine);
  start_putters (&engine, putters, threads);
  g_assert_cmpuint (join_putters (putters, threads), ==, N_THREADS * N_ITEMS);
  g_assert_true (mpipe_task_mailbox_stop (engine.tasks));
  g_thread_join (thread);
  g_assert_cmpuint (engine.n_taken, ==, N_THREADS * N_ITEMS);
  g_assert_cmpuint (engine.n_taken, ==, mpipe_task_mailbox_get_n_put (engine.tasks));
  g_assert_cmpuint (engine.n_returned, ==, N_THREADS * ((N_ITEMS + 15) / 16));
  g_assert_cmpuint (engine.ids->len, ==, N_THREADS * ((N_ITEMS + 63) / 64));
  engine_tear_down (&engine);
}

/* Some are cancelled while they wait for room, the others are stopped by the end. */
static void
test_putters_that_wait_are_released (void)
{
  Engine engine;
  Putter putters[N_THREADS];
  GThread *threads[N_THREADS];
  guint64 n_accepted;

  engine_set_up (&engine, TRUE);
  start_putters (&engine, putters, threads);
  while (mpipe_task_mailbox_get_n_put (engine.tasks) < ROOM)
    g_thread_yield ();
  for (guint i = 0; i < N_THREADS / 2; i++)
    g_cancellable_cancel (putters[i].cancellable);
  for (guint i = 0; i < N_THREADS / 2; i++)
    g_thread_join (g_thread_ref (threads[i]));
  mpipe_task_mailbox_terminate (engine.tasks);
  for (guint i = N_THREADS / 2; i < N_THREADS; i++)
    g_thread_join (g_thread_ref (threads[i]));
  n_accepted = 0;
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_assert_cmpint (putters[i].last, ==,
                       i < N_THREADS / 2 ? MPIPE_PUT_CANCELLED : MPIPE_PUT_STOPPED);
      n_accepted += putters[i].n_accepted;
      g_object_unref (putters[i].cancellable);
      g_thread_unref (threads[i]);
    }
  g_assert_cmpuint (n_accepted, ==, ROOM);
  engine_thread (&engine);
  g_assert_cmpuint (engine.n_taken, ==, ROOM);
  g_assert_true (engine.terminated);
  mpipe_task_mailbox_close (engine.tasks);
  engine_tear_down (&engine);
}

/* What is read makes room: putters, readers, and an engine that counts */

typedef struct
{
  Engine engine;
  MpipeBacklog backlog;
  GMutex lock;
  GCond came;
  guint n_delivered; /* and not read; under the lock */
  guint n_read;      /* atomic: before it is said */
} Circle;

static void
deliver (Circle *self, guint n)
{
  g_mutex_lock (&self->lock);
  self->n_delivered += n;
  g_cond_broadcast (&self->came);
  g_mutex_unlock (&self->lock);
}

static void
publish (Circle *self)
{
  MpipeRoom found = { .n_bytes = G_MAXINT64, .counts = &self->backlog };

  found.n_tasks = mpipe_backlog_get_room (&self->backlog);
  found.read = mpipe_backlog_get_seen (&self->backlog);
  mpipe_task_mailbox_allow (self->engine.tasks, &found);
}

/* What is read comes back by handfuls: readers and putters go on by themselves meanwhile. */
static gpointer
counting_engine_thread (gpointer data)
{
  Circle *self = data;
  MpipeTaskMailbox *tasks = self->engine.tasks;
  gboolean stopped = FALSE;

  while (!stopped)
    {
      MpipeTaskBatch batch;
      guint64 n_back;

      mpipe_task_mailbox_take (tasks, &batch);
      self->engine.n_taken += batch.n_tasks;
      self->backlog.n += batch.n_tasks;
      g_assert_cmpuint (self->engine.n_taken, <=, (guint) g_atomic_int_get (&self->n_read) + ROOM);
      deliver (self, (guint) batch.n_tasks);
      stopped = batch.stopped;
      mpipe_task_batch_clear (&batch);
      mpipe_backlog_look (&self->backlog);
      n_back = self->backlog.ahead.n / 10 * 10;
      mpipe_backlog_settle (&self->backlog, (MpipeLoad){ n_back, 0 });
      self->backlog.n -= n_back;
      publish (self);
      if (!stopped && mpipe_task_mailbox_sleep (tasks))
        g_main_context_iteration (self->engine.context, TRUE);
    }
  return NULL;
}

static gpointer
plain_putter_thread (gpointer data)
{
  for (gint64 i = 0; i < N_ITEMS; i++)
    {
      MpipePayload payload = number_payload (i);
      guint64 id;

      g_assert_cmpint (mpipe_task_mailbox_put (data, &payload, TRUE, NULL, -1, NULL, &id), ==,
                       MPIPE_PUT_ACCEPTED);
    }
  return NULL;
}

static gpointer
reader_thread (gpointer data)
{
  Circle *self = data;

  for (guint i = 0; i < N_ITEMS; i++)
    {
      g_mutex_lock (&self->lock);
      while (self->n_delivered == 0)
        g_cond_wait (&self->came, &self->lock);
      self->n_delivered--;
      g_mutex_unlock (&self->lock);
      g_atomic_int_inc (&self->n_read);
      mpipe_backlog_read (&self->backlog, (MpipeLoad){ 1, 0 });
      mpipe_task_mailbox_tell_read (self->engine.tasks);
    }
  return NULL;
}

static void
test_what_is_read_makes_room (void)
{
  Circle circle = { .backlog = { .max_n = ROOM } };
  GThread *putters[N_THREADS], *readers[N_THREADS], *thread;

  engine_set_up (&circle.engine, FALSE);
  g_mutex_init (&circle.lock);
  g_cond_init (&circle.came);
  publish (&circle);
  thread = g_thread_new ("engine", counting_engine_thread, &circle);
  for (guint i = 0; i < N_THREADS; i++)
    {
      putters[i] = g_thread_new ("puts", plain_putter_thread, circle.engine.tasks);
      readers[i] = g_thread_new ("reads", reader_thread, &circle);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (putters[i]);
      g_thread_join (readers[i]);
    }
  mpipe_task_mailbox_stop (circle.engine.tasks);
  g_thread_join (thread);
  g_assert_cmpuint (circle.engine.n_taken, ==, N_THREADS * N_ITEMS);
  g_assert_cmpuint (mpipe_backlog_get_n (&circle.backlog), ==, 0);
  g_mutex_clear (&circle.lock);
  g_cond_clear (&circle.came);
  engine_tear_down (&circle.engine);
}

/* One engine, many getters */

typedef struct
{
  MpipeEventMailbox *events;
  guint8 *came; /* how often each number did; each is written by who took it */
  GCancellable *cancellable;
  guint n_taken;
  MpipeTakeStatus last;
} Getter;

static gboolean
take_any (const MpipeItem *first, gpointer user_data)
{
  return TRUE;
}

static gpointer
getter_thread (gpointer data)
{
  Getter *self = data;

  for (;;)
    {
      MpipeItem *item;

      self->last = mpipe_event_mailbox_take (self->events, -1, self->cancellable, take_any, NULL,
                                             TRUE, 1, &item);
      if (self->last != MPIPE_TAKE_ITEM)
        return NULL;
      if (self->n_taken % 100 == 0 && item->id != 0)
        {
          item->id = 0; /* once for each */
          mpipe_event_mailbox_put_back (self->events, item);
          self->n_taken++;
          continue;
        }
      self->came[payload_number (&item->payload)]++;
      self->n_taken++;
      mpipe_item_free (item);
    }
}

static gpointer
delivering_thread (gpointer data)
{
  MpipeEventMailbox *events = data;

  mpipe_event_mailbox_set_started (events, NULL);
  for (gint64 number = 0; number < N_THREADS * N_ITEMS;)
    {
      MpipeFifo items = { NULL }, notices = { NULL };

      for (guint i = 0; i < 10; i++)
        {
          MpipeItem *item = mpipe_item_new ((guint64) number + 1);

          item->payload = number_payload (number++);
          mpipe_fifo_push (&items, item);
        }
      mpipe_event_mailbox_deliver (events, &items, &notices, number % 100 == 0);
    }
  mpipe_event_mailbox_set_ended (events);
  mpipe_event_mailbox_set_completed (events);
  return NULL;
}

static void
test_each_result_is_got_once (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MpipeDriver) driver = mpipe_driver_new (context);
  MpipeEventMailbox *events = mpipe_event_mailbox_new (context, driver);
  g_autofree guint8 *came = g_new0 (guint8, N_THREADS * N_ITEMS);
  Getter getters[N_THREADS];
  GThread *threads[N_THREADS], *thread;

  alarm (DEADLINE_S);
  for (guint i = 0; i < N_THREADS; i++)
    {
      getters[i] = (Getter){ .events = events, .came = came, .cancellable = g_cancellable_new () };
      threads[i] = g_thread_new ("gets", getter_thread, &getters[i]);
    }
  thread = g_thread_new ("engine", delivering_thread, events);
  g_assert_true (mpipe_event_mailbox_wait_started (events, NULL, NULL));
  g_cancellable_cancel (getters[0].cancellable);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_true (getters[i].last == MPIPE_TAKE_ENDED
                     || (i == 0 && getters[i].last == MPIPE_TAKE_CANCELLED));
      g_object_unref (getters[i].cancellable);
    }
  g_assert_true (mpipe_event_mailbox_wait_completed (events, -1, NULL, NULL));
  g_thread_join (thread);
  for (guint i = 0; i < N_THREADS * N_ITEMS; i++)
    g_assert_cmpuint (came[i], ==, 1);
  g_assert_true (mpipe_event_mailbox_take_tick (events));
  mpipe_event_mailbox_free (events);
  alarm (0);
}

/* That the setup would find a missing lock: one thread puts, as it may, and another takes without the lock. */
#ifdef __SANITIZE_THREAD__

static gpointer
look_without_the_lock (gpointer data)
{
  /* the first word of the mailbox behind its lock and condition, which each put writes */
  const volatile gboolean *sleeping
      = (const volatile gboolean *) ((const guint8 *) data + sizeof (GMutex) + sizeof (GCond)
                                     + 2 * sizeof (gpointer));
  guint n = 0;

  for (guint i = 0; i < 1000; i++)
    n += *sleeping;
  return GUINT_TO_POINTER (n);
}

static void
test_a_race_is_found (void)
{
  Engine engine;
  MpipePayload payload = number_payload (0);
  GThread *thread;
  guint64 id;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*data race*mpipe-task-mailbox.c*");
      return;
    }
  engine_set_up (&engine, FALSE);
  thread = g_thread_new ("looks", look_without_the_lock, engine.tasks);
  for (guint i = 0; i < 1000; i++)
    mpipe_task_mailbox_put (engine.tasks, &payload, FALSE, NULL, -1, NULL, &id);
  g_thread_join (thread);
  engine_tear_down (&engine);
}

#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(function, path) g_test_add_func ("/mpipe/pipeline/mailboxes/" path, function)
  g_test_add_data_func ("/mpipe/pipeline/mailboxes/each-task-that-was-put-is-taken-once/any-number",
                        GINT_TO_POINTER (FALSE), test_each_task_that_was_put_is_taken_once);
  g_test_add_data_func ("/mpipe/pipeline/mailboxes/each-task-that-was-put-is-taken-once/limited",
                        GINT_TO_POINTER (TRUE), test_each_task_that_was_put_is_taken_once);
  ADD (test_putters_that_wait_are_released, "putters-that-wait-are-released");
  ADD (test_what_is_read_makes_room, "what-is-read-makes-room");
  ADD (test_each_result_is_got_once, "each-result-is-got-once");
#ifdef __SANITIZE_THREAD__
  ADD (test_a_race_is_found, "a-race-is-found");
#endif
#undef ADD

  return g_test_run ();
}
