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

#define START_TIMEOUT_MS_DEFAULT 30000
#define GRACE_TIME_MS_DEFAULT 1000

typedef enum
{
  /**
   * MpipeStage:name: (getter get_name) (setter set_name)
   *
   * The name in messages; by default the name of the worker.
   *
   * Since: 1.0
   */
  PROP_NAME = 1,

  /**
   * MpipeStage:worker: (getter get_worker)
   *
   * The name of the registered worker; %NULL when the stage has a command or a module.
   *
   * Since: 1.0
   */
  PROP_WORKER,

  /**
   * MpipeStage:command: (getter get_command)
   *
   * The worker program and its arguments; %NULL when the stage has a registered worker or a module.
   *
   * Since: 1.0
   */
  PROP_COMMAND,

  /**
   * MpipeStage:module-file:
   *
   * The file of the module that holds the worker; %NULL when the stage has none.
   *
   * Since: 1.0
   */
  PROP_MODULE_FILE,

  /**
   * MpipeStage:module-symbol:
   *
   * The symbol of the worker in its module; %NULL when the stage has none.
   *
   * Since: 1.0
   */
  PROP_MODULE_SYMBOL,

  /**
   * MpipeStage:size: (getter get_size) (setter set_size)
   *
   * How many processes work for the stage; 0 for as many as there are processors that this process may
   * use.
   *
   * Since: 1.0
   */
  PROP_SIZE,

  /**
   * MpipeStage:ordered: (getter get_ordered) (setter set_ordered)
   *
   * Whether results are given in the order of their tasks.
   *
   * Since: 1.0
   */
  PROP_ORDERED,

  /**
   * MpipeStage:parameters: (getter get_parameters) (setter set_parameters)
   *
   * What all workers of the stage are told before they start, an `a{sv}`.
   *
   * Since: 1.0
   */
  PROP_PARAMETERS,

  /**
   * MpipeStage:disable-result: (getter get_disable_result) (setter set_disable_result)
   *
   * Whether what a task returns is dropped; results that are put are given nevertheless.
   *
   * Since: 1.0
   */
  PROP_DISABLE_RESULT,

  /**
   * MpipeStage:do-stop-task: (getter get_do_stop_task) (setter set_do_stop_task)
   *
   * Whether each worker is called once more, with no task, after its last one.
   *
   * Since: 1.0
   */
  PROP_DO_STOP_TASK,

  /**
   * MpipeStage:max-backlog: (getter get_max_backlog) (setter set_max_backlog)
   *
   * How many tasks may be between the entrance of the stage and the reader of the pipeline; 0 for any
   * number.
   *
   * A task counts from the moment the stage accepts it until all that came of it was taken: by the
   * reader, or because it gave no result, or failed. When the stage is full, the stages before it wait, and in
   * the end [method@Mpipe.Pipeline.put]. As soon as one stage of a pipeline has a limit, about a thousand tasks
   * wait at most in front of each stage that has none.
   *
   * Since: 1.0
   */
  PROP_MAX_BACKLOG,

  /**
   * MpipeStage:max-backlog-bytes: (getter get_max_backlog_bytes) (setter set_max_backlog_bytes)
   *
   * How many bytes of tasks and results may be between the entrance of the stage and the reader of the
   * pipeline; 0 for any number.
   *
   * Counted like [property@Mpipe.Stage:max-backlog]. A task that is larger than the limit is accepted when
   * nothing else is there.
   *
   * Since: 1.0
   */
  PROP_MAX_BACKLOG_BYTES,

  /**
   * MpipeStage:task-type: (getter get_task_type) (setter set_task_type)
   *
   * The type that all tasks of the stage have; %NULL for any.
   *
   * A task of another type is not put, or fails with %MPIPE_ERROR_TYPE when it comes from another stage.
   *
   * Since: 1.0
   */
  PROP_TASK_TYPE,

  /**
   * MpipeStage:result-type: (getter get_result_type) (setter set_result_type)
   *
   * The type that all results of the stage have; %NULL for any.
   *
   * A pipeline in which a stage's result type does not fit the next one's task type is refused.
   *
   * Since: 1.0
   */
  PROP_RESULT_TYPE,

  /**
   * MpipeStage:task-timeout: (getter get_task_timeout) (setter set_task_timeout)
   *
   * How long one task may run, in milliseconds, from its own start; 0 for ever.
   *
   * A task that runs longer fails with %MPIPE_ERROR_TIMED_OUT, and its worker is ended and replaced; see
   * [property@Mpipe.Stage:grace-time].
   *
   * Since: 1.0
   */
  PROP_TASK_TIMEOUT,

  /**
   * MpipeStage:start-timeout: (getter get_start_timeout) (setter set_start_timeout)
   *
   * How long a worker may take to get ready, and to end when it was stopped and has answered everything,
   * in milliseconds; 0 for ever. The default is 30 seconds.
   *
   * With a [property@Mpipe.Stage:task-timeout], it is also how long a worker may take to begin a task that it was sent
   * while it is on none; one that takes longer is ended, and its tasks go to others.
   *
   * Since: 1.0
   */
  PROP_START_TIMEOUT,

  /**
   * MpipeStage:max-attempts: (getter get_max_attempts) (setter set_max_attempts)
   *
   * How often a task is tried when its worker ends on it; an error that the worker reports is final. The default
   * is 1.
   *
   * Results that a task had put before its worker ended are dropped when it is tried again; they are given when it
   * has ended. With a single attempt they are given at once, and the failure follows them.
   *
   * A worker that does several tasks at once ([vfunc@Mpipe.Worker.task_array]) and ends in the middle of them does not
   * count: they are tried again one by one, so that the guilty one is found.
   *
   * Since: 1.0
   */
  PROP_MAX_ATTEMPTS,

  /**
   * MpipeStage:concurrency: (getter get_concurrency) (setter set_concurrency)
   *
   * How many tasks each worker may have open at a time.
   *
   * This is for workers whose tasks end later, see [class@Mpipe.Task]; others do one task after the other whatever
   * is set here. When a worker with several open tasks dies, each of them may have been the reason, and fails or
   * is tried again.
   *
   * Since: 1.0
   */
  PROP_CONCURRENCY,

  /**
   * MpipeStage:capture-stderr: (getter get_capture_stderr) (setter set_capture_stderr)
   *
   * Whether the last lines that a worker wrote to its standard error are told with its end.
   *
   * The default is %TRUE. Standard error is a pipe for the workers then, and what comes is passed on to that of the
   * application as it comes; at most 10 lines, of 2048 bytes, are kept. A worker that writes more than the application's
   * standard error takes is made to wait, for a second at most; then what it writes is dropped until there is room again.
   * Otherwise the workers write to the application's standard error themselves.
   *
   * Since: 1.0
   */
  PROP_CAPTURE_STDERR,

  /**
   * MpipeStage:grace-time: (getter get_grace_time) (setter set_grace_time)
   *
   * How long a worker may take to end when it has to, in milliseconds, before it is killed. The default is 1 second.
   *
   * A worker that exceeds [property@Mpipe.Stage:task-timeout], or is on a task that was cancelled and cannot be told so,
   * gets SIGTERM, with all processes of its group, and SIGKILL when this time is over. By default SIGTERM ends a worker at
   * once; one that wants to tidy up first may handle the signal. A worker that is told that its task was cancelled has as
   * long to end it before that.
   *
   * Since: 1.0
   */
  PROP_GRACE_TIME,

  /**
   * MpipeStage:retry-delay: (getter get_retry_delay) (setter set_retry_delay)
   *
   * How long a task waits before it is tried again, in milliseconds; 0, the default, for not at all.
   *
   * The time doubles with each further attempt, up to a minute, and is shortened by chance, to a half at most, so that
   * tasks that failed together do not come back together. Other tasks go on meanwhile.
   *
   * Since: 1.0
   */
  PROP_RETRY_DELAY,

  /**
   * MpipeStage:worker-memory-limit: (getter get_worker_memory_limit) (setter set_worker_memory_limit)
   *
   * How many bytes of memory each worker may have; 0, the default, for any number.
   *
   * It is the limit that setrlimit() calls RLIMIT_DATA, on the data of each process of the worker, used or not. Beyond it
   * the process gets no more memory: most programs end then, and the task is charged. An interpreter needs some for
   * itself.
   *
   * Where the application was given a control group for its workers, see
   * [property@Mpipe.SubprocessLauncher:control-group], the group of each worker is limited instead: it counts what is
   * used, by all processes of the worker together, files in memory and large results included. When there is no more,
   * all of them are killed, and the error of the task says so. [property@Mpipe.WorkerInfo:memory-limit] tells which of the
   * two is in force.
   *
   * Since: 1.0
   */
  PROP_WORKER_MEMORY_LIMIT,

  /**
   * MpipeStage:worker-cpu-limit: (getter get_worker_cpu_limit) (setter set_worker_cpu_limit)
   *
   * How much processor time each worker may use in its life, in seconds; 0, the default, for any.
   *
   * Beyond it the worker gets SIGXCPU, which ends it, and a second later SIGKILL. For the time that one task may take, as
   * a clock tells it, see [property@Mpipe.Stage:task-timeout].
   *
   * Since: 1.0
   */
  PROP_WORKER_CPU_LIMIT,

  /**
   * MpipeStage:worker-files-limit: (getter get_worker_files_limit) (setter set_worker_files_limit)
   *
   * How many descriptors each worker may have open, its standard ones and its channel included; 0, the default, for as
   * many as the application.
   *
   * Since: 1.0
   */
  PROP_WORKER_FILES_LIMIT,

  /**
   * MpipeStage:worker-lifespan: (getter get_worker_lifespan) (setter set_worker_lifespan)
   *
   * After how many tasks a worker is replaced by a new process; 0, the default, for never.
   *
   * The new process is started first. When it is ready the old one does what it holds and is stopped, so it does some
   * tasks more than this. Nothing is lost, and no task waits for the start.
   *
   * Since: 1.0
   */
  PROP_WORKER_LIFESPAN,

  /**
   * MpipeStage:worker-lifetime: (getter get_worker_lifetime) (setter set_worker_lifetime)
   *
   * After how many seconds a worker is replaced by a new process; 0, the default, for never.
   *
   * It happens in the way of [property@Mpipe.Stage:worker-lifespan].
   *
   * Since: 1.0
   */
  PROP_WORKER_LIFETIME,

  /**
   * MpipeStage:idle-timeout: (getter get_idle_timeout) (setter set_idle_timeout)
   *
   * After how many milliseconds without a task a worker is stopped; 0, the default, for never.
   *
   * It is started again when there is a task that no other worker is free for.
   *
   * Since: 1.0
   */
  PROP_IDLE_TIMEOUT,

  /**
   * MpipeStage:restart-limit: (getter get_restart_limit) (setter set_restart_limit)
   *
   * How often a worker may end with no task to blame, and without having answered any in between, before its place is
   * given up; the default is 5.
   *
   * It is started again after 20 milliseconds, and after twice the time for each further end. A worker that cannot be
   * started, or does not get ready, counts as well. When the places of all workers are given up, the tasks of the stage fail
   * with %MPIPE_ERROR_LAUNCH, and so does [ctor@Mpipe.Pipeline.new] if that happens at the start. Workers that end on a task
   * are replaced at once, and do not count: their tasks have their own [property@Mpipe.Stage:max-attempts].
   *
   * Since: 1.0
   */
  PROP_RESTART_LIMIT,

  /**
   * MpipeStage:restart-period: (getter get_restart_period) (setter set_restart_period)
   *
   * In how many seconds the ends of a worker must come to count for [property@Mpipe.Stage:restart-limit]; 0, the default,
   * for any time.
   *
   * Since: 1.0
   */
  PROP_RESTART_PERIOD,

  /**
   * MpipeStage:launcher: (getter get_launcher) (setter set_launcher)
   *
   * What starts the workers; %NULL for child processes on this machine.
   *
   * Since: 1.0
   */
  PROP_LAUNCHER,

  /**
   * MpipeStage:sandbox: (getter get_sandbox) (setter set_sandbox)
   *
   * What the workers are kept in, for stages that touch what strangers have made; %NULL for no sandbox.
   *
   * Since: 1.0
   */
  PROP_SANDBOX,

  /**
   * MpipeStage:n-tasks: (getter get_n_tasks)
   *
   * How many tasks the stage has accepted.
   *
   * Since: 1.0
   */
  PROP_N_TASKS,

  /**
   * MpipeStage:n-results: (getter get_n_results)
   *
   * How many results the stage's workers have given.
   *
   * Since: 1.0
   */
  PROP_N_RESULTS,

  /**
   * MpipeStage:n-failed: (getter get_n_failed)
   *
   * How many tasks have failed in the stage.
   *
   * Since: 1.0
   */
  PROP_N_FAILED,

  /**
   * MpipeStage:n-retried: (getter get_n_retried)
   *
   * How often a task was tried again.
   *
   * Since: 1.0
   */
  PROP_N_RETRIED,

  /**
   * MpipeStage:backlog: (getter get_backlog)
   *
   * How many tasks wait in the stage or are with its workers.
   *
   * Since: 1.0
   */
  PROP_BACKLOG,

  /**
   * MpipeStage:workers: (getter get_workers)
   *
   * The workers of the stage, a list of [class@Mpipe.WorkerInfo]; empty before the pipeline is made.
   *
   * Since: 1.0
   */
  PROP_WORKERS,
} MpipeStageProperty;

