/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/wire/mpipe-arena-view-private.h"

#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-memory-file-private.h"

struct _MpipeArenaView
{
  const guint8 *memory;
  gsize size;
};

/* Takes @fd over, also on failure: it may be anything. */
MpipeArenaView *
mpipe_arena_view_new_for_fd (int fd, GError **error)
{
  MpipeArenaView *self;
  const guint8 *memory = NULL;
  gsize size = 0;

  if (mpipe_memory_file_check (fd, &size) && size > 0)
    memory = mpipe_memory_file_map (fd, size, PROT_READ, "the memory shared with the pipeline",
                                    error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "what should be memory shared with the pipeline is none");
  close (fd);
  if (memory == NULL)
    return NULL;
  self = g_new0 (MpipeArenaView, 1);
  self->memory = memory;
  self->size = size;
  return self;
}

void
mpipe_arena_view_free (MpipeArenaView *self)
{
  if (self == NULL)
    return;
  munmap ((void *) self->memory, self->size);
  g_free (self);
}

/* Returns: (nullable): NULL when that is not within the arena */
const guint8 *
mpipe_arena_view_get (MpipeArenaView *self, guint64 offset, guint64 size)
{
  if (offset > self->size || size > self->size - offset)
    return NULL;
  return self->memory + offset;
}
