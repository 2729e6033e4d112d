/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-unit-streams.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define SMALLEST_SEND_BUFFER 1 /* the system makes it a few KiB */

static GIOStream *
stream_for_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
mpipe_unit_socket_pair (int send_buffer, GIOStream **out_near, GIOStream **out_far)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  if (send_buffer > 0)
    g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer),
                     ==, 0);
  *out_near = stream_for_fd (fds[0]);
  *out_far = stream_for_fd (fds[1]);
}

int
mpipe_unit_stream_get_fd (GIOStream *stream)
{
  return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

void
mpipe_unit_channel_set_up (MpipeUnitChannel *self, gconstpointer may_wait)
{
  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->channel = mpipe_channel_new (self->near, GPOINTER_TO_INT (may_wait));
  self->fd = mpipe_unit_stream_get_fd (self->far);
}

void
mpipe_unit_channel_tear_down (MpipeUnitChannel *self, gconstpointer may_wait)
{
  mpipe_channel_free (self->channel);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
}

void
mpipe_unit_channel_pair_set_up (MpipeUnitChannelPair *self, gconstpointer data)
{
  mpipe_unit_socket_pair (SMALLEST_SEND_BUFFER, &self->near, &self->far);
  self->sender = mpipe_channel_new (self->near, FALSE);
  self->receiver = mpipe_channel_new (self->far, FALSE);
}

void
mpipe_unit_channel_pair_tear_down (MpipeUnitChannelPair *self, gconstpointer data)
{
  mpipe_channel_free (self->sender);
  mpipe_channel_free (self->receiver);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
}

void
mpipe_unit_receive (MpipeChannel *channel, MpipeFrame *out_frame)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      MpipeChannelStatus status = mpipe_channel_next (channel, out_frame, &error);

      g_assert_no_error (error);
      if (status == MPIPE_CHANNEL_OK)
        return;
      g_assert_cmpint (status, ==, MPIPE_CHANNEL_WOULD_BLOCK);
      status = mpipe_channel_receive (channel, &error);
      g_assert_no_error (error);
      g_assert_cmpint (status, ==, MPIPE_CHANNEL_OK);
    }
}

void
mpipe_unit_receive_end (MpipeChannel *channel)
{
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;

  g_assert_cmpint (mpipe_channel_next (channel, &frame, &error), ==, MPIPE_CHANNEL_WOULD_BLOCK);
  g_assert_cmpint (mpipe_channel_receive (channel, &error), ==, MPIPE_CHANNEL_END);
  g_assert_no_error (error);
}

static gpointer
make_noise (gpointer data)
{
  guint8 *noise = g_malloc (MPIPE_UNIT_NOISE_MAX);
  guint32 state = 1;

  for (gsize i = 0; i < MPIPE_UNIT_NOISE_MAX; i++)
    {
      state = state * 1664525 + 1013904223;
      noise[i] = state >> 24;
    }
  return noise;
}

const guint8 *
mpipe_unit_noise (gsize offset)
{
  static GOnce once = G_ONCE_INIT;

  return (const guint8 *) g_once (&once, make_noise, NULL) + offset;
}

void
mpipe_unit_append_frame (GByteArray *bytes, guint64 sequence, gsize size)
{
  static const guint8 zeros[MPIPE_FRAME_ALIGNMENT] = { 0 };
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_RESULT,
                              .type = (guint16) (sequence % 4096),
                              .sequence = sequence,
                              .size = size };

  g_byte_array_append (bytes, (const guint8 *) &header, sizeof header);
  if (size > 0)
    g_byte_array_append (bytes, mpipe_unit_noise (sequence % 4096), size);
  g_byte_array_append (bytes, zeros, mpipe_frame_length (size) - sizeof header - size);
}

void
mpipe_unit_check_frame (const MpipeFrame *frame, guint64 sequence, gsize size)
{
  g_assert_cmpuint (frame->header.kind, ==, MPIPE_FRAME_RESULT);
  g_assert_cmpuint (frame->header.type, ==, sequence % 4096);
  g_assert_cmpuint (frame->header.sequence, ==, sequence);
  g_assert_cmpmem (frame->payload, frame->header.size, mpipe_unit_noise (sequence % 4096), size);
  g_assert_cmpuint (GPOINTER_TO_SIZE (frame->payload) % MPIPE_FRAME_ALIGNMENT, ==, 0);
}

void
mpipe_unit_write (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      struct pollfd writable = { .fd = fd, .events = POLLOUT };
      gssize n = send (fd, data, size, MSG_NOSIGNAL);

      if (n < 0)
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          poll (&writable, 1, -1);
          continue;
        }
      data += n;
      size -= n;
    }
}