static GParamSpec *properties[PROP_WORKERS + 1];

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
mpipe_stage_set_property (GObject *object, guint property_id, const GValue *value,
                          GParamSpec *pspec)
{
  MpipeStage *self = MPIPE_STAGE (object);

  switch ((MpipeStageProperty) property_id)
    {
    case PROP_NAME:
      mpipe_stage_set_name (self, g_value_get_string (value));
      break;
    case PROP_WORKER:
      self->worker = g_value_dup_string (value);
      break;
    case PROP_COMMAND:
      self->command = g_value_dup_boxed (value);
      break;
    case PROP_MODULE_FILE:
      self->module_file = g_value_dup_string (value);
      break;
    case PROP_MODULE_SYMBOL:
      self->module_symbol = g_value_dup_string (value);
      break;
    case PROP_SIZE:
      mpipe_stage_set_size (self, g_value_get_uint (value));
      break;
    case PROP_ORDERED:
      mpipe_stage_set_ordered (self, g_value_get_boolean (value));
      break;
    case PROP_PARAMETERS:
      mpipe_stage_set_parameters (self, g_value_get_variant (value));
      break;
    case PROP_DISABLE_RESULT:
      mpipe_stage_set_disable_result (self, g_value_get_boolean (value));
      break;
    case PROP_DO_STOP_TASK:
      mpipe_stage_set_do_stop_task (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_BACKLOG:
      mpipe_stage_set_max_backlog (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BACKLOG_BYTES:
      mpipe_stage_set_max_backlog_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_TASK_TYPE:
      mpipe_stage_set_task_type (self, g_value_get_boxed (value));
      break;
    case PROP_RESULT_TYPE:
      mpipe_stage_set_result_type (self, g_value_get_boxed (value));
      break;
    case PROP_TASK_TIMEOUT:
      mpipe_stage_set_task_timeout (self, g_value_get_uint (value));
      break;
    case PROP_START_TIMEOUT:
      mpipe_stage_set_start_timeout (self, g_value_get_uint (value));
      break;
    case PROP_MAX_ATTEMPTS:
      mpipe_stage_set_max_attempts (self, g_value_get_uint (value));
      break;
    case PROP_CONCURRENCY:
      mpipe_stage_set_concurrency (self, g_value_get_uint (value));
      break;
    case PROP_CAPTURE_STDERR:
      mpipe_stage_set_capture_stderr (self, g_value_get_boolean (value));
      break;
    case PROP_GRACE_TIME:
      mpipe_stage_set_grace_time (self, g_value_get_uint (value));
      break;
    case PROP_RETRY_DELAY:
      mpipe_stage_set_retry_delay (self, g_value_get_uint (value));
      break;
    case PROP_WORKER_MEMORY_LIMIT:
      mpipe_stage_set_worker_memory_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_WORKER_CPU_LIMIT:
      mpipe_stage_set_worker_cpu_limit (self, g_value_get_uint (value));
      break;
    case PROP_WORKER_FILES_LIMIT:
      mpipe_stage_set_worker_files_limit (self, g_value_get_uint (value));
      break;
    case PROP_WORKER_LIFESPAN:
      mpipe_stage_set_worker_lifespan (self, g_value_get_uint (value));
      break;
    case PROP_WORKER_LIFETIME:
      mpipe_stage_set_worker_lifetime (self, g_value_get_uint (value));
      break;
    case PROP_IDLE_TIMEOUT:
      mpipe_stage_set_idle_timeout (self, g_value_get_uint (value));
      break;
    case PROP_RESTART_LIMIT:
      mpipe_stage_set_restart_limit (self, g_value_get_uint (value));
      break;
    case PROP_RESTART_PERIOD:
      mpipe_stage_set_restart_period (self, g_value_get_uint (value));
      break;
    case PROP_LAUNCHER:
      mpipe_stage_set_launcher (self, g_value_get_object (value));
      break;
    case PROP_SANDBOX:
      mpipe_stage_set_sandbox (self, g_value_get_object (value));
      break;
    case PROP_N_TASKS:
    case PROP_N_RESULTS:
    case PROP_N_FAILED:
    case PROP_N_RETRIED:
    case PROP_BACKLOG:
    case PROP_WORKERS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_stage_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipeStage *self = MPIPE_STAGE (object);

  switch ((MpipeStageProperty) property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_WORKER:
      g_value_set_string (value, self->worker);
      break;
    case PROP_COMMAND:
      g_value_set_boxed (value, self->command);
      break;
    case PROP_MODULE_FILE:
      g_value_set_string (value, self->module_file);
      break;
    case PROP_MODULE_SYMBOL:
      g_value_set_string (value, self->module_symbol);
      break;
    case PROP_SIZE:
      g_value_set_uint (value, self->size);
      break;
    case PROP_ORDERED:
      g_value_set_boolean (value, self->ordered);
      break;
    case PROP_PARAMETERS:
      g_value_set_variant (value, self->parameters);
      break;
    case PROP_DISABLE_RESULT:
      g_value_set_boolean (value, self->disable_result);
      break;
    case PROP_DO_STOP_TASK:
      g_value_set_boolean (value, self->do_stop_task);
      break;
    case PROP_MAX_BACKLOG:
      g_value_set_uint (value, self->max_backlog);
      break;
    case PROP_MAX_BACKLOG_BYTES:
      g_value_set_uint64 (value, self->max_backlog_bytes);
      break;
    case PROP_TASK_TYPE:
      g_value_set_boxed (value, self->task_type);
      break;
    case PROP_RESULT_TYPE:
      g_value_set_boxed (value, self->result_type);
      break;
    case PROP_TASK_TIMEOUT:
      g_value_set_uint (value, self->task_timeout_ms);
      break;
    case PROP_START_TIMEOUT:
      g_value_set_uint (value, self->start_timeout_ms);
      break;
    case PROP_MAX_ATTEMPTS:
      g_value_set_uint (value, self->max_attempts);
      break;
    case PROP_CONCURRENCY:
      g_value_set_uint (value, self->concurrency);
      break;
    case PROP_CAPTURE_STDERR:
      g_value_set_boolean (value, self->capture_stderr);
      break;
    case PROP_GRACE_TIME:
      g_value_set_uint (value, self->grace_time_ms);
      break;
    case PROP_RETRY_DELAY:
      g_value_set_uint (value, self->retry_delay_ms);
      break;
    case PROP_WORKER_MEMORY_LIMIT:
      g_value_set_uint64 (value, self->worker_memory_limit);
      break;
    case PROP_WORKER_CPU_LIMIT:
      g_value_set_uint (value, self->worker_cpu_limit_s);
      break;
    case PROP_WORKER_FILES_LIMIT:
      g_value_set_uint (value, self->worker_files_limit);
      break;
    case PROP_WORKER_LIFESPAN:
      g_value_set_uint (value, self->worker_lifespan);
      break;
    case PROP_WORKER_LIFETIME:
      g_value_set_uint (value, self->worker_lifetime_s);
      break;
    case PROP_IDLE_TIMEOUT:
      g_value_set_uint (value, self->idle_timeout_ms);
      break;
    case PROP_RESTART_LIMIT:
      g_value_set_uint (value, self->restart_limit);
      break;
    case PROP_RESTART_PERIOD:
      g_value_set_uint (value, self->restart_period_s);
      break;
    case PROP_LAUNCHER:
      g_value_set_object (value, self->launcher);
      break;
    case PROP_SANDBOX:
      g_value_set_object (value, self->sandbox);
      break;
    case PROP_N_TASKS:
      g_value_set_uint64 (value, mpipe_stage_get_n_tasks (self));
      break;
    case PROP_N_RESULTS:
      g_value_set_uint64 (value, mpipe_stage_get_n_results (self));
      break;
    case PROP_N_FAILED:
      g_value_set_uint64 (value, mpipe_stage_get_n_failed (self));
      break;
    case PROP_N_RETRIED:
      g_value_set_uint64 (value, mpipe_stage_get_n_retried (self));
      break;
    case PROP_BACKLOG:
      g_value_set_uint64 (value, mpipe_stage_get_backlog (self));
      break;
    case PROP_WORKERS:
      g_value_set_object (value, self->workers);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
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
install_description (GObjectClass *object_class)
{
  const GParamFlags set = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags make = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, set);
  properties[PROP_WORKER] = g_param_spec_string ("worker", NULL, NULL, NULL, make);
  properties[PROP_COMMAND] = g_param_spec_boxed ("command", NULL, NULL, G_TYPE_STRV, make);
  properties[PROP_MODULE_FILE] = g_param_spec_string ("module-file", NULL, NULL, NULL, make);
  properties[PROP_MODULE_SYMBOL] = g_param_spec_string ("module-symbol", NULL, NULL, NULL, make);
  properties[PROP_SIZE] = g_param_spec_uint ("size", NULL, NULL, 0, MPIPE_STAGE_SIZE_MAX, 1, set);
  properties[PROP_ORDERED] = g_param_spec_boolean ("ordered", NULL, NULL, TRUE, set);
  properties[PROP_PARAMETERS]
      = g_param_spec_variant ("parameters", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, set);
  properties[PROP_DISABLE_RESULT]
      = g_param_spec_boolean ("disable-result", NULL, NULL, FALSE, set);
  properties[PROP_DO_STOP_TASK] = g_param_spec_boolean ("do-stop-task", NULL, NULL, FALSE, set);
  properties[PROP_MAX_BACKLOG]
      = g_param_spec_uint ("max-backlog", NULL, NULL, 0, G_MAXUINT, 0, set);
  properties[PROP_MAX_BACKLOG_BYTES]
      = g_param_spec_uint64 ("max-backlog-bytes", NULL, NULL, 0, G_MAXUINT64, 0, set);
  properties[PROP_TASK_TYPE]
      = g_param_spec_boxed ("task-type", NULL, NULL, G_TYPE_VARIANT_TYPE, set);
  properties[PROP_RESULT_TYPE]
      = g_param_spec_boxed ("result-type", NULL, NULL, G_TYPE_VARIANT_TYPE, set);
  properties[PROP_TASK_TIMEOUT]
      = g_param_spec_uint ("task-timeout", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_START_TIMEOUT] = g_param_spec_uint ("start-timeout", NULL, NULL, 0, G_MAXINT,
                                                      START_TIMEOUT_MS_DEFAULT, set);
  properties[PROP_MAX_ATTEMPTS]
      = g_param_spec_uint ("max-attempts", NULL, NULL, 1, G_MAXUINT, 1, set);
  properties[PROP_CONCURRENCY] = g_param_spec_uint ("concurrency", NULL, NULL, 1,
                                                    MPIPE_STAGE_CONCURRENCY_MAX, 1, set);
  properties[PROP_CAPTURE_STDERR]
      = g_param_spec_boolean ("capture-stderr", NULL, NULL, TRUE, set);
  properties[PROP_GRACE_TIME]
      = g_param_spec_uint ("grace-time", NULL, NULL, 0, G_MAXINT, GRACE_TIME_MS_DEFAULT, set);
  properties[PROP_RETRY_DELAY]
      = g_param_spec_uint ("retry-delay", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_WORKER_MEMORY_LIMIT]
      = g_param_spec_uint64 ("worker-memory-limit", NULL, NULL, 0, G_MAXUINT64, 0, set);
  properties[PROP_WORKER_CPU_LIMIT]
      = g_param_spec_uint ("worker-cpu-limit", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_WORKER_FILES_LIMIT]
      = g_param_spec_uint ("worker-files-limit", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_WORKER_LIFESPAN]
      = g_param_spec_uint ("worker-lifespan", NULL, NULL, 0, G_MAXUINT, 0, set);
  properties[PROP_WORKER_LIFETIME]
      = g_param_spec_uint ("worker-lifetime", NULL, NULL, 0, MPIPE_STAGE_LIFETIME_MAX, 0, set);
  properties[PROP_IDLE_TIMEOUT]
      = g_param_spec_uint ("idle-timeout", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_RESTART_LIMIT]
      = g_param_spec_uint ("restart-limit", NULL, NULL, 1, MPIPE_RESTART_LIMIT_MAX, MPIPE_RESTART_LIMIT_DEFAULT, set);
  properties[PROP_RESTART_PERIOD]
      = g_param_spec_uint ("restart-period", NULL, NULL, 0, G_MAXINT, 0, set);
  properties[PROP_LAUNCHER]
      = g_param_spec_object ("launcher", NULL, NULL, MPIPE_TYPE_LAUNCHER, set);
  properties[PROP_SANDBOX]
      = g_param_spec_object ("sandbox", NULL, NULL, MPIPE_TYPE_SANDBOX, set);
}

static void
install_statistics (GObjectClass *object_class)
{
  const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  properties[PROP_N_TASKS]
      = g_param_spec_uint64 ("n-tasks", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_N_RESULTS]
      = g_param_spec_uint64 ("n-results", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_N_FAILED]
      = g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_N_RETRIED]
      = g_param_spec_uint64 ("n-retried", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_BACKLOG]
      = g_param_spec_uint64 ("backlog", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_WORKERS]
      = g_param_spec_object ("workers", NULL, NULL, G_TYPE_LIST_MODEL, get);
}

static void
mpipe_stage_class_init (MpipeStageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = mpipe_stage_constructed;
  object_class->set_property = mpipe_stage_set_property;
  object_class->get_property = mpipe_stage_get_property;
  object_class->dispose = mpipe_stage_dispose;
  object_class->finalize = mpipe_stage_finalize;
  klass->check = mpipe_stage_real_check;
  klass->get_inner = mpipe_stage_real_get_inner;
  install_description (object_class);
  install_statistics (object_class);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
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
  self->grace_time_ms = GRACE_TIME_MS_DEFAULT;
  self->restart_limit = MPIPE_RESTART_LIMIT_DEFAULT;
  self->start_timeout_ms = START_TIMEOUT_MS_DEFAULT;
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
