/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A sealed memfd. On its first page the engine counts what it has taken; results lie behind, as near to
 * the beginning as there is room: memory that was used before is in the caches and needs no page fault.
 * Where there is no room a result goes through the channel instead, so the worker never waits for the
 * tray.
 *
 * The worker's code may ask for a block and make a result in it, which then need not be copied into the tray. A block
 * is free again when its bytes are, and the result that was put out of it was taken. There is one such result at a
 * time: what waits in the tray lies side by side, and the engine may count on that. */

#include "config.h"

#include "mpipe-glib/wire/mpipe-tray-private.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-extents-private.h"
#include "mpipe-glib/core/mpipe-memory-file-private.h"

#define PAGE_SIZE 4096u
#define WHAT "memory for large results"
#define CAPACITY ((gsize) (sizeof (void *) > 4 ? 64 : 8) << 20)

typedef struct
{
  guint64 n_taken; /* engine: how many results it has taken */
} Words;

/* Memory that the worker's code writes to. */
typedef struct
{
  MpipeTray *tray;
  gsize offset;
  gsize size;
  gboolean has_bytes;
  gboolean has_result; /* that was put and not yet taken */
} Block;

/* A result that was put and not yet taken. */
typedef struct
{
  gsize offset;
  gsize size;
  Block *block; /* in which it lies; NULL for memory of its own */
} Result;

struct _MpipeTray
{
  gatomicrefcount n_refs; /* bytes of blocks have one each */
  int fd;
  Words *words;
  guint8 *memory; /* behind the first page */
  gsize capacity;

  /* worker */
  GMutex lock; /* bytes may be freed by any thread */
  GPtrArray *blocks; /* of Block */
  MpipeExtents *free;
  GArray *waiting; /* of Result: those not seen to be taken */
  guint64 n_freed; /* so many of those that were put are not in `waiting` any more */

  guint64 n_taken; /* engine: what it writes, and does not read back */
};

/* Takes @fd over, also on failure. */
static MpipeTray *
tray_map (int fd, gsize capacity, GError **error)
{
  guint8 *memory = mpipe_memory_file_map (fd, PAGE_SIZE + capacity, PROT_READ | PROT_WRITE, WHAT,
                                          error);
  MpipeTray *self;

  if (memory == NULL)
    {
      close (fd);
      return NULL;
    }
  self = g_new0 (MpipeTray, 1);
  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->blocks = g_ptr_array_new_with_free_func (g_free);
  self->fd = fd;
  self->words = (Words *) (gpointer) memory;
  self->memory = memory + PAGE_SIZE;
  self->capacity = capacity;
  self->free = mpipe_extents_new (capacity);
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Result));
  return self;
}

MpipeTray *
mpipe_tray_new (GError **error)
{
  int fd = mpipe_memory_file_new ("mpipe-tray", PAGE_SIZE + CAPACITY, WHAT, error);

  if (fd < 0)
    return NULL;
  if (mpipe_memory_file_seal (fd, 0, WHAT, error))
    return tray_map (fd, CAPACITY, error);
  close (fd);
  return NULL;
}

/* Takes @fd over, also on failure: it may be anything. */
MpipeTray *
mpipe_tray_new_for_fd (int fd, GError **error)
{
  gsize size;

  if (mpipe_memory_file_check (fd, &size) && size > PAGE_SIZE)
    return tray_map (fd, size - PAGE_SIZE, error);
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "what should be memory for large results is none");
  return NULL;
}

