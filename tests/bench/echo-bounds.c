/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* One frame or payload at a time there and back; and what copying memory costs. */

#include "bounds.h"

#include <string.h>

#include "peer.h"

#define N_WARM_UP 10
#define SMALL_FRAME 24 /* a header of 16 bytes and an int64 */
#define COPY_SIZE (64 << 20)

static void
echo (int fd, gsize size)
{
  guint8 *data = g_malloc (size);

  while (bench_read_fully (fd, data, size) && bench_write_fully (fd, data, size))
    continue;
}

static void
send_and_wait (const BenchPeer *peer, guint8 *data, gsize size)
{
  if (!bench_write_fully (peer->fd, data, size) || !bench_read_fully (peer->fd, data, size))
    g_error ("the child of a bound has ended");
}

/* Returns: the seconds of one exchange */
static double
measure (gsize size, gsize n_times)
{
  g_autofree guint8 *data = g_malloc (size);
  BenchPeer peer;
  gint64 begun;
  double seconds;

  memset (data, 1, size);
  bench_peer_start (&peer, echo, size);
  for (gsize i = 0; i < N_WARM_UP; i++)
    send_and_wait (&peer, data, size);
  begun = g_get_monotonic_time ();
  for (gsize i = 0; i < n_times; i++)
    send_and_wait (&peer, data, size);
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  bench_peer_end (&peer);
  return seconds / n_times;
}

double
bench_bound_round_trip (const BenchShape *shape, gsize n_tasks)
{
  return measure (SMALL_FRAME, n_tasks) * 1e6;
}

double
bench_bound_echo (const BenchShape *shape, gsize n_tasks)
{
  return shape->size / measure (shape->size, n_tasks) / 1e9;
}

/* The best of @n_tasks copies. */
double
bench_bound_memcpy (const BenchShape *shape, gsize n_tasks)
{
  g_autofree guint8 *from = g_malloc (COPY_SIZE);
  g_autofree guint8 *to = g_malloc (COPY_SIZE);
  gint64 best = G_MAXINT64;

  memset (from, 1, COPY_SIZE);
  memset (to, 2, COPY_SIZE);
  for (gsize i = 0; i < n_tasks; i++)
    {
      gint64 begun = g_get_monotonic_time ();

      memcpy (to, from, COPY_SIZE);
      best = MIN (best, g_get_monotonic_time () - begun);
    }
  return COPY_SIZE / (best * 1e3);
}
