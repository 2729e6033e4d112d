/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Many descriptors that are waited for as one, so that those on which nothing happens cost nothing. It belongs to a
 * main context, and all of it to the thread that runs that. */
typedef struct _MpipePoller MpipePoller;

/* One of the descriptors, while it is waited for: until it can be read, or has ended. */
typedef struct _MpipeWatch MpipeWatch;

typedef void (*MpipeWatchReady) (gpointer user_data);

MpipePoller *mpipe_poller_new (GMainContext *context);
void mpipe_poller_free (MpipePoller *self);

MpipeWatch *mpipe_poller_watch (MpipePoller *self, int fd, MpipeWatchReady ready,
                                gpointer user_data);
void mpipe_watch_free (MpipeWatch *self);

G_END_DECLS
