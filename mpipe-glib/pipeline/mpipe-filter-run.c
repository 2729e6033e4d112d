/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A filter at work: no processes of its own. What it gives a branch is a copy of the task with a lineage of
 * its own, whose end tells that the task has left the branch. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-filter-run-private.h"

#include "mpipe-glib/flow/mpipe-filter-gate-private.h"
#include "mpipe-glib/pipeline/mpipe-filter-stage-private.h"

typedef struct _MpipeFilterRun MpipeFilterRun;

typedef struct
{
  MpipeFilterRun *filter;
  MpipeRun *head;
  guint n_open_leaves;
  gboolean has_latest;
  MpipePayload latest; /* the result that came last */
} Branch;

struct _MpipeFilterRun
{
  MpipeRun run;
  MpipeFilterGate gate;
  guint n_branches;
  Branch *branches;
  gboolean heads_ended;
};

static void
left_cb (gpointer owner, guint branch)
{
  MpipeFilterRun *self = owner;

  mpipe_filter_gate_leave (&self->gate, branch);
}

static void
forget_latest (Branch *branch)
{
  if (branch->has_latest)
    mpipe_payload_clear (&branch->latest);
  branch->has_latest = FALSE;
}

/* What comes out of a branch: a result is kept as the latest, a failure goes the way of the tasks. */
static void
collect_cb (gpointer collector, MpipeRun *leaf, MpipeItem *item)
{
  Branch *branch = collector;

  if (item->error != NULL)
    {
      mpipe_run_release (&branch->filter->run, item);
      mpipe_run_mark (&branch->filter->run);
      return;
    }
  forget_latest (branch);
  mpipe_payload_copy (&branch->latest, &item->payload);
  branch->has_latest = TRUE;
  mpipe_item_free (item);
}

static void
collect_ended_cb (gpointer collector, MpipeRun *leaf)
{
  Branch *branch = collector;

  branch->n_open_leaves--;
  mpipe_run_mark (&branch->filter->run);
}

static void
offer (MpipeFilterRun *self, guint number, const MpipeItem *task)
{
  MpipeRun *head = self->branches[number].head;
  MpipeLineage *entrance;
  MpipeItem *copy;

  if (!mpipe_run_is_open_to (head, task->payload.size)
      || !mpipe_filter_gate_enter (&self->gate, number))
    return;
  entrance = mpipe_lineage_new (task->lineage, NULL, left_cb, self, number);
  copy = mpipe_item_new_child (task, &task->payload);
  copy->producer = task->producer;
  mpipe_item_set_lineage (copy, entrance);
  mpipe_lineage_unref (entrance);
  mpipe_run_accept (head, copy);
}

/* Returns: (transfer full) (nullable): the task and the latest results; NULL when one of them is no value */
static GVariant *
build_result (MpipeFilterRun *self, const MpipeItem *task, GError **error)
{
  MpipeTypeTable *types = self->run.context->types;
  g_autoptr (GVariant) passed = mpipe_payload_to_variant (&task->payload, types, error);
  g_auto (GVariantBuilder) results = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  if (passed == NULL)
    return NULL;
  for (guint i = 0; i < self->n_branches; i++)
    if (self->branches[i].has_latest)
      {
        g_autoptr (GVariant) latest
            = mpipe_payload_to_variant (&self->branches[i].latest, types, error);

        if (latest == NULL)
          return NULL;
        g_variant_builder_add (&results, "v", latest);
      }
  return g_variant_ref_sink (g_variant_new ("(vav)", passed, &results));
}

static MpipeItem *
new_result (MpipeFilterRun *self, const MpipeItem *task, GError **error)
{
  MpipeItem *result;
  MpipePayload payload;
  g_autoptr (GVariant) value = NULL;

  if (MPIPE_FILTER_STAGE (self->run.stage)->drop_results)
    {
      result = mpipe_item_new_child (task, &task->payload);
      result->producer = task->producer;
      return result;
    }
  value = build_result (self, task, error);
  if (value == NULL
      || !mpipe_payload_init_from_variant (&payload, value, self->run.context->types, error))
    return NULL;
  result = mpipe_item_new_child (task, &payload);
  mpipe_payload_clear (&payload);
  return result;
}

static void
fail (MpipeFilterRun *self, MpipeItem *task, GError *error)
{
  mpipe_counter_add (&self->run.statistics->n_ended, 1);
  mpipe_counter_add (&self->run.statistics->n_failed, 1);
  mpipe_item_fail (task, self->run.stage, error);
  mpipe_run_release (&self->run, task);
}

