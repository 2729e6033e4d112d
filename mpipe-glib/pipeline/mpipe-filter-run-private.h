/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-filter-stage.h"
#include "mpipe-glib/pipeline/mpipe-run-private.h"

G_BEGIN_DECLS

MpipeRun *mpipe_filter_run_new (MpipeRunContext *context, MpipeFilterStage *stage);
void mpipe_filter_run_add_head (MpipeRun *run, guint branch, MpipeRun *head);
void mpipe_filter_run_add_leaf (MpipeRun *run, guint branch, MpipeRun *leaf);

G_END_DECLS
