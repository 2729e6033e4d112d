/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_TASK (mpipe_task_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipeTask, mpipe_task, MPIPE, TASK, GObject)

MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_task_get_value (MpipeTask *self);
MPIPE_AVAILABLE_IN_1_0
GBytes *mpipe_task_get_bytes (MpipeTask *self);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_task_get_text (MpipeTask *self);
MPIPE_AVAILABLE_IN_1_0
GUnixFDList *mpipe_task_get_fd_list (MpipeTask *self);
MPIPE_AVAILABLE_IN_1_0
MpipeWorker *mpipe_task_get_worker (MpipeTask *self);
MPIPE_AVAILABLE_IN_1_0
GCancellable *mpipe_task_get_cancellable (MpipeTask *self);

MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_task_put_result (MpipeTask *self, GVariant *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_task_put_bytes (MpipeTask *self, GBytes *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_task_put_text (MpipeTask *self, const char *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_task_report_progress (MpipeTask *self, double fraction, const char *message);

MPIPE_AVAILABLE_IN_1_0
void mpipe_task_return_value (MpipeTask *self, GVariant *result);
MPIPE_AVAILABLE_IN_1_0
void mpipe_task_return_bytes (MpipeTask *self, GBytes *result);
MPIPE_AVAILABLE_IN_1_0
void mpipe_task_return_text (MpipeTask *self, const char *result);
MPIPE_AVAILABLE_IN_1_0
void mpipe_task_fail (MpipeTask *self, const GError *error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_task_fail_with_message (MpipeTask *self, const char *message);

G_END_DECLS
