/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/flow/mpipe-graph-private.h"

typedef struct
{
  guint from;
  guint to;
} Edge;

struct _MpipeGraph
{
  GArray *n_before; /* guint by node: edges that lead to it */
  GArray *edges;    /* of Edge */
};

MpipeGraph *
mpipe_graph_new (void)
{
  MpipeGraph *self = g_new0 (MpipeGraph, 1);

  self->n_before = g_array_new (FALSE, FALSE, sizeof (guint));
  self->edges = g_array_new (FALSE, FALSE, sizeof (Edge));
  return self;
}

void
mpipe_graph_free (MpipeGraph *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->n_before);
  g_array_unref (self->edges);
  g_free (self);
}

/* Returns: the number of the new node. */
guint
mpipe_graph_add_node (MpipeGraph *self)
{
  guint none = 0;

  g_array_append_val (self->n_before, none);
  return self->n_before->len - 1;
}

void
mpipe_graph_add_edge (MpipeGraph *self, guint from, guint to)
{
  Edge edge = { from, to };

  g_array_append_val (self->edges, edge);
  g_array_index (self->n_before, guint, to)++;
}

guint
mpipe_graph_get_n_nodes (MpipeGraph *self)
{
  return self->n_before->len;
}

/* Fills @out_order, of one element a node, so that each node comes after those that lead to it. Returns:
 * FALSE when there is a circle; then @out_on_circle is a node on one or behind one. */
gboolean
mpipe_graph_sort (MpipeGraph *self, guint *out_order, guint *out_on_circle)
{
  guint n_nodes = self->n_before->len;
  g_autofree guint *n_left
      = n_nodes > 0 ? g_memdup2 (self->n_before->data, n_nodes * sizeof (guint)) : NULL;
  guint n_sorted = 0;

  for (guint node = 0; node < n_nodes; node++)
    if (n_left[node] == 0)
      out_order[n_sorted++] = node;
  for (guint done = 0; done < n_sorted; done++)
    for (guint i = 0; i < self->edges->len; i++)
      {
        const Edge *edge = &g_array_index (self->edges, Edge, i);

        if (edge->from == out_order[done] && --n_left[edge->to] == 0)
          out_order[n_sorted++] = edge->to;
      }
  for (guint node = 0; node < n_nodes && n_sorted < n_nodes; node++)
    if (n_left[node] > 0)
      {
        *out_on_circle = node;
        return FALSE;
      }
  return TRUE;
}
