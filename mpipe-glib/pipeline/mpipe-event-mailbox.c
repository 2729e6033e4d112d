/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Who waits in a call waits on the condition; who waits in a main loop is woken through its context, and
 * only when it sleeps. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-event-mailbox-private.h"

struct _MpipeEventMailbox
{
  GMutex lock;
  GCond changed;
  guint n_waiting; /* threads that wait on the condition */
  MpipeDriver *driver;
  GThread *waiting_driver; /* the thread that waits by running the engine; only to be compared; NULL */
  GMainContext *application_context;
  gboolean sleeping; /* the main loop has looked, found nothing, and waits */

  MpipeFifo items;
  gboolean has_row; /* atomic: the first item was part of a row when it was looked at last */
  MpipeFifo notices;
  GQueue progress;         /* of MpipeProgress, the one that was told of first in front */
  GHashTable *progress_at; /* of those: progress → its link in the queue */
  GPtrArray *collected;    /* of MpipeFailure */
  gboolean tick; /* counts have changed */
  gboolean started;
  GError *start_error;
  gboolean ended;     /* no more items */
  gboolean completed; /* no more workers either */
};

static guint
progress_hash (gconstpointer key)
{
  const MpipeProgress *progress = key;

  return g_int64_hash (&progress->task_id) ^ g_direct_hash (progress->stage);
}

static gboolean
progress_equal (gconstpointer a, gconstpointer b)
{
  const MpipeProgress *one = a, *other = b;

  return one->task_id == other->task_id && one->stage == other->stage;
}

