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

void
mpipe_outbox_add_result (MpipeOutbox *self, guint64 sequence, const MpipePayload *result,
                         gboolean last)
{
  MpipeFrameHeader header = {
    .kind = MPIPE_FRAME_RESULT,
    .flags = last ? MPIPE_FRAME_FLAG_LAST : 0,
    .type = result->type,
    .sequence = sequence,
    .size = result->size,
  };

  g_mutex_lock (&self->lock);
  mpipe_type_map_announce (self->announced, self->channel, result->type);
  mpipe_channel_send (self->channel, &header, mpipe_payload_get_data (result),
                      mpipe_payload_get_buffer (result));
  g_mutex_unlock (&self->lock);
}

/* Adds a result that the worker's code has made, if it can be one. */
gboolean
mpipe_outbox_add_value (MpipeOutbox *self, guint64 sequence, GVariant *value, gboolean last,
                        GError **error)
{
  MpipePayload payload;

  if (self->result_type != NULL && !g_variant_is_of_type (value, self->result_type))
    {
      g_autofree char *expected = g_variant_type_dup_string (self->result_type);

      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                   "A result of type “%s” was given, the stage's results are of type “%s”",
                   g_variant_get_type_string (value), expected);
      return FALSE;
    }
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

static gboolean
flush_locked (MpipeOutbox *self, GError **error)
{
  self->oldest = 0;
  return mpipe_channel_flush (self->channel, error) == MPIPE_CHANNEL_OK;
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
  n_unsent = mpipe_channel_get_n_unsent (self->channel);
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
