/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/worker/mpipe-outbox-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"

#define FLUSH_AFTER_US 200           /* an answer waits no longer than this while tasks go on */
#define FLUSH_ABOVE_BYTES (64u << 10) /* nor with more than this */

struct _MpipeOutbox
{
  GMutex lock;
  MpipeChannel *channel; /* its sending half; owned by the loop */
  MpipeTypeTable *types;
  MpipeTypeMap *announced;
  GVariantType *result_type; /* that results must have; NULL for any */
  MpipeLoans *loans; /* tasks in shared memory, which results may be parts of; NULL when there is none */
  MpipeTray *tray;   /* for large results; owned by the loop, NULL when there is none */
  gsize n_shared;    /* unsent bytes that lie in shared memory */
  gint64 oldest; /* when the oldest unsent answer was first seen waiting; 0 when unknown or none */
  gboolean alarmed;
  MpipeOutboxAlarm alarm; /* NULL when nobody would come to flush */
  gpointer alarm_data;
};

MpipeOutbox *
mpipe_outbox_new (MpipeChannel *channel, MpipeTypeTable *types)
{
  MpipeOutbox *self = g_new0 (MpipeOutbox, 1);

  g_mutex_init (&self->lock);
  self->channel = channel;
  self->types = mpipe_type_table_ref (types);
  self->announced = mpipe_type_map_new (types);
  return self;
}

void
mpipe_outbox_free (MpipeOutbox *self)
{
  if (self == NULL)
    return;
  if (self->loans != NULL)
    mpipe_loans_set_listener (self->loans, NULL, NULL);
  g_clear_pointer (&self->loans, mpipe_loans_unref);
  mpipe_type_map_free (self->announced);
  mpipe_type_table_unref (self->types);
  g_clear_pointer (&self->result_type, g_variant_type_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
mpipe_outbox_set_alarm (MpipeOutbox *self, MpipeOutboxAlarm alarm, gpointer user_data)
{
  self->alarm = alarm;
  self->alarm_data = user_data;
}

/* The outbox may be locked: the alarm is all there is to be done. */
static void
returned_cb (gpointer user_data)
{
  MpipeOutbox *self = user_data;

  if (self->alarm != NULL)
    self->alarm (self->alarm_data);
}

/* Once, before there are results; each may be NULL. */
void
mpipe_outbox_share_memory (MpipeOutbox *self, MpipeLoans *loans, MpipeTray *tray)
{
  self->tray = tray;
  if (loans == NULL)
    return;
  self->loans = mpipe_loans_ref (loans);
  mpipe_loans_set_listener (loans, returned_cb, self);
}

/* Once, before there are results; NULL for any type. */
void
mpipe_outbox_set_result_type (MpipeOutbox *self, const char *result_type)
{
  self->result_type = result_type != NULL ? g_variant_type_new (result_type) : NULL;
}

void
mpipe_outbox_add (MpipeOutbox *self, guint8 kind, guint64 sequence)
{
  MpipeFrameHeader header = { .kind = kind, .sequence = sequence };

  g_mutex_lock (&self->lock);
  mpipe_channel_send (self->channel, &header, NULL, NULL);
  g_mutex_unlock (&self->lock);
}

void
mpipe_outbox_add_bytes (MpipeOutbox *self, guint8 kind, guint64 sequence, GBytes *bytes)
{
  MpipeFrameHeader header
      = { .kind = kind, .sequence = sequence, .size = g_bytes_get_size (bytes) };

  g_mutex_lock (&self->lock);
  mpipe_channel_send (self->channel, &header, g_bytes_get_data (bytes, NULL), NULL);
  g_mutex_unlock (&self->lock);
}

/* Returns: whether the result needs only be told of: it is a part of its task, or fits into the tray */
static gboolean
place_result (MpipeOutbox *self, MpipeFrameHeader *header, const guint8 *data,
              MpipeSharedPlace *out_place)
{
  gsize size = header->size;

  if (size < MPIPE_SHARED_SIZE_MIN)
    return FALSE;
  if (self->loans != NULL
      && mpipe_loans_find (self->loans, header->sequence, data, size, &out_place->offset))
    header->flags |= MPIPE_FRAME_FLAG_OF_TASK;
  else if (self->tray == NULL || !mpipe_tray_put (self->tray, data, size, &out_place->offset))
    return FALSE;
  out_place->size = size;
  header->flags |= MPIPE_FRAME_FLAG_SHARED;
  header->size = sizeof *out_place;
  self->n_shared += size;
  return TRUE;
}

/* The last results of tasks that follow each other; numbers. They may go together with those before them. */
static void
add_row (MpipeOutbox *self, guint64 first, const MpipePayload *results, gsize unit)
{
  MpipeFrameHeader header = {
    .kind = MPIPE_FRAME_RESULTS,
    .type = results->type,
    .sequence = first,
    .size = results->size,
  };

  g_mutex_lock (&self->lock);
  mpipe_type_map_announce (self->announced, self->channel, results->type);
  mpipe_channel_send_row (self->channel, &header, unit, mpipe_payload_get_data (results),
                          mpipe_payload_get_buffer (results));
  g_mutex_unlock (&self->lock);
}

static void
add_one (MpipeOutbox *self, guint64 sequence, const MpipePayload *result, gboolean last)
{
  const guint8 *data = mpipe_payload_get_data (result);
  MpipeSharedPlace place;
  MpipeFrameHeader header = {
    .kind = MPIPE_FRAME_RESULT,
    .flags = last ? MPIPE_FRAME_FLAG_LAST : 0,
    .type = result->type,
    .sequence = sequence,
    .size = result->size,
  };

  g_mutex_lock (&self->lock);
  mpipe_type_map_announce (self->announced, self->channel, result->type);
  if (place_result (self, &header, data, &place))
    mpipe_channel_send (self->channel, &header, &place, NULL);
  else
    mpipe_channel_send (self->channel, &header, data, mpipe_payload_get_buffer (result));
  g_mutex_unlock (&self->lock);
}

/* @result may be a row of numbers if it is the last, which are then those of as many tasks. */
void
mpipe_outbox_add_result (MpipeOutbox *self, guint64 sequence, const MpipePayload *result,
                         gboolean last)
{
  const MpipeTypeEntry *type = mpipe_type_table_get (self->types, result->type);

  if (last && mpipe_type_entry_is_number (type))
    add_row (self, sequence, result, type->unit);
  else
    add_one (self, sequence, result, last);
}

static gboolean
check_type (MpipeOutbox *self, const GVariantType *type, GError **error)
{
  g_autofree char *given = NULL;
  g_autofree char *expected = NULL;

  if (self->result_type == NULL || g_variant_type_is_subtype_of (type, self->result_type))
    return TRUE;
  given = g_variant_type_dup_string (type);
  expected = g_variant_type_dup_string (self->result_type);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "A result of type “%s” was given, the stage's results are of type “%s”", given,
               expected);
  return FALSE;
}

/* Adds the results of @n tasks that follow each other, if there are as many and they can be such. */
gboolean
mpipe_outbox_add_array (MpipeOutbox *self, guint64 first, GVariant *results, guint n,
                        GError **error)
{
  g_autoptr (GArray) payloads = NULL;

  if (!g_variant_is_of_type (results, G_VARIANT_TYPE_ARRAY) || g_variant_n_children (results) != n)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                   "A value of type “%s” was given for an array of %u tasks, not an array of as "
                   "many results",
                   g_variant_get_type_string (results), n);
      return FALSE;
    }
  if (!check_type (self, g_variant_type_element (g_variant_get_type (results)), error))
    return FALSE;
  payloads = mpipe_payload_split (results, self->types, n, error);
  if (payloads == NULL)
    return FALSE;
  for (guint i = 0; i < payloads->len; i++)
    mpipe_outbox_add_result (self, first + i, &g_array_index (payloads, MpipePayload, i), TRUE);
  return TRUE;
}

