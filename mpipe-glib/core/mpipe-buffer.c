/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Memory that was never used costs a page fault for every 4 KiB, often more than the copy that fills it. So
 * each thread that receives keeps its last large buffers, and fills those again of which nobody else holds
 * a part. */

#include "config.h"

#include "mpipe-glib/core/mpipe-buffer-private.h"

#include <string.h>

#define KEPT_N 8
#define KEPT_SIZE_MIN (128u << 10)  /* smaller ones are what malloc keeps itself */
#define KEPT_BYTES_MAX (128u << 20) /* of one thread */
#define KEPT_WASTE_MAX 8           /* so many times as large as needed at most */

struct _MpipeBuffer
{
  gatomicrefcount n_refs;
  guint8 *data;
  gsize capacity;
  gsize size;       /* allocated: at least the capacity */
  gboolean is_kept; /* one of the references is that of the thread that made it, which alone asks */
  GDestroyNotify notify; /* for who owns the data; NULL when the buffer does */
  gpointer notify_data;
};

/* The large buffers that a thread made last, with a reference to each. */
typedef struct
{
  MpipeBuffer *buffers[KEPT_N]; /* the oldest first, NULL behind the last */
  gsize n_bytes;
} Kept;

static void
kept_drop_first (Kept *kept)
{
  kept->n_bytes -= kept->buffers[0]->size;
  kept->buffers[0]->is_kept = FALSE;
  mpipe_buffer_unref (kept->buffers[0]);
  memmove (kept->buffers, kept->buffers + 1, (KEPT_N - 1) * sizeof *kept->buffers);
  kept->buffers[KEPT_N - 1] = NULL;
}

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  while (kept->buffers[0] != NULL)
    kept_drop_first (kept);
  g_free (kept);
}

static GPrivate kept_of_thread = G_PRIVATE_INIT (kept_free);

static void
keep (MpipeBuffer *self)
{
  Kept *kept = g_private_get (&kept_of_thread);
  guint n = 0;

  if (kept == NULL)
    {
      kept = g_new0 (Kept, 1);
      g_private_set (&kept_of_thread, kept);
    }
  while (kept->buffers[0] != NULL
         && (kept->buffers[KEPT_N - 1] != NULL || kept->n_bytes + self->size > KEPT_BYTES_MAX))
    kept_drop_first (kept);
  while (kept->buffers[n] != NULL)
    n++;
  kept->buffers[n] = mpipe_buffer_ref (self);
  self->is_kept = TRUE;
  kept->n_bytes += self->size;
}

/* Returns: (nullable): the one that fits best of those that are free */
static MpipeBuffer *
find_kept (gsize capacity)
{
  Kept *kept = g_private_get (&kept_of_thread);
  MpipeBuffer *best = NULL;

  for (guint i = 0; kept != NULL && i < KEPT_N && kept->buffers[i] != NULL; i++)
    {
      MpipeBuffer *buffer = kept->buffers[i];

      if (buffer->size >= capacity && buffer->size / KEPT_WASTE_MAX <= capacity
          && g_atomic_ref_count_compare (&buffer->n_refs, 1)
          && (best == NULL || buffer->size < best->size))
        best = buffer;
    }
  if (best == NULL)
    return NULL;
  best->capacity = capacity;
  return mpipe_buffer_ref (best);
}

static MpipeBuffer *
try_allocate (gsize capacity)
{
  guint8 *data = g_try_malloc (capacity);
  MpipeBuffer *self;

  if (data == NULL)
    return NULL;
  self = g_slice_new0 (MpipeBuffer);
  g_atomic_ref_count_init (&self->n_refs);
  self->data = data;
  self->capacity = self->size = capacity;
  return self;
}

static gboolean
is_worth_keeping (gsize size)
{
  return size >= KEPT_SIZE_MIN && size <= KEPT_BYTES_MAX;
}

/* The data is aligned as malloc aligns: good for every GVariant type. Its content is not set. Returns:
 * (nullable): NULL when there is no memory, since others may say how much is needed. */
MpipeBuffer *
mpipe_buffer_try_new (gsize capacity)
{
  return mpipe_buffer_try_new_growing (capacity, capacity);
}

/* For @capacity bytes that are promised: of the whole capacity at once when such a buffer is kept, and else of
 * @first bytes, to be grown when they have come. */
MpipeBuffer *
mpipe_buffer_try_new_growing (gsize capacity, gsize first)
{
  MpipeBuffer *self = capacity >= KEPT_SIZE_MIN ? find_kept (capacity) : NULL;

  if (self != NULL)
    return self;
  self = try_allocate (first);
  if (self != NULL && is_worth_keeping (capacity) && first == capacity)
    keep (self);
  return self;
}

/* @notify is called when nobody needs the memory any more, by the thread that was the last to. */
MpipeBuffer *
mpipe_buffer_new_for_memory (void *data, gsize size, GDestroyNotify notify, gpointer notify_data)
{
  MpipeBuffer *self = g_slice_new0 (MpipeBuffer);

  g_atomic_ref_count_init (&self->n_refs);
  self->data = data;
  self->capacity = size;
  self->notify = notify;
  self->notify_data = notify_data;
  return self;
}

/* Makes room in a buffer that nobody but the caller holds; the data may move. Once it has its @final capacity it may be
 * kept. Returns: FALSE when there is no memory; then it is as before. */
gboolean
mpipe_buffer_try_grow (MpipeBuffer *self, gsize capacity, gsize final)
{
  guint8 *data;

  g_assert (self->notify == NULL && !self->is_kept && !mpipe_buffer_is_shared (self));
  g_assert (capacity >= self->capacity);
  data = g_try_realloc (self->data, capacity);
  if (data == NULL)
    return FALSE;
  self->data = data;
  self->capacity = self->size = capacity;
  if (capacity == final && is_worth_keeping (capacity))
    keep (self);
  return TRUE;
}

/* @variant must not be floating; it is serialised here, in place, when it was not yet. */
MpipeBuffer *
mpipe_buffer_new_for_variant (GVariant *variant)
{
  g_assert (!g_variant_is_floating (variant));
  return mpipe_buffer_new_for_memory ((void *) g_variant_get_data (variant),
                                      g_variant_get_size (variant),
                                      (GDestroyNotify) g_variant_unref, g_variant_ref (variant));
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
  if (self->notify != NULL)
    self->notify (self->notify_data);
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

/* Whether anybody but the caller holds the buffer, which the calling thread has made. A caller who holds
 * the only reference may write the buffer anew: nobody else can get one meanwhile. */
gboolean
mpipe_buffer_is_shared (MpipeBuffer *self)
{
  return !g_atomic_ref_count_compare (&self->n_refs, self->is_kept ? 2 : 1);
}
