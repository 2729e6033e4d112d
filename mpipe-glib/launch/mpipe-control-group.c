/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A directory below a group that was delegated: the kernel makes its files with it, and rmdir() takes them along. It
 * can be removed when no process is in it.
 *
 * Who made it holds a lock on it, which ends with him, however he ends. So one that is not locked is left over, and
 * whoever comes next removes it: numbers of processes would not tell, since they are others in another container. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-control-group-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpipe-glib/launch/mpipe-control-file-private.h"

#define PREFIX "mpipe-"
#define NAMES_MAX 100 /* that are tried */

struct _MpipeControlGroup
{
  char *path;
  guint64 n_bytes;
  int lock_fd;
  gboolean removed;
};

/* Returns: -1 when it is somebody else's, or not there */
static int
lock_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* It may have been taken for a left-over one before it was locked. */
static gboolean
is_at (int fd, const char *path)
{
  struct stat open_one, found;

  return fstat (fd, &open_one) == 0 && stat (path, &found) == 0 && open_one.st_dev == found.st_dev
         && open_one.st_ino == found.st_ino;
}

/* Returns: whether it is made; else errno is EAGAIN when another name may do */
static gboolean
make_directory (MpipeControlGroup *self)
{
  if (mkdir (self->path, 0755) < 0)
    {
      errno = errno == EEXIST ? EAGAIN : errno;
      return FALSE;
    }
  self->lock_fd = lock_directory (self->path);
  if (self->lock_fd >= 0 && is_at (self->lock_fd, self->path))
    return TRUE;
  if (self->lock_fd >= 0)
    close (g_steal_fd (&self->lock_fd));
  errno = EAGAIN;
  return FALSE;
}

static gboolean
find_place (MpipeControlGroup *self, const char *parent, GError **error)
{
  static int n_made;
  int saved_errno = EAGAIN;

  for (guint i = 0; i < NAMES_MAX && saved_errno == EAGAIN; i++)
    {
      g_free (self->path);
      self->path = g_strdup_printf ("%s/" PREFIX "%d-%d", parent, (int) getpid (),
                                    g_atomic_int_add (&n_made, 1));
      if (make_directory (self))
        return TRUE;
      saved_errno = errno;
    }
  self->removed = TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "cannot make the control group “%s”: %s", self->path, g_strerror (saved_errno));
  return FALSE;
}

/* What kernels may be without: no swap then, or one process alone is ended, which is the worker mostly. */
static gboolean
write_if_there (MpipeControlGroup *self, const char *name, const char *text, GError **error)
{
  g_autoptr (GError) file_error = NULL;

  if (mpipe_control_file_write (self->path, name, text, &file_error)
      || g_error_matches (file_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&file_error));
  return FALSE;
}

static gboolean
set_limits (MpipeControlGroup *self, GError **error)
{
  g_autofree char *limit = g_strdup_printf ("%" G_GUINT64_FORMAT, self->n_bytes);

  return mpipe_control_file_write (self->path, "memory.max", limit, error)
         && write_if_there (self, "memory.swap.max", "0", error)
         && write_if_there (self, "memory.oom.group", "1", error);
}

/* Makes a group below @parent, an absolute path, whose processes may have @n_bytes of memory together, and no swap.
 * Returns: (transfer full) (nullable): NULL with an error; nothing is left then */
MpipeControlGroup *
mpipe_control_group_new (const char *parent, guint64 n_bytes, GError **error)
{
  g_autoptr (MpipeControlGroup) self = g_new0 (MpipeControlGroup, 1);

  self->lock_fd = -1;
  self->n_bytes = n_bytes;
  if (!find_place (self, parent, error) || !set_limits (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* Removes it, if nobody is in it. */
void
mpipe_control_group_free (MpipeControlGroup *self)
{
  if (self == NULL)
    return;
  mpipe_control_group_remove (self);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->path);
  g_free (self);
}

const char *
mpipe_control_group_get_path (MpipeControlGroup *self)
{
  return self->path;
}

guint64
mpipe_control_group_get_n_bytes (MpipeControlGroup *self)
{
  return self->n_bytes;
}

/* Returns: a descriptor, owned by the caller; who writes "0" there has entered the group. -1 with an error */
int
mpipe_control_group_open_door (MpipeControlGroup *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, "cgroup.procs", NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  int saved_errno = errno;

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "cannot open “%s”: %s",
                 path, g_strerror (saved_errno));
  return fd;
}

/* The kernel counts who was killed in the group of the one, and whose limit was reached in the group of the other. */
MpipeShortage
mpipe_control_group_find_shortage (MpipeControlGroup *self)
{
  g_autofree char *events = mpipe_control_file_read (self->path, "memory.events", NULL);

  if (events == NULL || mpipe_control_file_get_number (events, "oom_kill") == 0)
    return MPIPE_SHORTAGE_NONE;
  return mpipe_control_file_get_number (events, "oom") > 0 ? MPIPE_SHORTAGE_INSIDE
                                                           : MPIPE_SHORTAGE_OUTSIDE;
}

/* Ends all that is in it, in a moment; kernels before 5.14 cannot. */
void
mpipe_control_group_kill (MpipeControlGroup *self)
{
  mpipe_control_file_write (self->path, "cgroup.kill", "1", NULL);
}

/* Returns: whether it is gone; else there are processes in it, or groups that they have made */
gboolean
mpipe_control_group_remove (MpipeControlGroup *self)
{
  if (!self->removed)
    self->removed = rmdir (self->path) == 0 || errno == ENOENT;
  return self->removed;
}

static void
sweep_out (const char *path)
{
  int fd = lock_directory (path);

  if (fd < 0)
    return;
  if (rmdir (path) < 0)
    mpipe_control_file_write (path, "cgroup.kill", "1", NULL); /* it goes the next time */
  close (fd);
}

/* Removes the groups below @parent whose makers have ended without doing so; what has outlived them in there is
 * ended. */
void
mpipe_control_group_sweep (const char *parent)
{
  g_autoptr (GDir) directory = g_dir_open (parent, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, PREFIX))
      {
        g_autofree char *path = g_build_filename (parent, name, NULL);

        sweep_out (path);
      }
}
