/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The engine is woken only when it sleeps and there is something for it.
 *
 * Room: the engine allows so many tasks and bytes more than it has taken; the application counts what it puts against
 * that. What is read makes room again. A reader says so in the backlogs, without a lock, and then looks whether anybody
 * wants to know; who waits says that he does, and then looks whether there is room. At least one of them sees the
 * other. So readers and putters go on without the engine. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-task-mailbox-private.h"

#define PUT_AT_ONCE 256   /* tasks for which the lock is held */
#define RETURNED_MAX 1024 /* items read before the engine is woken to free them */

struct _MpipeTaskMailbox
{
  GMutex lock;
  GCond room;
  const MpipeTaskMailboxEvents *events;
  gpointer engine;
  gboolean sleeping; /* the engine has looked, found nothing, and waits */
  gboolean closed;   /* the engine is gone */

  MpipeTaskBatch batch;
  guint64 n_bytes; /* of batch.tasks */
  gboolean limited;
  MpipeRoom room_left;  /* if it is limited: for what is in the batch, and more */
  gboolean room_wanted; /* somebody has found none */
  int wants_reads;      /* atomic: that, or the engine waits */
  gboolean urgent;      /* something was returned that counts until the engine has it */
  guint64 last_id;
  gboolean stopped; /* batch.stopped once, this for ever */
};

MpipeTaskMailbox *
mpipe_task_mailbox_new (const MpipeTaskMailboxEvents *events, gpointer engine)
{
  MpipeTaskMailbox *self = g_new0 (MpipeTaskMailbox, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->room);
  self->events = events;
  self->engine = engine;
  return self;
}

static void
accusation_free (gpointer data)
{
  MpipeAccusation *accusation = data;

  g_error_free (accusation->reason);
  g_free (accusation);
}

void
mpipe_task_batch_clear (MpipeTaskBatch *batch)
{
  mpipe_item_free_all (&batch->tasks);
  mpipe_item_free_all (&batch->returned);
  g_clear_pointer (&batch->cancelled, g_array_unref);
  g_clear_pointer (&batch->accusations, g_ptr_array_unref);
}

void
mpipe_task_mailbox_free (MpipeTaskMailbox *self)
{
  mpipe_task_batch_clear (&self->batch);
  g_cond_clear (&self->room);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Returns: whether the engine must be woken, outside of the lock. */
static gboolean
note_locked (MpipeTaskMailbox *self)
{
  gboolean wake = self->sleeping;

  self->sleeping = FALSE;
  return wake;
}

static void
unlock_and_wake (MpipeTaskMailbox *self)
{
  gboolean wake = note_locked (self);

  g_mutex_unlock (&self->lock);
  if (wake)
    self->events->wake (self->engine);
}

/* What was read since is room as well. */
static void
count_reads_locked (MpipeTaskMailbox *self)
{
  MpipeRoom *room = &self->room_left;
  MpipeLoad read;

  if (room->counts == NULL)
    return;
  read = mpipe_backlog_get_read (room->counts);
  room->n_tasks += read.n - room->read.n;
  room->n_bytes += (gint64) (read.bytes - room->read.bytes);
  room->n_there -= MIN (room->n_there, read.n - room->read.n);
  room->read = read;
}

/* Returns: how many tasks of @size bytes each may be put */
static guint64
count_admitted_locked (MpipeTaskMailbox *self, guint64 size)
{
  const MpipeRoom *room = &self->room_left;

  if (!self->limited)
    return G_MAXUINT64;
  count_reads_locked (self);
  return mpipe_backlog_divide_room (room->n_tasks - MIN (room->n_tasks, self->batch.n_tasks),
                                    room->n_bytes - (gint64) self->n_bytes,
                                    room->n_there + self->batch.n_tasks, size);
}

static gboolean
has_room_locked (MpipeTaskMailbox *self, guint64 size)
{
  return count_admitted_locked (self, size) > 0;
}

static void
set_room_wanted_locked (MpipeTaskMailbox *self, gboolean wanted)
{
  self->room_wanted = wanted;
  g_atomic_int_set (&self->wants_reads, wanted || self->room_left.engine_waits);
}

/* Returns: whether there is room; if not, it is told when there may be. */
static gboolean
find_room_locked (MpipeTaskMailbox *self, guint64 size)
{
  if (has_room_locked (self, size))
    return TRUE;
  set_room_wanted_locked (self, TRUE);
  return has_room_locked (self, size);
}

/* Returns: whether there is room and somebody had found none. */
static gboolean
offer_room_locked (MpipeTaskMailbox *self)
{
  if (!self->room_wanted || !has_room_locked (self, 0))
    return FALSE;
  set_room_wanted_locked (self, FALSE);
  g_cond_broadcast (&self->room);
  return TRUE;
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  MpipeTaskMailbox *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->room);
  g_mutex_unlock (&self->lock);
}

