/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-retry-queue-private.h"

static void
drop_source (MpipeRetryQueue *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
mpipe_retry_queue_clear (MpipeRetryQueue *self)
{
  drop_source (self);
  mpipe_item_free_all (&self->tasks);
}

static gboolean
due_cb (gpointer user_data)
{
  MpipeRetryQueue *self = user_data;

  g_clear_pointer (&self->source, g_source_unref);
  self->due (self->owner);
  return G_SOURCE_REMOVE;
}

/* Has `due` called when the first task is. */
void
mpipe_retry_queue_wait (MpipeRetryQueue *self, gint64 now)
{
  gint64 first = G_MAXINT64;

  drop_source (self);
  for (MpipeFifoLink *link = self->tasks.first; link != NULL; link = link->next)
    first = MIN (first, ((MpipeItem *) link)->due_at);
  if (first == G_MAXINT64)
    return;
  self->source = g_timeout_source_new ((guint) (MAX (first - now, 0) / 1000 + 1));
  g_source_set_static_name (self->source, "[mpipe] another attempt");
  g_source_set_callback (self->source, due_cb, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/* Takes @task over. */
void
mpipe_retry_queue_add (MpipeRetryQueue *self, MpipeItem *task, guint delay_ms)
{
  gint64 now = g_get_monotonic_time ();

  task->due_at = now + (gint64) delay_ms * 1000;
  mpipe_fifo_push (&self->tasks, task);
  mpipe_retry_queue_wait (self, now);
}

/* Tasks of @id are due now, and to fail. */
void
mpipe_retry_queue_cancel (MpipeRetryQueue *self, guint64 id)
{
  for (MpipeFifoLink *link = self->tasks.first; link != NULL; link = link->next)
    {
      MpipeItem *task = (MpipeItem *) link;

      if (task->id != id)
        continue;
      task->is_cancelled = TRUE;
      task->due_at = 0;
    }
}

/* Returns: (nullable): a task that is due at @now */
MpipeItem *
mpipe_retry_queue_take (MpipeRetryQueue *self, gint64 now)
{
  for (guint n = self->tasks.n; n > 0; n--)
    {
      MpipeItem *task = mpipe_fifo_pop (&self->tasks);

      if (task->due_at <= now)
        return task;
      mpipe_fifo_push (&self->tasks, task);
    }
  return NULL;
}
