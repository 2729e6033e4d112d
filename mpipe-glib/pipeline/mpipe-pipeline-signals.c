/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a pipeline tells by signals, and whether anybody listens. All are emitted in the pipeline's context;
 * `task-failed` also by who gets, while no other thread runs that. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include "mpipe-marshal.h"

enum
{
  SIGNAL_RESULT,
  SIGNAL_TASK_FAILED,
  SIGNAL_TASK_PROGRESS,
  SIGNAL_WORKER_STARTED,
  SIGNAL_WORKER_EXITED,
  SIGNAL_COMPLETED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* About tasks and their results. */
static void
install_task_signals (GType type)
{
  /**
   * MpipePipeline::result:
   * @self: the pipeline
   * @value: the result
   * @task_id: the task it comes from, as [method@Mpipe.Pipeline.put] returned it; 0 for a result of a stop
   *   task
   * @leaf: the stage that gave it
   *
   * Emitted for each result, in order, as long as there is a handler; without one, results wait to be
   * got.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RESULT]
      = g_signal_new ("result", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      _mpipe_marshal_VOID__VARIANT_UINT64_OBJECT, G_TYPE_NONE, 3, G_TYPE_VARIANT,
                      G_TYPE_UINT64, MPIPE_TYPE_STAGE);
  g_signal_set_va_marshaller (signals[SIGNAL_RESULT], type,
                              _mpipe_marshal_VOID__VARIANT_UINT64_OBJECTv);

  /**
   * MpipePipeline::task-failed:
   * @self: the pipeline
   * @task_id: the task that was put, as [method@Mpipe.Pipeline.put] returned it; 0 for a stop task
   * @stage: the stage in which it failed
   * @error: why
   *
   * Emitted for each task that failed, at its place among the results.
   *
   * Returns: %TRUE when the failure is dealt with, and nobody who gets results needs to know
   *
   * Since: 1.0
   */
  signals[SIGNAL_TASK_FAILED]
      = g_signal_new ("task-failed", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                      NULL, NULL, G_TYPE_BOOLEAN, 3, G_TYPE_UINT64, MPIPE_TYPE_STAGE, G_TYPE_ERROR);

  /**
   * MpipePipeline::task-progress:
   * @self: the pipeline
   * @task_id: the task that was put, as [method@Mpipe.Pipeline.put] returned it; 0 for a stop task
   * @stage: the stage whose worker is on it
   * @fraction: how much of it is done there, from 0 to 1
   * @message: (nullable): what is being done
   *
   * Emitted when a worker has said how far a task is, by [method@Mpipe.Task.report_progress].
   *
   * Of each task only the latest report waits to be emitted, of a thousand tasks at most.
   *
   * Since: 1.0
   */
  signals[SIGNAL_TASK_PROGRESS]
      = g_signal_new ("task-progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      4, G_TYPE_UINT64, MPIPE_TYPE_STAGE, G_TYPE_DOUBLE, G_TYPE_STRING);
}

/* About what does them. */
static void
install_life_signals (GType type)
{
  /**
   * MpipePipeline::worker-started:
   * @self: the pipeline
   * @stage: the stage
   * @index: which of its workers
   *
   * Emitted when a worker is ready, the first time and whenever one that ended was replaced.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WORKER_STARTED]
      = g_signal_new ("worker-started", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      2, MPIPE_TYPE_STAGE, G_TYPE_UINT);

  /**
   * MpipePipeline::worker-exited:
   * @self: the pipeline
   * @stage: the stage
   * @index: which of its workers
   * @error: (nullable): how it ended; %NULL when it was stopped in order
   *
   * Emitted when the process of a worker has ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WORKER_EXITED]
      = g_signal_new ("worker-exited", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      3, MPIPE_TYPE_STAGE, G_TYPE_UINT, G_TYPE_ERROR);

  /**
   * MpipePipeline::completed:
   * @self: the pipeline
   *
   * Emitted once, when a pipeline that was stopped or terminated has worked off everything and its
   * workers are gone; after the last result, if results are emitted.
   *
   * Since: 1.0
   */
  signals[SIGNAL_COMPLETED] = g_signal_new ("completed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                            NULL, G_TYPE_NONE, 0);
}

/* When the class is made. */
void
mpipe_pipeline_install_signals (GType type)
{
  install_task_signals (type);
  install_life_signals (type);
}

gboolean
mpipe_pipeline_has_result_handler (MpipePipeline *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_RESULT], 0, FALSE);
}

gboolean
mpipe_pipeline_has_failure_handler (MpipePipeline *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_TASK_FAILED], 0, FALSE);
}

void
mpipe_pipeline_emit_result (MpipePipeline *self, const MpipeResult *result)
{
  g_signal_emit (self, signals[SIGNAL_RESULT], 0, result->value, result->task_id, result->leaf);
}

/* Returns: whether a handler has dealt with it. */
gboolean
mpipe_pipeline_emit_task_failed (MpipePipeline *self, const MpipeItem *failure)
{
  gboolean handled = FALSE;

  g_signal_emit (self, signals[SIGNAL_TASK_FAILED], 0, failure->id, failure->stage, failure->error,
                 &handled);
  return handled;
}

void
mpipe_pipeline_emit_notice (MpipePipeline *self, const MpipeNotice *notice)
{
  if (notice->exited)
    g_signal_emit (self, signals[SIGNAL_WORKER_EXITED], 0, notice->stage, notice->index,
                   notice->error);
  else
    g_signal_emit (self, signals[SIGNAL_WORKER_STARTED], 0, notice->stage, notice->index);
}

void
mpipe_pipeline_emit_task_progress (MpipePipeline *self, const MpipeProgress *progress)
{
  g_signal_emit (self, signals[SIGNAL_TASK_PROGRESS], 0, progress->task_id, progress->stage,
                 progress->fraction, progress->text);
}

void
mpipe_pipeline_emit_completed (MpipePipeline *self)
{
  g_object_notify (G_OBJECT (self), "state");
  g_signal_emit (self, signals[SIGNAL_COMPLETED], 0);
}