/* Adds a result that the worker's code has made, if it can be one. */
gboolean
mpipe_outbox_add_value (MpipeOutbox *self, guint64 sequence, GVariant *value, gboolean last,
                        GError **error)
{
  MpipePayload payload;

  if (!check_type (self, g_variant_get_type (value), error))
    return FALSE;
  if (!mpipe_payload_init_from_variant (&payload, value, self->types, error))
    return FALSE;
  mpipe_outbox_add_result (self, sequence, &payload, last);
  mpipe_payload_clear (&payload);
  return TRUE;
}

void
mpipe_outbox_add_failure (MpipeOutbox *self, guint64 sequence, const GError *reason)
{
  g_autoptr (GBytes) bytes = mpipe_message_error_to_bytes (reason);

  mpipe_outbox_add_bytes (self, MPIPE_FRAME_FAILED, sequence, bytes);
}

/* The pipeline may use the places of tasks again that nothing here refers to any more. */
static void
add_releases (MpipeOutbox *self)
{
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_RELEASE };

  while (mpipe_loans_take_returned (self->loans, &header.sequence))
    mpipe_channel_send (self->channel, &header, NULL, NULL);
}

static gboolean
flush_locked (MpipeOutbox *self, GError **error)
{
  self->oldest = 0;
  self->n_shared = 0;
  do
    {
      if (self->loans != NULL)
        add_releases (self);
      if (mpipe_channel_flush (self->channel, error) != MPIPE_CHANNEL_OK)
        return FALSE;
    }
  while (self->loans != NULL && mpipe_loans_has_returned (self->loans)); /* by what was sent */
  return TRUE;
}

/* Waits until the other side has taken what is there. */
gboolean
mpipe_outbox_flush (MpipeOutbox *self, GError **error)
{
  gboolean flushed;

  g_mutex_lock (&self->lock);
  self->alarmed = FALSE;
  flushed = flush_locked (self, error);
  g_mutex_unlock (&self->lock);
  return flushed;
}

/* Flushes when there is much, or something for long; else sees to it that it will be. */
gboolean
mpipe_outbox_flush_if_due (MpipeOutbox *self, gint64 now, GError **error)
{
  gboolean flushed = TRUE;
  gsize n_unsent;

  g_mutex_lock (&self->lock);
  n_unsent = mpipe_channel_get_n_unsent (self->channel) + self->n_shared;
  if (n_unsent > 0 && self->oldest == 0)
    self->oldest = now;
  if (n_unsent > 0 && (n_unsent >= FLUSH_ABOVE_BYTES || now - self->oldest >= FLUSH_AFTER_US))
    flushed = flush_locked (self, error);
  else if (n_unsent > 0 && self->alarm != NULL && !self->alarmed)
    {
      self->alarmed = TRUE;
      self->alarm (self->alarm_data);
    }
  g_mutex_unlock (&self->lock);
  return flushed;
}
