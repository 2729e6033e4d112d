/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-page-private.h"
#include "mpipe-glib/worker/mpipe-outbox-private.h"

G_BEGIN_DECLS

/* The tasks that a worker has begun and not ended, and where their answers go. Any thread; counted, since a
 * task that somebody keeps may outlive the worker's loop. */
typedef struct _MpipeOpenTasks MpipeOpenTasks;

typedef struct
{
  gboolean several;        /* more than one may be open at a time */
  gboolean disable_result; /* what tasks return is not sent */
} MpipeOpenTasksOptions;

MpipeOpenTasks *mpipe_open_tasks_new (MpipeOutbox *outbox, MpipePage *page, GMainContext *context,
                                      const MpipeOpenTasksOptions *options);
MpipeOpenTasks *mpipe_open_tasks_ref (MpipeOpenTasks *self);
void mpipe_open_tasks_unref (MpipeOpenTasks *self);
void mpipe_open_tasks_close (MpipeOpenTasks *self);

guint mpipe_open_tasks_get_n (MpipeOpenTasks *self);
gboolean mpipe_open_tasks_begin (MpipeOpenTasks *self, guint64 sequence, GCancellable *cancellable,
                                 GError **error);
gboolean mpipe_open_tasks_put (MpipeOpenTasks *self, guint64 sequence, GVariant *result,
                               GError **error);
void mpipe_open_tasks_report (MpipeOpenTasks *self, guint64 sequence, double fraction,
                              const char *text);
gboolean mpipe_open_tasks_end (MpipeOpenTasks *self, guint64 sequence, GVariant *result,
                               const GError *reason);
gboolean mpipe_open_tasks_cancel (MpipeOpenTasks *self, guint64 sequence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeOpenTasks, mpipe_open_tasks_unref)

G_END_DECLS
