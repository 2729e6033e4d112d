/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"
#include "mpipe-glib/worker/mpipe-task.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_WORKER (mpipe_worker_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (MpipeWorker, mpipe_worker, MPIPE, WORKER, GObject)

/**
 * MpipeWorkerClass:
 * @parent_class: the parent class
 * @start: prepares the worker, once, before its first task
 * @task: does one task
 * @stop: tidies up, once, after the last task of a worker that was stopped in order
 * @begin: begins a task that may end later, instead of @task
 * @task_array: does several tasks at once; %NULL by default
 *
 * What a worker does; all are called in the worker process, on its main thread.
 *
 * Since: 1.0
 */
struct _MpipeWorkerClass
{
  GObjectClass parent_class;

  /**
   * MpipeWorkerClass::start:
   * @self: a worker
   * @error: return location for an error
   *
   * Prepares the worker, once, before its first task; the worker counts as ready when it returns.
   *
   * Returns: %TRUE to go on, %FALSE with @error set when this worker cannot work; the process ends
   *   then, and another is tried a few times before the stage fails with %MPIPE_ERROR_LAUNCH
   *
   * Since: 1.0
   */
  gboolean (*start) (MpipeWorker *self, GError **error);

  /**
   * MpipeWorkerClass::task:
   * @self: a worker
   * @task: (nullable): the task; %NULL for the last call of a worker whose stage has
   *   [property@Mpipe.Stage:do-stop-task]
   * @error: return location for an error
   *
   * Does one task.
   *
   * Returns: (transfer full) (nullable): the result, floating or not; %NULL without an error when this
   *   task gives none (or none more, after [method@Mpipe.Worker.put_result]); %NULL with @error set
   *   when the task failed, which fails this task only
   *
   * Since: 1.0
   */
  GVariant *(*task) (MpipeWorker *self, GVariant *task, GError **error);

  /**
   * MpipeWorkerClass::stop:
   * @self: a worker
   *
   * Tidies up, once, after the last task; it is not called in a worker that is terminated.
   *
   * Since: 1.0
   */
  void (*stop) (MpipeWorker *self);

  /**
   * MpipeWorkerClass::begin:
   * @self: a worker
   * @task: (transfer none): the task; its value is %NULL in the last one of a worker whose stage has
   *   [property@Mpipe.Stage:do-stop-task]
   *
   * Begins a task, which ends when one of the methods of @task says so: now or later, on any thread.
   *
   * A class that overrides this need not override [vfunc@Mpipe.Worker.task]. While its tasks are open, the
   * thread-default main context of the worker's main thread runs, so that what was started here completes there. As
   * many tasks are open at a time as the stage's [property@Mpipe.Stage:concurrency] says. Who does not end the task
   * here keeps a reference: a task that is dropped fails.
   *
   * By default the task is done by [vfunc@Mpipe.Worker.task], and ends when that returns.
   *
   * Since: 1.0
   */
  void (*begin) (MpipeWorker *self, MpipeTask *task);

  /**
   * MpipeWorkerClass::task_array:
   * @self: a worker
   * @tasks: several tasks, an array of them: `ax` when a task is of type `x`
   * @error: return location for an error
   *
   * Does several tasks at once.
   *
   * A class that overrides this, and perhaps [vfunc@Mpipe.Worker.task] as well, gets tasks that are numbers (of type
   * `y`, `n`, `q`, `i`, `u`, `x`, `t` or `d`) as many at a time as there are for it; others come one by one. Each of
   * them stays a task of its own for the pipeline, with its id, place and result. When the call fails, its tasks are
   * done again one by one: by [vfunc@Mpipe.Worker.task], or by this in an array of one, where a failure fails that
   * task. It is the same when the process dies here; so tasks may be done twice, whatever
   * [property@Mpipe.Stage:max-attempts] says. In a stage with [property@Mpipe.Stage:task-timeout] tasks come one by
   * one.
   *
   * No results can be put in this call.
   *
   * Returns: (transfer full) (nullable): the results, an array of one for each task in their order, floating or
   *   not; %NULL without an error when these tasks give none; %NULL with @error set to have them done one by one
   *
   * Since: 1.0
   */
  GVariant *(*task_array) (MpipeWorker *self, GVariant *tasks, GError **error);

  /*< private >*/
  gpointer padding[6];
};

/**
 * MpipeTaskFunc:
 * @worker: the worker that runs the function, to put more results or to read its parameters
 * @task: (nullable): the task; %NULL for the last call of a worker whose stage has
 *   [property@Mpipe.Stage:do-stop-task]
 * @user_data: the data given when the function was registered
 * @error: return location for an error
 *
 * Does one task, in a worker process.
 *
 * Returns: (transfer full) (nullable): the result, floating or not; %NULL without an error when this
 *   task gives none; %NULL with @error set when the task failed, which fails this task only
 *
 * Since: 1.0
 */
typedef GVariant *(*MpipeTaskFunc) (MpipeWorker *worker, GVariant *task, gpointer user_data,
                                    GError **error);

/**
 * MpipeArrayFunc:
 * @worker: the worker that runs the function
 * @tasks: tasks, an array of one or more
 * @user_data: the data given when the function was registered
 * @error: return location for an error
 *
 * Does several tasks at once, in a worker process, as [vfunc@Mpipe.Worker.task_array] does.
 *
 * Returns: (transfer full) (nullable): the results, an array of one for each task, floating or not; %NULL without an
 *   error when they give none; %NULL with @error set when they are to be done one by one, or, if it is one, when it
 *   failed
 *
 * Since: 1.0
 */
typedef GVariant *(*MpipeArrayFunc) (MpipeWorker *worker, GVariant *tasks, gpointer user_data,
                                     GError **error);

/**
 * MpipeBeginFunc:
 * @worker: the worker that runs the function
 * @task: (transfer none): the task, which ends when one of its methods says so
 * @user_data: the data given when the function was registered
 *
 * Begins a task, in a worker process, as [vfunc@Mpipe.Worker.begin] does.
 *
 * Since: 1.0
 */
typedef void (*MpipeBeginFunc) (MpipeWorker *worker, MpipeTask *task, gpointer user_data);

MPIPE_AVAILABLE_IN_1_0
gboolean mpipe_worker_put_result (MpipeWorker *self, GVariant *result, GError **error);
MPIPE_AVAILABLE_IN_1_0
GBytes *mpipe_worker_new_bytes (MpipeWorker *self, gsize size, guint8 **out_memory, GError **error);
MPIPE_AVAILABLE_IN_1_0
GUnixFDList *mpipe_worker_get_fd_list (MpipeWorker *self);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_worker_get_parameters (MpipeWorker *self);
MPIPE_AVAILABLE_IN_1_0
GVariant *mpipe_worker_lookup_parameter (MpipeWorker *self, const char *name,
                                         const GVariantType *type);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_worker_get_stage_name (MpipeWorker *self);
MPIPE_AVAILABLE_IN_1_0
const GVariantType *mpipe_worker_get_result_type (MpipeWorker *self);
MPIPE_AVAILABLE_IN_1_0
guint mpipe_worker_get_index (MpipeWorker *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_worker_refuse (MpipeWorker *self, const char *message);

G_END_DECLS