/* Returns: whether there is nothing that ends the waiting for room. */
static gboolean
must_wait_locked (MpipeTaskMailbox *self, guint64 size, GCancellable *cancellable)
{
  return !self->stopped && !find_room_locked (self, size)
         && !g_cancellable_is_cancelled (cancellable);
}

/* Returns: whether it was in time. The lock is left on the way: somebody else may have taken the room. */
static gboolean
wait_once (MpipeTaskMailbox *self, guint64 size, gint64 deadline, GCancellable *cancellable)
{
  gboolean in_time = TRUE;
  gulong handler = 0;

  if (cancellable != NULL)
    {
      g_mutex_unlock (&self->lock);
      handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
      g_mutex_lock (&self->lock);
    }
  while (must_wait_locked (self, size, cancellable) && in_time)
    if (deadline < 0)
      g_cond_wait (&self->room, &self->lock);
    else
      in_time = g_cond_wait_until (&self->room, &self->lock, deadline);
  if (handler != 0)
    {
      g_mutex_unlock (&self->lock);
      g_cancellable_disconnect (cancellable, handler);
      g_mutex_lock (&self->lock);
    }
  return in_time;
}

/* Waits with the lock held until there is room, or no reason to wait, or until @deadline: monotonic time, -1 to
 * wait for ever. */
static void
wait_for_room (MpipeTaskMailbox *self, guint64 size, gint64 deadline, GCancellable *cancellable)
{
  gboolean in_time = TRUE;

  while (in_time && must_wait_locked (self, size, cancellable))
    in_time = wait_once (self, size, deadline, cancellable);
}

static void
add_locked (MpipeTaskMailbox *self, MpipeItem *item)
{
  self->n_bytes += item->payload.size;
  self->batch.n_tasks += item->n_tasks;
  mpipe_fifo_push (&self->batch.tasks, item);
}

/* Numbers that are put before the engine has come to take them become a row. */
static gboolean
join_row_locked (MpipeTaskMailbox *self, const MpipePayload *number)
{
  MpipeItem *last = (MpipeItem *) self->batch.tasks.last;

  if (mpipe_fifo_is_empty (&self->batch.tasks) || !last->is_growing
      || !mpipe_payload_append (&last->payload, number))
    return FALSE;
  last->n_tasks++;
  self->batch.n_tasks++;
  self->n_bytes += number->size;
  return TRUE;
}

/* ACCEPTED: @task is taken over, so is a reference to @fds, and @out_id is set. @deadline: monotonic
 * time, -1 to wait for ever, 0 not to wait. */
MpipePutStatus
mpipe_task_mailbox_put (MpipeTaskMailbox *self, MpipePayload *task, gboolean is_number,
                        GUnixFDList *fds, gint64 deadline, GCancellable *cancellable,
                        guint64 *out_id)
{
  gboolean wake;

  g_mutex_lock (&self->lock);
  if (deadline != 0)
    wait_for_room (self, task->size, deadline, cancellable);
  if (self->stopped || !find_room_locked (self, task->size))
    {
      gboolean stopped = self->stopped;

      g_mutex_unlock (&self->lock);
      if (stopped)
        return MPIPE_PUT_STOPPED;
      return g_cancellable_is_cancelled (cancellable) ? MPIPE_PUT_CANCELLED : MPIPE_PUT_FULL;
    }
  *out_id = ++self->last_id;
  is_number &= fds == NULL;
  if (!is_number || !join_row_locked (self, task))
    {
      MpipeItem *item = mpipe_item_new (self->last_id);

      item->payload = *task;
      item->fds = fds != NULL ? g_object_ref (fds) : NULL;
      item->is_growing = is_number;
      add_locked (self, item);
    }
  wake = note_locked (self);
  g_mutex_unlock (&self->lock);
  if (wake)
    self->events->task_came (self->engine);
  return MPIPE_PUT_ACCEPTED;
}

static guint64
get_task_size (const MpipeItem *item)
{
  return item->payload.size / item->n_tasks;
}

