/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a stage is to be: set before a pipeline is made of it, read at any time. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

/**
 * mpipe_stage_get_name: (get-property name):
 * @self: a stage
 *
 * Gets the name of the stage in messages.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
mpipe_stage_get_name (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->name;
}

/**
 * mpipe_stage_set_name: (set-property name):
 * @self: a stage that is in no pipeline yet
 * @name: the name; not %NULL
 *
 * Sets the name of the stage in messages.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_name (MpipeStage *self, const char *name)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (name != NULL || self->name == NULL);

  if (name == NULL || !mpipe_stage_may_change (self) || g_strcmp0 (self->name, name) == 0)
    return;
  g_free (self->name);
  self->name = g_utf8_make_valid (name, -1);
  g_object_notify (G_OBJECT (self), "name");
}

/**
 * mpipe_stage_get_worker: (get-property worker):
 * @self: a stage
 *
 * Gets the name of the registered worker.
 *
 * Returns: (transfer none) (nullable): the name; %NULL when the stage has a command or a module
 *
 * Since: 1.0
 */
const char *
mpipe_stage_get_worker (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->worker;
}

/**
 * mpipe_stage_get_command: (get-property command):
 * @self: a stage
 *
 * Gets the worker program and its arguments.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the arguments; %NULL when the stage has no program
 *
 * Since: 1.0
 */
const char *const *
mpipe_stage_get_command (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return (const char *const *) self->command;
}

/**
 * mpipe_stage_get_size: (get-property size):
 * @self: a stage
 *
 * Gets how many processes work for the stage.
 *
 * Returns: the number; 0 for as many as there are processors that this process may use
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_size (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->size;
}

/**
 * mpipe_stage_set_size: (set-property size):
 * @self: a stage that is in no pipeline yet
 * @size: the number, up to 1024; 0 for as many as there are processors that this process may use
 *
 * Sets how many processes work for the stage.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_size (MpipeStage *self, guint size)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (size <= MPIPE_STAGE_SIZE_MAX);

  if (!mpipe_stage_may_change (self) || self->size == size)
    return;
  self->size = size;
  g_object_notify (G_OBJECT (self), "size");
}

/**
 * mpipe_stage_get_ordered: (get-property ordered):
 * @self: a stage
 *
 * Gets whether results are given in the order of their tasks.
 *
 * Returns: %TRUE for an ordered stage
 *
 * Since: 1.0
 */
gboolean
mpipe_stage_get_ordered (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), FALSE);

  return self->ordered;
}

/**
 * mpipe_stage_set_ordered: (set-property ordered):
 * @self: a stage that is in no pipeline yet
 * @ordered: %TRUE for an ordered stage
 *
 * Sets whether results are given in the order of their tasks.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_ordered (MpipeStage *self, gboolean ordered)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->ordered == !!ordered)
    return;
  self->ordered = !!ordered;
  g_object_notify (G_OBJECT (self), "ordered");
}

/**
 * mpipe_stage_get_parameters: (get-property parameters):
 * @self: a stage
 *
 * Gets what the workers are told before they start.
 *
 * Returns: (transfer none) (nullable): an `a{sv}`, or %NULL for none
 *
 * Since: 1.0
 */
GVariant *
mpipe_stage_get_parameters (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->parameters;
}

/**
 * mpipe_stage_set_parameters: (set-property parameters):
 * @self: a stage that is in no pipeline yet
 * @parameters: (nullable): an `a{sv}`, sunk if it is floating; or %NULL for none
 *
 * Sets what the workers are told before they start.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_parameters (MpipeStage *self, GVariant *parameters)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_if_fail (MPIPE_IS_STAGE (self));
  sunk = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  g_return_if_fail (sunk == NULL || g_variant_is_of_type (sunk, G_VARIANT_TYPE_VARDICT));

  if (!mpipe_stage_may_change (self))
    return;
  g_clear_pointer (&self->parameters, g_variant_unref);
  if (sunk != NULL)
    self->parameters = g_variant_get_normal_form (sunk);
  g_object_notify (G_OBJECT (self), "parameters");
}

/**
 * mpipe_stage_get_disable_result: (get-property disable-result):
 * @self: a stage
 *
 * Gets whether what a task returns is dropped.
 *
 * Returns: %TRUE when it is
 *
 * Since: 1.0
 */
gboolean
mpipe_stage_get_disable_result (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), FALSE);

  return self->disable_result;
}

/**
 * mpipe_stage_set_disable_result: (set-property disable-result):
 * @self: a stage that is in no pipeline yet
 * @disable_result: %TRUE to drop it
 *
 * Sets whether what a task returns is dropped.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_disable_result (MpipeStage *self, gboolean disable_result)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->disable_result == !!disable_result)
    return;
  self->disable_result = !!disable_result;
  g_object_notify (G_OBJECT (self), "disable-result");
}

/**
 * mpipe_stage_get_do_stop_task: (get-property do-stop-task):
 * @self: a stage
 *
 * Gets whether each worker is called once more, with no task, after its last one.
 *
 * Returns: %TRUE when it is
 *
 * Since: 1.0
 */
