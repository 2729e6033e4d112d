/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeStage:
 *
 * A step of a pipeline: a worker, and the number of processes that do its work.
 *
 * A stage is a description. It is made, given properties and linked to the stages that take its results,
 * and then a pipeline is made of the first one:
 *
 * ```c
 * MpipeStage *read = mpipe_stage_new_unordered ("read", 4);
 * MpipeStage *count = mpipe_stage_new_ordered ("count", 2);
 *
 * mpipe_stage_link (read, count);
 * pipeline = mpipe_pipeline_new (read, &error);
 * ```
 *
 * A stage that is linked to several others gives every result to each of them (a fork); a stage that several
 * others are linked to gets the results of all (a join), and ends when all of them have ended. A stage
 * without a next one is a leaf: its results are those of the pipeline.
 *
 * An ordered stage gives its results in the order of its tasks, an unordered one as they come. Results of one
 * task are always given in the order in which the worker put them.
 *
 * A stage belongs to one pipeline only. From then on its properties cannot be changed, but its counts
 * tell what it does: [property@Mpipe.Stage:n-tasks], [property@Mpipe.Stage:backlog] and so on may be
 * read from any thread, and are notified in the pipeline's context about ten times a second.
 *
 * Stage, link, ordered and unordered are the vocabulary of MPipe.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/launch/mpipe-sandbox-private.h"
#include "mpipe-glib/launch/mpipe-subprocess-launcher.h"
#include "mpipe-glib/pipeline/mpipe-worker-info-private.h"

G_DEFINE_TYPE (MpipeStage, mpipe_stage, G_TYPE_OBJECT)

/* Returns: whether the description may still be changed; if not, it is the caller's mistake. */
gboolean
mpipe_stage_may_change (MpipeStage *self)
{
  g_return_val_if_fail (!self->in_pipeline, FALSE);
  return TRUE;
}

static GError *
mpipe_stage_real_check (MpipeStage *self)
{
  if (self->worker != NULL || self->command != NULL || self->module_file != NULL)
    return NULL;
  return g_error_new (MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH, "Stage “%s” has no worker",
                      self->name);
}

static GPtrArray *
mpipe_stage_real_get_inner (MpipeStage *self)
{
  return g_ptr_array_new ();
}

static void
mpipe_stage_constructed (GObject *object)
{
  MpipeStage *self = MPIPE_STAGE (object);
  g_autofree char *base = NULL;

  G_OBJECT_CLASS (mpipe_stage_parent_class)->constructed (object);
  if (self->name != NULL)
    return;
  if (self->command != NULL && self->command[0] != NULL)
    base = g_path_get_basename (self->command[0]);
  self->name = g_strdup (self->worker != NULL          ? self->worker
                         : base != NULL                ? base
                         : self->module_symbol != NULL ? self->module_symbol
                                                       : G_OBJECT_TYPE_NAME (self));
}

static void
mpipe_stage_dispose (GObject *object)
{
  MpipeStage *self = MPIPE_STAGE (object);

  g_ptr_array_set_size (self->next, 0);
  G_OBJECT_CLASS (mpipe_stage_parent_class)->dispose (object);
}

static void
mpipe_stage_finalize (GObject *object)
{
  MpipeStage *self = MPIPE_STAGE (object);

  g_ptr_array_unref (self->next);
  g_free (self->name);
  g_free (self->worker);
  g_strfreev (self->command);
  g_free (self->module_file);
  g_free (self->module_symbol);
  g_clear_pointer (&self->parameters, g_variant_unref);
  g_clear_pointer (&self->task_type, g_variant_type_free);
  g_clear_pointer (&self->result_type, g_variant_type_free);
  g_clear_object (&self->launcher);
  g_clear_object (&self->sandbox);
  g_clear_object (&self->workers);
  G_OBJECT_CLASS (mpipe_stage_parent_class)->finalize (object);
}

static void
mpipe_stage_class_init (MpipeStageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = mpipe_stage_constructed;
  object_class->dispose = mpipe_stage_dispose;
  object_class->finalize = mpipe_stage_finalize;
  klass->check = mpipe_stage_real_check;
  klass->get_inner = mpipe_stage_real_get_inner;
  mpipe_stage_install_properties (object_class);
}

static void
mpipe_stage_init (MpipeStage *self)
{
  self->next = g_ptr_array_new_with_free_func (g_object_unref);
  self->size = 1;
  self->ordered = TRUE;
  self->max_attempts = 1;
  self->concurrency = 1;
  self->capture_stderr = TRUE;
  self->grace_time_ms = MPIPE_STAGE_GRACE_TIME_MS_DEFAULT;
  self->restart_limit = MPIPE_RESTART_LIMIT_DEFAULT;
  self->start_timeout_ms = MPIPE_STAGE_START_TIMEOUT_MS_DEFAULT;
  self->workers = g_list_store_new (MPIPE_TYPE_WORKER_INFO);
}

/* Whether the stage can be run. */
gboolean
mpipe_stage_check (MpipeStage *self, GError **error)
{
  GError *problem = MPIPE_STAGE_GET_CLASS (self)->check (self);

  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, problem);
  return FALSE;
}

GPtrArray *
mpipe_stage_get_inner (MpipeStage *self)
{
  return MPIPE_STAGE_GET_CLASS (self)->get_inner (self);
}

