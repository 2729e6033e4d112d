/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A large task is copied into the arena that the worker reads, unless it lies there already: because it is the result
 * of another worker that shares the arena, or is tried again. From then on it stays there, whatever becomes of the
 * task in the worker, until the worker says that nothing in it refers to it any more, or has ended.
 *
 * A large result lies in the tray, where the worker could still change it: it is copied before anybody looks at it,
 * into memory that the next worker may read. A result that is a part of its task is not copied: the worker could
 * never write there.
 *
 * Everything has a second way, through the channel: there may be no memory, or no room in it. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-worker-memory-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"

struct _MpipeWorkerMemory
{
  MpipeArena *arena;    /* that the worker reads; NULL */
  MpipeTray *tray;      /* NULL */
  MpipeArena *pool;     /* where results are kept; NULL */
  GHashTable *loans;    /* of Loan, by its sequence: what the worker may still refer to */
  MpipeWorkerStatistics *statistics; /* of the owner */
  guint64 n_batch_bytes; /* taken out of the tray since the channel was read last */
};

typedef struct
{
  guint64 sequence; /* the key */
  MpipeBuffer *buffer;
  const guint8 *data;
  gsize size;
} Loan;

static void
loan_free (gpointer data)
{
  Loan *loan = data;

  mpipe_buffer_unref (loan->buffer);
  g_slice_free (Loan, loan);
}

/* Takes @arena and @tray over; each may be NULL. */
MpipeWorkerMemory *
mpipe_worker_memory_new (MpipeArena *arena, MpipeTray *tray, MpipeArena *pool,
                         MpipeWorkerStatistics *statistics)
{
  MpipeWorkerMemory *self = g_new0 (MpipeWorkerMemory, 1);

  self->arena = arena;
  self->tray = tray;
  self->pool = pool != NULL ? mpipe_arena_ref (pool) : NULL;
  self->statistics = statistics;
  self->loans = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, loan_free);
  return self;
}

void
mpipe_worker_memory_free (MpipeWorkerMemory *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->loans);
  mpipe_arena_unref (self->arena);
  mpipe_arena_unref (self->pool);
  g_clear_pointer (&self->tray, mpipe_tray_unref);
  g_free (self);
}

static gboolean
find_in_arena (MpipeWorkerMemory *self, const MpipePayload *payload, MpipeSharedPlace *out_place)
{
  out_place->size = payload->size;
  return mpipe_arena_find (self->arena, mpipe_payload_get_data (payload), payload->size,
                           &out_place->offset);
}

static gboolean
move_into_arena (MpipeWorkerMemory *self, MpipePayload *payload)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_arena_try_new_buffer (self->arena, payload->size, 0);
  MpipePayload moved;

  if (buffer == NULL)
    return FALSE;
  memcpy (mpipe_buffer_get_data (buffer), mpipe_payload_get_data (payload), payload->size);
  mpipe_payload_init_from_buffer (&moved, payload->type, buffer, mpipe_buffer_get_data (buffer),
                                  payload->size);
  mpipe_payload_clear (payload);
  *payload = moved;
  return TRUE;
}

/* Lets the worker read @task, which may move for that, if it @can_read the arena. Returns: FALSE when the task is to be
 * sent. */
gboolean
mpipe_worker_memory_lend (MpipeWorkerMemory *self, guint64 sequence, gboolean can_read,
                          MpipePayload *task, MpipeSharedPlace *out_place)
{
  Loan *loan;

  if (task->size < MPIPE_SHARED_SIZE_MIN)
    return FALSE;
  if (!can_read || self->arena == NULL
      || (!find_in_arena (self, task, out_place)
          && (!move_into_arena (self, task) || !find_in_arena (self, task, out_place))))
    {
      mpipe_counter_add (&self->statistics->n_streamed, 1);
      return FALSE;
    }
  mpipe_counter_add (&self->statistics->n_shared, 1);
  loan = g_slice_new (Loan);
  loan->sequence = sequence;
  loan->buffer = mpipe_buffer_ref (mpipe_payload_get_buffer (task));
  loan->data = mpipe_payload_get_data (task);
  loan->size = task->size;
  g_hash_table_replace (self->loans, &loan->sequence, loan);
  return TRUE;
}

