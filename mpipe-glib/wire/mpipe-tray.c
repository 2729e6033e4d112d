/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A sealed memfd. On its first page the engine counts what it has taken; results lie behind, as near to
 * the beginning as there is room: memory that was used before is in the caches and needs no page fault.
 * Where there is no room a result goes through the channel instead, so the worker never waits for the
 * tray. */

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

/* A result that was put and not yet taken. */
typedef struct
{
  gsize offset;
  gsize size;
} Result;

struct _MpipeTray
{
  int fd;
  Words *words;
  guint8 *memory; /* behind the first page */
  gsize capacity;

  /* worker */
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

void
mpipe_tray_free (MpipeTray *self)
{
  if (self == NULL)
    return;
  mpipe_tray_close_fd (self);
  munmap (self->words, PAGE_SIZE + self->capacity);
  g_array_unref (self->waiting);
  mpipe_extents_free (self->free);
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
forget_taken (MpipeTray *self)
{
  guint64 n_taken = __atomic_load_n (&self->words->n_taken, __ATOMIC_ACQUIRE);
  guint64 n = MIN (n_taken - self->n_freed, self->waiting->len);

  if (n == 0)
    return;
  for (guint i = 0; i < n; i++)
    {
      const Result *result = &g_array_index (self->waiting, Result, i);

      mpipe_extents_give_back (self->free, result->offset, result->size);
    }
  g_array_remove_range (self->waiting, 0, (guint) n);
  self->n_freed += n;
}

/* Copies a result, which is larger than 0 bytes, into the tray. Returns: FALSE when there is no room. */
gboolean
mpipe_tray_put (MpipeTray *self, const void *data, gsize size, guint64 *out_offset)
{
  gsize needed = (size + PAGE_SIZE - 1) & ~(gsize) (PAGE_SIZE - 1);
  Result result = { .size = needed };

  forget_taken (self);
  if (!mpipe_extents_take (self->free, needed, &result.offset))
    return FALSE;
  /* memory comes by page faults: if there is none the worker ends by a signal, as it would elsewhere */
  memcpy (self->memory + result.offset, data, size);
  g_array_append_val (self->waiting, result);
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