MpipeEventMailbox *
mpipe_event_mailbox_new (GMainContext *application_context, MpipeDriver *driver)
{
  MpipeEventMailbox *self = g_new0 (MpipeEventMailbox, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->driver = driver;
  self->application_context = g_main_context_ref (application_context);
  g_queue_init (&self->progress);
  self->collected = g_ptr_array_new_with_free_func (g_object_unref);
  self->progress_at = g_hash_table_new (progress_hash, progress_equal);
  return self;
}

void
mpipe_notice_free (MpipeNotice *notice)
{
  g_object_unref (notice->stage);
  g_clear_error (&notice->error);
  g_free (notice);
}

void
mpipe_progress_free (MpipeProgress *progress)
{
  g_object_unref (progress->stage);
  g_free (progress->text);
  g_free (progress);
}

void
mpipe_event_mailbox_free (MpipeEventMailbox *self)
{
  MpipeNotice *notice;

  while ((notice = mpipe_fifo_pop (&self->notices)) != NULL)
    mpipe_notice_free (notice);
  g_ptr_array_unref (self->collected);
  g_hash_table_unref (self->progress_at);
  g_queue_clear_full (&self->progress, (GDestroyNotify) mpipe_progress_free);
  mpipe_item_free_all (&self->items);
  g_clear_error (&self->start_error);
  g_main_context_unref (self->application_context);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
unlock_and_tell (MpipeEventMailbox *self)
{
  gboolean wake = self->sleeping;
  gboolean anybody_waits = self->n_waiting > 0;
  gboolean wake_driver
      = self->waiting_driver != NULL && self->waiting_driver != g_thread_self ();

  self->sleeping = FALSE;
  g_mutex_unlock (&self->lock);
  if (anybody_waits)
    g_cond_broadcast (&self->changed);
  if (wake_driver)
    mpipe_driver_wake (self->driver);
  if (wake)
    g_main_context_wakeup (self->application_context);
}

/* Takes over all of @items and @notices. */
void
mpipe_event_mailbox_deliver (MpipeEventMailbox *self, MpipeFifo *items, MpipeFifo *notices,
                             gboolean tick)
{
  g_mutex_lock (&self->lock);
  mpipe_fifo_append (&self->items, items);
  mpipe_fifo_append (&self->notices, notices);
  self->tick |= tick;
  unlock_and_tell (self);
}

static MpipeProgress *
pop_progress (MpipeEventMailbox *self)
{
  MpipeProgress *progress = g_queue_pop_head (&self->progress);

  if (progress != NULL)
    g_hash_table_remove (self->progress_at, progress);
  return progress;
}

/* What was told before of the same task is forgotten; and when nobody listens, what was told first. */
void
mpipe_event_mailbox_report (MpipeEventMailbox *self, MpipeStage *stage, guint64 task_id,
                            double fraction, const char *text)
{
  MpipeProgress *progress = g_new0 (MpipeProgress, 1), *old = NULL;
  GList *link;

  progress->stage = g_object_ref (stage);
  progress->task_id = task_id;
  progress->fraction = fraction;
  progress->text = g_strdup (text);

  g_mutex_lock (&self->lock);
  link = g_hash_table_lookup (self->progress_at, progress);
  if (link != NULL)
    {
      old = link->data;
      link->data = progress;
    }
  else
    {
      if (self->progress.length >= MPIPE_PROGRESS_MAX)
        old = pop_progress (self);
      g_queue_push_tail (&self->progress, progress);
      link = self->progress.tail;
    }
  g_hash_table_replace (self->progress_at, progress, link);
  unlock_and_tell (self);
  g_clear_pointer (&old, mpipe_progress_free);
}

/* The application's main loop looks again. */
void
mpipe_event_mailbox_wake (MpipeEventMailbox *self)
{
  g_mutex_lock (&self->lock);
  unlock_and_tell (self);
}

/* Takes @error over: why it did not start. */
void
mpipe_event_mailbox_set_started (MpipeEventMailbox *self, GError *error)
{
  g_mutex_lock (&self->lock);
  self->started = TRUE;
  self->start_error = error;
  unlock_and_tell (self);
}

void
mpipe_event_mailbox_set_ended (MpipeEventMailbox *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  unlock_and_tell (self);
}

void
mpipe_event_mailbox_set_completed (MpipeEventMailbox *self)
{
  g_mutex_lock (&self->lock);
  self->completed = TRUE;
  unlock_and_tell (self);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  MpipeEventMailbox *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  mpipe_driver_wake (self->driver);
}

/* Waiting in a call: connect, lock, loop over wait_locked, unlock, disconnect. */
static gulong
begin_waiting (MpipeEventMailbox *self, GCancellable *cancellable)
{
  gulong handler = 0;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  g_mutex_lock (&self->lock);
  self->n_waiting++;
  return handler;
}

static void
end_waiting (MpipeEventMailbox *self, GCancellable *cancellable, gulong handler)
{
  self->n_waiting--;
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
}

static MpipeTakeStatus
look_locked (MpipeEventMailbox *self, MpipeTakeFilter filter, gpointer user_data, guint max,
             MpipeItem **out_item)
{
  MpipeItem *first = (MpipeItem *) self->items.first;

  if (mpipe_fifo_is_empty (&self->items))
    return self->ended ? MPIPE_TAKE_ENDED : MPIPE_TAKE_EMPTY;
  if (filter != NULL && !filter (first, user_data))
    return MPIPE_TAKE_REFUSED;
  g_atomic_int_set (&self->has_row, first->n_tasks > 1);
  *out_item
      = first->n_tasks > max ? mpipe_item_read (first, max) : mpipe_fifo_pop (&self->items);
  return MPIPE_TAKE_ITEM;
}

/* Takes the first item, or the first @max results of a row, if there is one and @filter agrees or is NULL; does not
 * wait. */
MpipeTakeStatus
mpipe_event_mailbox_look (MpipeEventMailbox *self, MpipeTakeFilter filter, gpointer user_data,
                          guint max, MpipeItem **out_item)
{
  MpipeTakeStatus status;

  g_mutex_lock (&self->lock);
  status = look_locked (self, filter, user_data, max, out_item);
  g_mutex_unlock (&self->lock);
  return status;
}

/* Takes the first result of a row, if there is one and more of the same row are behind it. The quick way to numbers:
 * only tried when the last item was one. */
gboolean
mpipe_event_mailbox_read_number (MpipeEventMailbox *self, MpipeNumber *out_number)
{
  MpipeItem *first;
  gboolean is_row;

  if (!g_atomic_int_get (&self->has_row))
    return FALSE;
  g_mutex_lock (&self->lock);
  first = (MpipeItem *) self->items.first;
  is_row = !mpipe_fifo_is_empty (&self->items) && first->n_tasks > 1;
  if (is_row)
    mpipe_item_read_number (first, out_number);
  g_mutex_unlock (&self->lock);
  return is_row;
}

/* The calling thread waits by running the engine, which it has been given: it looks again whenever it is woken. */
gulong
mpipe_event_mailbox_begin_driving (MpipeEventMailbox *self, GCancellable *cancellable)
{
  gulong handler = 0;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  g_mutex_lock (&self->lock);
  self->waiting_driver = g_thread_self ();
  g_mutex_unlock (&self->lock);
  return handler;
}

/* Before it gives the engine back. */
void
mpipe_event_mailbox_end_driving (MpipeEventMailbox *self, GCancellable *cancellable, gulong handler)
{
  g_mutex_lock (&self->lock);
  self->waiting_driver = NULL;
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
}

/* Takes the first item, or the first @max results of a row, and waits for it until @deadline: monotonic time, or -1 to
 * wait for ever. One that @filter refuses is the answer, or, if @patient, is waited for to go. */
MpipeTakeStatus
mpipe_event_mailbox_take (MpipeEventMailbox *self, gint64 deadline, GCancellable *cancellable,
                          MpipeTakeFilter filter, gpointer user_data, gboolean patient, guint max,
                          MpipeItem **out_item)
{
  MpipeTakeStatus status = mpipe_event_mailbox_look (self, filter, user_data, max, out_item);
  gboolean in_time = TRUE;
  gulong handler;

  if (status == MPIPE_TAKE_ITEM || status == MPIPE_TAKE_ENDED)
    return status;
  handler = begin_waiting (self, cancellable);
  for (;;)
    {
      status = look_locked (self, filter, user_data, max, out_item);
      if (status == MPIPE_TAKE_ITEM || status == MPIPE_TAKE_ENDED
          || (status == MPIPE_TAKE_REFUSED && !patient) || !in_time)
        break;
      if (g_cancellable_is_cancelled (cancellable))
        {
          status = MPIPE_TAKE_CANCELLED;
          break;
        }
      if (deadline < 0)
        g_cond_wait (&self->changed, &self->lock);
      else
        in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
    }
  end_waiting (self, cancellable, handler);
  return status;
}

/* An item that was taken becomes the first one again. */
void
mpipe_event_mailbox_put_back (MpipeEventMailbox *self, MpipeItem *item)
{
  g_mutex_lock (&self->lock);
  mpipe_fifo_push_first (&self->items, item);
  unlock_and_tell (self);
}

/* Returns: (nullable): the next of what is to be told, in order */
MpipeNotice *
mpipe_event_mailbox_take_notice (MpipeEventMailbox *self)
{
  MpipeNotice *notice;

  g_mutex_lock (&self->lock);
  notice = mpipe_fifo_pop (&self->notices);
  g_mutex_unlock (&self->lock);
  return notice;
}

/* Returns: (nullable): how far some task is */
MpipeProgress *
mpipe_event_mailbox_take_progress (MpipeEventMailbox *self)
{
  MpipeProgress *progress;

  g_mutex_lock (&self->lock);
  progress = pop_progress (self);
  g_mutex_unlock (&self->lock);
  return progress;
}

gboolean
mpipe_event_mailbox_can_collect (MpipeEventMailbox *self)
{
  gboolean can;

  g_mutex_lock (&self->lock);
  can = self->collected->len < MPIPE_COLLECTED_MAX;
  g_mutex_unlock (&self->lock);
  return can;
}

/* Takes @failure over, and keeps it until it is taken. */
void
mpipe_event_mailbox_collect (MpipeEventMailbox *self, MpipeFailure *failure)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->collected, failure);
  g_mutex_unlock (&self->lock);
}

