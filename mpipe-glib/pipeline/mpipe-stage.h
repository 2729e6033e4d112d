/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_STAGE (mpipe_stage_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_stage_get_type (void) G_GNUC_CONST;

typedef struct _MpipeStageClass MpipeStageClass;

#define MPIPE_STAGE(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), MPIPE_TYPE_STAGE, MpipeStage))
#define MPIPE_IS_STAGE(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), MPIPE_TYPE_STAGE))

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeStage, g_object_unref)
#endif

MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_stage_new_ordered (const char *worker, guint size);
MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_stage_new_unordered (const char *worker, guint size);
MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_stage_new_command (const char *const *argv, guint size);
MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_stage_new_module (const char *file, const char *symbol, guint size);

MPIPE_AVAILABLE_IN_1_0
MpipeStage *mpipe_stage_link (MpipeStage *self, MpipeStage *next);
MPIPE_AVAILABLE_IN_1_0
GPtrArray *mpipe_stage_get_next (MpipeStage *self);

MPIPE_AVAILABLE_IN_1_0
const char *mpipe_stage_get_name (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_name (MpipeStage *self, const char *name);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_stage_get_worker (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
const char *const *mpipe_stage_get_command (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_size (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_size (MpipeStage *self, guint size);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_stage_get_ordered (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_ordered (MpipeStage *self, gboolean ordered);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_stage_get_parameters (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_parameters (MpipeStage *self, GVariant *parameters);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_stage_get_disable_result (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_disable_result (MpipeStage *self, gboolean disable_result);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_stage_get_do_stop_task (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_do_stop_task (MpipeStage *self, gboolean do_stop_task);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_max_backlog (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_max_backlog (MpipeStage *self, guint max_backlog);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_max_backlog_bytes (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_max_backlog_bytes (MpipeStage *self, guint64 max_backlog_bytes);
MPIPE_AVAILABLE_IN_1_0
const GVariantType *mpipe_stage_get_task_type (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_task_type (MpipeStage *self, const GVariantType *type);
MPIPE_AVAILABLE_IN_1_0
const GVariantType *mpipe_stage_get_result_type (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_result_type (MpipeStage *self, const GVariantType *type);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_task_timeout (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_task_timeout (MpipeStage *self, guint milliseconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_start_timeout (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_start_timeout (MpipeStage *self, guint milliseconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_max_attempts (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_max_attempts (MpipeStage *self, guint max_attempts);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_concurrency (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_concurrency (MpipeStage *self, guint concurrency);
MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_stage_get_capture_stderr (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_capture_stderr (MpipeStage *self, gboolean capture_stderr);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_grace_time (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_grace_time (MpipeStage *self, guint milliseconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_retry_delay (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_retry_delay (MpipeStage *self, guint milliseconds);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_worker_memory_limit (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_worker_memory_limit (MpipeStage *self, guint64 n_bytes);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_worker_cpu_limit (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_worker_cpu_limit (MpipeStage *self, guint seconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_worker_files_limit (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_worker_files_limit (MpipeStage *self, guint n_files);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_worker_lifespan (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_worker_lifespan (MpipeStage *self, guint n_tasks);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_worker_lifetime (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_worker_lifetime (MpipeStage *self, guint seconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_idle_timeout (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_idle_timeout (MpipeStage *self, guint milliseconds);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_restart_limit (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_restart_limit (MpipeStage *self, guint n_ends);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_stage_get_restart_period (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_restart_period (MpipeStage *self, guint seconds);
MPIPE_AVAILABLE_IN_1_0
MpipeLauncher *mpipe_stage_get_launcher (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_launcher (MpipeStage *self, MpipeLauncher *launcher);
MPIPE_AVAILABLE_IN_1_0
MpipeSandbox *mpipe_stage_get_sandbox (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_stage_set_sandbox (MpipeStage *self, MpipeSandbox *sandbox);

MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_n_tasks (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_n_results (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_n_failed (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_n_retried (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
guint64 mpipe_stage_get_backlog (MpipeStage *self);
MPIPE_AVAILABLE_IN_1_0
GListModel *mpipe_stage_get_workers (MpipeStage *self);

G_END_DECLS
