/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What the engine tells, in the context of the application: a source that looks into the event mailbox, and
 * into the asynchronous calls that wait. It holds the pipeline weakly. A bounded number of events is told
 * in one go, so that the rest of the main loop has its turn. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#define EVENTS_PER_DISPATCH 256
#define UNCLAIMED_MAX 1000 /* failures kept for a reader who may never come */

typedef struct
{
  GSource source;
  GWeakRef pipeline;
} EventSource;

static gboolean
is_waiting (MpipePipeline *self, GQueue *queue)
{
  gboolean waiting;

  g_mutex_lock (&self->lock);
  waiting = !g_queue_is_empty (queue);
  g_mutex_unlock (&self->lock);
  return waiting;
}

static GTask *
take_call (MpipePipeline *self, GQueue *queue)
{
  GTask *call;

  g_mutex_lock (&self->lock);
  call = g_queue_pop_head (queue);
  g_mutex_unlock (&self->lock);
  return call;
}

static void
put_call_back (MpipePipeline *self, GQueue *queue, GTask *call)
{
  g_mutex_lock (&self->lock);
  g_queue_push_head (queue, call);
  g_mutex_unlock (&self->lock);
}

/* Whether somebody wants the item: a handler, or a call. */
static gboolean
is_wanted (const MpipeItem *first, gpointer user_data)
{
  MpipePipeline *self = user_data;

  if (first->error != NULL && !first->reported && mpipe_pipeline_has_failure_handler (self))
    return TRUE;
  self->emits_results = mpipe_pipeline_has_result_handler (self);
  return self->emits_results || is_waiting (self, &self->getters);
}

/* Cancelled calls */

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_main_context_wakeup (user_data);
}

static void
drop_cancelled (MpipePipeline *self, GQueue *queue, GQueue *out_cancelled)
{
  for (GList *link = queue->head, *next; link != NULL; link = next)
    {
      GTask *call = link->data;

      next = link->next;
      if (!g_cancellable_is_cancelled (g_task_get_cancellable (call)))
        continue;
      g_queue_unlink (queue, link);
      g_queue_push_tail_link (out_cancelled, link);
    }
}

static void
return_cancelled (MpipePipeline *self)
{
  GQueue cancelled = G_QUEUE_INIT;
  GTask *call;

  g_mutex_lock (&self->lock);
  drop_cancelled (self, &self->getters, &cancelled);
  drop_cancelled (self, &self->putters, &cancelled);
  drop_cancelled (self, &self->waiters, &cancelled);
  g_mutex_unlock (&self->lock);
  while ((call = g_queue_pop_head (&cancelled)) != NULL)
    {
      g_task_return_error_if_cancelled (call);
      g_object_unref (call);
    }
}

static gboolean
has_cancelled_in (GQueue *queue)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    if (g_cancellable_is_cancelled (g_task_get_cancellable (link->data)))
      return TRUE;
  return FALSE;
}

static gboolean
has_cancelled (MpipePipeline *self)
{
  gboolean found;

  g_mutex_lock (&self->lock);
  found = has_cancelled_in (&self->getters) || has_cancelled_in (&self->putters)
          || has_cancelled_in (&self->waiters);
  g_mutex_unlock (&self->lock);
  return found;
}

typedef struct
{
  GCancellable *cancellable;
  gulong handler;
} Connection;

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_cancellable_disconnect (connection->cancellable, connection->handler);
  g_object_unref (connection->cancellable);
  g_free (connection);
}

/* Takes @task over; it is completed in the pipeline's context. */
void
mpipe_pipeline_queue_task (MpipePipeline *self, GQueue *queue, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable != NULL)
    {
      Connection *connection = g_new (Connection, 1);

      connection->cancellable = g_object_ref (cancellable);
      connection->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                                   g_main_context_ref (self->context),
                                                   (GDestroyNotify) g_main_context_unref);
      g_object_set_data_full (G_OBJECT (task), "mpipe-connection", connection, connection_free);
    }
  g_mutex_lock (&self->lock);
  g_queue_push_tail (queue, task);
  g_mutex_unlock (&self->lock);
  g_main_context_wakeup (self->context);
}

/* Telling */

/* Keeps a failure that nobody wanted, behind which results go on. */
static void
keep_unclaimed (MpipePipeline *self, MpipeItem *failure)
{
  gboolean kept;

  g_mutex_lock (&self->lock);
  kept = self->unclaimed.n < UNCLAIMED_MAX;
  if (kept)
    mpipe_fifo_push (&self->unclaimed, failure);
  g_mutex_unlock (&self->lock);
  if (!kept)
    mpipe_task_mailbox_return (self->tasks, failure);
}

/* Takes @getter over. */
static void
return_failure (MpipePipeline *self, GTask *getter, MpipeItem *failure)
{
  MpipeResult *data = g_task_get_task_data (getter);

  data->task_id = failure->id;
  g_task_return_error (getter, mpipe_pipeline_take_error (self, failure));
  g_object_unref (getter);
}

static void
tell_failure (MpipePipeline *self, MpipeItem *failure)
{
  GTask *getter;

  if (!failure->reported && mpipe_pipeline_has_failure_handler (self)
      && mpipe_pipeline_report_failure (self, failure))
    {
      mpipe_event_mailbox_wake (self->events);
      return;
    }
  failure->reported = TRUE;
  getter = take_call (self, &self->getters);
  if (getter != NULL)
    return_failure (self, getter, failure);
  else if (mpipe_pipeline_has_result_handler (self))
    keep_unclaimed (self, failure);
  else
    mpipe_event_mailbox_put_back (self->events, failure);
}