/* Returns: (transfer full): all that were collected since the last time */
GPtrArray *
mpipe_event_mailbox_take_collected (MpipeEventMailbox *self)
{
  GPtrArray *fresh = g_ptr_array_new_with_free_func (g_object_unref), *collected;

  g_mutex_lock (&self->lock);
  collected = self->collected;
  self->collected = fresh;
  g_mutex_unlock (&self->lock);
  return collected;
}

/* Returns: whether counts have changed since the last time. */
gboolean
mpipe_event_mailbox_take_tick (MpipeEventMailbox *self)
{
  gboolean tick;

  g_mutex_lock (&self->lock);
  tick = self->tick;
  self->tick = FALSE;
  g_mutex_unlock (&self->lock);
  return tick;
}

/* Waits until the workers are ready, or cannot be. */
gboolean
mpipe_event_mailbox_wait_started (MpipeEventMailbox *self, GCancellable *cancellable,
                                  GError **error)
{
  gulong handler = begin_waiting (self, cancellable);
  gboolean started;

  while (!self->started && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  started = self->started && self->start_error == NULL;
  if (self->started && self->start_error != NULL)
    g_propagate_error (error, g_error_copy (self->start_error));
  end_waiting (self, cancellable, handler);
  if (!started && error != NULL && *error == NULL)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return started;
}

/* Waits until all is done, or until @deadline: monotonic time, -1 to wait for ever. FALSE without an error: the
 * time is over. */
gboolean
mpipe_event_mailbox_wait_completed (MpipeEventMailbox *self, gint64 deadline,
                                    GCancellable *cancellable, GError **error)
{
  gulong handler = begin_waiting (self, cancellable);
  gboolean in_time = TRUE;
  gboolean completed;

  while (!self->completed && !g_cancellable_is_cancelled (cancellable) && in_time)
    if (deadline < 0)
      g_cond_wait (&self->changed, &self->lock);
    else
      in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  completed = self->completed;
  end_waiting (self, cancellable, handler);
  if (!completed)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return completed;
}

/* Whether everything was taken and nothing more comes. */
gboolean
mpipe_event_mailbox_is_ended (MpipeEventMailbox *self)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->ended && mpipe_fifo_is_empty (&self->items);
  g_mutex_unlock (&self->lock);
  return ended;
}

gboolean
mpipe_event_mailbox_is_completed (MpipeEventMailbox *self)
{
  gboolean completed;

  g_mutex_lock (&self->lock);
  completed = self->completed;
  g_mutex_unlock (&self->lock);
  return completed;
}

/* The main loop wants to sleep. Returns: FALSE when there is something for it: an item that @filter agrees
 * to, a notice, progress, a tick, or the end, if that is news. */
gboolean
mpipe_event_mailbox_sleep (MpipeEventMailbox *self, MpipeTakeFilter filter, gpointer user_data,
                           gboolean completed_is_news)
{
  gboolean sleeping;

  g_mutex_lock (&self->lock);
  sleeping = mpipe_fifo_is_empty (&self->notices) && self->progress.length == 0 && !self->tick
             && !(self->completed && completed_is_news)
             && (mpipe_fifo_is_empty (&self->items)
                 || !filter ((const MpipeItem *) self->items.first, user_data));
  self->sleeping = sleeping;
  g_mutex_unlock (&self->lock);
  return sleeping;
}
