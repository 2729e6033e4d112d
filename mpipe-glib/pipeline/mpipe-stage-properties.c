/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The properties of a stage, each with what it means, and how GObject sets and reads them. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-stage-private.h"

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
   * application as it comes; at most 10 lines, of 2048 bytes, are kept. A worker that writes more than the
   * application's standard error takes is made to wait, for a second at most; then what it writes is dropped until
   * there is room again. Otherwise the workers write to the application's standard error themselves.
   *
   * Since: 1.0
   */
  PROP_CAPTURE_STDERR,

  /**
   * MpipeStage:grace-time: (getter get_grace_time) (setter set_grace_time)
   *
   * How long a worker may take to end when it has to, in milliseconds, before it is killed. The default is 1 second.
   *
   * A worker that exceeds [property@Mpipe.Stage:task-timeout], or is on a task that was cancelled and cannot be told
   * so, gets SIGTERM, with all processes of its group, and SIGKILL when this time is over. By default SIGTERM ends a
   * worker at once; one that wants to tidy up first may handle the signal. A worker that is told that its task was
   * cancelled has as long to end it before that.
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
   * It is the limit that setrlimit() calls RLIMIT_DATA, on the data of each process of the worker, used or not. Beyond
   * it the process gets no more memory: most programs end then, and the task is charged. An interpreter needs some for
   * itself.
   *
   * Where the application was given a control group for its workers, see
   * [property@Mpipe.SubprocessLauncher:control-group], the group of each worker is limited instead: it counts what is
   * used, by all processes of the worker together, files in memory and large results included. When there is no more,
   * all of them are killed, and the error of the task says so. [property@Mpipe.WorkerInfo:memory-limit] tells which of
   * the two is in force.
   *
   * Since: 1.0
   */
  PROP_WORKER_MEMORY_LIMIT,

  /**
   * MpipeStage:worker-cpu-limit: (getter get_worker_cpu_limit) (setter set_worker_cpu_limit)
   *
   * How much processor time each worker may use in its life, in seconds; 0, the default, for any.
   *
   * Beyond it the worker gets SIGXCPU, which ends it, and a second later SIGKILL. For the time that one task may take,
   * as a clock tells it, see [property@Mpipe.Stage:task-timeout].
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
   * started, or does not get ready, counts as well. When the places of all workers are given up, the tasks of the stage
   * fail with %MPIPE_ERROR_LAUNCH, and so does [ctor@Mpipe.Pipeline.new] if that happens at the start. Workers that end
   * on a task are replaced at once, and do not count: their tasks have their own [property@Mpipe.Stage:max-attempts].
   *
   * Since: 1.0
   */
  PROP_RESTART_LIMIT,

  /**
   * MpipeStage:restart-period: (getter get_restart_period) (setter set_restart_period)
   *
   * In how many seconds the ends of a worker must come to count for [property@Mpipe.Stage:restart-limit]; 0, the
   * default, for any time.
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

/* Properties whose values need no owner are set and read by the public functions of their names. */
typedef struct
{
  guint (*get_uint) (MpipeStage *self);
  void (*set_uint) (MpipeStage *self, guint value);
  guint64 (*get_uint64) (MpipeStage *self);
  void (*set_uint64) (MpipeStage *self, guint64 value);
  gboolean (*get_boolean) (MpipeStage *self);
  void (*set_boolean) (MpipeStage *self, gboolean value);
} MpipeStagePlainProperty;

#define UINT(name) { .get_uint = mpipe_stage_get_##name, .set_uint = mpipe_stage_set_##name }
#define UINT64(name) { .get_uint64 = mpipe_stage_get_##name, .set_uint64 = mpipe_stage_set_##name }
#define BOOLEAN(name)                                                                              \
  { .get_boolean = mpipe_stage_get_##name, .set_boolean = mpipe_stage_set_##name }
#define COUNT(name) { .get_uint64 = mpipe_stage_get_##name }

static const MpipeStagePlainProperty plain_properties[G_N_ELEMENTS (properties)] = {
  [PROP_SIZE] = UINT (size),
  [PROP_ORDERED] = BOOLEAN (ordered),
  [PROP_DISABLE_RESULT] = BOOLEAN (disable_result),
  [PROP_DO_STOP_TASK] = BOOLEAN (do_stop_task),
  [PROP_MAX_BACKLOG] = UINT (max_backlog),
  [PROP_MAX_BACKLOG_BYTES] = UINT64 (max_backlog_bytes),
  [PROP_TASK_TIMEOUT] = UINT (task_timeout),
  [PROP_START_TIMEOUT] = UINT (start_timeout),
  [PROP_MAX_ATTEMPTS] = UINT (max_attempts),
  [PROP_CONCURRENCY] = UINT (concurrency),
  [PROP_CAPTURE_STDERR] = BOOLEAN (capture_stderr),
  [PROP_GRACE_TIME] = UINT (grace_time),
  [PROP_RETRY_DELAY] = UINT (retry_delay),
  [PROP_WORKER_MEMORY_LIMIT] = UINT64 (worker_memory_limit),
  [PROP_WORKER_CPU_LIMIT] = UINT (worker_cpu_limit),
  [PROP_WORKER_FILES_LIMIT] = UINT (worker_files_limit),
  [PROP_WORKER_LIFESPAN] = UINT (worker_lifespan),
  [PROP_WORKER_LIFETIME] = UINT (worker_lifetime),
  [PROP_IDLE_TIMEOUT] = UINT (idle_timeout),
  [PROP_RESTART_LIMIT] = UINT (restart_limit),
  [PROP_RESTART_PERIOD] = UINT (restart_period),
  [PROP_N_TASKS] = COUNT (n_tasks),
  [PROP_N_RESULTS] = COUNT (n_results),
  [PROP_N_FAILED] = COUNT (n_failed),
  [PROP_N_RETRIED] = COUNT (n_retried),
  [PROP_BACKLOG] = COUNT (backlog),
};

static void
set_other_property (MpipeStage *self, guint property_id, const GValue *value, GParamSpec *pspec)
{
  switch (property_id)
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
    case PROP_PARAMETERS:
      mpipe_stage_set_parameters (self, g_value_get_variant (value));
      break;
    case PROP_TASK_TYPE:
      mpipe_stage_set_task_type (self, g_value_get_boxed (value));
      break;
    case PROP_RESULT_TYPE:
      mpipe_stage_set_result_type (self, g_value_get_boxed (value));
      break;
    case PROP_LAUNCHER:
      mpipe_stage_set_launcher (self, g_value_get_object (value));
      break;
    case PROP_SANDBOX:
      mpipe_stage_set_sandbox (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, property_id, pspec);
    }
}

