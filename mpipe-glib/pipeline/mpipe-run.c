/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A run is marked when something about it changed, and looked at when the engine settles. Items move one
 * run at a time: what a run accepts it looks at later, so that the depth of calls does not grow with the
 * length of the pipeline.
 *
 * Back-pressure: a run is closed when its backlog is full, or when it is blocked; it is blocked when a
 * next run is closed. What is closed accepts nothing, what is blocked gives its workers nothing, and in
 * the end nothing is put. Where some stage has a limit, those that have none hold a bounded number of
 * waiting tasks, or all would pile up in front of the one with the limit. A limit in bytes may be passed
 * by results that are larger than their tasks; then runs are blocked until what is behind them was
 * worked off. While the pipeline terminates everything is open, so that it can drain. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-run-private.h"

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"

void
mpipe_run_init (MpipeRun *self, const MpipeRunClass *klass, MpipeRunContext *context,
                MpipeStage *stage)
{
  self->klass = klass;
  self->context = context;
  self->stage = g_object_ref (stage);
  self->statistics = &stage->statistics;
  self->next = g_ptr_array_new ();
  self->byte_limits = g_ptr_array_new ();
  self->backlog.max_n = stage->max_backlog;
  self->backlog.max_bytes = stage->max_backlog_bytes;
  if (mpipe_backlog_is_limited (&self->backlog))
    context->limited = TRUE;
  if (self->backlog.max_bytes > 0)
    g_ptr_array_add (self->byte_limits, &self->backlog);
}

void
mpipe_run_clear (MpipeRun *self)
{
  mpipe_item_free_all (&self->input);
  mpipe_item_free_all (&self->output);
  g_ptr_array_unref (self->next);
  g_ptr_array_unref (self->byte_limits);
  g_object_unref (self->stage);
}

/* To be called in the order of the flow: what limits @self limits @next. */
void
mpipe_run_link (MpipeRun *self, MpipeRun *next)
{
  g_ptr_array_add (self->next, next);
  next->n_open_upstreams++;
  g_ptr_array_extend (next->byte_limits, self->byte_limits, NULL, NULL);
}

/* Has the run looked at when the engine settles. */
void
mpipe_run_mark (MpipeRun *self)
{
  if (self->dirty)
    return;
  self->dirty = TRUE;
  self->next_dirty = self->context->first_dirty;
  self->context->first_dirty = self;
}

/* Input */

/* Takes over a task, or a failure that passes through. It is accepted even when the run is closed: who
 * gives has asked before, or may not wait. */
void
mpipe_run_accept (MpipeRun *self, MpipeItem *item)
{
  item->place = 0;
  item->n_attempts = 0;
  item->n_at_hand = 0;
  item->has_passed_on = FALSE;
  if (item->error == NULL)
    {
      mpipe_counter_add (&self->statistics->n_tasks, item->n_tasks);
      if (mpipe_backlog_is_limited (&self->backlog))
        {
          MpipeLineage *entrance
              = mpipe_lineage_new_row (item->lineage, &self->backlog, item->n_tasks);

          mpipe_item_set_lineage (item, entrance);
          mpipe_lineage_unref (entrance);
        }
    }
  item->goes_alone = FALSE;
  mpipe_fifo_push (&self->input, item);
  self->n_waiting += item->n_tasks;
  mpipe_run_mark (self);
}

/* What was taken waits again, in front of all else. */
void
mpipe_run_put_back (MpipeRun *self, MpipeItem *item)
{
  mpipe_fifo_push_first (&self->input, item);
  self->n_waiting += item->n_tasks;
}

/* Returns: (transfer full): the first that waits, or the first @max tasks of a row. There must be one */
MpipeItem *
mpipe_run_take (MpipeRun *self, guint max)
{
  MpipeItem *first = (MpipeItem *) self->input.first;
  MpipeItem *item
      = first->n_tasks > max ? mpipe_item_split (first, max) : mpipe_fifo_pop (&self->input);

  self->n_waiting -= item->n_tasks;
  return item;
}

/* One of the upstreams has ended. */
void
mpipe_run_end_input (MpipeRun *self)
{
  g_assert (self->n_open_upstreams > 0);
  self->n_open_upstreams--;
  mpipe_run_mark (self);
}

/* Returns: how many more tasks of @size bytes each may come */
static guint64
count_admitted (MpipeRun *self, guint64 size)
{
  guint64 n;

  if (!self->context->limited || self->context->terminating)
    return G_MAXUINT64;
  n = mpipe_backlog_is_limited (&self->backlog)
          ? mpipe_backlog_count_admitted (&self->backlog, size)
          : MPIPE_RUN_WAITING_MAX - MIN (self->n_waiting, MPIPE_RUN_WAITING_MAX);
  return n > 0 && !mpipe_run_is_blocked (self) ? n : 0;
}

/* Whether the next task, of @size bytes, may come. */
gboolean
mpipe_run_is_open_to (MpipeRun *self, guint64 size)
{
  return count_admitted (self, size) > 0;
}

gboolean
mpipe_run_is_closed (MpipeRun *self)
{
  return count_admitted (self, 0) == 0;
}

/* Output */

