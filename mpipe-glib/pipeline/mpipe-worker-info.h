/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-memory-limit.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_WORKER_INFO (mpipe_worker_info_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipeWorkerInfo, mpipe_worker_info, MPIPE, WORKER_INFO, GObject)

MPIPE_AVAILABLE_IN_1_0
guint mpipe_worker_info_get_index (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
int mpipe_worker_info_get_pid (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_worker_info_get_n_tasks (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_worker_info_get_n_failed (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_worker_info_get_n_starts (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
gint64 mpipe_worker_info_get_busy_time (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
gint64 mpipe_worker_info_get_up_time (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_worker_info_get_n_shared (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_worker_info_get_n_streamed (MpipeWorkerInfo *self);
MPIPE_AVAILABLE_IN_1_0
MpipeMemoryLimit mpipe_worker_info_get_memory_limit (MpipeWorkerInfo *self);

G_END_DECLS
