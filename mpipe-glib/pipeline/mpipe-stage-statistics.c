/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a stage has done so far: counted by the engine's thread, read by any. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

#include "mpipe-glib/pipeline/mpipe-worker-info-private.h"

/* Tells those who watch that the counts have changed. The pipeline's context. */
void
mpipe_stage_notify_statistics (MpipeStage *self)
{
  static const char *const names[] = { "n-tasks", "n-results", "n-failed", "n-retried", "backlog" };
  GListModel *workers = G_LIST_MODEL (self->workers);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_object_notify (G_OBJECT (self), names[i]);
  g_object_thaw_notify (G_OBJECT (self));
  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (MpipeWorkerInfo) info = g_list_model_get_item (workers, i);

      mpipe_worker_info_notify (info);
    }
}

/**
 * mpipe_stage_get_n_tasks: (get-property n-tasks):
 * @self: a stage
 *
 * Gets how many tasks the stage has accepted.
 *
 * Returns: the number, from any thread
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_n_tasks (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return mpipe_counter_get (&self->statistics.n_tasks);
}

/**
 * mpipe_stage_get_n_results: (get-property n-results):
 * @self: a stage
 *
 * Gets how many results the stage's workers have given.
 *
 * Returns: the number, from any thread
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_n_results (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return mpipe_counter_get (&self->statistics.n_results);
}

/**
 * mpipe_stage_get_n_failed: (get-property n-failed):
 * @self: a stage
 *
 * Gets how many tasks have failed in the stage.
 *
 * Returns: the number, from any thread
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_n_failed (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return mpipe_counter_get (&self->statistics.n_failed);
}

/**
 * mpipe_stage_get_n_retried: (get-property n-retried):
 * @self: a stage
 *
 * Gets how often a task was tried again.
 *
 * Returns: the number, from any thread
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_n_retried (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return mpipe_counter_get (&self->statistics.n_retried);
}

/**
 * mpipe_stage_get_backlog: (get-property backlog):
 * @self: a stage
 *
 * Gets how many tasks wait in the stage or are with its workers.
 *
 * Returns: the number, from any thread
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_backlog (MpipeStage *self)
{
  guint64 n_ended, n_tasks;

  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  n_ended = mpipe_counter_get (&self->statistics.n_ended);
  n_tasks = mpipe_counter_get (&self->statistics.n_tasks);
  return n_tasks > n_ended ? n_tasks - n_ended : 0;
}

/**
 * mpipe_stage_get_workers: (get-property workers):
 * @self: a stage
 *
 * Gets the workers of the stage, with what each has done so far.
 *
 * Returns: (transfer none): a list of [class@Mpipe.WorkerInfo]; empty before the pipeline is made
 *
 * Since: 1.0
 */
GListModel *
mpipe_stage_get_workers (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return G_LIST_MODEL (self->workers);
}
