/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A memfd, mapped here before it was sealed against future writers: who gets the descriptor can map it for
 * reading only, cannot write to it, shrink it, or take pages out of it.
 *
 * Its size is only an upper bound: what was never used takes no memory. Memory comes to it by fallocate(), which
 * says that there is none, where a page fault would be a signal. What was used stays until the arena is gone:
 * that it need not be cleared and faulted in again is what makes it fast. */

#include "config.h"

#include "mpipe-glib/core/mpipe-arena-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-extents-private.h"
#include "mpipe-glib/core/mpipe-memory-file-private.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define WHAT "memory to share with workers"
#define PAGE_SIZE 4096u        /* what lies in it begins at a multiple of this */
#define BACKED_STEP (1u << 20) /* memory comes in steps of at least this */

struct _MpipeArena
{
  gatomicrefcount n_refs;
  int fd;
  guint8 *memory;
  gsize size;

  GMutex lock; /* taken last, and for a few instructions, unless memory is to come */
  MpipeExtents *extents;
  gsize n_backed; /* so much from its beginning on is there */
};

/* What a buffer in the arena gives back in the end. */
typedef struct
{
  MpipeArena *arena;
  gsize offset;
  gsize size;
} Block;

/* Who maps it before it is sealed may write. */
static gboolean
arena_map (MpipeArena *self, GError **error)
{
  self->memory = mpipe_memory_file_map (self->fd, self->size, PROT_READ | PROT_WRITE, WHAT, error);
  return self->memory != NULL
         && mpipe_memory_file_seal (self->fd, F_SEAL_FUTURE_WRITE, WHAT, error);
}

/* @size is a multiple of 4096. Returns: (nullable): NULL with an error when this system has no such memory; things
 * go on without. */
MpipeArena *
mpipe_arena_new (gsize size, GError **error)
{
  g_autoptr (MpipeArena) self = g_new0 (MpipeArena, 1);

  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->size = size;
  self->extents = mpipe_extents_new (size);
  self->fd = mpipe_memory_file_new ("mpipe-arena", size, WHAT, error);
  return self->fd >= 0 && arena_map (self, error) ? g_steal_pointer (&self) : NULL;
}

MpipeArena *
mpipe_arena_ref (MpipeArena *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_arena_unref (MpipeArena *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->n_refs))
    return;
  if (self->memory != NULL)
    munmap (self->memory, self->size);
  if (self->fd >= 0)
    close (self->fd);
  mpipe_extents_free (self->extents);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* No other process is to get it any more; what lies in it stays. */
void
mpipe_arena_close_fd (MpipeArena *self)
{
  g_mutex_lock (&self->lock);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_mutex_unlock (&self->lock);
}

/* Returns: a descriptor for others, owned by the caller; -1 on failure. */
int
mpipe_arena_dup_fd (MpipeArena *self, GError **error)
{
  return mpipe_memory_file_dup (self->fd, WHAT, error);
}

gsize
mpipe_arena_get_size (MpipeArena *self)
{
  return self->size;
}

/* Returns: whether there is memory up to @end */
static gboolean
back_up_to (MpipeArena *self, gsize end)
{
  gsize step;

  if (end <= self->n_backed)
    return TRUE;
  step = MIN (MAX (end - self->n_backed, BACKED_STEP), self->size - self->n_backed);
  while (fallocate (self->fd, 0, (off_t) self->n_backed, (off_t) step) < 0)
    if (errno != EINTR)
      return FALSE;
  self->n_backed += step;
  return TRUE;
}

static gboolean
take (MpipeArena *self, gsize size, gsize leave, gsize *out_offset)
{
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = self->size - mpipe_extents_get_n_taken (self->extents) >= leave
          && mpipe_extents_take (self->extents, size, out_offset);
  if (taken && !back_up_to (self, *out_offset + size))
    {
      mpipe_extents_give_back (self->extents, *out_offset, size);
      taken = FALSE;
    }
  g_mutex_unlock (&self->lock);
  return taken;
}

static void
block_free (gpointer data)
{
  Block *block = data;

  g_mutex_lock (&block->arena->lock);
  mpipe_extents_give_back (block->arena->extents, block->offset, block->size);
  g_mutex_unlock (&block->arena->lock);
  mpipe_arena_unref (block->arena);
  g_slice_free (Block, block);
}

/* Returns: (nullable): a buffer in the arena, its content not set; NULL when there is no room, or less than @leave
 * bytes are free */
MpipeBuffer *
mpipe_arena_try_new_buffer (MpipeArena *self, gsize size, gsize leave)
{
  gsize needed = (size + PAGE_SIZE - 1) & ~(gsize) (PAGE_SIZE - 1);
  gsize offset;
  Block *block;

  if (size == 0 || size > self->size || !take (self, needed, leave, &offset))
    return NULL;
  block = g_slice_new (Block);
  block->arena = mpipe_arena_ref (self);
  block->offset = offset;
  block->size = needed;
  return mpipe_buffer_new_for_memory (self->memory + offset, size, block_free, block);
}

/* Whether the data lies in the arena, and where. */
gboolean
mpipe_arena_find (MpipeArena *self, const void *data, gsize size, guint64 *out_offset)
{
  guintptr at = (guintptr) data, begin = (guintptr) self->memory;

  if (at < begin || at - begin > self->size || size > self->size - (at - begin))
    return FALSE;
  *out_offset = at - begin;
  return TRUE;
}