/* Puts some of @tasks while there is room for them, with the lock held. */
static gsize
put_some_locked (MpipeTaskMailbox *self, MpipeFifo *tasks)
{
  gsize n = 0;

  while (n < PUT_AT_ONCE && !mpipe_fifo_is_empty (tasks) && !self->stopped)
    {
      MpipeItem *first = (MpipeItem *) tasks->first, *item;
      guint64 room = count_admitted_locked (self, get_task_size (first));

      if (room == 0)
        break;
      item = first->n_tasks > room ? mpipe_item_split (first, (guint) room) : mpipe_fifo_pop (tasks);
      item->id = self->last_id + 1;
      self->last_id += item->n_tasks;
      add_locked (self, item);
      n += item->n_tasks;
    }
  return n;
}

/* Waits for room as often as need be. Takes over those of @tasks, MpipeItem, that were accepted, in their
 * order. Returns: the number of tasks; ACCEPTED: they are all. */
gsize
mpipe_task_mailbox_put_many (MpipeTaskMailbox *self, MpipeFifo *tasks, GCancellable *cancellable,
                             MpipePutStatus *out_status)
{
  gsize n = 0;

  *out_status = MPIPE_PUT_ACCEPTED;
  while (!mpipe_fifo_is_empty (tasks) && *out_status == MPIPE_PUT_ACCEPTED)
    {
      guint64 size = get_task_size ((MpipeItem *) tasks->first);

      g_mutex_lock (&self->lock);
      wait_for_room (self, size, -1, cancellable);
      if (self->stopped)
        *out_status = MPIPE_PUT_STOPPED;
      else if (!has_room_locked (self, size))
        *out_status = MPIPE_PUT_CANCELLED;
      n += put_some_locked (self, tasks);
      unlock_and_wake (self);
    }
  return n;
}

/* Whether a put would be decided now; it may still find the room gone. */
gboolean
mpipe_task_mailbox_has_room (MpipeTaskMailbox *self)
{
  gboolean has_room;

  g_mutex_lock (&self->lock);
  has_room = self->stopped || find_room_locked (self, 0);
  g_mutex_unlock (&self->lock);
  return has_room;
}

/* Something was read that counts no more. */
void
mpipe_task_mailbox_tell_read (MpipeTaskMailbox *self)
{
  gboolean room_came, wake;

  if (!g_atomic_int_get (&self->wants_reads))
    return;
  g_mutex_lock (&self->lock);
  room_came = offer_room_locked (self);
  wake = self->room_left.engine_waits && note_locked (self);
  g_mutex_unlock (&self->lock);
  if (wake)
    self->events->wake (self->engine);
  if (room_came)
    self->events->room_came (self->engine);
}

/* What was read goes back to be counted and freed where it was made; what is counted with the rest of its row does
 * not. */
void
mpipe_task_mailbox_return (MpipeTaskMailbox *self, MpipeItem *item)
{
  gboolean is_sole = item->is_sole;

  mpipe_item_drop_payload (item);
  if (item->is_counted)
    {
      mpipe_item_free (item);
      mpipe_task_mailbox_tell_read (self);
      return;
    }
  if (is_sole)
    mpipe_item_read_rest (item);
  g_mutex_lock (&self->lock);
  if (self->closed)
    {
      mpipe_item_free (item);
      g_mutex_unlock (&self->lock);
      return;
    }
  mpipe_fifo_push (&self->batch.returned, item);
  self->urgent |= self->limited && !is_sole;
  if (self->urgent || self->batch.returned.n >= RETURNED_MAX)
    unlock_and_wake (self);
  else
    g_mutex_unlock (&self->lock);
  if (is_sole)
    mpipe_task_mailbox_tell_read (self);
}

/* Returns: whether it was not stopped before. */
gboolean
mpipe_task_mailbox_stop (MpipeTaskMailbox *self)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  first = !self->stopped;
  self->stopped = TRUE;
  self->batch.stopped = TRUE;
  g_cond_broadcast (&self->room);
  unlock_and_wake (self);
  return first;
}

void
mpipe_task_mailbox_terminate (MpipeTaskMailbox *self)
{
  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  self->batch.stopped = TRUE;
  self->batch.terminated = TRUE;
  g_cond_broadcast (&self->room);
  unlock_and_wake (self);
}

void
mpipe_task_mailbox_cancel (MpipeTaskMailbox *self, guint64 id)
{
  g_mutex_lock (&self->lock);
  if (self->batch.cancelled == NULL)
    self->batch.cancelled = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_array_append_val (self->batch.cancelled, id);
  unlock_and_wake (self);
}

