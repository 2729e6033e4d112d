/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/wire/mpipe-arena-view-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

struct _MpipeArenaView
{
  const guint8 *memory;
  gsize size;
};

/* Takes @fd over, also on failure: it may be anything. */
MpipeArenaView *
mpipe_arena_view_new_for_fd (int fd, GError **error)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat status;
  MpipeArenaView *self;
  void *memory = MAP_FAILED;

  errno = EINVAL;
  if (seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat (fd, &status) == 0 && status.st_size > 0)
    memory = mmap (NULL, (gsize) status.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "cannot map the memory shared with the pipeline: %s", g_strerror (saved_errno));
      close (fd);
      return NULL;
    }
  close (fd);
  self = g_new0 (MpipeArenaView, 1);
  self->memory = memory;
  self->size = (gsize) status.st_size;
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
