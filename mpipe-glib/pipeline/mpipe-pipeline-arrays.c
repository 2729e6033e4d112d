/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Many tasks in, and many results out, with one call: for languages in which a call costs more than a task. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include "mpipe-glib/core/mpipe-error.h"

#define RESULTS_AT_ONCE 4096       /* when the caller does not say */
#define BYTES_AT_ONCE (64u << 10) /* results of more are not copied into an array with others */
#define ROW_MAX 4096              /* tasks that travel together as long as nothing parts them */
#define ROW_ALONE_MIN 512         /* so many results are an array without those behind them */

static gboolean
check_type (MpipePipeline *self, GVariant *tasks, GError **error)
{
  if (!g_variant_is_of_type (tasks, G_VARIANT_TYPE_ARRAY))
    return TRUE; /* which is refused where it is taken apart */
  return mpipe_pipeline_check_task_type (
      self, g_variant_type_element (g_variant_get_type (tasks)), error);
}

static void
make_items (MpipePipeline *self, GArray *payloads, MpipeFifo *out_items)
{
  for (guint i = 0; i < payloads->len; i++)
    {
      const MpipePayload *payload = &g_array_index (payloads, MpipePayload, i);
      const MpipeTypeEntry *type = mpipe_type_table_get (self->types, payload->type);
      guint n_tasks = mpipe_type_entry_is_number (type) ? (guint) (payload->size / type->unit) : 1;

      mpipe_fifo_push (out_items, mpipe_item_new_row (payload, n_tasks));
    }
}

/**
 * mpipe_pipeline_put_array:
 * @self: a pipeline
 * @tasks: an array of tasks, of any type `a…` that holds no handles; sunk if it is floating
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds each element of an array to the pipeline, as a task of its own.
 *
 * It does what [method@Mpipe.Pipeline.put] would do for one element after the other, with less effort: an
 * `ax` becomes tasks of type `x`. Ids are given in the order of the array, one after the other unless
 * another thread puts tasks as well. An array of which an element cannot be sent is refused as a whole.
 *
 * Returns: how many tasks were accepted: all of them; or fewer, the first ones, with %MPIPE_ERROR_STOPPED or
 *   %G_IO_ERROR_CANCELLED; or 0 with %MPIPE_ERROR_TYPE or %MPIPE_ERROR_TOO_LARGE
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_array (MpipePipeline *self, GVariant *tasks, GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  g_autoptr (GArray) payloads = NULL;
  MpipeFifo items = { NULL };
  MpipePutStatus status;
  gsize n_accepted;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (tasks != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  sunk = g_variant_ref_sink (tasks);
  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !check_type (self, sunk, error))
    return 0;
  payloads = mpipe_payload_split (sunk, self->types, ROW_MAX, error);
  if (payloads == NULL)
    return 0;
  make_items (self, payloads, &items);
  n_accepted = mpipe_task_mailbox_put_many (self->tasks, &items, cancellable, &status);
  mpipe_item_free_all (&items);
  if (status == MPIPE_PUT_STOPPED)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED,
                 "The pipeline was stopped and takes no more tasks");
  else if (status == MPIPE_PUT_CANCELLED)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return n_accepted;
}

/* Results that are there already, of the type of the first. */

static gboolean
is_of_type (const MpipeItem *item, gpointer type)
{
  return item->error == NULL && item->payload.type == ((const MpipeTypeEntry *) type)->number;
}

static MpipeItem *
take_next (MpipePipeline *self, const MpipeTypeEntry *type, guint max)
{
  MpipeItem *item;

  return mpipe_event_mailbox_look (self->events, is_of_type, (gpointer) type, max, &item)
                 == MPIPE_TAKE_ITEM
             ? item
             : NULL;
}

static GVariant *
collect_numbers (MpipePipeline *self, const MpipeResult *first, guint max,
                 const MpipeTypeEntry *type)
{
  g_autoptr (GByteArray) numbers = g_byte_array_new ();
  g_autoptr (GVariantType) array_type = g_variant_type_new_array (G_VARIANT_TYPE (type->string));
  g_autoptr (GBytes) bytes = NULL;
  guint n = first->n_tasks;
  MpipeItem *item;

  g_byte_array_append (numbers, g_variant_get_data (first->value),
                       (guint) g_variant_get_size (first->value));
  while (n < max && (item = take_next (self, type, max - n)) != NULL)
    {
      if (!mpipe_payload_append_numbers (&item->payload, type, numbers))
        {
          mpipe_event_mailbox_put_back (self->events, item);
          break;
        }
      n += item->n_tasks;
      mpipe_task_mailbox_return (self->tasks, item);
    }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&numbers));
  return g_variant_ref_sink (g_variant_new_from_bytes (array_type, bytes, TRUE));
}

