/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks in. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"

/* Whether the first stage takes tasks of @type. */
gboolean
mpipe_pipeline_check_task_type (MpipePipeline *self, const GVariantType *type, GError **error)
{
  const GVariantType *expected = mpipe_stage_get_task_type (self->first);
  g_autofree char *expected_string = NULL;
  g_autofree char *string = NULL;

  if (expected == NULL || g_variant_type_is_subtype_of (type, expected))
    return TRUE;
  expected_string = g_variant_type_dup_string (expected);
  string = g_variant_type_dup_string (type);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "stage “%s” takes tasks of type “%s”, this one is of type “%s”",
               mpipe_stage_get_name (self->first), expected_string, string);
  return FALSE;
}

/* Returns: the id; 0 with an error, or without one when it is full until @deadline. */
guint64
mpipe_pipeline_put_task (MpipePipeline *self, GVariant *task, GUnixFDList *fds, gint64 deadline,
                         GCancellable *cancellable, GError **error)
{
  int n_fds = fds != NULL ? g_unix_fd_list_get_length (fds) : MPIPE_PAYLOAD_NO_HANDLES;
  const MpipeTypeEntry *type;
  MpipePayload payload;
  MpipePutStatus status;
  guint64 id = 0;

  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !mpipe_pipeline_check_task_type (self, g_variant_get_type (task), error)
      || !mpipe_payload_init_with_handles (&payload, task, self->types, n_fds, error))
    return 0;
  type = mpipe_type_table_get (self->types, payload.type);
  status = mpipe_task_mailbox_put (self->tasks, &payload, mpipe_type_entry_is_number (type),
                                   n_fds > 0 ? fds : NULL, deadline, cancellable, &id);
  if (status == MPIPE_PUT_ACCEPTED)
    return id;
  mpipe_payload_clear (&payload);
  if (status == MPIPE_PUT_STOPPED)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED,
                 "The pipeline was stopped and takes no more tasks");
  else if (status == MPIPE_PUT_CANCELLED)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return 0;
}

/**
 * mpipe_pipeline_put:
 * @self: a pipeline
 * @task: (nullable): a task, of any type that holds no handles (see [method@Mpipe.Pipeline.put_with_fds] for
 *   those), up to 1 GiB serialised; sunk if it is floating. %NULL stops the pipeline, like [method@Mpipe.Pipeline.stop]
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task to the pipeline.
 *
 * When a limit is set and reached, the call waits until there is room; see
 * [property@Mpipe.Stage:max-backlog]. Without a limit it never waits. What is accepted ends exactly once:
 * as results, or as one failure.
 *
 * Returns: the id of the task, from 1 on; 0 when @task was %NULL, or with %MPIPE_ERROR_STOPPED,
 *   %MPIPE_ERROR_TYPE, %MPIPE_ERROR_TOO_LARGE or %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put (MpipePipeline *self, GVariant *task, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (task == NULL)
    {
      mpipe_pipeline_stop (self);
      return 0;
    }
  sunk = g_variant_ref_sink (task);
  return mpipe_pipeline_put_task (self, sunk, NULL, -1, cancellable, error);
}

/**
 * mpipe_pipeline_try_put:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put]; sunk if it is floating, also when the pipeline is
 *   full
 * @error: return location for an error
 *
 * Adds a task to the pipeline if that does not have to wait.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline is full; 0 with an error
 *   as for [method@Mpipe.Pipeline.put]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_try_put (MpipePipeline *self, GVariant *task, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (task != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  sunk = g_variant_ref_sink (task);
  return mpipe_pipeline_put_task (self, sunk, NULL, 0, NULL, error);
}

/**
 * mpipe_pipeline_put_until:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put]; sunk if it is floating, also when it is not accepted
 * @deadline: how long to wait for room, as a value of g_get_monotonic_time(), in microseconds
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task to the pipeline, and waits for room until a certain time.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline was full all the time; 0 with an
 *   error as for [method@Mpipe.Pipeline.put]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_until (MpipePipeline *self, GVariant *task, gint64 deadline,
                          GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (task != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  sunk = g_variant_ref_sink (task);
  return mpipe_pipeline_put_task (self, sunk, NULL, MAX (deadline, 0), cancellable, error);
}

/* What an asynchronous call waits with. */
typedef struct
{
  GVariant *task;
  GUnixFDList *fds; /* NULL for none */
} PutCall;

static void
put_call_free (gpointer data)
{
  PutCall *call = data;

  g_variant_unref (call->task);
  g_clear_object (&call->fds);
  g_free (call);
}

void
mpipe_pipeline_put_task_later (MpipePipeline *self, GVariant *task, GUnixFDList *fds,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *call = g_task_new (self, cancellable, callback, user_data);
  PutCall *data = g_new (PutCall, 1);

  data->task = g_variant_ref_sink (task);
  data->fds = fds != NULL ? g_object_ref (fds) : NULL;
  g_task_set_source_tag (call, mpipe_pipeline_put_async);
  g_task_set_task_data (call, data, put_call_free);
  mpipe_pipeline_queue_task (self, &self->putters, call);
}

static void
free_id (gpointer id)
{
  g_free (id);
}

/* Returns: whether @task was completed. Takes it over then. */
gboolean
mpipe_pipeline_complete_put (MpipePipeline *self, GTask *task)
{
  GError *error = NULL;
  const PutCall *call = g_task_get_task_data (task);
  guint64 id = mpipe_pipeline_put_task (self, call->task, call->fds, 0, NULL, &error);

  if (id == 0 && error == NULL)
    return FALSE;
  if (id != 0)
    g_task_return_pointer (task, g_memdup2 (&id, sizeof id), free_id);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
  return TRUE;
}

