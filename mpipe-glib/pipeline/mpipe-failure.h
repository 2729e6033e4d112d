/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-stage.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_FAILURE (mpipe_failure_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipeFailure, mpipe_failure, MPIPE, FAILURE, GObject)

MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_failure_get_task_id (MpipeFailure *self);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_failure_get_task (MpipeFailure *self);
MPIPE_AVAILABLE_IN_1_0
GUnixFDList *mpipe_failure_get_fd_list (MpipeFailure *self);
MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_failure_get_stage (MpipeFailure *self);
MPIPE_AVAILABLE_IN_1_0
const GError *mpipe_failure_get_error (MpipeFailure *self);

G_END_DECLS
