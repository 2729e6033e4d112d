/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Results out, by calls. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-failure-private.h"

#define REPORTER_PATIENCE_US 20000 /* how often it is looked whether another thread still runs the context */

void
mpipe_result_free (MpipeResult *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_free (self);
}

/* A result that turns out to be no value becomes a failure, and its worker is called to account. */
static void
reject (MpipePipeline *self, MpipeItem *item, GError *error)
{
  const MpipeProducer *producer = &item->producer;
  g_autoptr (GError) accusation = NULL;

  if (producer->stage == NULL)
    {
      item->error = error;
      return;
    }
  accusation = g_error_copy (error);
  g_prefix_error (&accusation, "gave a bad result: ");
  mpipe_task_mailbox_accuse (self->tasks, producer, accusation);
  item->stage = producer->stage;
  item->error = error;
  g_prefix_error (&item->error,
                  "stage “%s”: worker %u (pid %d) gave task %" G_GUINT64_FORMAT " a bad result: ",
                  mpipe_stage_get_name (producer->stage), producer->index, producer->pid, item->id);
}

/* Returns: whether the failure was collected, and consumed. Others were by the engine. */
gboolean
mpipe_pipeline_collect (MpipePipeline *self, MpipeItem *failure)
{
  if (failure->reported || self->on_failure != MPIPE_ON_FAILURE_COLLECT
      || !mpipe_event_mailbox_can_collect (self->events))
    return FALSE;
  mpipe_event_mailbox_collect (self->events, mpipe_failure_new (failure, self->types));
  mpipe_task_mailbox_return (self->tasks, failure);
  return TRUE;
}

/* Returns: whether @item is a result, and was consumed; if not, it is a failure now. */
gboolean
mpipe_pipeline_open_result (MpipePipeline *self, MpipeItem *item, MpipeResult *out_result)
{
  GError *error = NULL;
  GVariant *value;

  if (item->error != NULL)
    return FALSE;
  value = item->n_tasks > 1 ? mpipe_payload_to_array (&item->payload, self->types)
                            : mpipe_payload_to_variant (&item->payload, self->types, &error);
  if (value == NULL)
    {
      reject (self, item, error);
      return FALSE;
    }
  out_result->value = value;
  out_result->task_id = item->id;
  out_result->n_tasks = item->n_tasks;
  out_result->leaf = item->stage;
  mpipe_task_mailbox_return (self->tasks, item);
  return TRUE;
}

/* Consumes @failure. Returns: (transfer full): why the task failed. */
GError *
mpipe_pipeline_take_error (MpipePipeline *self, MpipeItem *failure)
{
  GError *error = g_steal_pointer (&failure->error);

  mpipe_task_mailbox_return (self->tasks, failure);
  return error;
}

/* Asks the handlers, in the pipeline's context. Returns: whether one has dealt with the failure, which is
 * consumed then. */
gboolean
mpipe_pipeline_report_failure (MpipePipeline *self, MpipeItem *failure)
{
  failure->reported = TRUE;
  if (!mpipe_pipeline_emit_task_failed (self, failure))
    return FALSE;
  mpipe_task_mailbox_return (self->tasks, failure);
  return TRUE;
}

static gboolean
must_be_reported (MpipePipeline *self, const MpipeItem *item)
{
  return item->error != NULL && !item->reported && mpipe_pipeline_has_failure_handler (self);
}

/* A failure that handlers have not seen is not got before they have. */
static gboolean
may_be_got (const MpipeItem *first, gpointer user_data)
{
  return !must_be_reported (user_data, first);
}

/* Reports the failure that is first, when no other thread runs the pipeline's context. Returns: FALSE when
 * one does, and will. */
static gboolean
report_first (MpipePipeline *self)
{
  MpipeItem *item;

  if (!g_main_context_acquire (self->context))
    return FALSE;
  if (mpipe_event_mailbox_look (self->events, NULL, NULL, 1, &item) == MPIPE_TAKE_ITEM
      && (!must_be_reported (self, item) || !mpipe_pipeline_report_failure (self, item)))
    mpipe_event_mailbox_put_back (self->events, item);
  g_main_context_release (self->context);
  return TRUE;
}

static gboolean
has_unclaimed (MpipePipeline *self)
{
  return g_atomic_pointer_get (&self->unclaimed.first) != NULL;
}

static MpipeItem *
take_unclaimed (MpipePipeline *self)
{
  MpipeItem *failure;

  if (!has_unclaimed (self))
    return NULL;
  g_mutex_lock (&self->lock);
  failure = mpipe_fifo_pop (&self->unclaimed);
  g_mutex_unlock (&self->lock);
  return failure;
}