void
mpipe_task_mailbox_accuse (MpipeTaskMailbox *self, const MpipeProducer *producer,
                           const GError *reason)
{
  MpipeAccusation *accusation = g_new (MpipeAccusation, 1);

  accusation->producer = *producer;
  accusation->reason = g_error_copy (reason);
  g_mutex_lock (&self->lock);
  if (self->batch.accusations == NULL)
    self->batch.accusations = g_ptr_array_new_with_free_func (accusation_free);
  g_ptr_array_add (self->batch.accusations, accusation);
  unlock_and_wake (self);
}

/* Returns: how many tasks the engine has not taken yet. */
guint64
mpipe_task_mailbox_get_n_waiting (MpipeTaskMailbox *self)
{
  guint64 n_waiting;

  g_mutex_lock (&self->lock);
  n_waiting = self->batch.n_tasks;
  g_mutex_unlock (&self->lock);
  return n_waiting;
}

guint64
mpipe_task_mailbox_get_n_put (MpipeTaskMailbox *self)
{
  guint64 n_put;

  g_mutex_lock (&self->lock);
  n_put = self->last_id;
  g_mutex_unlock (&self->lock);
  return n_put;
}

gboolean
mpipe_task_mailbox_is_stopped (MpipeTaskMailbox *self)
{
  gboolean stopped;

  g_mutex_lock (&self->lock);
  stopped = self->stopped;
  g_mutex_unlock (&self->lock);
  return stopped;
}

/* Takes all there is; the engine is awake then. */
void
mpipe_task_mailbox_take (MpipeTaskMailbox *self, MpipeTaskBatch *out_batch)
{
  g_mutex_lock (&self->lock);
  *out_batch = self->batch;
  self->batch = (MpipeTaskBatch){ { NULL } };
  if (self->limited)
    {
      count_reads_locked (self); /* those tasks may be there because of what was read */
      self->room_left.n_tasks -= MIN (out_batch->n_tasks, self->room_left.n_tasks);
      self->room_left.n_bytes -= (gint64) self->n_bytes;
      self->room_left.n_there += out_batch->n_tasks;
    }
  self->n_bytes = 0;
  self->urgent = FALSE;
  self->sleeping = FALSE;
  g_mutex_unlock (&self->lock);
}

/* The engine wants to sleep. Returns: FALSE when there is something for it. */
gboolean
mpipe_task_mailbox_sleep (MpipeTaskMailbox *self)
{
  const MpipeTaskBatch *batch = &self->batch;
  gboolean sleeping;

  g_mutex_lock (&self->lock);
  sleeping = mpipe_fifo_is_empty (&batch->tasks) && batch->cancelled == NULL
             && batch->accusations == NULL && !batch->stopped && !batch->terminated
             && !self->urgent && batch->returned.n < RETURNED_MAX;
  self->sleeping = sleeping;
  g_mutex_unlock (&self->lock);
  return sleeping; /* who puts something wakes the engine, and says that it does not sleep */
}

/* From the first time on what is put is counted. Returns: whether there is room and somebody had found none. */
gboolean
mpipe_task_mailbox_allow (MpipeTaskMailbox *self, const MpipeRoom *room)
{
  gboolean room_came;

  g_mutex_lock (&self->lock);
  self->limited = TRUE;
  self->room_left = *room;
  set_room_wanted_locked (self, self->room_wanted);
  room_came = offer_room_locked (self);
  g_mutex_unlock (&self->lock);
  return room_came;
}

/* What is returned to an engine that is gone changes its numbers from the application's threads: this reads one.
 * Returns: FALSE when the engine is there, which alone may read it. */
gboolean
mpipe_task_mailbox_read_closed (MpipeTaskMailbox *self, const MpipeBacklog *backlog,
                                guint64 *out_gross)
{
  gboolean closed;

  g_mutex_lock (&self->lock);
  closed = self->closed;
  if (closed)
    *out_gross = mpipe_backlog_get_gross (backlog);
  g_mutex_unlock (&self->lock);
  return closed;
}

/* The engine is gone: what is returned from now on is freed at once. */
void
mpipe_task_mailbox_close (MpipeTaskMailbox *self)
{
  MpipeFifo returned;

  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  self->stopped = TRUE;
  returned = self->batch.returned;
  self->batch.returned = (MpipeFifo){ NULL };
  mpipe_item_free_all (&returned);
  g_cond_broadcast (&self->room);
  g_mutex_unlock (&self->lock);
}
