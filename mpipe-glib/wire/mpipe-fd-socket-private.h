/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes with descriptors, by SCM_RIGHTS, over a stream socket of this machine. */

typedef enum
{
  MPIPE_FD_SOCKET_OK,
  MPIPE_FD_SOCKET_WOULD_BLOCK,
  MPIPE_FD_SOCKET_CHOKED,  /* too many descriptors are on their way, or there is no memory for these */
  MPIPE_FD_SOCKET_REFUSED, /* the system never lets these descriptors travel */
  MPIPE_FD_SOCKET_FAILED,
} MpipeFdSocketStatus;

GSocket *mpipe_fd_socket_find (GIOStream *stream);
gssize mpipe_fd_socket_read (GSocket *socket, void *data, gsize size, gboolean blocking,
                             GQueue *arrived, GError **error);
MpipeFdSocketStatus mpipe_fd_socket_write (GSocket *socket, const GOutputVector *vectors,
                                           guint n_vectors, GUnixFDList *fds, gsize *out_n,
                                           GError **error);

G_END_DECLS
