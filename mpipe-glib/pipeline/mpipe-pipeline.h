/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

/**
 * MpipePipelineState:
 * @MPIPE_PIPELINE_STATE_NEW: constructed, nothing runs yet
 * @MPIPE_PIPELINE_STATE_RUNNING: takes tasks
 * @MPIPE_PIPELINE_STATE_STOPPING: takes no more tasks and works off what it has
 * @MPIPE_PIPELINE_STATE_COMPLETED: all tasks have ended and all workers are gone; results may still
 *   wait to be read
 *
 * The life of a pipeline; it passes through these in order.
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_PIPELINE_STATE_NEW,
  MPIPE_PIPELINE_STATE_RUNNING,
  MPIPE_PIPELINE_STATE_STOPPING,
  MPIPE_PIPELINE_STATE_COMPLETED,
} MpipePipelineState;

/**
 * MpipeOnFailure:
 * @MPIPE_ON_FAILURE_REPORT: the failure is reported and the pipeline goes on
 * @MPIPE_ON_FAILURE_STOP: the pipeline is terminated at its first failure; all other tasks that have not
 *   ended fail with %G_IO_ERROR_CANCELLED
 * @MPIPE_ON_FAILURE_COLLECT: the failure is kept, with its task, for [method@Mpipe.Pipeline.take_failures], and the
 *   pipeline goes on; when a thousand are kept, further ones are reported
 *
 * What a pipeline does when a task fails.
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_ON_FAILURE_REPORT,
  MPIPE_ON_FAILURE_STOP,
  MPIPE_ON_FAILURE_COLLECT,
} MpipeOnFailure;

/**
 * MpipeGetStatus:
 * @MPIPE_GET_STATUS_FAILED: an error is set: of a task that failed, or of the call
 * @MPIPE_GET_STATUS_RESULT: there is a result
 * @MPIPE_GET_STATUS_EMPTY: there is no result yet
 * @MPIPE_GET_STATUS_ENDED: there will be no more results
 *
 * What a look for a result found.
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_GET_STATUS_FAILED,
  MPIPE_GET_STATUS_RESULT,
  MPIPE_GET_STATUS_EMPTY,
  MPIPE_GET_STATUS_ENDED,
} MpipeGetStatus;

#define MPIPE_TYPE_PIPELINE_STATE (mpipe_pipeline_state_get_type ())
#define MPIPE_TYPE_ON_FAILURE (mpipe_on_failure_get_type ())
#define MPIPE_TYPE_GET_STATUS (mpipe_get_status_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_pipeline_state_get_type (void) G_GNUC_CONST;
MPIPE_AVAILABLE_IN_1_0
GType mpipe_on_failure_get_type (void) G_GNUC_CONST;
MPIPE_AVAILABLE_IN_1_0
GType mpipe_get_status_get_type (void) G_GNUC_CONST;

#define MPIPE_TYPE_PIPELINE (mpipe_pipeline_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipePipeline, mpipe_pipeline, MPIPE, PIPELINE, GObject)

MPIPE_AVAILABLE_IN_1_0
MpipePipeline *mpipe_pipeline_new (MpipeStage *first, GError **error);

/* tasks in */
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put (MpipePipeline *self, GVariant *task, GCancellable *cancellable,
                            GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_try_put (MpipePipeline *self, GVariant *task, GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_until (MpipePipeline *self, GVariant *task, gint64 deadline,
                                  GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_put_async (MpipePipeline *self, GVariant *task, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_finish (MpipePipeline *self, GAsyncResult *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_bytes (MpipePipeline *self, GBytes *task, GCancellable *cancellable,
                                  GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_try_put_bytes (MpipePipeline *self, GBytes *task, GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_put_bytes_async (MpipePipeline *self, GBytes *task, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_text (MpipePipeline *self, const char *task, GCancellable *cancellable,
                                 GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_try_put_text (MpipePipeline *self, const char *task, GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_put_text_async (MpipePipeline *self, const char *task,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_with_fds (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                     GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_try_put_with_fds (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                         GError **error);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_with_fds_until (MpipePipeline *self, GVariant *task,
                                           GUnixFDList *fd_list, gint64 deadline,
                                           GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_put_with_fds_async (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_put_array (MpipePipeline *self, GVariant *tasks, GCancellable *cancellable,
                                  GError **error);

/* results out */
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_pipeline_get (MpipePipeline *self, GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_pipeline_get_full (MpipePipeline *self, guint64 *out_task_id, MpipeStage **out_leaf,
                                   GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
MpipeGetStatus mpipe_pipeline_try_get (MpipePipeline *self, GVariant **out_result, GError **error);
MPIPE_AVAILABLE_IN_1_0
MpipeGetStatus mpipe_pipeline_get_until (MpipePipeline *self, gint64 deadline, GVariant **out_result,
                                         GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
MpipeGetStatus mpipe_pipeline_get_full_until (MpipePipeline *self, gint64 deadline,
                                              GVariant **out_result, guint64 *out_task_id,
                                              MpipeStage **out_leaf, GCancellable *cancellable,
                                              GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_get_async (MpipePipeline *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_pipeline_get_finish (MpipePipeline *self, GAsyncResult *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_pipeline_get_full_finish (MpipePipeline *self, GAsyncResult *result,
                                          guint64 *out_task_id, MpipeStage **out_leaf,
                                          GError **error);
MPIPE_AVAILABLE_IN_1_0
GBytes *mpipe_pipeline_get_bytes (MpipePipeline *self, GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
char *mpipe_pipeline_get_text (MpipePipeline *self, GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_pipeline_get_array (MpipePipeline *self, guint max, GCancellable *cancellable,
                                    GError **error);
MPIPE_AVAILABLE_IN_1_0
MpipeGetStatus mpipe_pipeline_get_array_until (MpipePipeline *self, guint max, gint64 deadline,
                                               GVariant **out_results, GCancellable *cancellable,
                                               GError **error);

MPIPE_AVAILABLE_IN_1_0
GPtrArray *mpipe_pipeline_take_failures (MpipePipeline *self);

/* the end */
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_stop (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_terminate (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_pipeline_cancel_task (MpipePipeline *self, guint64 task_id);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_pipeline_wait (MpipePipeline *self, GCancellable *cancellable, GError **error);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_pipeline_wait_until (MpipePipeline *self, gint64 deadline, GCancellable *cancellable,
                                    GError **error);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_wait_async (MpipePipeline *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_pipeline_wait_finish (MpipePipeline *self, GAsyncResult *result, GError **error);

/* what is known */
MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_pipeline_get_first (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
MpipePipelineState mpipe_pipeline_get_state (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_get_n_put (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_get_n_results (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_get_n_failed (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_pipeline_get_backlog (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
GListModel *mpipe_pipeline_get_stages (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
MpipeOnFailure mpipe_pipeline_get_on_failure (MpipePipeline *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_pipeline_set_on_failure (MpipePipeline *self, MpipeOnFailure on_failure);

G_END_DECLS