/* When both sides have it, nobody needs the descriptor any more. */
void
mpipe_tray_close_fd (MpipeTray *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

MpipeTray *
mpipe_tray_ref (MpipeTray *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_tray_unref (MpipeTray *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  mpipe_tray_close_fd (self);
  munmap (self->words, PAGE_SIZE + self->capacity);
  g_array_unref (self->waiting);
  g_ptr_array_unref (self->blocks);
  mpipe_extents_free (self->free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Returns: a descriptor for the other side, owned by the caller; -1 on failure. */
int
mpipe_tray_dup_fd (MpipeTray *self, GError **error)
{
  return mpipe_memory_file_dup (self->fd, WHAT, error);
}

/* The worker's side */

static void
block_free_if_unused_locked (Block *self)
{
  MpipeTray *tray = self->tray;

  if (self->has_bytes || self->has_result)
    return;
  mpipe_extents_give_back (tray->free, self->offset, self->size);
  g_ptr_array_remove_fast (tray->blocks, self);
}

static void
forget_taken_locked (MpipeTray *self)
{
  guint64 n_taken = __atomic_load_n (&self->words->n_taken, __ATOMIC_ACQUIRE);
  guint64 n = MIN (n_taken - self->n_freed, self->waiting->len);

  if (n == 0)
    return;
  for (guint i = 0; i < n; i++)
    {
      const Result *result = &g_array_index (self->waiting, Result, i);

      if (result->block == NULL)
        {
          mpipe_extents_give_back (self->free, result->offset, result->size);
          continue;
        }
      result->block->has_result = FALSE;
      block_free_if_unused_locked (result->block);
    }
  g_array_remove_range (self->waiting, 0, (guint) n);
  self->n_freed += n;
}

static gboolean
take_extent_locked (MpipeTray *self, gsize size, gsize *out_offset, gsize *out_size)
{
  *out_size = (size + PAGE_SIZE - 1) & ~(gsize) (PAGE_SIZE - 1);
  return mpipe_extents_take (self->free, *out_size, out_offset);
}

/* The bytes of the block are freed. */
static void
block_free_bytes (gpointer data)
{
  Block *block = data;
  MpipeTray *tray = block->tray;

  g_mutex_lock (&tray->lock);
  block->has_bytes = FALSE;
  block_free_if_unused_locked (block);
  g_mutex_unlock (&tray->lock);
  mpipe_tray_unref (tray);
}

/* Returns: (transfer full) (nullable): memory in which results can be made, larger than 0 bytes; NULL when there is no
 * room */
GBytes *
mpipe_tray_new_bytes (MpipeTray *self, gsize size)
{
  Block *block = g_new0 (Block, 1);

  g_mutex_lock (&self->lock);
  forget_taken_locked (self);
  if (!take_extent_locked (self, size, &block->offset, &block->size))
    {
      g_mutex_unlock (&self->lock);
      g_free (block);
      return NULL;
    }
  block->tray = mpipe_tray_ref (self);
  block->has_bytes = TRUE;
  g_ptr_array_add (self->blocks, block);
  g_mutex_unlock (&self->lock);
  return g_bytes_new_with_free_func (self->memory + block->offset, size, block_free_bytes, block);
}

/* Returns: (nullable): the block in which the data lies, if it can stay there */
static Block *
find_block_locked (MpipeTray *self, const guint8 *data, gsize size)
{
  gsize offset = (gsize) data - (gsize) self->memory; /* huge when it lies before */

  if (offset >= self->capacity)
    return NULL;
  for (guint i = 0; i < self->blocks->len; i++)
    {
      Block *block = g_ptr_array_index (self->blocks, i);

      if (offset >= block->offset && offset - block->offset <= block->size
          && size <= block->size - (offset - block->offset))
        return block->has_result ? NULL : block;
    }
  return NULL;
}

/* Puts a result, which is larger than 0 bytes, into the tray; one that was made there stays where it is. Returns: FALSE
 * when there is no room. */
gboolean
mpipe_tray_put (MpipeTray *self, const void *data, gsize size, guint64 *out_offset)
{
  Result result = { 0 };
  gboolean has_room = TRUE;

  g_mutex_lock (&self->lock);
  forget_taken_locked (self);
  result.block = find_block_locked (self, data, size);
  if (result.block != NULL)
    {
      result.block->has_result = TRUE;
      result.offset = (gsize) ((const guint8 *) data - self->memory);
    }
  else
    has_room = take_extent_locked (self, size, &result.offset, &result.size);
  if (has_room)
    g_array_append_val (self->waiting, result);
  g_mutex_unlock (&self->lock);
  if (!has_room)
    return FALSE;
  /* memory comes by page faults: if there is none the worker ends by a signal, as it would elsewhere */
  if (result.block == NULL)
    memcpy (self->memory + result.offset, data, size);
  *out_offset = result.offset;
  return TRUE;
}

/* The engine's side */

gboolean
mpipe_tray_contains (MpipeTray *self, guint64 offset, guint64 size)
{
  return offset <= self->capacity && size <= self->capacity - offset;
}

/* Copies the next result, which the tray contains, out of it; the worker may use its place again. */
void
mpipe_tray_take (MpipeTray *self, guint64 offset, guint64 size, guint8 *destination)
{
  memcpy (destination, self->memory + offset, size);
  __atomic_store_n (&self->words->n_taken, ++self->n_taken, __ATOMIC_RELEASE);
}
