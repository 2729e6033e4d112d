/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/flow/mpipe-retry-private.h"
#include "mpipe-glib/launch/mpipe-launcher-private.h"
#include "mpipe-glib/pipeline/mpipe-stage.h"

G_BEGIN_DECLS

/* The description of a stage. Once a pipeline is made of it, it does not change any more, but for the
 * statistics, which the engine's thread counts. */
struct _MpipeStage
{
  GObject parent_instance;

  GPtrArray *next;        /* of MpipeStage, owned */
  gboolean in_pipeline;   /* frozen */
  gboolean is_chain_link; /* another stage leads here */

  char *name;
  char *worker;        /* one of worker, command, module_file is set */
  GStrv command;
  char *module_file;
  char *module_symbol;
  guint size;          /* as it was set: 0 for the number of processors */
  gboolean ordered;
  GVariant *parameters; /* a{sv}, NULL for none */
  gboolean disable_result;
  gboolean do_stop_task;
  guint max_backlog;
  guint64 max_backlog_bytes;
  GVariantType *task_type;   /* NULL for any */
  GVariantType *result_type; /* NULL for any */
  guint task_timeout_ms;
  guint start_timeout_ms;
  guint max_attempts;
  guint concurrency;
  gboolean capture_stderr;
  guint grace_time_ms;
  guint retry_delay_ms;
  guint64 worker_memory_limit;
  guint worker_cpu_limit_s;
  guint worker_files_limit;
  guint worker_lifespan;
  guint worker_lifetime_s;
  guint idle_timeout_ms;
  guint restart_limit;
  guint restart_period_s;
  MpipeLauncher *launcher; /* NULL for the default one */
  MpipeSandbox *sandbox;   /* NULL for none */

  MpipeStageStatistics statistics;
  GListStore *workers; /* of MpipeWorkerInfo; filled when the pipeline is made */
};

struct _MpipeStageClass
{
  GObjectClass parent_class;

  /* NULL, or an error that says why the stage cannot be run */
  GError *(*check) (MpipeStage *self);
  /* (transfer container): stages that run inside this one and are not linked from it */
  GPtrArray *(*get_inner) (MpipeStage *self);
};

#define MPIPE_STAGE_GET_CLASS(object)                                                              \
  (G_TYPE_INSTANCE_GET_CLASS ((object), MPIPE_TYPE_STAGE, MpipeStageClass))
#define MPIPE_STAGE_CLASS(klass)                                                                   \
  (G_TYPE_CHECK_CLASS_CAST ((klass), MPIPE_TYPE_STAGE, MpipeStageClass))

#define MPIPE_STAGE_LIFETIME_MAX (G_MAXINT / 1000) /* seconds of a worker */
#define MPIPE_STAGE_SIZE_MAX 1024        /* processes */
#define MPIPE_STAGE_CONCURRENCY_MAX 4096 /* tasks of one of them */
#define MPIPE_STAGE_START_TIMEOUT_MS_DEFAULT 30000
#define MPIPE_STAGE_GRACE_TIME_MS_DEFAULT 1000

gboolean mpipe_stage_may_change (MpipeStage *self);
gboolean mpipe_stage_check (MpipeStage *self, GError **error);
GPtrArray *mpipe_stage_get_inner (MpipeStage *self);
MpipeLauncher *mpipe_stage_dup_launcher (MpipeStage *self);
MpipeLaunchSpec mpipe_stage_describe_worker (MpipeStage *self, guint index);
void mpipe_stage_freeze (MpipeStage *self, guint n_workers);

/* in mpipe-stage-properties.c */
void mpipe_stage_install_properties (GObjectClass *object_class);

/* in mpipe-stage-statistics.c */
void mpipe_stage_notify_statistics (MpipeStage *self);

G_END_DECLS