/**
 * mpipe_pipeline_put_async:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put]; sunk if it is floating
 * @cancellable: (nullable): gives up waiting for room
 * @callback: (nullable): called when the task was accepted, or cannot be
 * @user_data: data for @callback
 *
 * Adds a task to the pipeline, without blocking.
 *
 * Tasks that wait for room are accepted in the order of these calls.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_put_async (MpipePipeline *self, GVariant *task, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);
  g_return_if_fail (task != NULL);

  mpipe_pipeline_put_task_later (self, task, NULL, cancellable, callback, user_data);
}

/**
 * mpipe_pipeline_put_finish:
 * @self: a pipeline
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Mpipe.Pipeline.put_async].
 *
 * Returns: the id of the task, from 1 on; 0 with an error as for [method@Mpipe.Pipeline.put]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_finish (MpipePipeline *self, GAsyncResult *result, GError **error)
{
  g_autofree guint64 *id = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  id = g_task_propagate_pointer (G_TASK (result), error);
  return id != NULL ? *id : 0;
}

static GVariant *
variant_for_bytes (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

/* Returns: (nullable): NULL with an error when it is not UTF-8 */
static GVariant *
variant_for_text (const char *text, GError **error)
{
  if (g_utf8_validate (text, -1, NULL))
    return g_variant_new_string (text);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE, "The text is not valid UTF-8");
  return NULL;
}

/**
 * mpipe_pipeline_put_bytes:
 * @self: a pipeline
 * @task: the task
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task of type `ay` to the pipeline, without a copy.
 *
 * This is [method@Mpipe.Pipeline.put] for languages in which making a [struct@GLib.Variant] of bytes is
 * slow.
 *
 * Returns: the id of the task, from 1 on; 0 with an error as for [method@Mpipe.Pipeline.put]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_bytes (MpipePipeline *self, GBytes *task, GCancellable *cancellable,
                          GError **error)
{
  g_return_val_if_fail (task != NULL, 0);

  return mpipe_pipeline_put (self, variant_for_bytes (task), cancellable, error);
}

/**
 * mpipe_pipeline_try_put_bytes:
 * @self: a pipeline
 * @task: the task
 * @error: return location for an error
 *
 * Adds a task of type `ay` to the pipeline, without a copy, if that does not have to wait.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline is full; 0 with an error
 *   as for [method@Mpipe.Pipeline.put]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_try_put_bytes (MpipePipeline *self, GBytes *task, GError **error)
{
  g_return_val_if_fail (task != NULL, 0);

  return mpipe_pipeline_try_put (self, variant_for_bytes (task), error);
}

/**
 * mpipe_pipeline_put_bytes_async:
 * @self: a pipeline
 * @task: the task
 * @cancellable: (nullable): gives up waiting for room
 * @callback: (nullable): called when the task was accepted, or cannot be
 * @user_data: data for @callback
 *
 * Adds a task of type `ay` to the pipeline, without a copy and without blocking.
 *
 * It is finished by [method@Mpipe.Pipeline.put_finish].
 *
 * Since: 1.0
 */
void
mpipe_pipeline_put_bytes_async (MpipePipeline *self, GBytes *task, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (task != NULL);

  mpipe_pipeline_put_async (self, variant_for_bytes (task), cancellable, callback, user_data);
}

/**
 * mpipe_pipeline_put_text:
 * @self: a pipeline
 * @task: the task, in UTF-8
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task of type `s` to the pipeline.
 *
 * Returns: the id of the task, from 1 on; 0 with an error as for [method@Mpipe.Pipeline.put], which is
 *   %MPIPE_ERROR_TYPE also for what is not UTF-8
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_text (MpipePipeline *self, const char *task, GCancellable *cancellable,
                         GError **error)
{
  GVariant *value;

  g_return_val_if_fail (task != NULL, 0);

  value = variant_for_text (task, error);
  return value != NULL ? mpipe_pipeline_put (self, value, cancellable, error) : 0;
}

/**
 * mpipe_pipeline_try_put_text:
 * @self: a pipeline
 * @task: the task, in UTF-8
 * @error: return location for an error
 *
 * Adds a task of type `s` to the pipeline if that does not have to wait.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline is full; 0 with an error
 *   as for [method@Mpipe.Pipeline.put_text]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_try_put_text (MpipePipeline *self, const char *task, GError **error)
{
  GVariant *value;

  g_return_val_if_fail (task != NULL, 0);

  value = variant_for_text (task, error);
  return value != NULL ? mpipe_pipeline_try_put (self, value, error) : 0;
}

/**
 * mpipe_pipeline_put_text_async:
 * @self: a pipeline
 * @task: the task, in UTF-8
 * @cancellable: (nullable): gives up waiting for room
 * @callback: (nullable): called when the task was accepted, or cannot be
 * @user_data: data for @callback
 *
 * Adds a task of type `s` to the pipeline, without blocking.
 *
 * It is finished by [method@Mpipe.Pipeline.put_finish], with an error as for
 * [method@Mpipe.Pipeline.put_text].
 *
 * Since: 1.0
 */
void
mpipe_pipeline_put_text_async (MpipePipeline *self, const char *task, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  GVariant *value;

  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (task != NULL);

  value = variant_for_text (task, &error);
  if (value != NULL)
    mpipe_pipeline_put_async (self, value, cancellable, callback, user_data);
  else
    g_task_report_error (self, callback, user_data, mpipe_pipeline_put_text_async, error);
}