gboolean
mpipe_stage_get_do_stop_task (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), FALSE);

  return self->do_stop_task;
}

/**
 * mpipe_stage_set_do_stop_task: (set-property do-stop-task):
 * @self: a stage that is in no pipeline yet
 * @do_stop_task: %TRUE to call it
 *
 * Sets whether each worker is called once more, with no task, after its last one.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_do_stop_task (MpipeStage *self, gboolean do_stop_task)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->do_stop_task == !!do_stop_task)
    return;
  self->do_stop_task = !!do_stop_task;
  g_object_notify (G_OBJECT (self), "do-stop-task");
}

/**
 * mpipe_stage_get_max_backlog: (get-property max-backlog):
 * @self: a stage
 *
 * Gets how many tasks may be between the entrance of the stage and the reader.
 *
 * Returns: the number of tasks; 0 for any
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_max_backlog (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->max_backlog;
}

/**
 * mpipe_stage_set_max_backlog: (set-property max-backlog):
 * @self: a stage that is in no pipeline yet
 * @max_backlog: the number of tasks; 0 for any
 *
 * Sets how many tasks may be between the entrance of the stage and the reader.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_max_backlog (MpipeStage *self, guint max_backlog)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->max_backlog == max_backlog)
    return;
  self->max_backlog = max_backlog;
  g_object_notify (G_OBJECT (self), "max-backlog");
}

/**
 * mpipe_stage_get_max_backlog_bytes: (get-property max-backlog-bytes):
 * @self: a stage
 *
 * Gets how many bytes may be between the entrance of the stage and the reader.
 *
 * Returns: the number of bytes; 0 for any
 *
 * Since: 1.0
 */
guint64
mpipe_stage_get_max_backlog_bytes (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->max_backlog_bytes;
}

/**
 * mpipe_stage_set_max_backlog_bytes: (set-property max-backlog-bytes):
 * @self: a stage that is in no pipeline yet
 * @max_backlog_bytes: the number of bytes; 0 for any
 *
 * Sets how many bytes may be between the entrance of the stage and the reader.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_max_backlog_bytes (MpipeStage *self, guint64 max_backlog_bytes)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->max_backlog_bytes == max_backlog_bytes)
    return;
  self->max_backlog_bytes = max_backlog_bytes;
  g_object_notify (G_OBJECT (self), "max-backlog-bytes");
}

/**
 * mpipe_stage_get_task_type: (get-property task-type):
 * @self: a stage
 *
 * Gets the type that all tasks of the stage have.
 *
 * Returns: (transfer none) (nullable): the type; %NULL for any
 *
 * Since: 1.0
 */
const GVariantType *
mpipe_stage_get_task_type (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->task_type;
}

/**
 * mpipe_stage_set_task_type: (set-property task-type):
 * @self: a stage that is in no pipeline yet
 * @type: (nullable): the type; %NULL for any
 *
 * Sets the type that all tasks of the stage have.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_task_type (MpipeStage *self, const GVariantType *type)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self))
    return;
  g_clear_pointer (&self->task_type, g_variant_type_free);
  if (type != NULL)
    self->task_type = g_variant_type_copy (type);
  g_object_notify (G_OBJECT (self), "task-type");
}

/**
 * mpipe_stage_get_result_type: (get-property result-type):
 * @self: a stage
 *
 * Gets the type that all results of the stage have.
 *
 * Returns: (transfer none) (nullable): the type; %NULL for any
 *
 * Since: 1.0
 */
const GVariantType *
mpipe_stage_get_result_type (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->result_type;
}

