/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-info.h"

G_BEGIN_DECLS

MpipeWorkerInfo *mpipe_worker_info_new (guint index);
MpipeWorkerStatistics *mpipe_worker_info_get_statistics (MpipeWorkerInfo *self);
void mpipe_worker_info_notify (MpipeWorkerInfo *self);

G_END_DECLS
