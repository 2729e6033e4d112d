/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The end: of the input, of everything, of one task; and waiting for it. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

/**
 * mpipe_pipeline_stop:
 * @self: a pipeline
 *
 * Ends the input.
 *
 * The pipeline goes on with the tasks it has accepted; its workers end when they are done. Results stay
 * readable until they are read. Tasks that are put later are refused with %MPIPE_ERROR_STOPPED. Stopping
 * twice changes nothing.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_stop (MpipePipeline *self)
{
  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);

  if (mpipe_task_mailbox_stop (self->tasks))
    g_object_notify (G_OBJECT (self), "state");
}

/**
 * mpipe_pipeline_terminate:
 * @self: a pipeline
 *
 * Ends everything now, without waiting for it.
 *
 * Workers are ended in the middle of their tasks. Each task that has not ended fails with
 * %G_IO_ERROR_CANCELLED. Results that were there already stay readable.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_terminate (MpipePipeline *self)
{
  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);

  mpipe_task_mailbox_terminate (self->tasks);
  g_object_notify (G_OBJECT (self), "state");
}

/**
 * mpipe_pipeline_cancel_task:
 * @self: a pipeline
 * @task_id: a task, as [method@Mpipe.Pipeline.put] returned it
 *
 * Asks for one task to fail with %G_IO_ERROR_CANCELLED if it has not ended yet.
 *
 * When the task waits, no worker gets it; when a worker is on it, that process is ended and replaced, and
 * no other task suffers. Results of the task that have left their stage go on. A task that ends before the
 * request arrives is not changed.
 *
 * Returns: %TRUE when the request was made; %FALSE when there is no such task, or the pipeline has
 *   completed
 *
 * Since: 1.0
 */
gboolean
mpipe_pipeline_cancel_task (MpipePipeline *self, guint64 task_id)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (self->engine != NULL, FALSE);

  if (task_id == 0 || task_id > mpipe_task_mailbox_get_n_put (self->tasks)
      || mpipe_event_mailbox_is_completed (self->events))
    return FALSE;
  mpipe_task_mailbox_cancel (self->tasks, task_id);
  return TRUE;
}

/**
 * mpipe_pipeline_wait:
 * @self: a pipeline that was stopped or terminated, or will be by another thread
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Waits until the pipeline has worked off everything and its workers are gone.
 *
 * Results need not be read before, unless a stage has a limit: then what is full does not complete.
 *
 * Returns: %TRUE, or %FALSE with %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
mpipe_pipeline_wait (MpipePipeline *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (self->engine != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return mpipe_event_mailbox_wait_completed (self->events, -1, cancellable, error);
}

/**
 * mpipe_pipeline_wait_until:
 * @self: a pipeline, as for [method@Mpipe.Pipeline.wait]
 * @deadline: how long to wait, as a value of g_get_monotonic_time(), in microseconds
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Waits until the pipeline has worked off everything and its workers are gone, or until a certain time.
 *
 * Returns: %TRUE when that is so; %FALSE without an error when it was not in time; %FALSE with
 *   %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
mpipe_pipeline_wait_until (MpipePipeline *self, gint64 deadline, GCancellable *cancellable,
                           GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), FALSE);
  g_return_val_if_fail (self->engine != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return mpipe_event_mailbox_wait_completed (self->events, MAX (deadline, 0), cancellable, error);
}

/**
 * mpipe_pipeline_wait_async:
 * @self: a pipeline
 * @cancellable: (nullable): ends the waiting
 * @callback: (nullable): called when the pipeline has completed
 * @user_data: data for @callback
 *
 * Waits, without blocking, until the pipeline has worked off everything and its workers are gone.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_wait_async (MpipePipeline *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, mpipe_pipeline_wait_async);
  mpipe_pipeline_queue_task (self, &self->waiters, task);
}

/**
 * mpipe_pipeline_wait_finish:
 * @self: a pipeline
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Mpipe.Pipeline.wait_async].
 *
 * Returns: %TRUE, or %FALSE with %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
mpipe_pipeline_wait_finish (MpipePipeline *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