static GVariant *
collect_values (MpipePipeline *self, GVariant *first, guint max, const MpipeTypeEntry *type)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  gsize n_bytes = g_variant_get_size (first);
  MpipeItem *item;

  g_ptr_array_add (values, g_variant_ref (first));
  while (values->len < max && n_bytes < BYTES_AT_ONCE && (item = take_next (self, type, 1)) != NULL)
    {
      MpipeResult result;

      if (!mpipe_pipeline_open_result (self, item, &result))
        {
          /* it is a failure now, which the next call gives */
          mpipe_event_mailbox_put_back (self->events, item);
          break;
        }
      n_bytes += g_variant_get_size (result.value);
      g_ptr_array_add (values, result.value);
    }
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE (type->string),
                                                  (GVariant *const *) values->pdata, values->len));
}

/* Consumes @first. Returns: (transfer full): it and what is behind it, as an array */
static GVariant *
collect (MpipePipeline *self, const MpipeResult *first, guint max)
{
  g_autoptr (GVariant) value = first->value;
  gboolean is_row = first->n_tasks > 1;
  const char *type_string = g_variant_get_type_string (value);
  const MpipeTypeEntry *type
      = mpipe_type_table_add (self->types, is_row ? type_string + 1 : type_string);

  if (is_row && first->n_tasks >= MIN (max, ROW_ALONE_MIN))
    return g_steal_pointer (&value);
  if (mpipe_type_entry_is_number (type))
    return collect_numbers (self, first, max, type);
  return collect_values (self, value, max, type);
}

static MpipeGetStatus
get_array (MpipePipeline *self, gint64 deadline, guint max, GVariant **out_results,
           GCancellable *cancellable, GError **error)
{
  MpipeResult first = { NULL };
  guint at_most = max > 0 ? max : RESULTS_AT_ONCE;
  MpipeGetStatus status
      = mpipe_pipeline_get_row (self, deadline, at_most, cancellable, &first, NULL, error);

  *out_results = first.value != NULL ? collect (self, &first, at_most) : NULL;
  return status;
}

/**
 * mpipe_pipeline_get_array:
 * @self: a pipeline
 * @max: the most results to get, 0 for as many as are good
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next results, as many as there are.
 *
 * It waits for one result, as [method@Mpipe.Pipeline.get] does, and takes along those behind it that are
 * there already and of the same type. It ends before a failure, which the next call reports.
 *
 * Returns: (transfer full) (nullable): an array of at least one result, not floating: `ax` when results are
 *   of type `x`; %NULL as for [method@Mpipe.Pipeline.get]
 *
 * Since: 1.0
 */
GVariant *
mpipe_pipeline_get_array (MpipePipeline *self, guint max, GCancellable *cancellable, GError **error)
{
  GVariant *results;

  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), NULL);
  g_return_val_if_fail (self->engine != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  get_array (self, -1, max, &results, cancellable, error);
  return results;
}

/**
 * mpipe_pipeline_get_array_until:
 * @self: a pipeline
 * @max: the most results to get, 0 for as many as are good
 * @deadline: how long to wait, as a value of g_get_monotonic_time(), in microseconds
 * @out_results: (out) (transfer full) (nullable): the results, if there are any, as
 *   [method@Mpipe.Pipeline.get_array] returns them
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Gets the next results, as many as there are, and waits for the first of them until a certain time.
 *
 * Returns: what was found; with %MPIPE_GET_STATUS_FAILED @error is set, to that of a task or to
 *   %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
MpipeGetStatus
mpipe_pipeline_get_array_until (MpipePipeline *self, guint max, gint64 deadline,
                                GVariant **out_results, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (self->engine != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (out_results != NULL, MPIPE_GET_STATUS_ENDED);
  g_return_val_if_fail (error == NULL || *error == NULL, MPIPE_GET_STATUS_ENDED);

  return get_array (self, MAX (deadline, 0), max, out_results, cancellable, error);
}
