/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-run-private.h"

G_BEGIN_DECLS

MpipeRun *mpipe_stage_run_new (MpipeRunContext *context, MpipeStage *stage, guint n_workers);

G_END_DECLS
