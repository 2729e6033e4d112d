/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "mpipe-glib/flow/mpipe-graph-private.h"

#define N_NODES_MAX 64

/* The naive side: who leads to whom. */
typedef struct
{
  guint n_nodes;
  gboolean edge[N_NODES_MAX][N_NODES_MAX];
  gboolean reaches[N_NODES_MAX][N_NODES_MAX];
} Model;

static void
model_close (Model *self)
{
  memcpy (self->reaches, self->edge, sizeof self->reaches);
  for (guint via = 0; via < self->n_nodes; via++)
    for (guint from = 0; from < self->n_nodes; from++)
      for (guint to = 0; to < self->n_nodes; to++)
        self->reaches[from][to] |= self->reaches[from][via] && self->reaches[via][to];
}

static gboolean
model_has_circle (Model *self)
{
  for (guint node = 0; node < self->n_nodes; node++)
    if (self->reaches[node][node])
      return TRUE;
  return FALSE;
}

static gboolean
model_is_on_or_behind_circle (Model *self, guint node)
{
  for (guint other = 0; other < self->n_nodes; other++)
    if (self->reaches[other][other] && (other == node || self->reaches[other][node]))
      return TRUE;
  return FALSE;
}

static void
check_sort (MpipeGraph *graph, Model *model)
{
  guint order[N_NODES_MAX], position[N_NODES_MAX];
  guint on_circle = G_MAXUINT;
  gboolean sorted = mpipe_graph_sort (graph, order, &on_circle);

  model_close (model);
  g_assert_cmpuint (mpipe_graph_get_n_nodes (graph), ==, model->n_nodes);
  g_assert_true (sorted == !model_has_circle (model));
  if (!sorted)
    {
      g_assert_cmpuint (on_circle, <, model->n_nodes);
      g_assert_true (model_is_on_or_behind_circle (model, on_circle));
      return;
    }
  g_assert_cmpuint (on_circle, ==, G_MAXUINT);
  memset (position, 0xff, sizeof position);
  for (guint i = 0; i < model->n_nodes; i++)
    {
      g_assert_cmpuint (order[i], <, model->n_nodes);
      g_assert_cmpuint (position[order[i]], ==, G_MAXUINT);
      position[order[i]] = i;
    }
  for (guint from = 0; from < model->n_nodes; from++)
    for (guint to = 0; to < model->n_nodes; to++)
      if (model->edge[from][to])
        g_assert_cmpuint (position[from], <, position[to]);
}

static void
add_edge (MpipeGraph *graph, Model *model, guint from, guint to)
{
  mpipe_graph_add_edge (graph, from, to);
  model->edge[from][to] = TRUE;
}

static MpipeGraph *
new_graph (Model *model, guint n_nodes)
{
  MpipeGraph *graph = mpipe_graph_new ();

  memset (model, 0, sizeof *model);
  model->n_nodes = n_nodes;
  for (guint node = 0; node < n_nodes; node++)
    g_assert_cmpuint (mpipe_graph_add_node (graph), ==, node);
  return graph;
}

/* Each pair of letters is an edge; nodes are a, b, c… */
typedef struct
{
  const char *sentence;
  guint n_nodes;
  const char *edges;
  gboolean sorts;
} Case;

static const Case cases[] = {
  { "sorts-nothing", 0, "", TRUE },
  { "sorts-one-node", 1, "", TRUE },
  { "sorts-nodes-without-edges", 5, "", TRUE },
  { "sorts-a-chain", 4, "abbccd", TRUE },
  { "sorts-a-chain-made-backwards", 4, "dccbba", TRUE },
  { "sorts-a-fork", 4, "abacad", TRUE },
  { "sorts-a-join", 4, "adbdcd", TRUE },
  { "sorts-a-diamond", 4, "abacbdcd", TRUE },
  { "sorts-a-diamond-with-a-short-cut", 4, "abbdacbccdad", TRUE },
  { "sorts-two-chains", 6, "abbcdeef", TRUE },
  { "takes-an-edge-twice", 3, "ababbcbc", TRUE },
  { "finds-a-node-that-leads-to-itself", 1, "aa", FALSE },
  { "finds-a-node-in-a-chain-that-leads-to-itself", 3, "abbbbc", FALSE },
  { "finds-two-nodes-that-lead-to-each-other", 2, "abba", FALSE },
  { "finds-a-long-circle", 6, "abbccddeeffa", FALSE },
  { "finds-a-circle-behind-a-chain", 5, "abbccddeec", FALSE },
  { "finds-a-circle-before-a-chain", 5, "abbaaccdde", FALSE },
  { "finds-a-circle-beside-a-chain", 5, "abbcdeed", FALSE },
  { "finds-two-circles", 4, "abbacddc", FALSE },
  { "finds-a-circle-of-edges-made-twice", 2, "ababbaba", FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  Model model;
  g_autoptr (MpipeGraph) graph = new_graph (&model, test->n_nodes);

  for (const char *edge = test->edges; *edge != '\0'; edge += 2)
    add_edge (graph, &model, edge[0] - 'a', edge[1] - 'a');
  check_sort (graph, &model);
  g_assert_true (model_has_circle (&model) == !test->sorts);
}

static void
test_may_be_sorted_again_and_grow (void)
{
  Model model;
  g_autoptr (MpipeGraph) graph = new_graph (&model, 2);

  add_edge (graph, &model, 1, 0);
  check_sort (graph, &model);
  check_sort (graph, &model);
  g_assert_cmpuint (mpipe_graph_add_node (graph), ==, 2);
  model.n_nodes = 3;
  add_edge (graph, &model, 2, 1);
  check_sort (graph, &model);
  add_edge (graph, &model, 0, 2);
  check_sort (graph, &model);
  check_sort (graph, &model);
}

/* Edges go from earlier to later in a random order of the nodes; then some may go back. */
static void
test_agrees_with_reachability (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 1500; round++)
    {
      guint n_nodes = g_rand_int_range (rand, 1, round % 50 == 0 ? N_NODES_MAX + 1 : 12);
      guint n_edges = g_rand_int_range (rand, 0, 3 * n_nodes);
      guint n_back = round % 2 == 0 ? 0 : g_rand_int_range (rand, 0, 3);
      guint shuffled[N_NODES_MAX];
      Model model;
      g_autoptr (MpipeGraph) graph = new_graph (&model, n_nodes);

      for (guint i = 0; i < n_nodes; i++)
        {
          guint k = g_rand_int_range (rand, 0, i + 1);

          shuffled[i] = shuffled[k];
          shuffled[k] = i;
        }
      for (guint i = 0; i < n_edges + n_back; i++)
        {
          guint x = g_rand_int_range (rand, 0, n_nodes), y = g_rand_int_range (rand, 0, n_nodes);

          if (i < n_edges && x != y)
            add_edge (graph, &model, shuffled[MIN (x, y)], shuffled[MAX (x, y)]);
          else if (i >= n_edges)
            add_edge (graph, &model, shuffled[MAX (x, y)], shuffled[MIN (x, y)]);
        }
      check_sort (graph, &model);
    }
}

static void
test_is_freed_when_null (void)
{
  mpipe_graph_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/graph/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/flow/graph/may-be-sorted-again-and-grow",
                   test_may_be_sorted_again_and_grow);
  g_test_add_func ("/mpipe/flow/graph/agrees-with-reachability", test_agrees_with_reachability);
  g_test_add_func ("/mpipe/flow/graph/is-freed-when-null", test_is_freed_when_null);
  return g_test_run ();
}
