/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a pipeline has done so far: counted by the engine's thread and by those who put, read by any. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

/* Tells those who watch that the counts have changed. The pipeline's context. */
void
mpipe_pipeline_notify_counts (MpipePipeline *self)
{
  static const char *const names[] = { "n-put", "n-results", "n-failed", "backlog" };
  GListModel *stages = G_LIST_MODEL (self->stages);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_object_notify (G_OBJECT (self), names[i]);
  g_object_thaw_notify (G_OBJECT (self));
  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);

      mpipe_stage_notify_statistics (stage);
    }
}

/**
 * mpipe_pipeline_get_n_put: (get-property n-put)
 * @self: a pipeline
 *
 * Gets how many tasks were accepted.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_put (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_task_mailbox_get_n_put (self->tasks) : 0;
}

/**
 * mpipe_pipeline_get_n_results: (get-property n-results)
 * @self: a pipeline
 *
 * Gets how many results have come out, read or not.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_results (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_n_results (self->engine) : 0;
}

/**
 * mpipe_pipeline_get_n_failed: (get-property n-failed)
 * @self: a pipeline
 *
 * Gets how many failures have come out, read or not.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_failed (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_n_failed (self->engine) : 0;
}

/**
 * mpipe_pipeline_get_backlog: (get-property backlog)
 * @self: a pipeline
 *
 * Gets how many tasks the pipeline has of which not everything was read yet.
 *
 * Tasks that were put in this moment may not be counted yet, and those whose results were read in this
 * moment may still be.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_backlog (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_backlog (self->engine) : 0;
}
