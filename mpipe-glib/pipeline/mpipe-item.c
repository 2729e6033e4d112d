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
  return self;
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
  g_assert (self->error == NULL);
  mpipe_item_drop_held (self);
  clear_payload (self);
  self->error = error;
  self->stage = stage;
}
