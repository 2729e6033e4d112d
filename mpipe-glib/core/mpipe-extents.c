/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The free extents in the order of their offsets, neighbours joined. The first that is large enough is taken, so
 * that the beginning of the memory is used again and again, and its end not at all while there is no need. */

#include "config.h"

#include "mpipe-glib/core/mpipe-extents-private.h"

typedef struct
{
  gsize offset;
  gsize size;
} Extent;

struct _MpipeExtents
{
  GArray *free; /* of Extent */
  gsize n_taken;
};

MpipeExtents *
mpipe_extents_new (gsize size)
{
  MpipeExtents *self = g_new0 (MpipeExtents, 1);
  Extent all = { .size = size };

  self->free = g_array_new (FALSE, FALSE, sizeof (Extent));
  g_array_append_val (self->free, all);
  return self;
}

void
mpipe_extents_free (MpipeExtents *self)
{
  g_array_unref (self->free);
  g_free (self);
}

/* Returns: FALSE when no free extent is that large; @size is not 0 */
gboolean
mpipe_extents_take (MpipeExtents *self, gsize size, gsize *out_offset)
{
  for (guint i = 0; i < self->free->len; i++)
    {
      Extent *extent = &g_array_index (self->free, Extent, i);

      if (extent->size < size)
        continue;
      *out_offset = extent->offset;
      extent->offset += size;
      extent->size -= size;
      if (extent->size == 0)
        g_array_remove_index (self->free, i);
      self->n_taken += size;
      return TRUE;
    }
  return FALSE;
}

/* Returns: the index of the first free extent behind @offset */
static guint
find_behind (MpipeExtents *self, gsize offset)
{
  guint low = 0, high = self->free->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (self->free, Extent, middle).offset > offset)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

/* What was taken, as a whole. */
void
mpipe_extents_give_back (MpipeExtents *self, gsize offset, gsize size)
{
  guint at = find_behind (self, offset);
  Extent *before = at > 0 ? &g_array_index (self->free, Extent, at - 1) : NULL;
  Extent *behind = at < self->free->len ? &g_array_index (self->free, Extent, at) : NULL;
  gboolean joins_before = before != NULL && before->offset + before->size == offset;
  gboolean joins_behind = behind != NULL && offset + size == behind->offset;
  Extent new = { .offset = offset, .size = size };

  self->n_taken -= size;
  if (joins_before && joins_behind)
    {
      before->size += size + behind->size;
      g_array_remove_index (self->free, at);
    }
  else if (joins_before)
    before->size += size;
  else if (joins_behind)
    {
      behind->offset = offset;
      behind->size += size;
    }
  else
    g_array_insert_val (self->free, at, new);
}

gsize
mpipe_extents_get_n_taken (MpipeExtents *self)
{
  return self->n_taken;
}
