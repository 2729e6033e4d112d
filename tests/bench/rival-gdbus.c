/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "rivals.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "roles.h"

#define PATH "/numbers"
#define INTERFACE "org.mpipe.Bench.Numbers"
#define METHOD "Increase"

static const char description[]
    = "<node><interface name='" INTERFACE "'><method name='" METHOD "'>"
      "<arg type='x' direction='in'/><arg type='x' direction='out'/></method></interface></node>";

/* Takes over @fd. */
static GDBusConnection *
new_connection (int fd, GDBusConnectionFlags flags, const char *guid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;
  GDBusConnection *self;

  if (socket == NULL)
    g_error ("%s", error->message);
  stream = g_socket_connection_factory_create_connection (socket);
  self = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid, flags, NULL, NULL, &error);
  if (self == NULL)
    g_error ("%s", error->message);
  return self;
}

/* The process that serves */

static void
method_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *method, GVariant *arguments, GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  gint64 number;

  g_variant_get (arguments, "(x)", &number);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(x)", number + 1));
}

static void
closed_cb (GDBusConnection *connection, gboolean vanished, GError *error, gpointer loop)
{
  g_main_loop_quit (loop);
}

int
bench_rival_gdbus_serve (void)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_cb };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (description, NULL);
  g_autoptr (GDBusConnection) connection
      = new_connection (STDIN_FILENO,
                        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                            | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                        guid);

  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), loop);
  if (g_dbus_connection_register_object (connection, PATH, node->interfaces[0], &vtable, NULL, NULL,
                                         NULL)
      == 0)
    return EXIT_FAILURE;
  g_dbus_connection_start_message_processing (connection);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}

/* The process that calls */

typedef struct
{
  GDBusConnection *connection;
  GMainLoop *loop;
  gsize n_tasks;
  gsize n_put;
  gsize n_got;
  gint64 sum;
} Calls;

static void put_next (Calls *self);

static void
done_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, &error);
  Calls *self = user_data;
  gint64 number;

  if (answer == NULL)
    g_error ("%s", error->message);
  g_variant_get (answer, "(x)", &number);
  self->sum += number;
  self->n_got++;
  if (self->n_put < self->n_tasks)
    put_next (self);
  else if (self->n_got == self->n_tasks)
    g_main_loop_quit (self->loop);
}

static void
put_next (Calls *self)
{
  g_dbus_connection_call (self->connection, NULL, PATH, INTERFACE, METHOD,
                          g_variant_new ("(x)", (gint64) self->n_put++), G_VARIANT_TYPE ("(x)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, done_cb, self);
}

static void
run (Calls *self, gsize n_tasks, gsize window)
{
  self->n_tasks = n_tasks;
  self->n_put = self->n_got = 0;
  self->sum = 0;
  while (self->n_put < MIN (window, n_tasks))
    put_next (self);
  g_main_loop_run (self->loop);
  if (self->sum != (gint64) (n_tasks * (n_tasks + 1) / 2))
    g_error ("a connection has lost calls");
}

static GSubprocess *
start_server (int *out_fd)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  g_subprocess_launcher_take_stdin_fd (launcher, fds[1]);
  *out_fd = fds[0];
  return bench_roles_start (launcher, BENCH_ROLE_GDBUS, NULL, NULL);
}

double
bench_rival_gdbus (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Calls self = { .loop = loop };
  GSubprocess *server;
  gint64 begun;
  double seconds;
  int fd;

  server = start_server (&fd);
  self.connection = new_connection (fd, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL);
  run (&self, 1, 1); /* it is there */
  begun = g_get_monotonic_time ();
  run (&self, n_tasks, shape->window);
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  g_dbus_connection_close_sync (self.connection, NULL, NULL);
  g_object_unref (self.connection);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (server);
  return n_tasks / seconds;
}
