/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Started while no pipeline exists: the child of a fork may use what GLib has no other thread in. */

#include "peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_BUFFER_SIZE (1 << 20)

/* The child runs @func, which returns when its end of the socket was closed. */
void
bench_peer_start (BenchPeer *self, BenchPeerFunc func, gsize argument)
{
  const int size = SOCKET_BUFFER_SIZE;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt (fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  self->fd = fds[0];
  self->pid = fork ();
  if (self->pid < 0)
    g_error ("fork: %s", g_strerror (errno));
  if (self->pid == 0)
    {
      close (fds[0]);
      func (fds[1], argument);
      _exit (0);
    }
  close (fds[1]);
}

void
bench_peer_end (BenchPeer *self)
{
  close (self->fd);
  waitpid (self->pid, NULL, 0);
}

gboolean
bench_read_fully (int fd, void *data, gsize size)
{
  guint8 *at = data;

  while (size > 0)
    {
      ssize_t n = recv (fd, at, size, 0);

      if (n <= 0)
        return FALSE;
      at += n;
      size -= n;
    }
  return TRUE;
}

gboolean
bench_write_fully (int fd, const void *data, gsize size)
{
  const guint8 *at = data;

  while (size > 0)
    {
      ssize_t n = send (fd, at, size, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      at += n;
      size -= n;
    }
  return TRUE;
}
