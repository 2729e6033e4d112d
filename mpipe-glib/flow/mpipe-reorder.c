/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Places are numbered from 1. Ordered, a ring of slots reaches from the next place to be given to the
 * last that was opened; it grows to the number of places open at once. */

#include "config.h"

#include "mpipe-glib/flow/mpipe-reorder-private.h"

#define N_SLOTS_MIN 64

typedef struct
{
  MpipeFifo held;
  guint n_closed; /* this place and those behind it, in a row; 0 while it is open */
} Slot;

struct _MpipeReorder
{
  gboolean ordered;
  guint64 next_place; /* the next to be opened */
  guint64 n_open;     /* places opened and not closed */
  gsize n_held;       /* elements added and not taken */

  MpipeFifo released; /* unordered: what was added */

  guint64 next_given; /* ordered: the place whose turn it is */
  Slot *slots;        /* by place, modulo n_slots */
  gsize n_slots;      /* a power of two */
};

MpipeReorder *
mpipe_reorder_new (gboolean ordered)
{
  MpipeReorder *self = g_new0 (MpipeReorder, 1);

  self->ordered = ordered;
  self->next_place = 1;
  self->next_given = 1;
  if (ordered)
    {
      self->n_slots = N_SLOTS_MIN;
      self->slots = g_new0 (Slot, self->n_slots);
    }
  return self;
}

/* Everything must have been taken. */
void
mpipe_reorder_free (MpipeReorder *self)
{
  if (self == NULL)
    return;
  g_assert (self->n_held == 0);
  g_free (self->slots);
  g_free (self);
}

static Slot *
slot_of (MpipeReorder *self, guint64 place)
{
  return &self->slots[place & (self->n_slots - 1)];
}

static void
grow (MpipeReorder *self)
{
  gsize n_before = self->n_slots;
  Slot *before = self->slots;

  self->n_slots *= 2;
  self->slots = g_new0 (Slot, self->n_slots);
  for (guint64 place = self->next_given; place < self->next_place; place++)
    *slot_of (self, place) = before[place & (n_before - 1)];
  g_free (before);
}

/* Returns: the next place, the first of @n. */
guint64
mpipe_reorder_open (MpipeReorder *self, guint n)
{
  guint64 place = self->next_place;

  while (self->ordered && self->next_place - self->next_given + n > self->n_slots)
    grow (self);
  self->n_open += n;
  self->next_place += n;
  return place;
}

/* @place must be open. */
void
mpipe_reorder_add (MpipeReorder *self, guint64 place, gpointer element)
{
  self->n_held++;
  if (self->ordered)
    {
      g_assert (place >= self->next_given && place < self->next_place);
      mpipe_fifo_push (&slot_of (self, place)->held, element);
    }
  else
    mpipe_fifo_push (&self->released, element);
}

/* The turn passes over places that are closed and empty. */
static void
pass_turn (MpipeReorder *self)
{
  while (self->next_given < self->next_place)
    {
      Slot *slot = slot_of (self, self->next_given);

      if (slot->n_closed == 0 || !mpipe_fifo_is_empty (&slot->held))
        return;
      self->next_given += slot->n_closed;
      slot->n_closed = 0;
    }
}

/* Nothing will be added to @place and those behind it, @n in all, which must be open. */
void
mpipe_reorder_close (MpipeReorder *self, guint64 place, guint n)
{
  g_assert (n > 0 && self->n_open >= n);
  self->n_open -= n;
  if (!self->ordered)
    return;
  g_assert (place >= self->next_given && place + n <= self->next_place);
  slot_of (self, place)->n_closed = n;
  pass_turn (self);
}

/* Returns: (nullable): the next element whose turn it is. */
gpointer
mpipe_reorder_take (MpipeReorder *self)
{
  gpointer element = NULL;

  if (!self->ordered)
    element = mpipe_fifo_pop (&self->released);
  else if (self->next_given < self->next_place)
    {
      element = mpipe_fifo_pop (&slot_of (self, self->next_given)->held);
      pass_turn (self);
    }
  if (element != NULL)
    self->n_held--;
  return element;
}

/* Whether what is added to @place can be taken at once. */
gboolean
mpipe_reorder_is_next (MpipeReorder *self, guint64 place)
{
  return !self->ordered || place == self->next_given;
}

/* Returns: how many places are open. */
guint64
mpipe_reorder_get_n_open (MpipeReorder *self)
{
  return self->n_open;
}

/* Returns: how many elements were added and not taken. */
gsize
mpipe_reorder_get_n_held (MpipeReorder *self)
{
  return self->n_held;
}