/* Whether a limit in bytes that counts what is here is reached. */
gboolean
mpipe_run_is_over_bytes (MpipeRun *self)
{
  for (guint i = 0; i < self->byte_limits->len; i++)
    if (mpipe_backlog_is_over_bytes (g_ptr_array_index (self->byte_limits, i)))
      return TRUE;
  return FALSE;
}

/* Whether something behind this run can be worked off without it. */
static gboolean
has_load_behind (MpipeRun *self)
{
  for (guint i = 0; i < self->next->len; i++)
    {
      MpipeRun *next = g_ptr_array_index (self->next, i);

      if (mpipe_stage_get_backlog (next->stage) > 0 || !mpipe_fifo_is_empty (&next->output)
          || has_load_behind (next))
        return TRUE;
    }
  return self->next->len == 0 && self->collect == NULL
         && self->context->n_unread > self->context->backlog->ahead.n;
}

/* Whether results have to wait. */
gboolean
mpipe_run_is_blocked (MpipeRun *self)
{
  if (!self->context->limited || self->context->terminating)
    return FALSE;
  if (!mpipe_fifo_is_empty (&self->output))
    return TRUE;
  for (guint i = 0; i < self->next->len; i++)
    if (mpipe_run_is_closed (g_ptr_array_index (self->next, i)))
      return TRUE;
  return mpipe_run_is_over_bytes (self) && has_load_behind (self);
}

/* Takes over a result, or a failure, whose turn it is. */
void
mpipe_run_release (MpipeRun *self, MpipeItem *item)
{
  mpipe_fifo_push (&self->output, item);
}

/* Returns: how many tasks of @item, a row perhaps, all next runs accept. Where something is counted, each task is that
 * goes several ways: it counts until all that comes of it was read, and no longer. */
static guint
count_accepted (MpipeRun *self, const MpipeItem *item)
{
  guint64 n = self->context->limited && self->next->len > 1 ? 1 : item->n_tasks;

  for (guint i = 0; i < self->next->len; i++)
    n = MIN (n, count_admitted (g_ptr_array_index (self->next, i),
                                item->payload.size / item->n_tasks));
  return (guint) n;
}

static MpipeItem *
copy_for_branch (const MpipeItem *item)
{
  MpipeItem *copy = mpipe_item_new_child (item, &item->payload);

  copy->n_tasks = item->n_tasks;
  copy->producer = item->producer;
  return copy;
}

/* A result goes to every next run; a failure, which must be told once, along the first. */
static void
pass_on (MpipeRun *self, MpipeItem *item)
{
  if (self->next->len == 0)
    {
      if (item->error == NULL)
        item->stage = self->stage;
      if (self->collect != NULL)
        self->collect (self->collector, self, item);
      else
        self->context->events->deliver (self->context->owner, self, item);
      return;
    }
  for (guint i = 1; i < self->next->len && item->error == NULL; i++)
    mpipe_run_accept (g_ptr_array_index (self->next, i), copy_for_branch (item));
  mpipe_run_accept (g_ptr_array_index (self->next, 0), item);
}

/* Moves on what the next runs accept. */
void
mpipe_run_move_output (MpipeRun *self)
{
  while (!mpipe_fifo_is_empty (&self->output))
    {
      MpipeItem *first = (MpipeItem *) self->output.first;
      guint n = count_accepted (self, first);

      if (n == 0)
        return;
      pass_on (self,
               n < first->n_tasks ? mpipe_item_split (first, n) : mpipe_fifo_pop (&self->output));
    }
}

/* The end */

/* Tells the next runs, once, that nothing more comes. */
void
mpipe_run_end_output_if_drained (MpipeRun *self)
{
  if (self->output_ended || self->n_open_upstreams > 0 || !mpipe_fifo_is_empty (&self->input)
      || !mpipe_fifo_is_empty (&self->output) || !self->klass->is_drained (self))
    return;
  self->output_ended = TRUE;
  for (guint i = 0; i < self->next->len; i++)
    mpipe_run_end_input (g_ptr_array_index (self->next, i));
  if (self->collect_ended != NULL)
    self->collect_ended (self->collector, self);
}

GError *
mpipe_run_new_cancelled_error (MpipeRun *self, const MpipeItem *item)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                      "stage “%s”: task %" G_GUINT64_FORMAT " was cancelled", self->stage->name,
                      item->id);
}

/* Returns: (transfer full) (nullable): why no worker will get the task; of a row, the first */
GError *
mpipe_run_find_refusal (MpipeRun *self, const MpipeItem *item)
{
  GHashTable *cancelled = self->context->cancelled;

  if (self->context->terminating || item->is_cancelled
      || (cancelled != NULL && g_hash_table_contains (cancelled, &item->id)))
    return mpipe_run_new_cancelled_error (self, item);
  return NULL;
}

/* Tasks of @id that wait here are marked; they fail when their turn comes. Those in a row are found then. */
void
mpipe_run_cancel_input (MpipeRun *self, guint64 id)
{
  for (MpipeFifoLink *link = self->input.first; link != NULL; link = link->next)
    {
      MpipeItem *item = (MpipeItem *) link;

      if (item->id == id && item->n_tasks == 1 && item->error == NULL)
        item->is_cancelled = TRUE;
    }
  mpipe_run_mark (self);
}
