/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* An epoll descriptor, which is ready when one of its own is. What is ready is asked for once in each dispatch; a watch
 * that is freed in between is struck off that list. */

#include "config.h"

#include "mpipe-glib/core/mpipe-poller-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <glib-unix.h>

#define AT_ONCE 64

struct _MpipeWatch
{
  MpipePoller *poller;
  int fd;
  MpipeWatchReady ready;
  gpointer user_data;
};

struct _MpipePoller
{
  int fd;
  GSource *source;
  struct epoll_event events[AT_ONCE]; /* of the dispatch that goes on, */
  int n_events;                       /* 0 outside of one */
};

static gboolean
ready_cb (int fd, GIOCondition condition, gpointer user_data)
{
  MpipePoller *self = user_data;
  int n = epoll_wait (self->fd, self->events, AT_ONCE, 0);

  self->n_events = MAX (n, 0);
  for (int i = 0; i < self->n_events; i++)
    {
      MpipeWatch *watch = self->events[i].data.ptr;

      if (watch != NULL)
        watch->ready (watch->user_data);
    }
  self->n_events = 0;
  return G_SOURCE_CONTINUE;
}

/* Returns: (nullable): NULL when there are no descriptors left */
MpipePoller *
mpipe_poller_new (GMainContext *context)
{
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  MpipePoller *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (MpipePoller, 1);
  self->fd = fd;
  self->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (self->source, "[mpipe] workers");
  g_source_set_can_recurse (self->source, TRUE); /* or it is taken out of the poll for each dispatch */
  g_source_set_callback (self->source, G_SOURCE_FUNC (ready_cb), self, NULL);
  g_source_attach (self->source, context);
  return self;
}

/* All its watches must be gone. */
void
mpipe_poller_free (MpipePoller *self)
{
  if (self == NULL)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->fd);
  g_free (self);
}

/* @fd must stay open as long as it is watched. Returns: (nullable): NULL when the system has no room for it */
MpipeWatch *
mpipe_poller_watch (MpipePoller *self, int fd, MpipeWatchReady ready, gpointer user_data)
{
  MpipeWatch *watch = g_new (MpipeWatch, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

  *watch = (MpipeWatch){ .poller = self, .fd = fd, .ready = ready, .user_data = user_data };
  if (epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return watch;
  g_debug ("cannot watch descriptor %d: %s", fd, g_strerror (errno));
  g_free (watch);
  return NULL;
}

void
mpipe_watch_free (MpipeWatch *self)
{
  MpipePoller *poller;

  if (self == NULL)
    return;
  poller = self->poller;
  epoll_ctl (poller->fd, EPOLL_CTL_DEL, self->fd, NULL);
  for (int i = 0; i < poller->n_events; i++)
    if (poller->events[i].data.ptr == self)
      poller->events[i].data.ptr = NULL;
  g_free (self);
}
