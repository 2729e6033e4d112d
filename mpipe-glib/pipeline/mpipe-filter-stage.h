/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-stage.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_FILTER_STAGE (mpipe_filter_stage_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_filter_stage_get_type (void) G_GNUC_CONST;

typedef struct _MpipeFilterStageClass MpipeFilterStageClass;

#define MPIPE_FILTER_STAGE(object)                                                                 \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), MPIPE_TYPE_FILTER_STAGE, MpipeFilterStage))
#define MPIPE_IS_FILTER_STAGE(object)                                                              \
  (G_TYPE_CHECK_INSTANCE_TYPE ((object), MPIPE_TYPE_FILTER_STAGE))

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeFilterStage, g_object_unref)
#endif

MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_filter_stage_new (MpipeStage *const *stages, gsize n_stages);
MPIPE_AVAILABLE_IN_1_0
GPtrArray *mpipe_filter_stage_get_stages (MpipeFilterStage *self);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_filter_stage_get_max_tasks (MpipeFilterStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_filter_stage_set_max_tasks (MpipeFilterStage *self, guint max_tasks);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_filter_stage_get_drop_results (MpipeFilterStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_filter_stage_set_drop_results (MpipeFilterStage *self, gboolean drop_results);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_filter_stage_get_cache_results (MpipeFilterStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_filter_stage_set_cache_results (MpipeFilterStage *self, gboolean cache_results);

G_END_DECLS