/* Returns: (transfer full): what starts the workers */
MpipeLauncher *
mpipe_stage_dup_launcher (MpipeStage *self)
{
  return self->launcher != NULL ? g_object_ref (self->launcher) : mpipe_subprocess_launcher_new ();
}

/* Returns: what to start, valid as long as the stage. */
MpipeLaunchSpec
mpipe_stage_describe_worker (MpipeStage *self, guint index)
{
  return (MpipeLaunchSpec){
    .worker_name = self->worker,
    .command = (const char *const *) self->command,
    .module_file = self->module_file,
    .module_symbol = self->module_symbol,
    .stage_name = self->name,
    .index = index,
    .limits = { .n_data_bytes = self->worker_memory_limit,
                .cpu_s = self->worker_cpu_limit_s,
                .n_files = self->worker_files_limit },
    .capture_stderr = self->capture_stderr,
    .sandbox = self->sandbox,
  };
}

/* The stage becomes part of a pipeline, with so many workers. */
void
mpipe_stage_freeze (MpipeStage *self, guint n_workers)
{
  self->in_pipeline = TRUE;
  if (self->sandbox != NULL)
    mpipe_sandbox_freeze (self->sandbox);
  for (guint i = 0; i < n_workers; i++)
    {
      g_autoptr (MpipeWorkerInfo) info = mpipe_worker_info_new (i);

      g_list_store_append (self->workers, info);
    }
}

/**
 * mpipe_stage_new_ordered: (constructor)
 * @worker: the name of a worker registered with [func@Mpipe.Worker.register_func] or
 *   [func@Mpipe.Worker.register]
 * @size: how many processes; 0 for as many as there are processors that this process may use
 *
 * Creates a stage that gives its results in the order of its tasks.
 *
 * Its workers are the running program, started again; see [func@Mpipe.init].
 *
 * Returns: (transfer full): a new stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_stage_new_ordered (const char *worker, guint size)
{
  g_return_val_if_fail (worker != NULL, NULL);

  return g_object_new (MPIPE_TYPE_STAGE, "worker", worker, "size", size, NULL);
}

/**
 * mpipe_stage_new_unordered: (constructor)
 * @worker: the name of a worker registered with [func@Mpipe.Worker.register_func] or
 *   [func@Mpipe.Worker.register]
 * @size: how many processes; 0 for as many as there are processors that this process may use
 *
 * Creates a stage that gives its results as they come.
 *
 * Its workers are the running program, started again; see [func@Mpipe.init].
 *
 * Returns: (transfer full): a new stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_stage_new_unordered (const char *worker, guint size)
{
  g_return_val_if_fail (worker != NULL, NULL);

  return g_object_new (MPIPE_TYPE_STAGE, "worker", worker, "size", size, "ordered", FALSE, NULL);
}

/**
 * mpipe_stage_new_command: (constructor)
 * @argv: (array zero-terminated=1): a worker program, found along `PATH` unless it holds a slash, and its
 *   arguments
 * @size: how many processes; 0 for as many as there are processors that this process may use
 *
 * Creates an ordered stage whose workers are a program of their own, which calls
 * [method@Mpipe.Worker.run] or speaks the protocol itself.
 *
 * Returns: (transfer full): a new stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_stage_new_command (const char *const *argv, guint size)
{
  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);

  return g_object_new (MPIPE_TYPE_STAGE, "command", argv, "size", size, NULL);
}

/**
 * mpipe_stage_new_module: (constructor)
 * @file: (type filename): the file of a [struct@GModule.Module]
 * @symbol: the name of a function like [callback@Mpipe.TaskFunc] in it, without user data; or, when it ends
 *   in `_get_type`, of one that gives the type of a subclass of [class@Mpipe.Worker]
 * @size: how many processes; 0 for as many as there are processors that this process may use
 *
 * Creates an ordered stage whose worker is in a module, which a program that belongs to the library
 * loads.
 *
 * This is for libraries and plug-ins, which do not own `main()` and so cannot call
 * [func@Mpipe.init].
 *
 * Returns: (transfer full): a new stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_stage_new_module (const char *file, const char *symbol, guint size)
{
  g_return_val_if_fail (file != NULL, NULL);
  g_return_val_if_fail (symbol != NULL, NULL);

  return g_object_new (MPIPE_TYPE_STAGE, "module-file", file, "module-symbol", symbol, "size",
                       size, NULL);
}

/**
 * mpipe_stage_link:
 * @self: a stage
 * @next: another stage, which gets the results of @self
 *
 * Links a stage to one that takes its results.
 *
 * A stage that is linked to several gives every result to each. Whether the links make sense is found
 * when the pipeline is made.
 *
 * Returns: (transfer none): @self, so that links nest: `link (a, link (b, c))`
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_stage_link (MpipeStage *self, MpipeStage *next)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), self);
  g_return_val_if_fail (MPIPE_IS_STAGE (next), self);

  if (mpipe_stage_may_change (self))
    g_ptr_array_add (self->next, g_object_ref (next));
  return self;
}

/**
 * mpipe_stage_get_next:
 * @self: a stage
 *
 * Gets the stages that take the results of this one.
 *
 * Returns: (transfer container) (element-type MpipeStage): the stages, in the order in which they were
 *   linked
 *
 * Since: 1.0
 */
GPtrArray *
mpipe_stage_get_next (MpipeStage *self)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (self), NULL);

  return g_ptr_array_copy (self->next, (GCopyFunc) (void (*) (void)) g_object_ref, NULL);
}
