/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-worker.h"

G_BEGIN_DECLS

MPIPE_AVAILABLE_IN_1_0
void mpipe_worker_register (GType worker_type);
MPIPE_AVAILABLE_IN_1_0
void mpipe_worker_register_func (const char *name, MpipeTaskFunc func, gpointer user_data,
                                 GDestroyNotify notify);
MPIPE_AVAILABLE_IN_1_0
void mpipe_worker_register_array_func (const char *name, MpipeArrayFunc func, gpointer user_data,
                                       GDestroyNotify notify);
MPIPE_AVAILABLE_IN_1_0
void mpipe_worker_register_begin_func (const char *name, MpipeBeginFunc func, gpointer user_data,
                                       GDestroyNotify notify);
MPIPE_AVAILABLE_IN_1_0
MpipeWorker *mpipe_worker_from_array_func (MpipeArrayFunc func, gpointer user_data,
                                           GDestroyNotify notify);
MPIPE_AVAILABLE_IN_1_0
MpipeWorker *mpipe_worker_from_begin_func (MpipeBeginFunc func, gpointer user_data,
                                           GDestroyNotify notify);

G_END_DECLS