/**
 * mpipe_stage_set_result_type: (set-property result-type):
 * @self: a stage that is in no pipeline yet
 * @type: (nullable): the type; %NULL for any
 *
 * Sets the type that all results of the stage have.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_result_type (MpipeStage *self, const GVariantType *type)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self))
    return;
  g_clear_pointer (&self->result_type, g_variant_type_free);
  if (type != NULL)
    self->result_type = g_variant_type_copy (type);
  g_object_notify (G_OBJECT (self), "result-type");
}

/**
 * mpipe_stage_get_task_timeout: (get-property task-timeout):
 * @self: a stage
 *
 * Gets how long one task may run.
 *
 * Returns: milliseconds; 0 for ever
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_task_timeout (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->task_timeout_ms;
}

/**
 * mpipe_stage_set_task_timeout: (set-property task-timeout):
 * @self: a stage that is in no pipeline yet
 * @milliseconds: the time from the start of the task; 0 for ever
 *
 * Sets how long one task may run.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_task_timeout (MpipeStage *self, guint milliseconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->task_timeout_ms == milliseconds)
    return;
  self->task_timeout_ms = milliseconds;
  g_object_notify (G_OBJECT (self), "task-timeout");
}

/**
 * mpipe_stage_get_start_timeout: (get-property start-timeout):
 * @self: a stage
 *
 * Gets how long a worker may take to get ready, and to end.
 *
 * Returns: milliseconds; 0 for ever
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_start_timeout (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->start_timeout_ms;
}

/**
 * mpipe_stage_set_start_timeout: (set-property start-timeout):
 * @self: a stage that is in no pipeline yet
 * @milliseconds: the time from the start of the process; 0 for ever
 *
 * Sets how long a worker may take to get ready, and to end.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_start_timeout (MpipeStage *self, guint milliseconds)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));

  if (!mpipe_stage_may_change (self) || self->start_timeout_ms == milliseconds)
    return;
  self->start_timeout_ms = milliseconds;
  g_object_notify (G_OBJECT (self), "start-timeout");
}

/**
 * mpipe_stage_get_max_attempts: (get-property max-attempts):
 * @self: a stage
 *
 * Gets how often a task is tried when its worker ends on it.
 *
 * Returns: the number of attempts, at least 1
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_max_attempts (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->max_attempts;
}

/**
 * mpipe_stage_set_max_attempts: (set-property max-attempts):
 * @self: a stage that is in no pipeline yet
 * @max_attempts: the number of attempts, at least 1
 *
 * Sets how often a task is tried when its worker ends on it.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_max_attempts (MpipeStage *self, guint max_attempts)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (max_attempts >= 1);

  if (!mpipe_stage_may_change (self) || self->max_attempts == max_attempts)
    return;
  self->max_attempts = max_attempts;
  g_object_notify (G_OBJECT (self), "max-attempts");
}

/**
 * mpipe_stage_get_concurrency: (get-property concurrency):
 * @self: a stage
 *
 * Gets how many tasks each worker may have open at a time.
 *
 * Returns: the number of tasks
 *
 * Since: 1.0
 */
guint
mpipe_stage_get_concurrency (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), 0);

  return self->concurrency;
}

/**
 * mpipe_stage_set_concurrency: (set-property concurrency):
 * @self: a stage that is in no pipeline yet
 * @concurrency: the number of tasks, from 1 to 4096
 *
 * Sets how many tasks each worker may have open at a time.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_concurrency (MpipeStage *self, guint concurrency)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (concurrency >= 1 && concurrency <= MPIPE_STAGE_CONCURRENCY_MAX);

  if (!mpipe_stage_may_change (self) || self->concurrency == concurrency)
    return;
  self->concurrency = concurrency;
  g_object_notify (G_OBJECT (self), "concurrency");
}

/**
 * mpipe_stage_get_launcher: (get-property launcher):
 * @self: a stage
 *
 * Gets what starts the workers.
 *
 * Returns: (transfer none) (nullable): the launcher; %NULL for child processes on this machine
 *
 * Since: 1.0
 */
MpipeLauncher *
mpipe_stage_get_launcher (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->launcher;
}

/**
 * mpipe_stage_set_launcher: (set-property launcher):
 * @self: a stage that is in no pipeline yet
 * @launcher: (nullable): the launcher; %NULL for child processes on this machine
 *
 * Sets what starts the workers.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_launcher (MpipeStage *self, MpipeLauncher *launcher)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (launcher == NULL || MPIPE_IS_LAUNCHER (launcher));

  if (!mpipe_stage_may_change (self) || !g_set_object (&self->launcher, launcher))
    return;
  g_object_notify (G_OBJECT (self), "launcher");
}

/**
 * mpipe_stage_get_sandbox: (get-property sandbox):
 * @self: a stage
 *
 * Gets what the workers are kept in.
 *
 * Returns: (transfer none) (nullable): the sandbox; %NULL when there is none
 *
 * Since: 1.0
 */
MpipeSandbox *
mpipe_stage_get_sandbox (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return self->sandbox;
}

/**
 * mpipe_stage_set_sandbox: (set-property sandbox):
 * @self: a stage that is in no pipeline yet
 * @sandbox: (nullable): the sandbox; %NULL for none
 *
 * Sets what the workers are kept in.
 *
 * Since: 1.0
 */
void
mpipe_stage_set_sandbox (MpipeStage *self, MpipeSandbox *sandbox)
{
  g_return_if_fail (MPIPE_IS_STAGE (self));
  g_return_if_fail (sandbox == NULL || MPIPE_IS_SANDBOX (sandbox));

  if (!mpipe_stage_may_change (self) || !g_set_object (&self->sandbox, sandbox))
    return;
  g_object_notify (G_OBJECT (self), "sandbox");
}