static void
tell_result (MpipePipeline *self, MpipeResult *result)
{
  GTask *getter = self->emits_results ? NULL : take_call (self, &self->getters);

  if (getter == NULL)
    {
      mpipe_pipeline_emit_result (self, result);
      g_variant_unref (result->value);
      return;
    }
  *(MpipeResult *) g_task_get_task_data (getter) = *result;
  g_task_return_boolean (getter, TRUE);
  g_object_unref (getter);
}

static gboolean
tell_next_item (MpipePipeline *self)
{
  MpipeItem *item;
  MpipeResult result;

  if (mpipe_event_mailbox_look (self->events, is_wanted, self, 1, &item) != MPIPE_TAKE_ITEM)
    return FALSE;
  if (mpipe_pipeline_open_result (self, item, &result))
    tell_result (self, &result);
  else if (!mpipe_pipeline_collect (self, item))
    tell_failure (self, item);
  return TRUE;
}

static void
tell_notices (MpipePipeline *self)
{
  MpipeNotice *notice;

  while ((notice = mpipe_event_mailbox_take_notice (self->events)) != NULL)
    {
      mpipe_pipeline_emit_notice (self, notice);
      mpipe_notice_free (notice);
    }
}

/* At most as many as can wait: workers may go on reporting meanwhile. */
static void
tell_progress (MpipePipeline *self)
{
  MpipeProgress *progress;

  for (guint n = 0; n < MPIPE_PROGRESS_MAX
                    && (progress = mpipe_event_mailbox_take_progress (self->events)) != NULL;
       n++)
    {
      mpipe_pipeline_emit_task_progress (self, progress);
      mpipe_progress_free (progress);
    }
}

static void
serve_putters (MpipePipeline *self)
{
  GTask *call;

  while ((call = take_call (self, &self->putters)) != NULL)
    if (!mpipe_pipeline_complete_put (self, call))
      {
        put_call_back (self, &self->putters, call);
        return;
      }
}

/* Failures that were kept come before what is next. */
static void
serve_getters (MpipePipeline *self)
{
  while (is_waiting (self, &self->getters))
    {
      MpipeItem *failure;
      GTask *call;

      g_mutex_lock (&self->lock);
      failure = mpipe_fifo_pop (&self->unclaimed);
      g_mutex_unlock (&self->lock);
      if (failure == NULL && !mpipe_event_mailbox_is_ended (self->events))
        return;
      call = take_call (self, &self->getters);
      if (failure != NULL)
        {
          return_failure (self, call, failure);
          continue;
        }
      g_task_return_boolean (call, TRUE); /* without a value: the end */
      g_object_unref (call);
    }
}

/* The end comes after the last thing that somebody wants. */
static void
tell_completed (MpipePipeline *self)
{
  GTask *call;

  if (!mpipe_event_mailbox_is_completed (self->events))
    return;
  if (!self->told_completed)
    {
      self->told_completed = TRUE;
      mpipe_pipeline_notify_counts (self);
      mpipe_pipeline_emit_completed (self);
    }
  while ((call = take_call (self, &self->waiters)) != NULL)
    {
      g_task_return_boolean (call, TRUE);
      g_object_unref (call);
    }
}

static void
tell (MpipePipeline *self)
{
  guint n_told = 0;

  return_cancelled (self);
  if (mpipe_event_mailbox_take_tick (self->events))
    mpipe_pipeline_notify_counts (self);
  tell_notices (self);
  tell_progress (self);
  serve_putters (self);
  serve_getters (self);
  while (n_told < EVENTS_PER_DISPATCH && tell_next_item (self))
    n_told++;
  if (n_told == EVENTS_PER_DISPATCH)
    return;
  serve_getters (self);
  tell_notices (self);
  tell_progress (self);
  tell_completed (self);
}

/* The source */

static gboolean
has_something_to_tell (MpipePipeline *self)
{
  gboolean completed_is_news = !self->told_completed || is_waiting (self, &self->waiters);

  if (!mpipe_event_mailbox_sleep (self->events, is_wanted, self, completed_is_news)
      || has_cancelled (self))
    return TRUE;
  if (is_waiting (self, &self->putters) && mpipe_task_mailbox_has_room (self->tasks))
    return TRUE;
  return is_waiting (self, &self->getters)
         && (!mpipe_fifo_is_empty (&self->unclaimed)
             || mpipe_event_mailbox_is_ended (self->events));
}

static gboolean
event_source_check (GSource *source)
{
  g_autoptr (MpipePipeline) self = g_weak_ref_get (&((EventSource *) source)->pipeline);

  return self != NULL && has_something_to_tell (self);
}

static gboolean
event_source_prepare (GSource *source, int *timeout)
{
  return event_source_check (source);
}

static gboolean
event_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_autoptr (MpipePipeline) self = g_weak_ref_get (&((EventSource *) source)->pipeline);

  if (self == NULL)
    return G_SOURCE_REMOVE;
  tell (self);
  return G_SOURCE_CONTINUE;
}

static void
event_source_finalize (GSource *source)
{
  g_weak_ref_clear (&((EventSource *) source)->pipeline);
}

static GSourceFuncs event_source_funcs = {
  .prepare = event_source_prepare,
  .check = event_source_check,
  .dispatch = event_source_dispatch,
  .finalize = event_source_finalize,
};

GSource *
mpipe_pipeline_create_source (MpipePipeline *self)
{
  GSource *source = g_source_new (&event_source_funcs, sizeof (EventSource));

  g_weak_ref_init (&((EventSource *) source)->pipeline, self);
  g_source_set_static_name (source, "[mpipe] events of a pipeline");
  return source;
}
