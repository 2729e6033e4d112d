/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-stage.h"

G_BEGIN_DECLS

/* The stages that can be reached from a first one, found to make a pipeline. */

#define MPIPE_PLAN_NONE G_MAXUINT

typedef struct
{
  MpipeStage *stage; /* owned */
  guint n_workers;   /* 0 for a filter */
  GArray *next;      /* guint: nodes that take its results */
  guint filter;      /* the node of the filter it is inside of, or MPIPE_PLAN_NONE */
  guint branch;      /* of that filter */
  gboolean is_head;  /* the first of its branch */
} MpipePlanNode;

typedef struct
{
  GPtrArray *nodes; /* of MpipePlanNode; the first is the first stage */
  guint *order;     /* each node after those that lead to it */
} MpipePlan;

MpipePlan *mpipe_plan_new (MpipeStage *first, GError **error);
void mpipe_plan_free (MpipePlan *self);

static inline MpipePlanNode *
mpipe_plan_get_node (const MpipePlan *self, guint node)
{
  return g_ptr_array_index (self->nodes, node);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipePlan, mpipe_plan_free)

G_END_DECLS
