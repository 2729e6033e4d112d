/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/launch/mpipe-launcher-private.h"
#include "mpipe-glib/wire/mpipe-frame-private.h"

G_BEGIN_DECLS

/* How large payloads go to one worker and come from it, without the channel. Engine's thread only. */
typedef struct _MpipeWorkerMemory MpipeWorkerMemory;

MpipeWorkerMemory *mpipe_worker_memory_new (MpipeArena *arena, MpipeTray *tray, MpipeArena *pool,
                                            MpipeWorkerStatistics *statistics);
void mpipe_worker_memory_free (MpipeWorkerMemory *self);

gboolean mpipe_worker_memory_lend (MpipeWorkerMemory *self, guint64 sequence, gboolean can_read,
                                   MpipePayload *task, MpipeSharedPlace *out_place);
gboolean mpipe_worker_memory_release (MpipeWorkerMemory *self, guint64 sequence);
void mpipe_worker_memory_begin_batch (MpipeWorkerMemory *self);
gboolean mpipe_worker_memory_open_result (MpipeWorkerMemory *self, const MpipeFrame *frame,
                                          guint16 type, MpipePayload *out_payload,
                                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeWorkerMemory, mpipe_worker_memory_free)

G_END_DECLS
