/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-glib/wire/mpipe-tray-private.h"
#include "mpipe-glib/worker/mpipe-worker.h"

G_BEGIN_DECLS

/* Where a worker's results go while it does a task. */
typedef gboolean (*MpipeWorkerPutFunc) (gpointer user_data, GVariant *result, GError **error);

void mpipe_worker_set_up (MpipeWorker *self, const MpipeWorkerSetup *setup);
void mpipe_worker_set_tray (MpipeWorker *self, MpipeTray *tray);
void mpipe_worker_set_fd_list (MpipeWorker *self, GUnixFDList *fds);
void mpipe_worker_set_put_func (MpipeWorker *self, MpipeWorkerPutFunc put, gpointer user_data);

gboolean mpipe_worker_start (MpipeWorker *self, GError **error);
gboolean mpipe_worker_begins (MpipeWorker *self);
void mpipe_worker_begin (MpipeWorker *self, MpipeTask *task);
GVariant *mpipe_worker_task (MpipeWorker *self, GVariant *task, GError **error);
gboolean mpipe_worker_does_arrays (MpipeWorker *self);
GVariant *mpipe_worker_task_array (MpipeWorker *self, GVariant *tasks, GError **error);
void mpipe_worker_stop (MpipeWorker *self);

G_END_DECLS