static gboolean
is_over (gint64 deadline)
{
  return deadline >= 0 && g_get_monotonic_time () >= deadline;
}

/* Waits for an item that the caller may have. A failure that the handlers have not seen is left to the thread
 * that runs the context; it may stop doing that without having come to it. */
static MpipeTakeStatus
take_item (MpipePipeline *self, gint64 deadline, GCancellable *cancellable, guint max,
           MpipeItem **out_item)
{
  gint64 patience_end = 0; /* 0: not waiting for that thread */

  for (;;)
    {
      gboolean patient = patience_end != 0;
      gint64 until = !patient ? deadline
                              : (deadline < 0 ? patience_end : MIN (deadline, patience_end));
      MpipeTakeStatus status;

      *out_item = take_unclaimed (self);
      if (*out_item != NULL)
        return MPIPE_TAKE_ITEM;
      status = mpipe_engine_take_item (self->engine, until, cancellable, may_be_got, self,
                                       patient, max, out_item);
      if (status == MPIPE_TAKE_ITEM || status == MPIPE_TAKE_ENDED || status == MPIPE_TAKE_CANCELLED)
        return status;
      patience_end = 0;
      if (status == MPIPE_TAKE_REFUSED && !report_first (self))
        patience_end = g_get_monotonic_time () + REPORTER_PATIENCE_US;
      else if (status == MPIPE_TAKE_REFUSED)
        continue;
      if (is_over (deadline))
        return status;
    }
}

/* Returns: whether there was a number as a result, among others. */
static gboolean
read_number (MpipePipeline *self, MpipeResult *out_result)
{
  MpipeNumber number;

  if (has_unclaimed (self) || !mpipe_event_mailbox_read_number (self->events, &number))
    return FALSE;
  out_result->value = mpipe_payload_to_variant (&number.value, self->types, NULL);
  out_result->task_id = number.id;
  out_result->n_tasks = 1;
  out_result->leaf = number.leaf;
  mpipe_task_mailbox_tell_read (self->tasks);
  return TRUE;
}

/* Waits for the next result until @deadline, -1 for ever. Up to @max of them are given as one array, if they are
 * together. */
MpipeGetStatus
mpipe_pipeline_get_row (MpipePipeline *self, gint64 deadline, guint max, GCancellable *cancellable,
                        MpipeResult *out_result, guint64 *out_failed_id, GError **error)
{
  MpipeItem *item;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return MPIPE_GET_STATUS_FAILED;
  if (max == 1 && read_number (self, out_result))
    return MPIPE_GET_STATUS_RESULT;
  for (;;)
    switch (take_item (self, deadline, cancellable, max, &item))
      {
      case MPIPE_TAKE_ITEM:
        if (mpipe_pipeline_open_result (self, item, out_result))
          return MPIPE_GET_STATUS_RESULT;
        if (mpipe_pipeline_collect (self, item))
          break;
        if (must_be_reported (self, item))
          {
            mpipe_event_mailbox_put_back (self->events, item);
            break;
          }
        if (out_failed_id != NULL)
          *out_failed_id = item->id;
        g_propagate_error (error, mpipe_pipeline_take_error (self, item));
        return MPIPE_GET_STATUS_FAILED;
      case MPIPE_TAKE_ENDED:
        return MPIPE_GET_STATUS_ENDED;
      case MPIPE_TAKE_CANCELLED:
        g_cancellable_set_error_if_cancelled (cancellable, error);
        return MPIPE_GET_STATUS_FAILED;
      case MPIPE_TAKE_EMPTY:
      case MPIPE_TAKE_REFUSED:
      default:
        return MPIPE_GET_STATUS_EMPTY;
      }
}

static MpipeGetStatus
get (MpipePipeline *self, gint64 deadline, GCancellable *cancellable, MpipeResult *out_result,
     guint64 *out_failed_id, GError **error)
{
  return mpipe_pipeline_get_row (self, deadline, 1, cancellable, out_result, out_failed_id, error);
}

/**
 * mpipe_pipeline_get:
 * @self: a pipeline
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, and waits for it if need be.
 *
 * Results of several leaves come as they are given. When a task has failed, and no handler of
 * [signal@Mpipe.Pipeline::task-failed] has dealt with it, the call fails once in its place; the next call
 * goes on behind it. Results that were not read when the pipeline completed can be got as long as it
 * exists. While a handler is connected to [signal@Mpipe.Pipeline::result] and its context runs, there is
 * nothing left to get.
 *
 * Returns: (transfer full) (nullable): the result, not floating; %NULL without an error when the pipeline
 *   was stopped and there are no more; %NULL with the error of a task, or with %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
GVariant *
mpipe_pipeline_get (MpipePipeline *self, GCancellable *cancellable, GError **error)
{
  return mpipe_pipeline_get_full (self, NULL, NULL, cancellable, error);
}

/**
 * mpipe_pipeline_get_full:
 * @self: a pipeline
 * @out_task_id: (out) (optional): the task from which the result comes, as [method@Mpipe.Pipeline.put]
 *   returned it; or the task that failed; 0 when there is none
 * @out_leaf: (out) (optional) (transfer none) (nullable): the stage that gave the result
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, as [method@Mpipe.Pipeline.get] does, and tells from which task and stage it comes.
 *
 * Returns: (transfer full) (nullable): the result, not floating; %NULL as for [method@Mpipe.Pipeline.get]
 *
 * Since: 1.0
 */
