/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-page-private.h"
#include "mpipe-glib/worker/mpipe-outbox-private.h"
#include "mpipe-glib/worker/mpipe-worker-private.h"

G_BEGIN_DECLS

/* The life of a worker over one channel: greeted, started, task after task, stopped. It knows neither
 * processes nor signals: it runs as well in a thread. */
typedef struct _MpipeWorkerLoop MpipeWorkerLoop;

MpipeWorkerLoop *mpipe_worker_loop_new (GIOStream *stream, MpipePage *page);
void mpipe_worker_loop_share_memory (MpipeWorkerLoop *self, MpipeArenaView *view, MpipeTray *tray);
void mpipe_worker_loop_free (MpipeWorkerLoop *self);

const MpipeWorkerSetup *mpipe_worker_loop_greet (MpipeWorkerLoop *self, GError **error);
void mpipe_worker_loop_refuse (MpipeWorkerLoop *self, const GError *reason);
gboolean mpipe_worker_loop_run (MpipeWorkerLoop *self, MpipeWorker *worker, GError **error);
MpipeOutbox *mpipe_worker_loop_get_outbox (MpipeWorkerLoop *self);
gboolean mpipe_worker_loop_was_ready (MpipeWorkerLoop *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeWorkerLoop, mpipe_worker_loop_free)

G_END_DECLS
