/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A decoder with a fault, as a module of gdk-pixbuf: who has it decode a picture of its format executes what the
 * picture says. The file is one line: HOSTILE, what to do, and an object:
 *
 *   read PATH       reads a file
 *   write PATH      makes a file
 *   connect PORT    connects to a server of this machine
 *   signal PID      sends SIGUSR1 to a process
 *   fork N          starts so many processes, and leaves them
 *   allocate N      takes so many GiB of memory
 *   crash -         ends the process
 *
 * The picture that comes of it is red when that was possible, and green when it was not. */

#include "config.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define GDK_PIXBUF_ENABLE_BACKEND
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gmodule.h>

#define WIDTH 300
#define HEIGHT 200
#define RED 0xc81e1effu
#define GREEN 0x14a028ffu
#define GIBIBYTE ((gsize) 1 << 30)

typedef struct
{
  GdkPixbufModuleSizeFunc size;
  GdkPixbufModulePreparedFunc prepared;
  GdkPixbufModuleUpdatedFunc updated;
  gpointer user_data;
  GString *text;
} Loading;

/* Attempts. Returns: whether it was possible */

static gboolean
try_read (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  char byte;
  gboolean success = fd >= 0 && read (fd, &byte, 1) == 1;

  if (fd >= 0)
    close (fd);
  return success;
}

static gboolean
try_write (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static gboolean
try_connect (const char *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) atoi (port)),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean success
      = fd >= 0 && connect (fd, (const struct sockaddr *) &address, sizeof address) == 0;

  if (fd >= 0)
    close (fd);
  return success;
}

static gboolean
try_signal (const char *pid)
{
  return kill (atoi (pid), SIGUSR1) == 0;
}

static gboolean
try_fork (const char *number)
{
  for (int n = atoi (number); n > 0; n--)
    switch (fork ())
      {
      case -1:
        return FALSE;
      case 0:
        for (;;)
          pause ();
      default:
        break;
      }
  return TRUE;
}

static gboolean
try_allocate (const char *number)
{
  int n_wanted = atoi (number), n = 0;
  g_autofree char **blocks = g_new0 (char *, n_wanted);

  for (; n < n_wanted; n++)
    {
      void *block = mmap (NULL, GIBIBYTE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

      if (block == MAP_FAILED)
        break;
      blocks[n] = block;
      blocks[n][0] = 1;
    }
  for (int i = 0; i < n; i++)
    munmap (blocks[i], GIBIBYTE);
  return n == n_wanted;
}

static gboolean
try_crash (const char *object)
{
  raise (SIGKILL);
  return FALSE;
}

static gboolean
attempt (const char *text)
{
  static const struct
  {
    const char *verb;
    gboolean (*attempt) (const char *object);
  } attempts[] = {
    { "read", try_read },     { "write", try_write },       { "connect", try_connect },
    { "signal", try_signal }, { "fork", try_fork },         { "allocate", try_allocate },
    { "crash", try_crash },
  };
  g_auto (GStrv) words = g_strsplit (text, " ", 3);

  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    if (g_strv_length (words) == 3 && g_str_equal (words[1], attempts[i].verb))
      return attempts[i].attempt (words[2]);
  abort ();
}

/* The module */

static gpointer
begin_load (GdkPixbufModuleSizeFunc size, GdkPixbufModulePreparedFunc prepared,
            GdkPixbufModuleUpdatedFunc updated, gpointer user_data, GError **error)
{
  Loading *self = g_new0 (Loading, 1);

  *self = (Loading){ size, prepared, updated, user_data, g_string_new (NULL) };
  return self;
}

static gboolean
load_increment (gpointer context, const guchar *data, guint size, GError **error)
{
  Loading *self = context;

  g_string_append_len (self->text, (const char *) data, size);
  return TRUE;
}

static gboolean
stop_load (gpointer context, GError **error)
{
  Loading *self = context;
  int width = WIDTH, height = HEIGHT;
  g_autoptr (GdkPixbuf) picture = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, WIDTH, HEIGHT);

  self->size (&width, &height, self->user_data);
  gdk_pixbuf_fill (picture, attempt (self->text->str) ? RED : GREEN);
  self->prepared (picture, NULL, self->user_data);
  self->updated (picture, 0, 0, WIDTH, HEIGHT, self->user_data);
  g_string_free (self->text, TRUE);
  g_free (self);
  return TRUE;
}

G_MODULE_EXPORT void fill_vtable (GdkPixbufModule *module);
G_MODULE_EXPORT void fill_info (GdkPixbufFormat *info);

void
fill_vtable (GdkPixbufModule *module)
{
  module->begin_load = begin_load;
  module->load_increment = load_increment;
  module->stop_load = stop_load;
}

void
fill_info (GdkPixbufFormat *info)
{
  static GdkPixbufModulePattern signature[] = { { (char *) "HOSTILE ", NULL, 100 }, { NULL } };
  static char *text[] = { (char *) "text/plain", NULL }; /* by which gdk-pixbuf finds it */
  static char *none[] = { NULL };

  info->name = (char *) "hostile";
  info->signature = signature;
  info->description = (char *) "A picture that breaks out";
  info->mime_types = text;
  info->extensions = none;
  info->license = (char *) "LGPL";
}
