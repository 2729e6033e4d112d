/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-worker.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_FUNC_WORKER (mpipe_func_worker_get_type ())

/* Its task is a function. */
G_DECLARE_FINAL_TYPE (MpipeFuncWorker, mpipe_func_worker, MPIPE, FUNC_WORKER, MpipeWorker)

MpipeWorker *mpipe_func_worker_new (MpipeTaskFunc func, gpointer user_data);

#define MPIPE_TYPE_ARRAY_FUNC_WORKER (mpipe_array_func_worker_get_type ())

/* A function does several tasks at once. */
G_DECLARE_FINAL_TYPE (MpipeArrayFuncWorker, mpipe_array_func_worker, MPIPE, ARRAY_FUNC_WORKER,
                      MpipeWorker)

MpipeWorker *mpipe_array_func_worker_new (MpipeArrayFunc func, gpointer user_data,
                                          GDestroyNotify notify);

#define MPIPE_TYPE_BEGIN_FUNC_WORKER (mpipe_begin_func_worker_get_type ())

/* A function begins its tasks. */
G_DECLARE_FINAL_TYPE (MpipeBeginFuncWorker, mpipe_begin_func_worker, MPIPE, BEGIN_FUNC_WORKER,
                      MpipeWorker)

MpipeWorker *mpipe_begin_func_worker_new (MpipeBeginFunc func, gpointer user_data,
                                          GDestroyNotify notify);

G_END_DECLS
