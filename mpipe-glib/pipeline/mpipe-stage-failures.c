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
