/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Parts of GLib end the program when they find no free descriptor: main contexts, and GSubprocess. So it is tried
 * before they are made. Others may take the descriptors in this moment; against that one asks for some more. */

#include "config.h"

#include "mpipe-glib/core/mpipe-descriptors-private.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Returns: whether @n descriptors can be had at this moment; else why not. */
gboolean
mpipe_descriptors_check (guint n, GError **error)
{
  int fds[MPIPE_DESCRIPTORS_MAX];
  guint n_had = 0;
  int saved_errno = 0;

  g_assert (n <= G_N_ELEMENTS (fds));
  while (n_had < n && saved_errno == 0)
    {
      fds[n_had] = eventfd (0, EFD_CLOEXEC);
      if (fds[n_had] < 0)
        saved_errno = errno;
      else
        n_had++;
    }
  while (n_had > 0)
    close (fds[--n_had]);
  if (saved_errno == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "there are too few free descriptors: %s", g_strerror (saved_errno));
  return FALSE;
}