static void
pass_task (MpipeFilterRun *self, MpipeItem *task)
{
  GError *error = NULL;
  MpipeItem *result;

  for (guint i = 0; i < self->n_branches; i++)
    offer (self, i, task);
  result = new_result (self, task, &error);
  if (!MPIPE_FILTER_STAGE (self->run.stage)->cache_results)
    for (guint i = 0; i < self->n_branches; i++)
      forget_latest (&self->branches[i]);
  if (result == NULL)
    {
      g_prefix_error (&error, "stage “%s”: task %" G_GUINT64_FORMAT ": ", self->run.stage->name,
                      task->id);
      fail (self, task, error);
      return;
    }
  mpipe_counter_add (&self->run.statistics->n_ended, 1);
  mpipe_counter_add (&self->run.statistics->n_results, 1);
  mpipe_run_release (&self->run, result);
  mpipe_item_free (task);
}

static void
end_heads (MpipeFilterRun *self)
{
  if (self->heads_ended || self->run.n_open_upstreams > 0
      || !mpipe_fifo_is_empty (&self->run.input))
    return;
  self->heads_ended = TRUE;
  for (guint i = 0; i < self->n_branches; i++)
    mpipe_run_end_input (self->branches[i].head);
}

static void
filter_run_work (MpipeRun *run)
{
  MpipeFilterRun *self = (MpipeFilterRun *) run;

  mpipe_run_move_output (run);
  while (!mpipe_run_is_blocked (run) && !mpipe_fifo_is_empty (&run->input))
    {
      MpipeItem *item = mpipe_run_take (run, 1);
      GError *refusal = item->error == NULL ? mpipe_run_find_refusal (run, item) : NULL;

      if (refusal != NULL)
        fail (self, item, refusal);
      else if (item->error != NULL)
        mpipe_run_release (run, item);
      else
        pass_task (self, item);
      mpipe_run_move_output (run);
    }
  end_heads (self);
  mpipe_run_end_output_if_drained (run);
}

static gboolean
filter_run_is_drained (MpipeRun *run)
{
  MpipeFilterRun *self = (MpipeFilterRun *) run;

  for (guint i = 0; i < self->n_branches; i++)
    if (self->branches[i].n_open_leaves > 0)
      return FALSE;
  return self->heads_ended;
}

static gboolean
filter_run_is_starting (MpipeRun *run)
{
  return FALSE;
}

static const GError *
filter_run_get_problem (MpipeRun *run)
{
  return NULL;
}

static gboolean
filter_run_is_over (MpipeRun *run)
{
  return TRUE;
}

static void
filter_run_nothing (MpipeRun *run)
{
}

static void
filter_run_terminate (MpipeRun *run, const GError *reason)
{
}

static void
filter_run_accuse (MpipeRun *run, const MpipeProducer *producer, const GError *reason)
{
}

static void
filter_run_free (MpipeRun *run)
{
  MpipeFilterRun *self = (MpipeFilterRun *) run;

  for (guint i = 0; i < self->n_branches; i++)
    forget_latest (&self->branches[i]);
  mpipe_filter_gate_clear (&self->gate);
  g_free (self->branches);
  mpipe_run_clear (run);
  g_free (self);
}

static const MpipeRunClass filter_run_class = {
  .work = filter_run_work,
  .is_starting = filter_run_is_starting,
  .get_problem = filter_run_get_problem,
  .is_drained = filter_run_is_drained,
  .is_over = filter_run_is_over,
  .flush = filter_run_nothing,
  .start = filter_run_nothing,
  .terminate = filter_run_terminate,
  .cancel = mpipe_run_cancel_input,
  .accuse = filter_run_accuse,
  .free = filter_run_free,
};

MpipeRun *
mpipe_filter_run_new (MpipeRunContext *context, MpipeFilterStage *stage)
{
  MpipeFilterRun *self = g_new0 (MpipeFilterRun, 1);

  mpipe_run_init (&self->run, &filter_run_class, context, MPIPE_STAGE (stage));
  self->n_branches = stage->stages->len;
  self->branches = g_new0 (Branch, self->n_branches);
  for (guint i = 0; i < self->n_branches; i++)
    self->branches[i].filter = self;
  mpipe_filter_gate_init (&self->gate, self->n_branches, stage->max_tasks);
  return &self->run;
}

/* @head is the first run of the branch. */
void
mpipe_filter_run_add_head (MpipeRun *run, guint branch, MpipeRun *head)
{
  MpipeFilterRun *self = (MpipeFilterRun *) run;

  g_assert (branch < self->n_branches);
  self->branches[branch].head = head;
  head->n_open_upstreams++;
}

/* @leaf is one of the last runs of the branch. */
void
mpipe_filter_run_add_leaf (MpipeRun *run, guint branch, MpipeRun *leaf)
{
  MpipeFilterRun *self = (MpipeFilterRun *) run;

  g_assert (branch < self->n_branches);
  self->branches[branch].n_open_leaves++;
  leaf->collect = collect_cb;
  leaf->collect_ended = collect_ended_cb;
  leaf->collector = &self->branches[branch];
}
