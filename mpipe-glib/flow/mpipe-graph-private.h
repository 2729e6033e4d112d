/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which node leads to which, and whether that makes sense. Nodes are numbers from 0 on. */
typedef struct _MpipeGraph MpipeGraph;

MpipeGraph *mpipe_graph_new (void);
void mpipe_graph_free (MpipeGraph *self);

guint mpipe_graph_add_node (MpipeGraph *self);
void mpipe_graph_add_edge (MpipeGraph *self, guint from, guint to);
guint mpipe_graph_get_n_nodes (MpipeGraph *self);
gboolean mpipe_graph_sort (MpipeGraph *self, guint *out_order, guint *out_on_circle);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeGraph, mpipe_graph_free)

G_END_DECLS
