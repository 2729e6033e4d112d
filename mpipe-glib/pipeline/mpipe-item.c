/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-item-private.h"

/* The payload is the caller's to set. */
MpipeItem *
mpipe_item_new (guint64 id)
{
  MpipeItem *self = g_slice_new0 (MpipeItem);

  self->id = id;
  self->n_tasks = 1;
  return self;
}

/* Numbers, each of them a task; they have no ids yet. The payload is copied by reference. */
MpipeItem *
mpipe_item_new_row (const MpipePayload *payload, guint n_tasks)
{
  MpipeItem *self = mpipe_item_new (0);

  mpipe_payload_copy (&self->payload, payload);
  self->n_tasks = n_tasks;
  return self;
}

/* Takes the first @n_tasks, which are not all, out of a row. */
static MpipeItem *
take_front (MpipeItem *self, guint n_tasks)
{
  MpipeItem *front = mpipe_item_new (self->id);
  gsize size = self->payload.size / self->n_tasks * n_tasks;

  g_assert (n_tasks > 0 && n_tasks < self->n_tasks);
  mpipe_payload_init_slice (&front->payload, &self->payload, 0, size);
  mpipe_payload_drop_front (&self->payload, size);
  front->n_tasks = n_tasks;
  front->stage = self->stage;
  front->producer = self->producer;
  self->id += n_tasks;
  self->n_tasks -= n_tasks;
  return front;
}

/* Engine's thread. Returns: the first @n_tasks of a row, which are not all */
MpipeItem *
mpipe_item_split (MpipeItem *self, guint n_tasks)
{
  MpipeItem *front = take_front (self, n_tasks);

  if (self->lineage != NULL)
    {
      front->lineage = mpipe_lineage_split (self->lineage, n_tasks);
      front->n_counted = front->payload.size;
      self->n_counted -= front->n_counted;
    }
  front->place = self->place;
  front->number = self->number;
  front->n_at_hand = self->n_at_hand;
  front->begun_at = self->begun_at;
  front->goes_alone = self->goes_alone;
  front->in_array = self->in_array;
  self->place += self->place != 0 ? n_tasks : 0;
  self->number += n_tasks;
  return front;
}

static void
say_read (MpipeItem *self, guint n_tasks, guint64 n_bytes)
{
  MpipeLoad load = { n_tasks, n_bytes };

  self->read.n += n_tasks;
  self->read.bytes += n_bytes;
  mpipe_lineage_read (self->lineage, load);
}

/* The thread of a reader, to whom a row was delivered. Returns: the first @n_tasks of it, which are not all */
MpipeItem *
mpipe_item_read (MpipeItem *self, guint n_tasks)
{
  MpipeItem *front = take_front (self, n_tasks);

  front->is_counted = TRUE;
  say_read (self, n_tasks, front->payload.size);
  return front;
}

/* The same for the first result, which is no item of its own then. */
void
mpipe_item_read_number (MpipeItem *self, MpipeNumber *out_number)
{
  gsize size = self->payload.size / self->n_tasks;

  g_assert (self->n_tasks > 1);
  mpipe_payload_init_slice (&out_number->value, &self->payload, 0, size);
  mpipe_payload_drop_front (&self->payload, size);
  out_number->id = self->id;
  out_number->leaf = self->stage;
  self->id++;
  self->n_tasks--;
  say_read (self, 1, size);
}

/* All that is left of it was read, and it is sole. */
void
mpipe_item_read_rest (MpipeItem *self)
{
  say_read (self, self->n_tasks, self->n_counted - self->read.bytes);
  self->n_tasks = 0;
}

MpipeItem *
mpipe_item_new_stop (void)
{
  MpipeItem *self = mpipe_item_new (0);

  self->is_stop = TRUE;
  return self;
}

/* What came of @parent; the payload is copied by reference. */
MpipeItem *
mpipe_item_new_child (const MpipeItem *parent, const MpipePayload *payload)
{
  MpipeItem *self = mpipe_item_new (parent->id);

  mpipe_payload_copy (&self->payload, payload);
  if (parent->lineage != NULL)
    mpipe_item_set_lineage (self, parent->lineage);
  return self;
}

/* Lets go of the value, in any thread; it counts until the item is freed. */
void
mpipe_item_drop_payload (MpipeItem *self)
{
  mpipe_payload_clear (&self->payload);
  g_clear_object (&self->fds);
}

static void
clear_payload (MpipeItem *self)
{
  mpipe_item_drop_payload (self);
  if (self->lineage != NULL)
    mpipe_lineage_remove_bytes (self->lineage, self->n_counted);
  self->n_counted = 0;
}

/* Another value takes the place of the item's; it is copied by reference. */
void
mpipe_item_set_payload (MpipeItem *self, const MpipePayload *payload)
{
  clear_payload (self);
  mpipe_payload_copy (&self->payload, payload);
  self->n_counted = payload->size;
  if (self->lineage != NULL)
    mpipe_lineage_add_bytes (self->lineage, self->n_counted);
}

void
mpipe_item_free (MpipeItem *self)
{
  mpipe_item_drop_held (self);
  if (self->read.n > 0)
    mpipe_lineage_settle (self->lineage, self->read);
  clear_payload (self);
  if (self->lineage != NULL)
    mpipe_lineage_unref (self->lineage);
  g_clear_error (&self->error);
  g_slice_free (MpipeItem, self);
}

/* Items come back long after they were last looked at: what the next ones need is fetched meanwhile. */
static void
prefetch_next (const MpipeFifo *items)
{
  const MpipeItem *next = (const MpipeItem *) items->first;
  const MpipeItem *second;

  if (next == NULL)
    return;
  __builtin_prefetch (next->lineage);
  second = (const MpipeItem *) next->link.next;
  if (second == NULL)
    return;
  __builtin_prefetch (second);
  __builtin_prefetch (&second->lineage);
}

void
mpipe_item_free_all (MpipeFifo *items)
{
  MpipeItem *item;

  while ((item = mpipe_fifo_pop (items)) != NULL)
    {
      prefetch_next (items);
      mpipe_item_free (item);
    }
}

/* The item becomes part of @lineage, which counts its bytes, and leaves the one it was part of. */
void
mpipe_item_set_lineage (MpipeItem *self, MpipeLineage *lineage)
{
  mpipe_lineage_ref (lineage);
  mpipe_lineage_add_bytes (lineage, self->payload.size);
  if (self->lineage != NULL)
    {
      mpipe_lineage_remove_bytes (self->lineage, self->n_counted);
      mpipe_lineage_unref (self->lineage);
    }
  self->lineage = lineage;
  self->n_counted = self->payload.size;
}

void
mpipe_item_drop_held (MpipeItem *self)
{
  mpipe_item_free_all (&self->held);
}

/* The task becomes its failure in @stage. Takes @error over. */
void
mpipe_item_fail (MpipeItem *self, MpipeStage *stage, GError *error)
{
  g_assert (self->error == NULL && self->n_tasks == 1);
  mpipe_item_drop_held (self);
  clear_payload (self);
  self->error = error;
  self->stage = stage;
}
