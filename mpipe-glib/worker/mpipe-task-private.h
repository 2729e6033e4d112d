/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-open-tasks-private.h"
#include "mpipe-glib/worker/mpipe-task.h"

G_BEGIN_DECLS

MpipeTask *mpipe_task_new (MpipeWorker *worker, MpipeOpenTasks *open_tasks, guint64 sequence,
                           GCancellable *cancellable, GVariant *value);
void mpipe_task_set_fd_list (MpipeTask *self, GUnixFDList *fds);

G_END_DECLS
