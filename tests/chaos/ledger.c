/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A wrong entry ends the test at once. */

#include "config.h"

#include "ledger.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "task.h"

#define STALL_US (60 * G_USEC_PER_SEC)

#define CODE(name) (1u << MPIPE_ERROR_##name)
#define MISFORTUNE (CODE (WORKER_DIED) | CODE (TIMED_OUT)) /* may come over any task */

/* What is known of the task with an id. */
typedef struct
{
  guint put_index, told_index; /* from 1; 0 when not known */
  guint8 n_results;
  guint8 n_failures;
  gboolean cancelled;
  guint code; /* CODE, of a failure that is no cancellation */
} Entry;

struct _ChaosLedger
{
  const ChaosPlan *plan;
  gboolean ordered;
  guint n_tasks;
  Entry *entries; /* by id - 1 */
  guint64 last_id;
  ChaosTally tally;

  GMutex lock;
  GCond changed;
  guint64 n_ended; /* with the lock */
  gboolean done;   /* with the lock */
};

ChaosLedger *
chaos_ledger_new (const ChaosPlan *plan, guint n_tasks, gboolean ordered)
{
  ChaosLedger *self = g_new0 (ChaosLedger, 1);

  self->plan = plan;
  self->ordered = ordered;
  self->n_tasks = n_tasks;
  self->entries = g_new0 (Entry, n_tasks);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

void
chaos_ledger_free (ChaosLedger *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->entries);
  g_free (self);
}

static Entry *
get_entry (ChaosLedger *self, guint64 id)
{
  g_assert_cmpuint (id, >=, 1);
  g_assert_cmpuint (id, <=, self->n_tasks);
  return &self->entries[id - 1];
}

void
chaos_ledger_note_put (ChaosLedger *self, guint index, guint64 id)
{
  Entry *entry = get_entry (self, id);

  g_assert_cmpuint (entry->put_index, ==, 0);
  entry->put_index = index + 1;
}

static void
note_progress (ChaosLedger *self)
{
  g_mutex_lock (&self->lock);
  self->n_ended++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* What was collected leaves gaps. */
static void
check_order (ChaosLedger *self, guint64 id)
{
  if (self->ordered)
    {
      g_assert_cmpuint (id, >=, self->last_id);
      if (!self->plan->collects)
        g_assert_cmpuint (id, <=, self->last_id + 1);
    }
  self->last_id = id;
}

static void
check_content (ChaosLedger *self, guint64 id, GVariant *value)
{
  Entry *entry = get_entry (self, id);
  guint index;

  g_assert_true (g_variant_is_of_type (value, chaos_task_get_type (self->plan)));
  g_assert_true (chaos_task_is_intact (value));
  index = chaos_task_get_index (value);
  g_assert_cmpuint (index, <, self->n_tasks);
  g_assert_cmpint (chaos_task_get_fault (value), ==, chaos_plan_get_fault (self->plan, index));
  g_assert_cmpuint (chaos_task_get_size (value), ==, chaos_plan_get_size (self->plan, index));
  if (entry->told_index != 0)
    g_assert_cmpuint (entry->told_index, ==, index + 1);
  entry->told_index = index + 1;
}

void
chaos_ledger_note_result (ChaosLedger *self, guint64 id, GVariant *result)
{
  check_order (self, id);
  check_content (self, id, result);
  if (!self->plan->collects) /* those are told before what waits to be read */
    g_assert_cmpuint (get_entry (self, id)->n_failures, ==, 0);
  get_entry (self, id)->n_results++;
  self->tally.n_results++;
  note_progress (self);
}

/* Which failures there may be is seen in the end, when it is known which task had the id. */
static void
note_failure (ChaosLedger *self, guint64 id, const GError *error)
{
  Entry *entry = get_entry (self, id);

  g_assert_cmpuint (entry->n_failures, ==, 0);
  entry->n_failures = 1;
  entry->cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  entry->code = entry->cancelled ? 0 : 1u << error->code;
  if (!entry->cancelled
      && (error->domain != MPIPE_ERROR || g_strstr_len (error->message, -1, "stage “") == NULL))
    g_error ("seed %u: task %" G_GUINT64_FORMAT " failed with: %s", self->plan->seed, id,
             error->message);
  if (g_strstr_len (error->message, -1, "changed on their way") != NULL)
    g_error ("seed %u: %s", self->plan->seed, error->message);
  self->tally.n_failed++;
  self->tally.n_cancelled += entry->cancelled;
  note_progress (self);
}

void
chaos_ledger_note_failure (ChaosLedger *self, guint64 id, const GError *error)
{
  check_order (self, id);
  note_failure (self, id, error);
}

void
chaos_ledger_note_collected (ChaosLedger *self, MpipeFailure *failure)
{
  guint64 id = mpipe_failure_get_task_id (failure);

  check_content (self, id, mpipe_failure_get_task (failure));
  note_failure (self, id, mpipe_failure_get_error (failure));
  self->tally.n_collected++;
}

/* There will be no more entries. */
void
chaos_ledger_note_end (ChaosLedger *self)
{
  g_mutex_lock (&self->lock);
  self->done = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
report_stall (ChaosLedger *self, MpipePipeline *pipeline)
{
  GString *text = g_string_new (NULL);
  GListModel *stages = mpipe_pipeline_get_stages (pipeline);

  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);
      GListModel *workers = mpipe_stage_get_workers (stage);

      g_string_append_printf (text, "\nstage %u, backlog %" G_GUINT64_FORMAT ", processes", i,
                              mpipe_stage_get_backlog (stage));
      for (guint k = 0; k < g_list_model_get_n_items (workers); k++)
        {
          g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, k);

          g_string_append_printf (text, " %d", mpipe_worker_info_get_pid (info));
        }
    }
  g_error ("seed %u: nothing happens any more; %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
           " tasks were told of%s",
           self->plan->seed, self->n_ended, mpipe_pipeline_get_n_put (pipeline), text->str);
}

