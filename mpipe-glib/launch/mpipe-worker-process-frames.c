/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a worker says, frame by frame. Every byte of it is untrusted. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-worker-process-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

/* Whether the worker may answer already: MPIPE_ERROR_PROTOCOL. */
gboolean
mpipe_worker_process_check_may_answer (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  if (self->state == MPIPE_WORKER_PROCESS_READY || self->state == MPIPE_WORKER_PROCESS_STOPPING)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "sent a %s frame before READY",
               mpipe_frame_kind_to_string (frame->header.kind));
  return FALSE;
}

static gboolean
check_known (gboolean known, const MpipeFrame *frame, GError **error)
{
  if (!known)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                 "sent a %s frame for number %" G_GUINT64_FORMAT ", which it was not given",
                 mpipe_frame_kind_to_string (frame->header.kind), frame->header.sequence);
  return known;
}

static gboolean
handle_hello (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  MpipeWorkerHello hello;

  if (!mpipe_worker_hello_parse (frame, &hello, error))
    return FALSE;
  self->said_hello = TRUE;
  self->features = hello.features;
  return TRUE;
}

static gboolean
handle_ready (MpipeWorkerProcess *self, GError **error)
{
  if (self->state != MPIPE_WORKER_PROCESS_STARTING)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "said READY twice");
      return FALSE;
    }
  mpipe_worker_process_begin_ready (self);
  self->events->ready (self->owner);
  return TRUE;
}

static gboolean
handle_result (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  MpipePayload payload;
  guint16 type = mpipe_type_map_translate (self->type_map, frame->header.type);
  gboolean known;

  if (type == 0)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "sent a result of type number %u, which it had not named", frame->header.type);
      return FALSE;
    }
  if (!mpipe_worker_memory_open_result (self->memory, frame, type, &payload, error))
    return FALSE;
  known = self->events->result (self->owner, frame->header.sequence, &payload,
                                (frame->header.flags & MPIPE_FRAME_FLAG_LAST) != 0);
  mpipe_payload_clear (&payload);
  return check_known (known, frame, error);
}

static gboolean
handle_results (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  guint16 type = mpipe_type_map_translate (self->type_map, frame->header.type);
  guint n = mpipe_frame_count_row (&frame->header, mpipe_type_table_get (self->types, type));
  MpipePayload payload;
  gboolean known;

  if (n == 0 || frame->header.sequence > G_MAXUINT64 - n)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "sent %u bytes of type number %u, which are no numbers", frame->header.size,
                   frame->header.type);
      return FALSE;
    }
  mpipe_payload_init_from_buffer (&payload, type, frame->buffer, frame->payload,
                                  frame->header.size);
  known = self->events->row (self->owner, frame->header.sequence, &payload, n);
  mpipe_payload_clear (&payload);
  return check_known (known, frame, error);
}

static gboolean
handle_failed (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  g_autofree char *reason = mpipe_message_parse_error (frame);

  if (frame->header.sequence == 0 && self->state == MPIPE_WORKER_PROCESS_STARTING)
    {
      g_free (self->refusal);
      self->refusal = g_steal_pointer (&reason);
      return TRUE;
    }
  return mpipe_worker_process_check_may_answer (self, frame, error)
         && check_known (self->events->failed (self->owner, frame->header.sequence, reason), frame,
                         error);
}

static gboolean
handle_progress (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  g_autofree char *text = NULL;
  double fraction;

  return mpipe_message_parse_progress (frame, &fraction, &text, error)
         && check_known (
             self->events->progress (self->owner, frame->header.sequence, fraction, text), frame,
             error);
}

static gboolean
handle_goodbye (MpipeWorkerProcess *self, GError **error)
{
  if (self->state != MPIPE_WORKER_PROCESS_STOPPING)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "said GOODBYE without having been told to stop");
      return FALSE;
    }
  self->said_goodbye = TRUE;
  return TRUE;
}

/* Does what the frame says: MPIPE_ERROR_PROTOCOL when it may not say that. */
gboolean
mpipe_worker_process_handle_frame (MpipeWorkerProcess *self, const MpipeFrame *frame, GError **error)
{
  guint64 sequence = frame->header.sequence;

  if (!self->said_hello && frame->header.kind != MPIPE_FRAME_FAILED)
    return handle_hello (self, frame, error);
  switch (frame->header.kind)
    {
    case MPIPE_FRAME_READY:
      return handle_ready (self, error);
    case MPIPE_FRAME_TYPE:
      return mpipe_type_map_learn (self->type_map, frame, error);
    case MPIPE_FRAME_FAILED:
      return handle_failed (self, frame, error);
    case MPIPE_FRAME_RESULT:
      return mpipe_worker_process_check_may_answer (self, frame, error) && handle_result (self, frame, error);
    case MPIPE_FRAME_RESULTS:
      return mpipe_worker_process_check_may_answer (self, frame, error) && handle_results (self, frame, error);
    case MPIPE_FRAME_DONE:
      return mpipe_worker_process_check_may_answer (self, frame, error)
             && check_known (self->events->done (self->owner, sequence), frame, error);
    case MPIPE_FRAME_SKIPPED:
      return mpipe_worker_process_check_may_answer (self, frame, error)
             && check_known (self->events->skipped (self->owner, sequence), frame, error);
    case MPIPE_FRAME_START:
      self->started = sequence;
      self->started_at = g_get_monotonic_time ();
      if (!mpipe_worker_process_check_may_answer (self, frame, error))
        return FALSE;
      self->events->begun (self->owner, sequence);
      return TRUE;
    case MPIPE_FRAME_PROGRESS:
      return mpipe_worker_process_check_may_answer (self, frame, error) && handle_progress (self, frame, error);
    case MPIPE_FRAME_RELEASE:
      return check_known (mpipe_worker_memory_release (self->memory, sequence), frame, error);
    case MPIPE_FRAME_GOODBYE:
      return handle_goodbye (self, error);
    default:
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "sent an unexpected %s frame",
                   mpipe_frame_kind_to_string (frame->header.kind));
      return FALSE;
    }
}
