/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The worker writes into a pipe, which is read a piece at a time, so that a flood takes its turns with all else.
 * The target, which is shared with who knows whom, is not made non-blocking: it is asked first, and gets no more
 * than fits then. While it takes nothing the pipe is not read, and the worker waits, as it would if it wrote there
 * itself; but not for long: then what it writes is dropped, until the target takes something again. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-error-output-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_SIZE PIPE_BUF /* what a pipe takes at once when it says that it takes something */
#define PATIENCE_MS 1000    /* for a target that takes nothing, before it is given up */
#define FAREWELL_MS 200     /* the same for the last of what a worker wrote */
#define FAREWELL_MAX (1 << 20)

struct _MpipeErrorOutput
{
  int fd;        /* -1 when it has ended */
  int target_fd; /* borrowed; -1 for none */
  MpipePoller *poller; /* borrowed; NULL when there is none */
  MpipeWatch *watch;   /* while it is read; or a source: */
  GSource *in_source;
  GSource *out_source; /* while the target takes nothing */
  GSource *patience_source;
  gboolean given_up; /* the target has taken nothing for long */

  char piece[PIECE_SIZE]; /* read, and not passed on yet */
  gsize piece_start;
  gsize pass_end;  /* what may be passed on ends here: where there is more to read, with a line */
  gsize piece_end;

  char tail[MPIPE_ERROR_OUTPUT_TAIL]; /* a ring */
  guint64 n_read;
};

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop_reading (MpipeErrorOutput *self)
{
  g_clear_pointer (&self->watch, mpipe_watch_free);
  drop_source (&self->in_source);
}

/* The last bytes are kept. */
static void
keep (MpipeErrorOutput *self, const char *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    self->tail[self->n_read++ % MPIPE_ERROR_OUTPUT_TAIL] = bytes[i];
}

/* Passing on */

/* Writes without a SIGPIPE, which would end the application. */
static gssize
write_quietly (int fd, const char *bytes, gsize size)
{
  const struct timespec at_once = { 0 };
  sigset_t sigpipe, pending, before;
  gboolean was_pending;
  gssize n;

  n = send (fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0 || errno != ENOTSOCK)
    return n;
  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  sigpending (&pending);
  was_pending = sigismember (&pending, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, &before);
  n = write (fd, bytes, size);
  if (n < 0 && errno == EPIPE && !was_pending)
    sigtimedwait (&sigpipe, NULL, &at_once);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return n;
}

/* Returns: whether the target takes something within @ms. */
static gboolean
takes_something (MpipeErrorOutput *self, int ms)
{
  struct pollfd poll_fd = { .fd = self->target_fd, .events = POLLOUT };

  return poll (&poll_fd, 1, ms) > 0;
}

/* Returns: whether the piece is gone. */
static gboolean
pass_on (MpipeErrorOutput *self, int patience_ms)
{
  while (self->piece_start < self->pass_end && self->target_fd >= 0)
    {
      gssize n;

      if (!takes_something (self, patience_ms))
        return FALSE;
      n = write_quietly (self->target_fd, self->piece + self->piece_start,
                         self->pass_end - self->piece_start);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FALSE;
      if (n < 0)
        break; /* nobody is there */
      self->given_up = FALSE;
      self->piece_start += (gsize) n;
    }
  self->piece_end -= self->pass_end;
  memmove (self->piece, self->piece + self->pass_end, self->piece_end);
  self->piece_start = self->pass_end = 0;
  return TRUE;
}

static void
drop_piece (MpipeErrorOutput *self)
{
  self->piece_start = self->pass_end = self->piece_end = 0;
}

/* Reading */

/* A piece that is full ends somewhere in a line: what other workers write must not come into that. */
static void
find_pass_end (MpipeErrorOutput *self)
{
  const char *newline = self->piece_end == sizeof self->piece
                            ? memrchr (self->piece, '\n', self->piece_end)
                            : NULL;

  self->pass_end = newline != NULL ? (gsize) (newline + 1 - self->piece) : self->piece_end;
}

/* Returns: whether something was there. */
static gboolean
read_piece (MpipeErrorOutput *self)
{
  gssize n;

  do /* an interruption is not the end of what is there */
    n = read (self->fd, self->piece + self->piece_end, sizeof self->piece - self->piece_end);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    {
      keep (self, self->piece + self->piece_end, (gsize) n);
      self->piece_end += (gsize) n;
      find_pass_end (self);
      return TRUE;
    }
  self->pass_end = self->piece_end; /* no more for now */
  if (n < 0 && errno == EAGAIN)
    return FALSE;
  stop_reading (self);
  close (self->fd);
  self->fd = -1;
  return FALSE;
}

static gboolean readable_cb (int fd, GIOCondition condition, gpointer user_data);

static void
watch_cb (gpointer user_data)
{
  readable_cb (-1, G_IO_IN, user_data);
}

static GSource *
attach (MpipeErrorOutput *self, GSource *source, GSourceFunc callback, const char *name)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
begin_reading (MpipeErrorOutput *self)
{
  drop_source (&self->out_source);
  drop_source (&self->patience_source);
  if (self->fd < 0 || self->watch != NULL || self->in_source != NULL)
    return;
  if (self->poller != NULL)
    self->watch = mpipe_poller_watch (self->poller, self->fd, watch_cb, self);
  if (self->watch == NULL)
    self->in_source = attach (self, g_unix_fd_source_new (self->fd, G_IO_IN),
                              G_SOURCE_FUNC (readable_cb), "[mpipe] standard error of a worker");
}