gboolean
chaos_ledger_wait_for_progress (ChaosLedger *self, guint64 n_ended, MpipePipeline *pipeline)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  while (self->n_ended < n_ended && !self->done)
    {
      guint64 before = self->n_ended;

      if (!g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + STALL_US)
          && self->n_ended == before && !self->done)
        report_stall (self, pipeline);
    }
  done = self->n_ended < n_ended;
  g_mutex_unlock (&self->lock);
  return !done;
}

/* Returns: which codes a task can fail with. */
static guint
get_possible_codes (ChaosFault fault)
{
  switch ((int) fault)
    {
    case CHAOS_ERROR:
    case CHAOS_WRONG_TYPE:
      return CODE (TASK_FAILED) | MISFORTUNE;
    case CHAOS_GARBAGE:
    case CHAOS_UNKNOWN_KIND:
    case CHAOS_UNNAMED_TYPE:
    case CHAOS_FALSE_PLACE:
    case CHAOS_FALSE_LOAN:
      return CODE (PROTOCOL) | MISFORTUNE;
    case CHAOS_WRONG_SIZE: /* the next worker finds it */
      return CODE (PROTOCOL) | CODE (TASK_FAILED) | MISFORTUNE;
    default:
      return MISFORTUNE;
    }
}

/* One that is wrong in some way cannot give results, but for the two before its worker is killed; and a worker that has
 * stopped itself may be continued after a pause. */
static gboolean
has_ended_well (const Entry *entry, ChaosFault fault)
{
  if (fault == CHAOS_HARMLESS || fault == CHAOS_STOP)
    return entry->n_results + entry->n_failures == 1;
  return entry->n_failures == 1 && entry->n_results <= (fault == CHAOS_KILL_AMID_RESULTS ? 2 : 0);
}

static void
check_entry (ChaosLedger *self, guint64 id)
{
  Entry *entry = get_entry (self, id);
  ChaosFault fault;

  g_assert_cmpuint (entry->put_index, >=, 1);
  if (entry->told_index != 0)
    g_assert_cmpuint (entry->told_index, ==, entry->put_index);
  fault = chaos_plan_get_fault (self->plan, entry->put_index - 1);
  self->tally.n_by_fault[fault]++;
  if (!has_ended_well (entry, fault))
    g_error ("seed %u: task %" G_GUINT64_FORMAT " (%s) gave %u results and %u failures",
             self->plan->seed, id, chaos_fault_to_string (fault), entry->n_results,
             entry->n_failures);
  if (!entry->cancelled && entry->n_failures > 0)
    g_assert_cmphex (entry->code & ~get_possible_codes (fault), ==, 0);
  self->tally.n_unlucky += fault == CHAOS_HARMLESS && entry->n_failures > 0 && !entry->cancelled;
}

void
chaos_ledger_check (ChaosLedger *self, guint64 n_put)
{
  for (guint64 id = 1; id <= n_put; id++)
    check_entry (self, id);
  for (guint64 id = n_put + 1; id <= self->n_tasks; id++)
    g_assert_cmpuint (get_entry (self, id)->n_results + get_entry (self, id)->n_failures, ==, 0);
}

const ChaosTally *
chaos_ledger_get_tally (ChaosLedger *self)
{
  return &self->tally;
}
