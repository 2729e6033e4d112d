/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-memory-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

static void
set_error (GError **error, const char *verb, const char *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "cannot %s %s: %s", verb,
               what, g_strerror (saved_errno));
}

/* Returns: a descriptor of memory that is yet to be sealed, owned by the caller; -1 on failure */
int
mpipe_memory_file_new (const char *name, gsize size, const char *what, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd >= 0 && ftruncate (fd, (off_t) size) == 0)
    return fd;
  set_error (error, "make", what);
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Its size is fixed from now on; @more_seals may say more. */
gboolean
mpipe_memory_file_seal (int fd, int more_seals, const char *what, GError **error)
{
  if (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | more_seals) == 0)
    return TRUE;
  set_error (error, "make", what);
  return FALSE;
}

/* Returns: (nullable): NULL with an error */
gpointer
mpipe_memory_file_map (int fd, gsize size, int protection, const char *what, GError **error)
{
  gpointer memory = mmap (NULL, size, protection, MAP_SHARED, fd, 0);

  if (memory != MAP_FAILED)
    return memory;
  set_error (error, "map", what);
  return NULL;
}

/* Whether a descriptor, which may be anything, is of memory that nobody can make smaller. */
gboolean
mpipe_memory_file_check (int fd, gsize *out_size)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat status;

  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat (fd, &status) < 0)
    return FALSE;
  *out_size = (gsize) status.st_size;
  return TRUE;
}

/* Returns: a descriptor for another process, owned by the caller; -1 on failure */
int
mpipe_memory_file_dup (int fd, const char *what, GError **error)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);

  if (copy < 0)
    set_error (error, "hand over", what);
  return copy;
}
