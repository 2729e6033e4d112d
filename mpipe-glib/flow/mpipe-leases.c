/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A ring from the oldest number that is still held to the next that will be given; numbers in between
 * may be free already, when tasks end out of order. Numbers begin at 1 and are never given twice. */

#include "config.h"

#include "mpipe-glib/flow/mpipe-leases-private.h"

#define N_SLOTS_MIN 16

struct _MpipeLeases
{
  guint64 oldest;
  guint64 next;
  guint n;
  gsize n_slots; /* a power of two */
  gpointer *slots;
};

MpipeLeases *
mpipe_leases_new (void)
{
  MpipeLeases *self = g_new0 (MpipeLeases, 1);

  self->oldest = self->next = 1;
  self->n_slots = N_SLOTS_MIN;
  self->slots = g_new0 (gpointer, self->n_slots);
  return self;
}

void
mpipe_leases_free (MpipeLeases *self)
{
  if (self == NULL)
    return;
  g_free (self->slots);
  g_free (self);
}

static gpointer *
slot_of (MpipeLeases *self, guint64 number)
{
  return &self->slots[number & (self->n_slots - 1)];
}

static void
grow (MpipeLeases *self)
{
  gsize n_before = self->n_slots;
  gpointer *before = self->slots;

  self->n_slots *= 2;
  self->slots = g_new0 (gpointer, self->n_slots);
  for (guint64 number = self->oldest; number < self->next; number++)
    *slot_of (self, number) = before[number & (n_before - 1)];
  g_free (before);
}

/* Returns: the number under which @task is held, the first of @n. */
guint64
mpipe_leases_add (MpipeLeases *self, gpointer task, guint n)
{
  guint64 first = self->next;

  while (self->next - self->oldest + n > self->n_slots)
    grow (self);
  for (guint i = 0; i < n; i++)
    *slot_of (self, first + i) = task;
  self->n += n;
  self->next += n;
  return first;
}

/* Numbers that are held stand for another task from now on. */
void
mpipe_leases_replace (MpipeLeases *self, guint64 first, guint n, gpointer task)
{
  g_assert (first >= self->oldest && first + n <= self->next);
  for (guint i = 0; i < n; i++)
    *slot_of (self, first + i) = task;
}

/* Returns: (nullable): the task held under @number; any number may be asked for. */
gpointer
mpipe_leases_get (MpipeLeases *self, guint64 number)
{
  if (number < self->oldest || number >= self->next)
    return NULL;
  return *slot_of (self, number);
}

/* Nothing is held any more under numbers that are. */
void
mpipe_leases_remove (MpipeLeases *self, guint64 first, guint n)
{
  g_assert (first >= self->oldest && first + n <= self->next && self->n >= n);
  for (guint i = 0; i < n; i++)
    *slot_of (self, first + i) = NULL;
  self->n -= n;
  while (self->oldest < self->next && *slot_of (self, self->oldest) == NULL)
    self->oldest++;
}

guint
mpipe_leases_get_n (MpipeLeases *self)
{
  return self->n;
}

/* Returns: the oldest number that is held; the next one when none is. */
guint64
mpipe_leases_get_oldest (MpipeLeases *self)
{
  return self->oldest;
}

/* Returns: the number that will be given next. */
guint64
mpipe_leases_get_next (MpipeLeases *self)
{
  return self->next;
}