static gboolean
writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  MpipeErrorOutput *self = user_data;

  if (pass_on (self, 0))
    begin_reading (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
patience_over_cb (gpointer user_data)
{
  MpipeErrorOutput *self = user_data;

  self->given_up = TRUE;
  drop_piece (self);
  begin_reading (self);
  return G_SOURCE_CONTINUE; /* it was dropped */
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  MpipeErrorOutput *self = user_data;

  read_piece (self);
  if (pass_on (self, 0) && self->piece_end > 0)
    read_piece (self); /* the rest of a line, or the news that there is none yet */
  if (pass_on (self, 0))
    return G_SOURCE_CONTINUE;
  if (self->given_up)
    {
      drop_piece (self);
      return G_SOURCE_CONTINUE;
    }
  stop_reading (self);
  self->out_source = attach (self, g_unix_fd_source_new (self->target_fd, G_IO_OUT),
                             G_SOURCE_FUNC (writable_cb), "[mpipe] standard error");
  self->patience_source = attach (self, g_timeout_source_new (PATIENCE_MS), patience_over_cb,
                                  "[mpipe] patience with standard error");
  return G_SOURCE_CONTINUE;
}

/* Makes the pipe: the worker's end, fds[1], blocks, the other does not. */
gboolean
mpipe_error_output_make_pipe (int fds[2], GError **error)
{
  if (pipe2 (fds, O_CLOEXEC) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "cannot make a pipe for standard error: %s", g_strerror (saved_errno));
      return FALSE;
    }
  fcntl (fds[0], F_SETFL, O_NONBLOCK);
  return TRUE;
}

/* Takes over @fd, the reading end of a pipe; what comes is passed on to @target_fd. */
MpipeErrorOutput *
mpipe_error_output_new (int fd, int target_fd, MpipePoller *poller)
{
  MpipeErrorOutput *self = g_new (MpipeErrorOutput, 1);
  int flags = target_fd >= 0 ? fcntl (target_fd, F_GETFD) : -1;

  memset (self, 0, G_STRUCT_OFFSET (MpipeErrorOutput, piece));
  drop_piece (self);
  self->n_read = 0;
  self->fd = fd;
  self->poller = poller;
  /* who has closed standard error may have something else there, which was not meant to be shared */
  self->target_fd = flags < 0 || (flags & FD_CLOEXEC) != 0 ? -1 : target_fd;
  begin_reading (self);
  return self;
}

/* The worker is gone: what it wrote last is passed on, and nothing more read. */
void
mpipe_error_output_end (MpipeErrorOutput *self)
{
  gsize n_read = 0;

  drop_source (&self->out_source);
  drop_source (&self->patience_source);
  stop_reading (self);
  do
    {
      n_read += self->pass_end;
      if (!pass_on (self, self->given_up ? 0 : FAREWELL_MS))
        {
          self->given_up = TRUE;
          drop_piece (self);
        }
    }
  while (self->fd >= 0 && n_read < FAREWELL_MAX && read_piece (self));
  self->pass_end = self->piece_end;
  pass_on (self, 0);
  drop_piece (self);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
mpipe_error_output_free (MpipeErrorOutput *self)
{
  if (self == NULL)
    return;
  mpipe_error_output_end (self);
  g_free (self);
}

/* Makes a text of the last lines of @bytes, which may be anything; of what is not whole, the first line is not
 * told if there are others. Returns: (nullable): NULL when there is nothing */
char *
mpipe_error_output_quote (const char *bytes, gsize size, gboolean is_whole)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *valid = NULL;
  const char *start;
  guint n_lines = 0;

  for (gsize i = 0; i < size; i++)
    if (g_ascii_isprint (bytes[i]) || (bytes[i] & 0x80) != 0 || bytes[i] == '\n' || bytes[i] == '\t')
      g_string_append_c (text, bytes[i]);
    else if (bytes[i] != '\r')
      g_string_append_c (text, '?'); /* terminals obey such bytes */
  valid = g_utf8_make_valid (text->str, (gssize) text->len);
  g_strchomp (valid);
  for (start = valid + strlen (valid); start > valid; start--)
    if (start[-1] == '\n' && ++n_lines == MPIPE_ERROR_OUTPUT_TAIL_LINES)
      break;
  if (start == valid && !is_whole && strchr (valid, '\n') != NULL)
    start = strchr (valid, '\n') + 1;
  return *start != '\0' ? g_strdup (start) : NULL;
}

/* Returns: (nullable): the last lines that the worker wrote */
char *
mpipe_error_output_dup_tail (MpipeErrorOutput *self)
{
  char bytes[MPIPE_ERROR_OUTPUT_TAIL];
  gsize size = MIN (self->n_read, sizeof bytes);

  for (gsize i = 0; i < size; i++)
    bytes[i] = self->tail[(self->n_read - size + i) % MPIPE_ERROR_OUTPUT_TAIL];
  return mpipe_error_output_quote (bytes, size, self->n_read <= sizeof bytes);
}
