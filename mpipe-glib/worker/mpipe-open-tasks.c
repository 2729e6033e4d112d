/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks are begun and cancelled on the worker's thread; they give results and end on any. An answer of another
 * thread leaves at once, and wakes the worker's context, which may begin the next task. So does every answer
 * where several tasks may be open: one that has ended must not be blamed for what another does.
 *
 * The lock is held while an answer leaves: a task that has ended is not counted before it was said. No code
 * of the user runs under it. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-open-tasks-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

typedef struct
{
  guint64 sequence; /* the key */
  GCancellable *cancellable;
  gboolean has_put;
} OpenTask;

struct _MpipeOpenTasks
{
  gatomicrefcount n_refs;
  MpipeOpenTasksOptions options;
  GThread *thread; /* of the worker; only to be compared */

  GMutex lock;
  MpipeOutbox *outbox;   /* of the loop; NULL when that has ended: answers go nowhere then */
  MpipePage *page;       /* of the loop; NULL when there is none */
  GMainContext *context; /* of the worker; NULL when the loop has ended */
  GHashTable *tasks;     /* of OpenTask, by its sequence */
  gint64 busy_since;     /* when the first of those that are open began */
};

static void
open_task_free (gpointer data)
{
  OpenTask *task = data;

  g_object_unref (task->cancellable);
  g_free (task);
}

/* On the worker's thread; @outbox and @page are there until mpipe_open_tasks_close(). */
MpipeOpenTasks *
mpipe_open_tasks_new (MpipeOutbox *outbox, MpipePage *page, GMainContext *context,
                      const MpipeOpenTasksOptions *options)
{
  MpipeOpenTasks *self = g_new0 (MpipeOpenTasks, 1);

  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->outbox = outbox;
  self->page = page;
  self->options = *options;
  self->context = g_main_context_ref (context);
  self->thread = g_thread_self ();
  self->tasks = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, open_task_free);
  return self;
}

MpipeOpenTasks *
mpipe_open_tasks_ref (MpipeOpenTasks *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_open_tasks_unref (MpipeOpenTasks *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  g_hash_table_unref (self->tasks);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The loop has ended: what is still open gives no answer any more. */
void
mpipe_open_tasks_close (MpipeOpenTasks *self)
{
  g_mutex_lock (&self->lock);
  self->outbox = NULL;
  self->page = NULL;
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_unlock (&self->lock);
}

guint
mpipe_open_tasks_get_n (MpipeOpenTasks *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->tasks);
  g_mutex_unlock (&self->lock);
  return n;
}

/* Tells the pipeline that a task begins. With a page it can see that for itself, and needs to be told when
 * only if there may be several; without one it must know before anything can happen to the task. */
static gboolean
tell_begin (MpipeOpenTasks *self, guint64 sequence, gint64 now, GError **error)
{
  if (self->page != NULL && !mpipe_page_begin (self->page, sequence, now))
    {
      mpipe_outbox_add (self->outbox, MPIPE_FRAME_SKIPPED, sequence);
      return FALSE;
    }
  if (self->page == NULL || self->options.several)
    mpipe_outbox_add (self->outbox, MPIPE_FRAME_START, sequence);
  return self->page != NULL ? mpipe_outbox_flush_if_due (self->outbox, now, error)
                            : mpipe_outbox_flush (self->outbox, error);
}

static gboolean
check_not_open (MpipeOpenTasks *self, guint64 sequence, GError **error)
{
  if (!g_hash_table_contains (self->tasks, &sequence))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
               "received a task of number %" G_GUINT64_FORMAT ", which is that of an open one",
               sequence);
  return FALSE;
}

/* Returns: FALSE without an error when the task was taken back, and is not to be done; with one when the
 * channel has ended, or there is such a task. */
gboolean
mpipe_open_tasks_begin (MpipeOpenTasks *self, guint64 sequence, GCancellable *cancellable,
                        GError **error)
{
  gint64 now = g_get_monotonic_time ();
  gboolean begun;

  g_mutex_lock (&self->lock);
  begun = check_not_open (self, sequence, error) && tell_begin (self, sequence, now, error);
  if (begun)
    {
      OpenTask *task = g_new0 (OpenTask, 1);

      if (g_hash_table_size (self->tasks) == 0)
        self->busy_since = now;
      task->sequence = sequence;
      task->cancellable = g_object_ref (cancellable);
      g_hash_table_insert (self->tasks, &task->sequence, task);
    }
  g_mutex_unlock (&self->lock);
  return begun;
}

