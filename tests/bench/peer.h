/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A bare child process at the other end of a socket pair: what the bounds talk to. */
typedef struct
{
  int fd;
  int pid;
} BenchPeer;

typedef void (*BenchPeerFunc) (int fd, gsize argument);

void bench_peer_start (BenchPeer *self, BenchPeerFunc func, gsize argument);
void bench_peer_end (BenchPeer *self);

gboolean bench_read_fully (int fd, void *data, gsize size);
gboolean bench_write_fully (int fd, const void *data, gsize size);

G_END_DECLS
