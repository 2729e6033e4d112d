/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Numbers go to a child and come back, increased, in batches: as many in one write and one read as there
 * are. Either as they are, or with GVariants made and read wherever a pipeline does so: from the
 * application, in the worker, and to the application. */

#include "bounds.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#define BUFFER_SIZE (1 << 20)
#define BATCH_SIZE (256 << 10) /* bytes gathered for one write */

/* What a task needs at least on a channel: a header of 16 bytes, and its value. */
typedef struct
{
  guint64 head;
  guint64 sequence;
  gint64 value;
} Frame;

/* Bytes from `begin` to `end` wait: to be sent, or for the rest of a frame. */
typedef struct
{
  guint8 *data;
  gsize begin;
  gsize end;
} Buffer;

typedef struct
{
  gboolean variants;
  gsize n_tasks;
  gsize window;
  gsize n_put;
  gsize n_got;
  gint64 sum;
  Buffer out;
  Buffer in;
} Batching;

/* One value is read from a GVariant around received bytes, another is made into one. */
static gint64
through_variants (gint64 value, gint64 added)
{
  gint64 *copy = g_memdup2 (&value, sizeof value);
  g_autoptr (GVariant) received = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_INT64, copy, sizeof *copy, TRUE, g_free, copy));
  g_autoptr (GVariant) made
      = g_variant_ref_sink (g_variant_new_int64 (g_variant_get_int64 (received) + added));

  memcpy (&value, g_variant_get_data (made), sizeof value);
  return value;
}

static gint64
pass (gboolean variants, gint64 value, gint64 added)
{
  return variants ? through_variants (value, added) : value + added;
}

static gboolean
take_frame (Buffer *self, Frame *out_frame)
{
  if (self->end - self->begin < sizeof *out_frame)
    return FALSE;
  memcpy (out_frame, self->data + self->begin, sizeof *out_frame);
  self->begin += sizeof *out_frame;
  return TRUE;
}

static void
add_frame (Buffer *self, const Frame *frame)
{
  memcpy (self->data + self->end, frame, sizeof *frame);
  self->end += sizeof *frame;
}

/* Moves what is left of a frame to the front. */
static void
make_room (Buffer *self)
{
  memmove (self->data, self->data + self->begin, self->end - self->begin);
  self->end -= self->begin;
  self->begin = 0;
}

static void
increase_frames (int fd, gsize variants)
{
  Buffer in = { .data = g_malloc (BUFFER_SIZE) }, out = { .data = g_malloc (BUFFER_SIZE) };
  ssize_t n;
  Frame frame;

  while ((n = recv (fd, in.data + in.end, BUFFER_SIZE - in.end, 0)) > 0)
    {
      in.end += n;
      while (take_frame (&in, &frame))
        {
          frame.value = pass (variants != 0, frame.value, 1);
          add_frame (&out, &frame);
        }
      make_room (&in);
      if (!bench_write_fully (fd, out.data, out.end))
        return;
      out.end = 0;
    }
}

static void
put (Batching *self)
{
  if (self->out.begin < self->out.end)
    return;
  self->out.begin = self->out.end = 0;
  while (self->n_put < self->n_tasks && self->n_put - self->n_got < self->window
         && self->out.end + sizeof (Frame) <= BATCH_SIZE)
    {
      Frame frame
          = { .sequence = self->n_put, .value = pass (self->variants, (gint64) self->n_put, 0) };

      add_frame (&self->out, &frame);
      self->n_put++;
    }
}

static void
get (Batching *self)
{
  Frame frame;

  while (take_frame (&self->in, &frame))
    {
      self->sum += pass (self->variants, frame.value, 0);
      self->n_got++;
    }
  make_room (&self->in);
}

static void
exchange (Batching *self, int fd)
{
  struct pollfd ready = { .fd = fd, .events = POLLIN };
  ssize_t n;

  if (self->out.begin < self->out.end
      && (n = send (fd, self->out.data + self->out.begin, self->out.end - self->out.begin,
                    MSG_DONTWAIT | MSG_NOSIGNAL))
             > 0)
    self->out.begin += n;
  if (self->out.begin < self->out.end)
    ready.events |= POLLOUT;
  poll (&ready, 1, -1);
  if (ready.revents & (POLLERR | POLLHUP))
    g_error ("the child of a bound has ended");
  if ((ready.revents & POLLIN)
      && (n = recv (fd, self->in.data + self->in.end, BUFFER_SIZE - self->in.end, MSG_DONTWAIT))
             > 0)
    self->in.end += n;
}

static double
measure (const BenchShape *shape, gsize n_tasks, gboolean variants)
{
  Batching self = { .variants = variants, .n_tasks = n_tasks, .window = shape->window };
  BenchPeer peer;
  double seconds;
  gint64 begun;

  self.out.data = g_malloc (BUFFER_SIZE);
  self.in.data = g_malloc (BUFFER_SIZE);
  bench_peer_start (&peer, increase_frames, variants);
  begun = g_get_monotonic_time ();
  while (self.n_got < n_tasks)
    {
      put (&self);
      exchange (&self, peer.fd);
      get (&self);
    }
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  bench_peer_end (&peer);
  g_free (self.out.data);
  g_free (self.in.data);
  if (self.sum != (gint64) (n_tasks * (n_tasks + 1) / 2))
    g_error ("a bound has lost tasks");
  return n_tasks / seconds;
}

double
bench_bound_raw (const BenchShape *shape, gsize n_tasks)
{
  return measure (shape, n_tasks, FALSE);
}

double
bench_bound_gvariant (const BenchShape *shape, gsize n_tasks)
{
  return measure (shape, n_tasks, TRUE);
}
