/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A loan is open from the arrival of the task until its last value is freed, which may be long after the task has
 * ended: the worker's code may have kept it. Then it is returned, by whichever thread freed the value; the lock is
 * the last that is taken. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-loans-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"

typedef struct
{
  MpipeLoans *loans;
  guint64 sequence;
  const guint8 *data;
  gsize size;
} Loan;

struct _MpipeLoans
{
  gatomicrefcount n_refs; /* open loans have one each */
  MpipeArenaView *view;

  GMutex lock;
  GPtrArray *open;    /* of Loan, which owns itself */
  GArray *returned;   /* of their sequences */
  MpipeLoansListener listener; /* NULL when nobody listens */
  gpointer user_data;
  GThread *borrower; /* only to be compared */
};

/* Takes @view over. The calling thread is the one that borrows. */
MpipeLoans *
mpipe_loans_new (MpipeArenaView *view)
{
  MpipeLoans *self = g_new0 (MpipeLoans, 1);

  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->view = view;
  self->open = g_ptr_array_new ();
  self->returned = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->borrower = g_thread_self ();
  return self;
}

MpipeLoans *
mpipe_loans_ref (MpipeLoans *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_loans_unref (MpipeLoans *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  mpipe_arena_view_free (self->view);
  g_ptr_array_unref (self->open);
  g_array_unref (self->returned);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* NULL for none; then what is still referred to stays readable, and that is all. */
void
mpipe_loans_set_listener (MpipeLoans *self, MpipeLoansListener listener, gpointer user_data)
{
  g_mutex_lock (&self->lock);
  self->listener = listener;
  self->user_data = user_data;
  g_mutex_unlock (&self->lock);
}

static void
loan_return (gpointer data)
{
  Loan *loan = data;
  MpipeLoans *self = loan->loans;

  g_mutex_lock (&self->lock);
  g_ptr_array_remove_fast (self->open, loan);
  g_array_append_val (self->returned, loan->sequence);
  if (self->listener != NULL && g_thread_self () != self->borrower)
    self->listener (self->user_data);
  g_mutex_unlock (&self->lock);
  g_slice_free (Loan, loan);
  mpipe_loans_unref (self);
}

/* Returns: the part of the arena that belongs to the task from now on, until it is freed */
static MpipeBuffer *
borrow (MpipeLoans *self, guint64 sequence, const guint8 *data, gsize size)
{
  Loan *loan = g_slice_new (Loan);

  loan->loans = mpipe_loans_ref (self);
  loan->sequence = sequence;
  loan->data = data;
  loan->size = size;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->open, loan);
  g_mutex_unlock (&self->lock);
  return mpipe_buffer_new_for_memory ((void *) data, size, loan_return, loan);
}

static gboolean
set_no_place (GError **error)
{
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
               "received a task that is said to lie where there is no shared memory");
  return FALSE;
}

/* Makes the payload of a TASK frame, wherever its value lies; @self may be NULL when there is no arena. */
gboolean
mpipe_loans_open (MpipeLoans *self, const MpipeFrame *frame, guint16 type,
                  MpipePayload *out_payload, GError **error)
{
  g_autoptr (MpipeBuffer) buffer = NULL;
  MpipeSharedPlace place;
  const guint8 *data;

  if ((frame->header.flags & MPIPE_FRAME_FLAG_SHARED) == 0)
    {
      mpipe_payload_init_from_buffer (out_payload, type, frame->buffer, frame->payload,
                                      frame->header.size);
      return TRUE;
    }
  if (self == NULL || frame->header.size != sizeof place)
    return set_no_place (error);
  memcpy (&place, frame->payload, sizeof place);
  data = place.size <= MPIPE_PAYLOAD_MAX
             ? mpipe_arena_view_get (self->view, place.offset, place.size)
             : NULL;
  if (data == NULL || place.size <= MPIPE_PAYLOAD_INLINE)
    return set_no_place (error);
  buffer = borrow (self, frame->header.sequence, data, place.size);
  mpipe_payload_init_from_buffer (out_payload, type, buffer, data, (guint32) place.size);
  return TRUE;
}

/* Whether the data is a part of the task @sequence, which the pipeline has as well, and where it begins in it. */
gboolean
mpipe_loans_find (MpipeLoans *self, guint64 sequence, const guint8 *data, gsize size,
                  guint64 *out_offset)
{
  gboolean found = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->open->len && !found; i++)
    {
      const Loan *loan = g_ptr_array_index (self->open, i);

      gsize offset = (gsize) data - (gsize) loan->data; /* huge when it lies before */

      found = loan->sequence == sequence && offset <= loan->size && size <= loan->size - offset;
      if (found)
        *out_offset = offset;
    }
  g_mutex_unlock (&self->lock);
  return found;
}

gboolean
mpipe_loans_has_returned (MpipeLoans *self)
{
  gboolean has_returned;

  g_mutex_lock (&self->lock);
  has_returned = self->returned->len > 0;
  g_mutex_unlock (&self->lock);
  return has_returned;
}

/* Returns: whether there is one that the pipeline is to be told of, who then may use its place again */
gboolean
mpipe_loans_take_returned (MpipeLoans *self, guint64 *out_sequence)
{
  gboolean found;

  g_mutex_lock (&self->lock);
  found = self->returned->len > 0;
  if (found)
    {
      *out_sequence = g_array_index (self->returned, guint64, 0);
      g_array_remove_index (self->returned, 0);
    }
  g_mutex_unlock (&self->lock);
  return found;
}
