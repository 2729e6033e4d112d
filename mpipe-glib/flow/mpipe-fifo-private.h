/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A queue whose links are the first members of what it holds: no allocation, whole queues move at
 * once. */
typedef struct _MpipeFifoLink MpipeFifoLink;

struct _MpipeFifoLink
{
  MpipeFifoLink *next;
};

typedef struct
{
  MpipeFifoLink *first;
  MpipeFifoLink *last;
  gsize n;
} MpipeFifo;

static inline gboolean
mpipe_fifo_is_empty (const MpipeFifo *self)
{
  return self->first == NULL;
}

static inline void
mpipe_fifo_push (MpipeFifo *self, gpointer element)
{
  MpipeFifoLink *link = element;

  link->next = NULL;
  if (self->first == NULL)
    self->first = link;
  else
    self->last->next = link;
  self->last = link;
  self->n++;
}

static inline void
mpipe_fifo_push_first (MpipeFifo *self, gpointer element)
{
  MpipeFifoLink *link = element;

  link->next = self->first;
  if (self->first == NULL)
    self->last = link;
  self->first = link;
  self->n++;
}

static inline gpointer
mpipe_fifo_pop (MpipeFifo *self)
{
  MpipeFifoLink *link = self->first;

  if (link == NULL)
    return NULL;
  self->first = link->next;
  if (self->first == NULL)
    self->last = NULL;
  self->n--;
  return link;
}

/* Moves all of @other behind what @self holds. */
static inline void
mpipe_fifo_append (MpipeFifo *self, MpipeFifo *other)
{
  if (other->first == NULL)
    return;
  if (self->first == NULL)
    self->first = other->first;
  else
    self->last->next = other->first;
  self->last = other->last;
  self->n += other->n;
  *other = (MpipeFifo){ NULL };
}

G_END_DECLS
