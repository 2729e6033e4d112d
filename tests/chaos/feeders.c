/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "feeders.h"

#include "mpipe-glib/core/mpipe-error.h"

#define WAIT_US 500         /* of those that wait for room only so long */
#define ARRAY_LENGTH_MAX 64 /* of numbers, an eighth of it of others */

struct _ChaosFeeders
{
  const ChaosPlan *plan;
  guint n_tasks;
  MpipePipeline *pipeline;
  ChaosLedger *ledger;
  GCancellable *cancellable;
  ChaosTaskMaker *maker;
  int next;      /* index of the next task; atomic */
  int n_feeding; /* atomic */
  GThread *threads[8];
};

/* Returns: an id; 0 with an error, or without one when there was no room. */
static guint64
try (ChaosFeeders *self, ChaosPutKind kind, GVariant *task, GError **error)
{
  guint64 id = 0;
  g_autoptr (GError) local_error = NULL;

  if (kind == CHAOS_TRY_PUT)
    id = mpipe_pipeline_try_put (self->pipeline, task, &local_error);
  else if (kind == CHAOS_PUT_UNTIL)
    id = mpipe_pipeline_put_until (self->pipeline, task, g_get_monotonic_time () + WAIT_US,
                                   self->cancellable, &local_error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return id;
}

/* Returns: whether it was put. */
static gboolean
put_one (ChaosFeeders *self, guint index, ChaosPutKind kind, GError **error)
{
  g_autoptr (GVariant) task = g_variant_ref_sink (chaos_task_maker_make (self->maker, index));
  g_autoptr (GError) local_error = NULL;
  guint64 id = try (self, kind, task, &local_error);

  if (id == 0 && local_error == NULL)
    id = mpipe_pipeline_put (self->pipeline, task, self->cancellable, &local_error);
  if (id > 0)
    {
      g_assert_no_error (local_error);
      chaos_ledger_note_put (self->ledger, index, id);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Only if nobody else puts tasks. Returns: whether all were put */
static gboolean
put_several (ChaosFeeders *self, guint first, guint n, GError **error)
{
  GVariant *tasks[ARRAY_LENGTH_MAX];
  guint64 n_before = mpipe_pipeline_get_n_put (self->pipeline), n_accepted;

  for (guint i = 0; i < n; i++)
    tasks[i] = chaos_task_maker_make (self->maker, first + i);
  n_accepted
      = mpipe_pipeline_put_array (self->pipeline,
                                  g_variant_new_array (chaos_task_get_type (self->plan), tasks, n),
                                  self->cancellable, error);
  for (guint i = 0; i < n_accepted; i++)
    chaos_ledger_note_put (self->ledger, first + i, n_before + i + 1);
  return n_accepted == n;
}

/* Returns: whether there are more to put. */
static gboolean
feed (ChaosFeeders *self, GError **error)
{
  guint index = (guint) g_atomic_int_add (&self->next, 1);
  ChaosPutKind kind = chaos_plan_get_put_kind (self->plan, index);
  guint n;

  if (index >= self->n_tasks)
    return FALSE;
  if (kind != CHAOS_PUT_ARRAY)
    return put_one (self, index, kind, error);
  n = MIN (1 + index % (self->plan->numbers ? ARRAY_LENGTH_MAX : ARRAY_LENGTH_MAX / 8),
           self->n_tasks - index);
  g_atomic_int_add (&self->next, (int) n - 1);
  return put_several (self, index, n, error);
}

static gpointer
feeder_thread (gpointer data)
{
  ChaosFeeders *self = data;
  g_autoptr (GError) error = NULL;

  while (feed (self, &error))
    ;
  if (error != NULL && !g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_STOPPED)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_error ("seed %u: a task was not accepted: %s", self->plan->seed, error->message);
  if (g_atomic_int_dec_and_test (&self->n_feeding))
    mpipe_pipeline_stop (self->pipeline);
  return NULL;
}

ChaosFeeders *
chaos_feeders_start (const ChaosPlan *plan, guint n_tasks, MpipePipeline *pipeline,
                     ChaosLedger *ledger, GCancellable *cancellable)
{
  ChaosFeeders *self = g_new0 (ChaosFeeders, 1);

  *self = (ChaosFeeders){
    .plan = plan,
    .n_tasks = n_tasks,
    .pipeline = pipeline,
    .ledger = ledger,
    .cancellable = cancellable,
    .maker = chaos_task_maker_new (plan),
    .n_feeding = (int) plan->n_feeders,
  };
  g_assert_cmpuint (plan->n_feeders, <=, G_N_ELEMENTS (self->threads));
  for (guint i = 0; i < plan->n_feeders; i++)
    self->threads[i] = g_thread_new ("feeder", feeder_thread, self);
  return self;
}

/* Waits until all are done. */
void
chaos_feeders_join (ChaosFeeders *self)
{
  for (guint i = 0; i < self->plan->n_feeders; i++)
    g_thread_join (self->threads[i]);
  chaos_task_maker_free (self->maker);
  g_free (self);
}
