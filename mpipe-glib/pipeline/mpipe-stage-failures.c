/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a stage is to do about workers that fail: set before a pipeline is made of it, read at any time. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

/**
 * mpipe_stage_get_capture_stderr: (get-property capture-stderr):
 * @self: a stage
 *
 * Gets whether the last lines of standard error are told.
 *
 * Returns: %TRUE when they are
 *
 * Since: 1.0
 */
gboolean
mpipe_stage_get_capture_stderr (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), FALSE);

  return self->capture_stderr;
}

/**
 * mpipe_stage_set_capture_stderr: (set-property capture-stderr):
 * @self: a stage that is in no pipeline yet
 * @capture_stderr: %TRUE to tell them
 *
 * Sets whether the last lines of standard error are told.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_capture_stderr (MpipeStage *self, gboolean capture_stderr)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->capture_stderr == !!capture_stderr)
    return;
  self->capture_stderr = !!capture_stderr;
  g_object_notify (G_OBJECT (self), "capture-stderr");
}

/**
 * mpipe_stage_get_grace_time: (get-property grace-time):
 * @self: a stage
 *
 * Gets how long a worker may take to end before it is killed.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_grace_time (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->grace_time_ms;
}

/**
 * mpipe_stage_set_grace_time: (set-property grace-time):
 * @self: a stage that is in no pipeline yet
 * @milliseconds: the time in milliseconds
 *
 * Sets how long a worker may take to end before it is killed.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_grace_time (MpipeStage *self, guint milliseconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (milliseconds <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->grace_time_ms == milliseconds)
    return;
  self->grace_time_ms = milliseconds;
  g_object_notify (G_OBJECT (self), "grace-time");
}

/**
 * mpipe_stage_get_retry_delay: (get-property retry-delay):
 * @self: a stage
 *
 * Gets how long a task waits before it is tried again.
 *
 * Returns: milliseconds; 0 for not at all
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_retry_delay (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->retry_delay_ms;
}

/**
 * mpipe_stage_set_retry_delay: (set-property retry-delay):
 * @self: a stage that is in no pipeline yet
 * @milliseconds: the time in milliseconds; 0 for not at all
 *
 * Sets how long a task waits before it is tried again.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_retry_delay (MpipeStage *self, guint milliseconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (milliseconds <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->retry_delay_ms == milliseconds)
    return;
  self->retry_delay_ms = milliseconds;
  g_object_notify (G_OBJECT (self), "retry-delay");
}

/**
 * mpipe_stage_get_worker_memory_limit: (get-property worker-memory-limit):
 * @self: a stage
 *
 * Gets how much memory each worker may have.
 *
 * Returns: the number of bytes; 0 for any
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_worker_memory_limit (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->worker_memory_limit;
}

/**
 * mpipe_stage_set_worker_memory_limit: (set-property worker-memory-limit):
 * @self: a stage that is in no pipeline yet
 * @n_bytes: the number of bytes; 0 for any
 *
 * Sets how much memory each worker may have. What keeps the limit is told by
 * [method@Mpipe.WorkerInfo.get_memory_limit], once the worker was started.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_worker_memory_limit (MpipeStage *self, guint64 n_bytes)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->worker_memory_limit == n_bytes)
    return;
  self->worker_memory_limit = n_bytes;
  g_object_notify (G_OBJECT (self), "worker-memory-limit");
}

/**
 * mpipe_stage_get_worker_cpu_limit: (get-property worker-cpu-limit):
 * @self: a stage
 *
 * Gets how much processor time each worker may use.
 *
 * Returns: seconds; 0 for any
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_worker_cpu_limit (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->worker_cpu_limit_s;
}

/**
 * mpipe_stage_set_worker_cpu_limit: (set-property worker-cpu-limit):
 * @self: a stage that is in no pipeline yet
 * @seconds: the time in seconds; 0 for any
 *
 * Sets how much processor time each worker may use.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_worker_cpu_limit (MpipeStage *self, guint seconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (seconds <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->worker_cpu_limit_s == seconds)
    return;
  self->worker_cpu_limit_s = seconds;
  g_object_notify (G_OBJECT (self), "worker-cpu-limit");
}

/**
 * mpipe_stage_get_worker_files_limit: (get-property worker-files-limit):
 * @self: a stage
 *
 * Gets how many descriptors each worker may have open.
 *
 * Returns: the number; 0 for as many as the application
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_worker_files_limit (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->worker_files_limit;
}

/**
 * mpipe_stage_set_worker_files_limit: (set-property worker-files-limit):
 * @self: a stage that is in no pipeline yet
 * @n_files: the number; 0 for as many as the application
 *
 * Sets how many descriptors each worker may have open.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_worker_files_limit (MpipeStage *self, guint n_files)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (n_files <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->worker_files_limit == n_files)
    return;
  self->worker_files_limit = n_files;
  g_object_notify (G_OBJECT (self), "worker-files-limit");
}

/**
 * mpipe_stage_get_worker_lifespan: (get-property worker-lifespan):
 * @self: a stage
 *
 * Gets after how many tasks a worker is replaced.
 *
 * Returns: the number of tasks; 0 for never
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_worker_lifespan (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->worker_lifespan;
}

/**
 * mpipe_stage_set_worker_lifespan: (set-property worker-lifespan):
 * @self: a stage that is in no pipeline yet
 * @n_tasks: the number of tasks; 0 for never
 *
 * Sets after how many tasks a worker is replaced.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_worker_lifespan (MpipeStage *self, guint n_tasks)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->worker_lifespan == n_tasks)
    return;
  self->worker_lifespan = n_tasks;
  g_object_notify (G_OBJECT (self), "worker-lifespan");
}

/**
 * mpipe_stage_get_worker_lifetime: (get-property worker-lifetime):
 * @self: a stage
 *
 * Gets after how many seconds a worker is replaced.
 *
 * Returns: the time in seconds; 0 for never
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_worker_lifetime (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->worker_lifetime_s;
}

/**
 * mpipe_stage_set_worker_lifetime: (set-property worker-lifetime):
 * @self: a stage that is in no pipeline yet
 * @seconds: the time in seconds; 0 for never
 *
 * Sets after how many seconds a worker is replaced.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_worker_lifetime (MpipeStage *self, guint seconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (seconds <= MPIPE_STAGE_LIFETIME_MAX);

  if (!mpipe_stage_may_change (self) || self->worker_lifetime_s == seconds)
    return;
  self->worker_lifetime_s = seconds;
  g_object_notify (G_OBJECT (self), "worker-lifetime");
}

/**
 * mpipe_stage_get_idle_timeout: (get-property idle-timeout):
 * @self: a stage
 *
 * Gets after how long without a task a worker is stopped.
 *
 * Returns: milliseconds; 0 for never
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_idle_timeout (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->idle_timeout_ms;
}

/**
 * mpipe_stage_set_idle_timeout: (set-property idle-timeout):
 * @self: a stage that is in no pipeline yet
 * @milliseconds: the time in milliseconds; 0 for never
 *
 * Sets after how long without a task a worker is stopped.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_idle_timeout (MpipeStage *self, guint milliseconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (milliseconds <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->idle_timeout_ms == milliseconds)
    return;
  self->idle_timeout_ms = milliseconds;
  g_object_notify (G_OBJECT (self), "idle-timeout");
}

/**
 * mpipe_stage_get_restart_limit: (get-property restart-limit):
 * @self: a stage
 *
 * Gets how often a worker may end with no task to blame.
 *
 * Returns: the number of ends
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_restart_limit (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->restart_limit;
}

/**
 * mpipe_stage_set_restart_limit: (set-property restart-limit):
 * @self: a stage that is in no pipeline yet
 * @n_ends: the number of ends, from 1 to 32
 *
 * Sets how often a worker may end with no task to blame.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_restart_limit (MpipeStage *self, guint n_ends)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (n_ends >= 1);
  g_return_if_fail (n_ends <= MPIPE_RESTART_LIMIT_MAX);

  if (!mpipe_stage_may_change (self) || self->restart_limit == n_ends)
    return;
  self->restart_limit = n_ends;
  g_object_notify (G_OBJECT (self), "restart-limit");
}

/**
 * mpipe_stage_get_restart_period: (get-property restart-period):
 * @self: a stage
 *
 * Gets in what time the ends of a worker must come to count.
 *
 * Returns: seconds; 0 for any time
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_restart_period (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->restart_period_s;
}

/**
 * mpipe_stage_set_restart_period: (set-property restart-period):
 * @self: a stage that is in no pipeline yet
 * @seconds: the time in seconds; 0 for any time
 *
 * Sets in what time the ends of a worker must come to count.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_restart_period (MpipeStage *self, guint seconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (seconds <= G_MAXINT);

  if (!mpipe_stage_may_change (self) || self->restart_period_s == seconds)
    return;
  self->restart_period_s = seconds;
  g_object_notify (G_OBJECT (self), "restart-period");
}
