/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The socket does not block by itself, as GSocket sets it. One call gives at most what was sent with one other: the
 * system ends a read behind the first bytes that have descriptors. */

#include "config.h"

#include "mpipe-glib/wire/mpipe-fd-socket-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <gio/gunixfdlist.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"

typedef union
{
  struct cmsghdr header; /* for its alignment */
  char space[CMSG_SPACE (MPIPE_TASK_FDS_MAX * sizeof (int))];
} Control;

static void
set_error_from_errno (GError **error, int saved_errno)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       g_strerror (saved_errno));
}

/* Returns: (transfer none) (nullable): the socket of @stream, if descriptors can travel over it */
GSocket *
mpipe_fd_socket_find (GIOStream *stream)
{
  GSocket *socket;

  if (!G_IS_SOCKET_CONNECTION (stream))
    return NULL;
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  return g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX
                 && g_socket_get_socket_type (socket) == G_SOCKET_TYPE_STREAM
             ? socket
             : NULL;
}

/* What was sent with the bytes becomes one list, which is too short when some could not be received. */
static void
take_fds (struct msghdr *message, GQueue *arrived)
{
  GUnixFDList *fds = NULL;

  for (struct cmsghdr *control = CMSG_FIRSTHDR (message); control != NULL;
       control = CMSG_NXTHDR (message, control))
    {
      int received[MPIPE_TASK_FDS_MAX];
      gsize n;

      if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
        continue;
      n = MIN ((control->cmsg_len - CMSG_LEN (0)) / sizeof (int), G_N_ELEMENTS (received));
      memcpy (received, CMSG_DATA (control), n * sizeof (int));
      fds = g_unix_fd_list_new_from_array (received, (int) n);
    }
  if (fds == NULL && (message->msg_flags & MSG_CTRUNC) != 0)
    fds = g_unix_fd_list_new ();
  if (fds != NULL)
    g_queue_push_tail (arrived, fds);
}

/* Reads once; what came with it is added to @arrived, of GUnixFDList. Returns: how much, 0 at the end, -1 with an
 * error. */
gssize
mpipe_fd_socket_read (GSocket *socket, void *data, gsize size, gboolean blocking, GQueue *arrived,
                      GError **error)
{
  for (;;)
    {
      Control control;
      struct iovec vector = { .iov_base = data, .iov_len = size };
      struct msghdr message = { .msg_iov = &vector,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = sizeof control };
      gssize n = recvmsg (g_socket_get_fd (socket), &message, MSG_CMSG_CLOEXEC);
      int saved_errno = errno;

      if (n >= 0)
        {
          take_fds (&message, arrived);
          return n;
        }
      if (saved_errno == EINTR)
        continue;
      if (saved_errno == EAGAIN && blocking)
        {
          if (g_socket_condition_wait (socket, G_IO_IN, NULL, error))
            continue;
          return -1;
        }
      set_error_from_errno (error, saved_errno);
      return -1;
    }
}

static void
put_fds (struct msghdr *message, Control *control, GUnixFDList *fds)
{
  int n;
  const int *list = g_unix_fd_list_peek_fds (fds, &n);
  gsize size = (gsize) n * sizeof (int);
  struct cmsghdr *header;

  g_assert (n <= MPIPE_TASK_FDS_MAX);
  memset (control, 0, sizeof *control);
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE (size);
  header = CMSG_FIRSTHDR (message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (header), list, size);
}

static MpipeFdSocketStatus
judge (int saved_errno, GError **error)
{
  switch (saved_errno)
    {
    case EAGAIN:
      return MPIPE_FD_SOCKET_WOULD_BLOCK;
    case ETOOMANYREFS:
    case ENOMEM:
    case ENOBUFS:
      return MPIPE_FD_SOCKET_CHOKED;
    case EINVAL:
    case EBADF:
    case EPERM:
    case EACCES:
      return MPIPE_FD_SOCKET_REFUSED;
    default:
      set_error_from_errno (error, saved_errno);
      return MPIPE_FD_SOCKET_FAILED;
    }
}

/* Writes once, without waiting. OK: @out_n is set, and above 0; @fds, at least one, are on their way. */
MpipeFdSocketStatus
mpipe_fd_socket_write (GSocket *socket, const GOutputVector *vectors, guint n_vectors,
                       GUnixFDList *fds, gsize *out_n, GError **error)
{
  G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
  G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, buffer) == G_STRUCT_OFFSET (struct iovec, iov_base));
  G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, size) == G_STRUCT_OFFSET (struct iovec, iov_len));
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  Control control;
  gssize n;

  put_fds (&message, &control, fds);
  do
    n = sendmsg (g_socket_get_fd (socket), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return judge (errno, error);
  *out_n = (gsize) n;
  return MPIPE_FD_SOCKET_OK;
}