GVariant *
mpipe_pipeline_get_full (MpipePipeline *self, guint64 *out_task_id, MpipeStage **out_leaf,
                         GCancellable *cancellable, GError **error)
{
  MpipeResult result = { NULL };

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (self->engine != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  get (self, -1, cancellable, &result, &result.task_id, error);
  if (out_task_id != NULL)
    *out_task_id = result.task_id;
  if (out_leaf != NULL)
    *out_leaf = result.leaf;
  return result.value;
}

/**
 * mpipe_pipeline_try_get:
 * @self: a pipeline
 * @out_result: (out) (transfer full) (nullable): the result, if there is one
 * @error: return location for an error
 *
 * Gets the next result if there is one already.
 *
 * Returns: what was found; with %MPIPE_GET_STATUS_FAILED @error is set, to that of a task
 *
 * Since: 1.0
 */
MpipeGetStatus
mpipe_pipeline_try_get (MpipePipeline *self, GVariant **out_result, GError **error)
{
  return mpipe_pipeline_get_until (self, 0, out_result, NULL, error);
}

/**
 * mpipe_pipeline_get_until:
 * @self: a pipeline
 * @deadline: how long to wait, as a value of g_get_monotonic_time(), in microseconds
 * @out_result: (out) (transfer full) (nullable): the result, if there is one
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, and waits for it until a certain time.
 *
 * Returns: what was found; with %MPIPE_GET_STATUS_FAILED @error is set, to that of a task or to
 *   %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
MpipeGetStatus
mpipe_pipeline_get_until (MpipePipeline *self, gint64 deadline, GVariant **out_result,
                          GCancellable *cancellable, GError **error)
{
  MpipeResult result = { NULL };
  MpipeGetStatus status;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (self->engine != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (out_result != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (error == NULL || *error == NULL, MPIPE_GET_STATUS_ENDED);

  status = get (self, MAX (deadline, 0), cancellable, &result, NULL, error);
  *out_result = result.value;
  return status;
}

/**
 * mpipe_pipeline_get_full_until:
 * @self: a pipeline
 * @deadline: how long to wait, as a value of g_get_monotonic_time(), in microseconds
 * @out_result: (out) (transfer full) (nullable): the result, if there is one
 * @out_task_id: (out) (optional): as for [method@Mpipe.Pipeline.get_full]
 * @out_leaf: (out) (optional) (transfer none) (nullable): the stage that gave the result
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, as [method@Mpipe.Pipeline.get_until] does, and tells from which task and stage it
 * comes.
 *
 * Returns: what was found; with %MPIPE_GET_STATUS_FAILED @error is set, to that of a task or to
 *   %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
MpipeGetStatus
mpipe_pipeline_get_full_until (MpipePipeline *self, gint64 deadline, GVariant **out_result,
                               guint64 *out_task_id, MpipeStage **out_leaf,
                               GCancellable *cancellable, GError **error)
{
  MpipeResult result = { NULL };
  MpipeGetStatus status;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (self->engine != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (out_result != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (error == NULL || *error == NULL, MPIPE_GET_STATUS_ENDED);

  status = get (self, MAX (deadline, 0), cancellable, &result, &result.task_id, error);
  *out_result = result.value;
  if (out_task_id != NULL)
    *out_task_id = result.task_id;
  if (out_leaf != NULL)
    *out_leaf = result.leaf;
  return status;
}

/**
 * mpipe_pipeline_get_async:
 * @self: a pipeline
 * @cancellable: (nullable): ends the waiting
 * @callback: (nullable): called when there is a result, or there will be none
 * @user_data: data for @callback
 *
 * Gets the next result, without blocking.
 *
 * Several calls get results in the order in which they were made.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_get_async (MpipePipeline *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *call;

  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);

  call = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (call, mpipe_pipeline_get_async);
  g_task_set_task_data (call, g_new0 (MpipeResult, 1), (GDestroyNotify) mpipe_result_free);
  mpipe_pipeline_queue_task (self, &self->getters, call);
}

/**
 * mpipe_pipeline_get_finish:
 * @self: a pipeline
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Mpipe.Pipeline.get_async].
 *
 * Returns: (transfer full) (nullable): the result, not floating; %NULL as for [method@Mpipe.Pipeline.get]
 *
 * Since: 1.0
 */
GVariant *
mpipe_pipeline_get_finish (MpipePipeline *self, GAsyncResult *result, GError **error)
{
  return mpipe_pipeline_get_full_finish (self, result, NULL, NULL, error);
}

/**
 * mpipe_pipeline_get_full_finish:
 * @self: a pipeline
 * @result: what the callback got
 * @out_task_id: (out) (optional): the task from which the result comes, as [method@Mpipe.Pipeline.put]
 *   returned it; or the task that failed; 0 when there is none
 * @out_leaf: (out) (optional) (transfer none) (nullable): the stage that gave the result
 * @error: return location for an error
 *
 * Finishes [method@Mpipe.Pipeline.get_async], as [method@Mpipe.Pipeline.get_finish] does, and tells from
 * which task and stage the result comes.
 *
 * Returns: (transfer full) (nullable): the result, not floating; %NULL as for [method@Mpipe.Pipeline.get]
 *
 * Since: 1.0
 */
GVariant *
mpipe_pipeline_get_full_finish (MpipePipeline *self, GAsyncResult *result, guint64 *out_task_id,
                                MpipeStage **out_leaf, GError **error)
{
  MpipeResult *got;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  got = g_task_get_task_data (G_TASK (result));
  if (out_task_id != NULL)
    *out_task_id = got->task_id;
  if (out_leaf != NULL)
    *out_leaf = got->leaf;
  return g_task_propagate_boolean (G_TASK (result), error) ? g_steal_pointer (&got->value) : NULL;
}

static gboolean
check_is (GVariant *value, const GVariantType *type, GError **error)
{
  g_autofree char *expected = NULL;

  if (g_variant_is_of_type (value, type))
    return TRUE;
  expected = g_variant_type_dup_string (type);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "The result is of type “%s”, not “%s”; it was consumed",
               g_variant_get_type_string (value), expected);
  return FALSE;
}

