/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "rivals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <zmq.h>

#include "roles.h"

#define PATIENCE_MS 30000 /* for one message */

/* As long as an int64 with the number of its task. */
typedef struct
{
  gint64 number;
  gint64 pid; /* of who has increased it */
} Message;

static void
must (gboolean success)
{
  if (!success)
    g_error ("ZeroMQ: %s", zmq_strerror (zmq_errno ()));
}

/* The process that works, until it is killed */

int
bench_rival_zeromq_work (const char *in_address, const char *out_address)
{
  void *context = zmq_ctx_new ();
  void *in = zmq_socket (context, ZMQ_PULL), *out = zmq_socket (context, ZMQ_PUSH);
  gint64 pid = getpid ();
  Message message;

  must (zmq_connect (in, in_address) == 0 && zmq_connect (out, out_address) == 0);
  while (zmq_recv (in, &message, sizeof message, 0) == sizeof message)
    {
      message.number++;
      message.pid = pid;
      must (zmq_send (out, &message, sizeof message, 0) == sizeof message);
    }
  return EXIT_FAILURE;
}

/* The process that has the tasks */

typedef struct
{
  void *context;
  void *feed;
  void *results;
  char *directory;
  char *feed_address;
  char *results_address;
  GPtrArray *workers; /* of GSubprocess */
  gsize n_tasks;
} Exchange;

static void *
new_socket (Exchange *self, int type, const char *address)
{
  const int patience_ms = PATIENCE_MS, no_linger = 0;
  void *socket = zmq_socket (self->context, type);

  must (socket != NULL);
  zmq_setsockopt (socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt (socket, ZMQ_SNDTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt (socket, ZMQ_LINGER, &no_linger, sizeof no_linger);
  must (zmq_bind (socket, address) == 0);
  return socket;
}

static void
put (Exchange *self, gsize number)
{
  Message message = { .number = (gint64) number };

  must (zmq_send (self->feed, &message, sizeof message, 0) == sizeof message);
}

static Message
get (Exchange *self)
{
  Message message;

  must (zmq_recv (self->results, &message, sizeof message, 0) == sizeof message);
  return message;
}

static void
exchange_start (Exchange *self, guint n_workers)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  self->directory = g_dir_make_tmp ("mpipe-bench-XXXXXX", NULL);
  self->feed_address = g_strdup_printf ("ipc://%s/feed", self->directory);
  self->results_address = g_strdup_printf ("ipc://%s/results", self->directory);
  self->context = zmq_ctx_new ();
  self->feed = new_socket (self, ZMQ_PUSH, self->feed_address);
  self->results = new_socket (self, ZMQ_PULL, self->results_address);
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_roles_kill);
  for (guint i = 0; i < n_workers; i++)
    g_ptr_array_add (self->workers, bench_roles_start (launcher, BENCH_ROLE_ZEROMQ,
                                                       self->feed_address, self->results_address));
  /* until each has answered: they are all there */
  while (g_hash_table_size (seen) < n_workers)
    {
      Message message;

      put (self, 0);
      message = get (self);
      g_hash_table_add (seen, g_memdup2 (&message.pid, sizeof message.pid));
    }
}

static void
remove_socket (const char *address)
{
  g_remove (address + strlen ("ipc://"));
}

static void
exchange_end (Exchange *self)
{
  g_ptr_array_unref (self->workers);
  zmq_close (self->feed);
  zmq_close (self->results);
  zmq_ctx_term (self->context);
  remove_socket (self->feed_address);
  remove_socket (self->results_address);
  g_rmdir (self->directory);
  g_free (self->feed_address);
  g_free (self->results_address);
  g_free (self->directory);
}

static gpointer
put_all (gpointer data)
{
  Exchange *self = data;

  for (gsize i = 0; i < self->n_tasks; i++)
    put (self, i);
  return NULL;
}

double
bench_rival_zeromq (const BenchShape *shape, gsize n_tasks)
{
  Exchange self = { .n_tasks = n_tasks };
  gint64 begun, sum = 0;
  double seconds;
  GThread *thread;

  exchange_start (&self, shape->n_workers);
  begun = g_get_monotonic_time ();
  thread = g_thread_new ("put", put_all, &self);
  for (gsize i = 0; i < n_tasks; i++)
    sum += get (&self).number;
  g_thread_join (thread);
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  exchange_end (&self);
  if (sum != (gint64) (n_tasks * (n_tasks + 1) / 2))
    g_error ("ZeroMQ has lost tasks");
  return n_tasks / seconds;
}
