/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Stands between the library and the system in the program that links it: calls by name, those of GLib on the
 * library's behalf included where noted.
 *
 *   epoll_create1 epoll_ctl epoll_wait eventfd fcntl ftruncate memfd_create mmap pipe2 poll prctl read send setsockopt
 *   socketpair timerfd_create
 *   timerfd_settime write   as the library calls them itself
 *   getsockopt posix_spawn pthread_create recv recvmsg sendmsg   as GLib calls them
 */
typedef struct
{
  const char *call;
  int error;           /* what such a call fails with; 0 for none */
  guint first;         /* the number of the first that is concerned: 1 for the next */
  guint n;             /* how many are; 0 for all from there on */
  gboolean everywhere; /* in an application: also on the thread that sets it */
  gsize
      piece; /* recv, recvmsg, sendmsg, send, read, write: at most so many bytes; with an error, every other call fails; 0 for any */
} MpipeTestFault;

/* In this process. */
void mpipe_test_fault_set (const MpipeTestFault *fault);

/* In the first worker process that gets so far, on all its threads. The directory is kept until it is cleared. */
void mpipe_test_fault_set_for_worker (const MpipeTestFault *fault);

/* Ends the fault. Returns: how many calls it has met; for that of a worker, whether there was any. */
guint mpipe_test_fault_clear (void);

G_END_DECLS