/* Nothing in the worker refers to the task any more. Returns: FALSE when it was not lent. */
gboolean
mpipe_worker_memory_release (MpipeWorkerMemory *self, guint64 sequence)
{
  return g_hash_table_remove (self->loans, &sequence);
}

static gboolean
set_no_place (GError **error)
{
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
               "sent a result that is said to lie where there is no shared memory");
  return FALSE;
}

static gboolean
open_part_of_task (MpipeWorkerMemory *self, guint64 sequence, const MpipeSharedPlace *place,
                   guint16 type, MpipePayload *out_payload, GError **error)
{
  const Loan *loan = g_hash_table_lookup (self->loans, &sequence);

  if (loan == NULL || place->offset > loan->size || place->size > loan->size - place->offset)
    return set_no_place (error);
  mpipe_payload_init_from_buffer (out_payload, type, loan->buffer, loan->data + place->offset,
                                  (guint32) place->size);
  return TRUE;
}

/* The channel is to be read. What one read brings was sent before any of it was taken, so together it
 * lies in the tray. */
void
mpipe_worker_memory_begin_batch (MpipeWorkerMemory *self)
{
  self->n_batch_bytes = 0;
}

/* A few bytes can name the whole tray, again and again: that would be more memory than the worker ever filled. */
static gboolean
is_in_tray (MpipeWorkerMemory *self, const MpipeSharedPlace *place)
{
  if (self->tray == NULL || !mpipe_tray_contains (self->tray, place->offset, place->size))
    return FALSE;
  self->n_batch_bytes += place->size;
  return mpipe_tray_contains (self->tray, 0, self->n_batch_bytes);
}

/* Results leave half of the pool to tasks: they stay there until somebody has read them. */
static MpipeBuffer *
new_buffer_for_result (MpipeWorkerMemory *self, gsize size)
{
  MpipeBuffer *buffer = NULL;

  if (self->pool != NULL)
    buffer = mpipe_arena_try_new_buffer (self->pool, size, mpipe_arena_get_size (self->pool) / 2);
  return buffer != NULL ? buffer : mpipe_buffer_try_new (size);
}

static gboolean
open_in_tray (MpipeWorkerMemory *self, const MpipeSharedPlace *place, guint16 type,
              MpipePayload *out_payload, GError **error)
{
  g_autoptr (MpipeBuffer) buffer = NULL;

  if (!is_in_tray (self, place))
    return set_no_place (error);
  buffer = new_buffer_for_result (self, place->size);
  if (buffer == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                   "there is no memory for a result of %" G_GUINT64_FORMAT " bytes", place->size);
      return FALSE;
    }
  mpipe_tray_take (self->tray, place->offset, place->size, mpipe_buffer_get_data (buffer));
  mpipe_payload_init_from_buffer (out_payload, type, buffer, mpipe_buffer_get_data (buffer),
                                  (guint32) place->size);
  return TRUE;
}

/* Makes the payload of a RESULT frame, wherever its value lies: MPIPE_ERROR_PROTOCOL when it lies nowhere. */
gboolean
mpipe_worker_memory_open_result (MpipeWorkerMemory *self, const MpipeFrame *frame, guint16 type,
                                 MpipePayload *out_payload, GError **error)
{
  MpipeSharedPlace place;
  gboolean is_there;

  if ((frame->header.flags & MPIPE_FRAME_FLAG_SHARED) == 0)
    {
      if (frame->header.size >= MPIPE_SHARED_SIZE_MIN)
        mpipe_counter_add (&self->statistics->n_streamed, 1);
      mpipe_payload_init_from_buffer (out_payload, type, frame->buffer, frame->payload,
                                      frame->header.size);
      return TRUE;
    }
  if (frame->header.size != sizeof place)
    return set_no_place (error);
  memcpy (&place, frame->payload, sizeof place);
  if (place.size < MPIPE_SHARED_SIZE_MIN || place.size > MPIPE_PAYLOAD_MAX)
    return set_no_place (error);
  is_there = (frame->header.flags & MPIPE_FRAME_FLAG_OF_TASK) != 0
                 ? open_part_of_task (self, frame->header.sequence, &place, type, out_payload, error)
                 : open_in_tray (self, &place, type, out_payload, error);
  if (is_there)
    mpipe_counter_add (&self->statistics->n_shared, 1);
  return is_there;
}