static void
mpipe_stage_set_property (GObject *object, guint property_id, const GValue *value,
                          GParamSpec *pspec)
{
  MpipeStage *self = MPIPE_STAGE (object);
  const MpipeStagePlainProperty *plain = &plain_properties[property_id];

  if (plain->set_uint != NULL)
    plain->set_uint (self, g_value_get_uint (value));
  else if (plain->set_uint64 != NULL)
    plain->set_uint64 (self, g_value_get_uint64 (value));
  else if (plain->set_boolean != NULL)
    plain->set_boolean (self, g_value_get_boolean (value));
  else
    set_other_property (self, property_id, value, pspec);
}

static void
get_other_property (MpipeStage *self, guint property_id, GValue *value, GParamSpec *pspec)
{
  switch (property_id)
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
    case PROP_PARAMETERS:
      g_value_set_variant (value, self->parameters);
      break;
    case PROP_TASK_TYPE:
      g_value_set_boxed (value, self->task_type);
      break;
    case PROP_RESULT_TYPE:
      g_value_set_boxed (value, self->result_type);
      break;
    case PROP_LAUNCHER:
      g_value_set_object (value, self->launcher);
      break;
    case PROP_SANDBOX:
      g_value_set_object (value, self->sandbox);
      break;
    case PROP_WORKERS:
      g_value_set_object (value, self->workers);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, property_id, pspec);
    }
}

static void
mpipe_stage_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipeStage *self = MPIPE_STAGE (object);
  const MpipeStagePlainProperty *plain = &plain_properties[property_id];

  if (plain->get_uint != NULL)
    g_value_set_uint (value, plain->get_uint (self));
  else if (plain->get_uint64 != NULL)
    g_value_set_uint64 (value, plain->get_uint64 (self));
  else if (plain->get_boolean != NULL)
    g_value_set_boolean (value, plain->get_boolean (self));
  else
    get_other_property (self, property_id, value, pspec);
}

/* What mpipe-stage-description.c sets. */
static void
make_description (void)
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
                                                      MPIPE_STAGE_START_TIMEOUT_MS_DEFAULT, set);
  properties[PROP_MAX_ATTEMPTS]
      = g_param_spec_uint ("max-attempts", NULL, NULL, 1, G_MAXUINT, 1, set);
  properties[PROP_CONCURRENCY] = g_param_spec_uint ("concurrency", NULL, NULL, 1,
                                                    MPIPE_STAGE_CONCURRENCY_MAX, 1, set);
  properties[PROP_LAUNCHER]
      = g_param_spec_object ("launcher", NULL, NULL, MPIPE_TYPE_LAUNCHER, set);
  properties[PROP_SANDBOX]
      = g_param_spec_object ("sandbox", NULL, NULL, MPIPE_TYPE_SANDBOX, set);
}

/* What mpipe-stage-failures.c sets. */
static void
make_failures (void)
{
  const GParamFlags set = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  properties[PROP_CAPTURE_STDERR]
      = g_param_spec_boolean ("capture-stderr", NULL, NULL, TRUE, set);
  properties[PROP_GRACE_TIME] = g_param_spec_uint ("grace-time", NULL, NULL, 0, G_MAXINT,
                                                   MPIPE_STAGE_GRACE_TIME_MS_DEFAULT, set);
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
}

/* What mpipe-stage-statistics.c counts. */
static void
make_statistics (void)
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

/* When the class is made. */
void
mpipe_stage_install_properties (GObjectClass *object_class)
{
  object_class->set_property = mpipe_stage_set_property;
  object_class->get_property = mpipe_stage_get_property;
  make_description ();
  make_failures ();
  make_statistics ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}
