/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-buffer-private.h"

struct _MpipeBuffer
{
  gatomicrefcount n_refs;
  guint8 *data;
  gsize capacity;
  GVariant *variant; /* owns the data; NULL when the buffer does */
};

/* The data is aligned as malloc aligns: good for every GVariant type. Its content is not set. Returns:
 * (nullable): NULL when there is no memory, since others may say how much is needed. */
MpipeBuffer *
mpipe_buffer_try_new (gsize capacity)
{
  guint8 *data = g_try_malloc (capacity);
  MpipeBuffer *self;

  if (data == NULL)
    return NULL;
  self = g_slice_new0 (MpipeBuffer);
  g_atomic_ref_count_init (&self->n_refs);
  self->data = data;
  self->capacity = capacity;
  return self;
}

/* @variant must not be floating; it is serialised here, in place, when it was not yet. */
MpipeBuffer *
mpipe_buffer_new_for_variant (GVariant *variant)
{
  MpipeBuffer *self = g_slice_new0 (MpipeBuffer);

  g_assert (!g_variant_is_floating (variant));
  g_atomic_ref_count_init (&self->n_refs);
  self->variant = g_variant_ref (variant);
  self->data = (guint8 *) g_variant_get_data (variant);
  self->capacity = g_variant_get_size (variant);
  return self;
}

MpipeBuffer *
mpipe_buffer_ref (MpipeBuffer *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_buffer_unref (MpipeBuffer *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  if (self->variant != NULL)
    g_variant_unref (self->variant);
  else
    g_free (self->data);
  g_slice_free (MpipeBuffer, self);
}

guint8 *
mpipe_buffer_get_data (MpipeBuffer *self)
{
  return self->data;
}

gsize
mpipe_buffer_get_capacity (MpipeBuffer *self)
{
  return self->capacity;
}

/* Whether anybody but the caller holds the buffer. A caller who holds the only reference may write
 * the buffer anew: nobody else can get one meanwhile. */
gboolean
mpipe_buffer_is_shared (MpipeBuffer *self)
{
  return !g_atomic_ref_count_compare (&self->n_refs, 1);
}