/* Results leave at once. */
gboolean
mpipe_open_tasks_put (MpipeOpenTasks *self, guint64 sequence, GVariant *result, GError **error)
{
  OpenTask *task;
  gboolean put = FALSE;

  g_mutex_lock (&self->lock);
  task = g_hash_table_lookup (self->tasks, &sequence);
  if (task == NULL || self->outbox == NULL)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                 "A result can be put only while its task is being done");
  else
    {
      task->has_put = TRUE;
      put = mpipe_outbox_add_value (self->outbox, sequence, result, FALSE, error)
            && mpipe_outbox_flush (self->outbox, error);
    }
  g_mutex_unlock (&self->lock);
  return put;
}

static void
flush_soon (MpipeOpenTasks *self)
{
  if (g_thread_self () == self->thread)
    mpipe_outbox_flush_if_due (self->outbox, g_get_monotonic_time (), NULL);
  else
    mpipe_outbox_flush (self->outbox, NULL);
}

void
mpipe_open_tasks_report (MpipeOpenTasks *self, guint64 sequence, double fraction, const char *text)
{
  g_autoptr (GBytes) bytes = mpipe_message_progress_to_bytes (fraction, text);

  g_mutex_lock (&self->lock);
  if (self->outbox != NULL && g_hash_table_contains (self->tasks, &sequence))
    {
      mpipe_outbox_add_bytes (self->outbox, MPIPE_FRAME_PROGRESS, sequence, bytes);
      flush_soon (self);
    }
  g_mutex_unlock (&self->lock);
}

static void
add_answer (MpipeOpenTasks *self, guint64 sequence, GVariant *result, const GError *reason)
{
  g_autoptr (GError) error = NULL;

  if (reason == NULL && result != NULL && !self->options.disable_result
      && mpipe_outbox_add_value (self->outbox, sequence, result, TRUE, &error))
    return;
  if (reason != NULL || error != NULL)
    mpipe_outbox_add_failure (self->outbox, sequence, reason != NULL ? reason : error);
  else
    mpipe_outbox_add (self->outbox, MPIPE_FRAME_DONE, sequence);
}

/* Results that were put have gone already: the word that the task has ended goes as well before another
 * task may be to blame for the end of the worker, or this one would be done again. */
static void
send_answer (MpipeOpenTasks *self, OpenTask *task, GVariant *result, const GError *reason)
{
  add_answer (self, task->sequence, result, reason);
  if (self->options.several || task->has_put)
    mpipe_outbox_flush (self->outbox, NULL);
  else
    flush_soon (self);
}

static void
remove_task (MpipeOpenTasks *self, OpenTask *task)
{
  g_hash_table_steal (self->tasks, &task->sequence);
  if (self->page != NULL && g_hash_table_size (self->tasks) == 0)
    mpipe_page_end (self->page, g_get_monotonic_time () - self->busy_since);
}

/* Ends a task: with @reason it has failed. Returns: FALSE when it has ended before. */
gboolean
mpipe_open_tasks_end (MpipeOpenTasks *self, guint64 sequence, GVariant *result,
                      const GError *reason)
{
  OpenTask *task;

  g_mutex_lock (&self->lock);
  task = g_hash_table_lookup (self->tasks, &sequence);
  if (task != NULL && self->outbox != NULL)
    send_answer (self, task, result, reason);
  if (task != NULL)
    remove_task (self, task);
  if (self->context != NULL && g_thread_self () != self->thread)
    g_main_context_wakeup (self->context);
  g_mutex_unlock (&self->lock);
  if (task == NULL)
    return FALSE;
  open_task_free (task);
  return TRUE;
}

/* Returns: FALSE when there is no such task. */
gboolean
mpipe_open_tasks_cancel (MpipeOpenTasks *self, guint64 sequence)
{
  g_autoptr (GCancellable) cancellable = NULL;
  OpenTask *task;

  g_mutex_lock (&self->lock);
  task = g_hash_table_lookup (self->tasks, &sequence);
  if (task != NULL)
    cancellable = g_object_ref (task->cancellable);
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (cancellable);
  return task != NULL;
}
