/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-filter-stage.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"

G_BEGIN_DECLS

struct _MpipeFilterStage
{
  MpipeStage parent_instance;
  GPtrArray *stages; /* of MpipeStage, owned: the first of each branch */
  guint max_tasks;
  gboolean drop_results;
  gboolean cache_results;
};

struct _MpipeFilterStageClass
{
  MpipeStageClass parent_class;
};

G_END_DECLS
