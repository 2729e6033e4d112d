/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-engine-private.h"
#include "mpipe-glib/pipeline/mpipe-pipeline.h"

G_BEGIN_DECLS

struct _MpipePipeline
{
  GObject parent_instance;

  MpipeStage *first;
  GListStore *stages;    /* of MpipeStage; filled when the pipeline is made */
  GMainContext *context; /* where signals are emitted and asynchronous calls complete */
  MpipeTypeTable *types;
  MpipeEngine *engine;      /* NULL before the pipeline was made */
  MpipeTaskMailbox *tasks;  /* of the engine */
  MpipeEventMailbox *events; /* of the engine */
  GSource *source;          /* looks into the events, in the context */
  gboolean told_completed;  /* the signal was emitted */
  MpipeOnFailure on_failure;

  GMutex lock;         /* of the following; any thread */
  GQueue getters;      /* of GTask: wait for a result; their data is an MpipeResult to be filled */
  gboolean emits_results; /* some handler of a signal wants the next one; in the context's thread */
  GQueue putters;      /* of GTask: wait for room; their data is the task */
  GQueue waiters;      /* of GTask: wait for the end */
  MpipeFifo unclaimed; /* of MpipeItem: failures that no handler wanted, while results are emitted */
};

typedef struct
{
  GVariant *value; /* owned */
  guint n_tasks;   /* above 1: of a row of tasks, and the value is an array */
  guint64 task_id; /* of the first */
  MpipeStage *leaf; /* borrowed from the pipeline */
} MpipeResult;

void mpipe_result_free (MpipeResult *self);

/* in mpipe-pipeline-signals.c */
void mpipe_pipeline_install_signals (GType type);
gboolean mpipe_pipeline_has_result_handler (MpipePipeline *self);
gboolean mpipe_pipeline_has_failure_handler (MpipePipeline *self);
void mpipe_pipeline_emit_result (MpipePipeline *self, const MpipeResult *result);
gboolean mpipe_pipeline_emit_task_failed (MpipePipeline *self, const MpipeItem *failure);
void mpipe_pipeline_emit_notice (MpipePipeline *self, const MpipeNotice *notice);
void mpipe_pipeline_emit_task_progress (MpipePipeline *self, const MpipeProgress *progress);
void mpipe_pipeline_emit_completed (MpipePipeline *self);

/* in mpipe-pipeline-statistics.c */
void mpipe_pipeline_notify_counts (MpipePipeline *self);

/* in mpipe-pipeline-events.c */
GSource *mpipe_pipeline_create_source (MpipePipeline *self);
void mpipe_pipeline_queue_task (MpipePipeline *self, GQueue *queue, GTask *task);

/* in mpipe-pipeline-tasks.c */
gboolean mpipe_pipeline_check_task_type (MpipePipeline *self, const GVariantType *type,
                                         GError **error);
guint64 mpipe_pipeline_put_task (MpipePipeline *self, GVariant *task, GUnixFDList *fds,
                                 gint64 deadline, GCancellable *cancellable, GError **error);
void mpipe_pipeline_put_task_later (MpipePipeline *self, GVariant *task, GUnixFDList *fds,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean mpipe_pipeline_complete_put (MpipePipeline *self, GTask *task);

/* in mpipe-pipeline-results.c */
gboolean mpipe_pipeline_collect (MpipePipeline *self, MpipeItem *failure);
MpipeGetStatus mpipe_pipeline_get_row (MpipePipeline *self, gint64 deadline, guint max,
                                       GCancellable *cancellable, MpipeResult *out_result,
                                       guint64 *out_failed_id, GError **error);
gboolean mpipe_pipeline_open_result (MpipePipeline *self, MpipeItem *item, MpipeResult *out_result);
GError *mpipe_pipeline_take_error (MpipePipeline *self, MpipeItem *failure);
gboolean mpipe_pipeline_report_failure (MpipePipeline *self, MpipeItem *failure);

G_END_DECLS