/**
 * mpipe_pipeline_take_failures:
 * @self: a pipeline
 *
 * Takes the failures that were collected since the last call, with their tasks.
 *
 * This is for pipelines whose [property@Mpipe.Pipeline:on-failure] is %MPIPE_ON_FAILURE_COLLECT. Their tasks can be
 * stored, or corrected and put again. It does not wait; after [method@Mpipe.Pipeline.wait] has returned there come
 * no more, except for results that turn out to be no values when they are read. A thousand failures are kept;
 * while nobody takes them, further ones are reported as with %MPIPE_ON_FAILURE_REPORT. While failures are collected,
 * the pipeline keeps every task until all that came of it was taken.
 *
 * Returns: (transfer container) (element-type MpipeFailure): the failures, in the order in which they came; there may
 *   be none
 *
 * Since: 1.0
 */
GPtrArray *
mpipe_pipeline_take_failures (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (self->engine != NULL, NULL);

  return mpipe_event_mailbox_take_collected (self->events);
}

/**
 * mpipe_pipeline_get_bytes:
 * @self: a pipeline
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, which is of type `ay`, without a copy.
 *
 * This is [method@Mpipe.Pipeline.get] for languages in which reading a [struct@GLib.Variant] of bytes is
 * slow.
 *
 * Returns: (transfer full) (nullable): the bytes; %NULL as for [method@Mpipe.Pipeline.get], or with
 *   %MPIPE_ERROR_TYPE when the result is of another type
 *
 * Since: 1.0
 */
GBytes *
mpipe_pipeline_get_bytes (MpipePipeline *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) value = mpipe_pipeline_get (self, cancellable, error);

  if (value == NULL || !check_is (value, G_VARIANT_TYPE_BYTESTRING, error))
    return NULL;
  return g_variant_get_data_as_bytes (value);
}

/**
 * mpipe_pipeline_get_text:
 * @self: a pipeline
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next result, which is of type `s`.
 *
 * Returns: (transfer full) (nullable): the text, in UTF-8; %NULL as for [method@Mpipe.Pipeline.get], or
 *   with %MPIPE_ERROR_TYPE when the result is of another type
 *
 * Since: 1.0
 */
char *
mpipe_pipeline_get_text (MpipePipeline *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) value = mpipe_pipeline_get (self, cancellable, error);

  if (value == NULL || !check_is (value, G_VARIANT_TYPE_STRING, error))
    return NULL;
  return g_variant_dup_string (value, NULL);
}
