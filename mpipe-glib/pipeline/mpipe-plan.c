/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Everything that can be known to be wrong before a process is started is found here. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-plan-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-processors-private.h"
#include "mpipe-glib/flow/mpipe-graph-private.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"

typedef struct
{
  MpipePlan *plan;
  MpipeGraph *graph;
  GHashTable *numbers; /* MpipeStage → its node + 1 */
} Builder;

static void
node_free (gpointer data)
{
  MpipePlanNode *node = data;

  g_object_unref (node->stage);
  g_array_unref (node->next);
  g_free (node);
}

void
mpipe_plan_free (MpipePlan *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->nodes);
  g_free (self->order);
  g_free (self);
}

static gboolean
check_launch (MpipeStage *stage, GError **error)
{
  g_autoptr (MpipeLauncher) launcher = mpipe_stage_dup_launcher (stage);
  MpipeLaunchSpec spec = mpipe_stage_describe_worker (stage, 0);

  if (mpipe_launcher_check (launcher, &spec, error))
    return TRUE;
  g_prefix_error (error, "Stage “%s”: ", stage->name);
  return FALSE;
}

static gboolean
check_stage (MpipeStage *stage, GError **error)
{
  if (stage->in_pipeline)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
                   "Stage “%s” is part of another pipeline already", stage->name);
      return FALSE;
    }
  return mpipe_stage_check (stage, error);
}

static gboolean
check_types (MpipeStage *stage, MpipeStage *next, GError **error)
{
  g_autofree char *given = NULL, *taken = NULL;

  if (stage->result_type == NULL || next->task_type == NULL
      || g_variant_type_is_subtype_of (stage->result_type, next->task_type))
    return TRUE;
  given = g_variant_type_dup_string (stage->result_type);
  taken = g_variant_type_dup_string (next->task_type);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
               "Stage “%s” gives results of type “%s”, stage “%s” takes tasks of type “%s”",
               stage->name, given, next->name, taken);
  return FALSE;
}

static gboolean
check_link (MpipeStage *stage, guint position, GError **error)
{
  MpipeStage *next = g_ptr_array_index (stage->next, position);

  for (guint i = 0; i < position; i++)
    if (g_ptr_array_index (stage->next, i) == next)
      {
        g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
                     "Stage “%s” is linked to stage “%s” twice", stage->name, next->name);
        return FALSE;
      }
  return check_types (stage, next, error);
}

static guint
find_node (Builder *builder, MpipeStage *stage)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (builder->numbers, stage));

  return number > 0 ? number - 1 : MPIPE_PLAN_NONE;
}

static guint
add_node (Builder *builder, MpipeStage *stage, gboolean is_filter, guint filter, guint branch)
{
  MpipePlanNode *node = g_new0 (MpipePlanNode, 1);
  guint number = mpipe_graph_add_node (builder->graph);

  node->stage = g_object_ref (stage);
  if (!is_filter)
    node->n_workers = stage->size > 0 ? stage->size : mpipe_processors_count ();
  node->next = g_array_new (FALSE, FALSE, sizeof (guint));
  node->filter = filter;
  node->branch = branch;
  g_ptr_array_add (builder->plan->nodes, node);
  g_hash_table_insert (builder->numbers, stage, GUINT_TO_POINTER (number + 1));
  return number;
}

static guint visit (Builder *builder, MpipeStage *stage, guint filter, guint branch,
                    GError **error);

static gboolean
visit_next (Builder *builder, guint number, GError **error)
{
  MpipePlanNode *node = mpipe_plan_get_node (builder->plan, number);

  for (guint i = 0; i < node->stage->next->len; i++)
    {
      guint next;

      if (!check_link (node->stage, i, error))
        return FALSE;
      next = visit (builder, g_ptr_array_index (node->stage->next, i), node->filter, node->branch,
                    error);
      if (next == MPIPE_PLAN_NONE)
        return FALSE;
      g_array_append_val (node->next, next);
      mpipe_graph_add_edge (builder->graph, number, next);
    }
  return TRUE;
}

static gboolean
visit_inner (Builder *builder, guint number, GPtrArray *inner, GError **error)
{
  MpipePlanNode *node = mpipe_plan_get_node (builder->plan, number);

  for (guint i = 0; i < inner->len; i++)
    {
      MpipeStage *stage = g_ptr_array_index (inner, i);
      guint head;

      if (find_node (builder, stage) != MPIPE_PLAN_NONE)
        {
          g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
                       "Stage “%s” is used in the filter stage “%s” and elsewhere", stage->name,
                       node->stage->name);
          return FALSE;
        }
      head = visit (builder, stage, number, i, error);
      if (head == MPIPE_PLAN_NONE)
        return FALSE;
      mpipe_plan_get_node (builder->plan, head)->is_head = TRUE;
      mpipe_graph_add_edge (builder->graph, number, head);
    }
  return TRUE;
}

/* Returns: the node of the stage, with all that it leads to; MPIPE_PLAN_NONE with an error. */
static guint
visit (Builder *builder, MpipeStage *stage, guint filter, guint branch, GError **error)
{
  g_autoptr (GPtrArray) inner = NULL;
  guint number = find_node (builder, stage);

  if (number != MPIPE_PLAN_NONE)
    {
      const MpipePlanNode *node = mpipe_plan_get_node (builder->plan, number);

      if (node->filter == filter && node->branch == branch)
        return number;
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
                   "Stage “%s” is inside a filter stage and is linked from outside of it",
                   stage->name);
      return MPIPE_PLAN_NONE;
    }
  inner = mpipe_stage_get_inner (stage);
  if (!check_stage (stage, error))
    return MPIPE_PLAN_NONE;
  number = add_node (builder, stage, inner->len > 0, filter, branch);
  if (!visit_inner (builder, number, inner, error) || !visit_next (builder, number, error))
    return MPIPE_PLAN_NONE;
  return number;
}

static gboolean
sort (Builder *builder, GError **error)
{
  guint on_circle;

  builder->plan->order = g_new0 (guint, mpipe_graph_get_n_nodes (builder->graph));
  if (mpipe_graph_sort (builder->graph, builder->plan->order, &on_circle))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
               "The links of stage “%s” lead back to itself, or come from such a circle",
               mpipe_plan_get_node (builder->plan, on_circle)->stage->name);
  return FALSE;
}

static gboolean
check_launches (MpipePlan *plan, GError **error)
{
  for (guint i = 0; i < plan->nodes->len; i++)
    {
      const MpipePlanNode *node = mpipe_plan_get_node (plan, plan->order[i]);

      if (node->n_workers > 0 && !check_launch (node->stage, error))
        return FALSE;
    }
  return TRUE;
}

/* Returns: (nullable): the plan; NULL with MPIPE_ERROR_INVALID_GRAPH or MPIPE_ERROR_LAUNCH when no pipeline
 * can be made of it. Nothing is changed. */
MpipePlan *
mpipe_plan_new (MpipeStage *first, GError **error)
{
  g_autoptr (MpipePlan) plan = g_new0 (MpipePlan, 1);
  g_autoptr (MpipeGraph) graph = mpipe_graph_new ();
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);
  Builder builder = { plan, graph, numbers };

  plan->nodes = g_ptr_array_new_with_free_func (node_free);
  if (visit (&builder, first, MPIPE_PLAN_NONE, 0, error) == MPIPE_PLAN_NONE
      || !sort (&builder, error) || !check_launches (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}
