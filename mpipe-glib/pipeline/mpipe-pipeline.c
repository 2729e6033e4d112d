/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipePipeline:
 *
 * Linked stages at work: takes tasks, gives results.
 *
 * A pipeline is made of its first stage. Then all worker processes run, and tasks are put and results got:
 *
 * ```c
 * g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("double", 2);
 * g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, &error);
 * GVariant *result;
 *
 * for (int i = 0; i < 10; i++)
 *   mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
 * mpipe_pipeline_stop (pipeline);
 * while ((result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
 *   {
 *     g_print ("%" G_GINT64_FORMAT "\n", g_variant_get_int64 (result));
 *     g_variant_unref (result);
 *   }
 * ```
 *
 * ## One way out for each result
 *
 * While a handler is connected to [signal@Mpipe.Pipeline::result], results are emitted. Otherwise they wait
 * for [method@Mpipe.Pipeline.get] and its relatives. No result takes both ways, and none is dropped.
 *
 * ## Failures
 *
 * A task that fails is reported by [signal@Mpipe.Pipeline::task-failed]. When no handler returns %TRUE, the
 * call of [method@Mpipe.Pipeline.get] whose turn it is fails with that error, once; the next call goes
 * on. While results are emitted and nobody gets, failures that no handler wants are kept for it, the first
 * thousand of them; all are counted in [property@Mpipe.Pipeline:n-failed].
 *
 * With [property@Mpipe.Pipeline:on-failure] set to %MPIPE_ON_FAILURE_COLLECT, failures do neither: they are kept
 * with their tasks for [method@Mpipe.Pipeline.take_failures].
 *
 * ## Threads
 *
 * Methods may be called from any thread. Signals are emitted, properties notified, and asynchronous calls
 * completed in the thread-default main context of the thread that constructed the pipeline; calls that wait
 * need no main loop. Handlers of `task-failed` are also called by [method@Mpipe.Pipeline.get] when it finds
 * that no other thread runs that context.
 *
 * ## The end
 *
 * [method@Mpipe.Pipeline.stop] ends the input: the pipeline works off what it has, and its workers end.
 * [method@Mpipe.Pipeline.terminate] ends everything now; so does dropping the last reference, which waits
 * until all worker processes are gone. When the application ends in whatever way, so do they.
 *
 * The life of a pipeline is that of MPipe's: put tasks, get results, put the stop.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-marshal.h"

typedef enum
{
  /**
   * MpipePipeline:first: (getter get_first)
   *
   * The first stage, which takes the tasks.
   *
   * Since: 1.0
   */
  PROP_FIRST = 1,

  /**
   * MpipePipeline:stages: (getter get_stages)
   *
   * All stages, a list of [class@Mpipe.Stage], each after those that it is linked from.
   *
   * Since: 1.0
   */
  PROP_STAGES,

  /**
   * MpipePipeline:on-failure: (getter get_on_failure) (setter set_on_failure)
   *
   * What happens when a task fails. The default is %MPIPE_ON_FAILURE_REPORT.
   *
   * Since: 1.0
   */
  PROP_ON_FAILURE,

  /**
   * MpipePipeline:state: (getter get_state)
   *
   * Where in its life the pipeline is.
   *
   * Since: 1.0
   */
  PROP_STATE,

  /**
   * MpipePipeline:n-put: (getter get_n_put)
   *
   * How many tasks were accepted.
   *
   * Since: 1.0
   */
  PROP_N_PUT,

  /**
   * MpipePipeline:n-results: (getter get_n_results)
   *
   * How many results have come out, read or not.
   *
   * Since: 1.0
   */
  PROP_N_RESULTS,

  /**
   * MpipePipeline:n-failed: (getter get_n_failed)
   *
   * How many failures have come out, read or not.
   *
   * Since: 1.0
   */
  PROP_N_FAILED,

  /**
   * MpipePipeline:backlog: (getter get_backlog)
   *
   * How many tasks were accepted of which not everything was read yet.
   *
   * Since: 1.0
   */
  PROP_BACKLOG,
} MpipePipelineProperty;

enum
{
  SIGNAL_RESULT,
  SIGNAL_TASK_FAILED,
  SIGNAL_TASK_PROGRESS,
  SIGNAL_WORKER_STARTED,
  SIGNAL_WORKER_EXITED,
  SIGNAL_COMPLETED,
  N_SIGNALS,
};

static GParamSpec *properties[PROP_BACKLOG + 1];
static guint signals[N_SIGNALS];

G_DEFINE_ENUM_TYPE (MpipePipelineState, mpipe_pipeline_state,
                    G_DEFINE_ENUM_VALUE (MPIPE_PIPELINE_STATE_NEW, "new"),
                    G_DEFINE_ENUM_VALUE (MPIPE_PIPELINE_STATE_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (MPIPE_PIPELINE_STATE_STOPPING, "stopping"),
                    G_DEFINE_ENUM_VALUE (MPIPE_PIPELINE_STATE_COMPLETED, "completed"))

G_DEFINE_ENUM_TYPE (MpipeOnFailure, mpipe_on_failure,
                    G_DEFINE_ENUM_VALUE (MPIPE_ON_FAILURE_REPORT, "report"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ON_FAILURE_STOP, "stop"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ON_FAILURE_COLLECT, "collect"))

G_DEFINE_ENUM_TYPE (MpipeGetStatus, mpipe_get_status,
                    G_DEFINE_ENUM_VALUE (MPIPE_GET_STATUS_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (MPIPE_GET_STATUS_RESULT, "result"),
                    G_DEFINE_ENUM_VALUE (MPIPE_GET_STATUS_EMPTY, "empty"),
                    G_DEFINE_ENUM_VALUE (MPIPE_GET_STATUS_ENDED, "ended"))

static void mpipe_pipeline_initable_init (GInitableIface *iface);

/* The asynchronous interface is the default one, which initialises in a thread. */
G_DEFINE_FINAL_TYPE_WITH_CODE (MpipePipeline, mpipe_pipeline, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, mpipe_pipeline_initable_init)
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, NULL))

/* Signals */

gboolean
mpipe_pipeline_has_result_handler (MpipePipeline *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_RESULT], 0, FALSE);
}

gboolean
mpipe_pipeline_has_failure_handler (MpipePipeline *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_TASK_FAILED], 0, FALSE);
}

void
mpipe_pipeline_emit_result (MpipePipeline *self, const MpipeResult *result)
{
  g_signal_emit (self, signals[SIGNAL_RESULT], 0, result->value, result->task_id, result->leaf);
}

/* Returns: whether a handler has dealt with it. */
gboolean
mpipe_pipeline_emit_task_failed (MpipePipeline *self, const MpipeItem *failure)
{
  gboolean handled = FALSE;

  g_signal_emit (self, signals[SIGNAL_TASK_FAILED], 0, failure->id, failure->stage, failure->error,
                 &handled);
  return handled;
}

void
mpipe_pipeline_emit_notice (MpipePipeline *self, const MpipeNotice *notice)
{
  if (notice->exited)
    g_signal_emit (self, signals[SIGNAL_WORKER_EXITED], 0, notice->stage, notice->index,
                   notice->error);
  else
    g_signal_emit (self, signals[SIGNAL_WORKER_STARTED], 0, notice->stage, notice->index);
}

void
mpipe_pipeline_emit_task_progress (MpipePipeline *self, const MpipeProgress *progress)
{
  g_signal_emit (self, signals[SIGNAL_TASK_PROGRESS], 0, progress->task_id, progress->stage,
                 progress->fraction, progress->text);
}

void
mpipe_pipeline_emit_completed (MpipePipeline *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_signal_emit (self, signals[SIGNAL_COMPLETED], 0);
}

void
mpipe_pipeline_notify_counts (MpipePipeline *self)
{
  GListModel *stages = G_LIST_MODEL (self->stages);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint property = PROP_N_PUT; property <= PROP_BACKLOG; property++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
  g_object_thaw_notify (G_OBJECT (self));
  for (guint i = 0; i < g_list_model_get_n_items (stages); i++)
    {
      g_autoptr (MpipeStage) stage = g_list_model_get_item (stages, i);

      mpipe_stage_notify_statistics (stage);
    }
}

/* The life of the object */

static void
tell_engine_of_failures (MpipePipeline *self)
{
  mpipe_engine_set_on_failure (self->engine, self->on_failure == MPIPE_ON_FAILURE_STOP,
                               self->on_failure == MPIPE_ON_FAILURE_COLLECT);
}

static gboolean
initable_init (GInitable *initable, GCancellable *cancellable, GError **error)
{
  MpipePipeline *self = MPIPE_PIPELINE (initable);
  g_autoptr (MpipePlan) plan = NULL;

  if (self->engine != NULL)
    return TRUE;
  if (self->first == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH, "A pipeline needs a first stage");
      return FALSE;
    }
  plan = mpipe_plan_new (self->first, error);
  if (plan == NULL)
    return FALSE;
  for (guint i = 0; i < plan->nodes->len; i++)
    {
      MpipePlanNode *node = mpipe_plan_get_node (plan, plan->order[i]);

      mpipe_stage_freeze (node->stage, node->n_workers);
      g_list_store_append (self->stages, node->stage);
    }
  self->engine = mpipe_engine_new (plan, self->types, self->context, error);
  if (self->engine == NULL)
    return FALSE;
  self->tasks = mpipe_engine_get_tasks (self->engine);
  self->events = mpipe_engine_get_events (self->engine);
  tell_engine_of_failures (self);
  if (!mpipe_engine_start (self->engine, error)
      || !mpipe_event_mailbox_wait_started (self->events, cancellable, error))
    return FALSE;
  self->source = mpipe_pipeline_create_source (self);
  g_source_attach (self->source, self->context);
  return TRUE;
}

static void
mpipe_pipeline_initable_init (GInitableIface *iface)
{
  iface->init = initable_init;
}

static void
mpipe_pipeline_set_property (GObject *object, guint property_id, const GValue *value,
                             GParamSpec *pspec)
{
  MpipePipeline *self = MPIPE_PIPELINE (object);

  switch ((MpipePipelineProperty) property_id)
    {
    case PROP_FIRST:
      self->first = g_value_dup_object (value);
      break;
    case PROP_ON_FAILURE:
      mpipe_pipeline_set_on_failure (self, g_value_get_enum (value));
      break;
    case PROP_STAGES:
    case PROP_STATE:
    case PROP_N_PUT:
    case PROP_N_RESULTS:
    case PROP_N_FAILED:
    case PROP_BACKLOG:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_pipeline_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipePipeline *self = MPIPE_PIPELINE (object);

  switch ((MpipePipelineProperty) property_id)
    {
    case PROP_FIRST:
      g_value_set_object (value, self->first);
      break;
    case PROP_STAGES:
      g_value_set_object (value, self->stages);
      break;
    case PROP_ON_FAILURE:
      g_value_set_enum (value, self->on_failure);
      break;
    case PROP_STATE:
      g_value_set_enum (value, mpipe_pipeline_get_state (self));
      break;
    case PROP_N_PUT:
      g_value_set_uint64 (value, mpipe_pipeline_get_n_put (self));
      break;
    case PROP_N_RESULTS:
      g_value_set_uint64 (value, mpipe_pipeline_get_n_results (self));
      break;
    case PROP_N_FAILED:
      g_value_set_uint64 (value, mpipe_pipeline_get_n_failed (self));
      break;
    case PROP_BACKLOG:
      g_value_set_uint64 (value, mpipe_pipeline_get_backlog (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_pipeline_finalize (GObject *object)
{
  MpipePipeline *self = MPIPE_PIPELINE (object);

  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  mpipe_item_free_all (&self->unclaimed);
  g_clear_pointer (&self->engine, mpipe_engine_free);
  g_clear_object (&self->stages);
  g_clear_object (&self->first);
  mpipe_type_table_unref (self->types);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (mpipe_pipeline_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  properties[PROP_FIRST]
      = g_param_spec_object ("first", NULL, NULL, MPIPE_TYPE_STAGE,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_STAGES] = g_param_spec_object ("stages", NULL, NULL, G_TYPE_LIST_MODEL, get);
  properties[PROP_ON_FAILURE]
      = g_param_spec_enum ("on-failure", NULL, NULL, MPIPE_TYPE_ON_FAILURE, MPIPE_ON_FAILURE_REPORT,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, MPIPE_TYPE_PIPELINE_STATE,
                                              MPIPE_PIPELINE_STATE_NEW, get);
  properties[PROP_N_PUT] = g_param_spec_uint64 ("n-put", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_N_RESULTS]
      = g_param_spec_uint64 ("n-results", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_N_FAILED] = g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_BACKLOG] = g_param_spec_uint64 ("backlog", NULL, NULL, 0, G_MAXUINT64, 0, get);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

/* About tasks and their results. */
static void
install_task_signals (GType type)
{
  /**
   * MpipePipeline::result:
   * @self: the pipeline
   * @value: the result
   * @task_id: the task it comes from, as [method@Mpipe.Pipeline.put] returned it; 0 for a result of a stop
   *   task
   * @leaf: the stage that gave it
   *
   * Emitted for each result, in order, as long as there is a handler; without one, results wait to be
   * got.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RESULT]
      = g_signal_new ("result", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      _mpipe_marshal_VOID__VARIANT_UINT64_OBJECT, G_TYPE_NONE, 3, G_TYPE_VARIANT,
                      G_TYPE_UINT64, MPIPE_TYPE_STAGE);
  g_signal_set_va_marshaller (signals[SIGNAL_RESULT], type,
                              _mpipe_marshal_VOID__VARIANT_UINT64_OBJECTv);

  /**
   * MpipePipeline::task-failed:
   * @self: the pipeline
   * @task_id: the task that was put, as [method@Mpipe.Pipeline.put] returned it; 0 for a stop task
   * @stage: the stage in which it failed
   * @error: why
   *
   * Emitted for each task that failed, at its place among the results.
   *
   * Returns: %TRUE when the failure is dealt with, and nobody who gets results needs to know
   *
   * Since: 1.0
   */
  signals[SIGNAL_TASK_FAILED]
      = g_signal_new ("task-failed", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                      NULL, NULL, G_TYPE_BOOLEAN, 3, G_TYPE_UINT64, MPIPE_TYPE_STAGE, G_TYPE_ERROR);

  /**
   * MpipePipeline::task-progress:
   * @self: the pipeline
   * @task_id: the task that was put, as [method@Mpipe.Pipeline.put] returned it; 0 for a stop task
   * @stage: the stage whose worker is on it
   * @fraction: how much of it is done there, from 0 to 1
   * @message: (nullable): what is being done
   *
   * Emitted when a worker has said how far a task is, by [method@Mpipe.Task.report_progress].
   *
   * Of each task only the latest report waits to be emitted, of a thousand tasks at most.
   *
   * Since: 1.0
   */
  signals[SIGNAL_TASK_PROGRESS]
      = g_signal_new ("task-progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      4, G_TYPE_UINT64, MPIPE_TYPE_STAGE, G_TYPE_DOUBLE, G_TYPE_STRING);
}

/* About what does them. */
static void
install_life_signals (GType type)
{
  /**
   * MpipePipeline::worker-started:
   * @self: the pipeline
   * @stage: the stage
   * @index: which of its workers
   *
   * Emitted when a worker is ready, the first time and whenever one that ended was replaced.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WORKER_STARTED]
      = g_signal_new ("worker-started", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      2, MPIPE_TYPE_STAGE, G_TYPE_UINT);

  /**
   * MpipePipeline::worker-exited:
   * @self: the pipeline
   * @stage: the stage
   * @index: which of its workers
   * @error: (nullable): how it ended; %NULL when it was stopped in order
   *
   * Emitted when the process of a worker has ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WORKER_EXITED]
      = g_signal_new ("worker-exited", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      3, MPIPE_TYPE_STAGE, G_TYPE_UINT, G_TYPE_ERROR);

  /**
   * MpipePipeline::completed:
   * @self: the pipeline
   *
   * Emitted once, when a pipeline that was stopped or terminated has worked off everything and its
   * workers are gone; after the last result, if results are emitted.
   *
   * Since: 1.0
   */
  signals[SIGNAL_COMPLETED] = g_signal_new ("completed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                            NULL, G_TYPE_NONE, 0);
}

static void
mpipe_pipeline_class_init (MpipePipelineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = mpipe_pipeline_set_property;
  object_class->get_property = mpipe_pipeline_get_property;
  object_class->finalize = mpipe_pipeline_finalize;
  install_properties (object_class);
  install_task_signals (G_TYPE_FROM_CLASS (klass));
  install_life_signals (G_TYPE_FROM_CLASS (klass));
}

static void
mpipe_pipeline_init (MpipePipeline *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->types = mpipe_type_table_new ();
  self->stages = g_list_store_new (MPIPE_TYPE_STAGE);
  g_mutex_init (&self->lock);
}

/**
 * mpipe_pipeline_new:
 * @first: the first stage; with all that it leads to, it belongs to the pipeline from now on
 * @error: return location for an error
 *
 * Creates a pipeline, starts all its workers, and waits until they are ready.
 *
 * Nothing is started when the stages do not make a pipeline. A stage some of whose workers cannot start works
 * with the others; when none can, this fails with %MPIPE_ERROR_LAUNCH.
 *
 * To create one without waiting, use g_async_initable_new_async() with the property `first`; the class is a
 * [iface@Gio.AsyncInitable] as well.
 *
 * Returns: (transfer full): a new pipeline, or %NULL with %MPIPE_ERROR_INVALID_GRAPH or
 *   %MPIPE_ERROR_LAUNCH
 *
 * Since: 1.0
 */
MpipePipeline *
mpipe_pipeline_new (MpipeStage *first, GError **error)
{
  g_return_val_if_fail (MPIPE_IS_STAGE (first), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (MPIPE_TYPE_PIPELINE, NULL, error, "first", first, NULL);
}

/**
 * mpipe_pipeline_get_first: (get-property first)
 * @self: a pipeline
 *
 * Gets the first stage, which takes the tasks.
 *
 * Returns: (transfer none): the stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_pipeline_get_first (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), NULL);

  return self->first;
}

/**
 * mpipe_pipeline_get_state: (get-property state)
 * @self: a pipeline
 *
 * Gets where in its life the pipeline is.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
MpipePipelineState
mpipe_pipeline_get_state (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), MPIPE_PIPELINE_STATE_NEW);

  if (self->engine == NULL)
    return MPIPE_PIPELINE_STATE_NEW;
  if (mpipe_event_mailbox_is_completed (self->events))
    return MPIPE_PIPELINE_STATE_COMPLETED;
  return mpipe_task_mailbox_is_stopped (self->tasks) ? MPIPE_PIPELINE_STATE_STOPPING
                                                     : MPIPE_PIPELINE_STATE_RUNNING;
}

/**
 * mpipe_pipeline_get_n_put: (get-property n-put)
 * @self: a pipeline
 *
 * Gets how many tasks were accepted.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_put (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_task_mailbox_get_n_put (self->tasks) : 0;
}

/**
 * mpipe_pipeline_get_n_results: (get-property n-results)
 * @self: a pipeline
 *
 * Gets how many results have come out, read or not.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_results (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_n_results (self->engine) : 0;
}

/**
 * mpipe_pipeline_get_n_failed: (get-property n-failed)
 * @self: a pipeline
 *
 * Gets how many failures have come out, read or not.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_n_failed (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_n_failed (self->engine) : 0;
}

/**
 * mpipe_pipeline_get_backlog: (get-property backlog)
 * @self: a pipeline
 *
 * Gets how many tasks the pipeline has of which not everything was read yet.
 *
 * Tasks that were put in this moment may not be counted yet, and those whose results were read in this
 * moment may still be.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_get_backlog (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);

  return self->engine != NULL ? mpipe_engine_get_backlog (self->engine) : 0;
}

/**
 * mpipe_pipeline_get_stages: (get-property stages)
 * @self: a pipeline
 *
 * Gets all stages of the pipeline, with what each has done so far.
 *
 * Returns: (transfer none): a list of [class@Mpipe.Stage], each after those that it is linked from
 *
 * Since: 1.0
 */
GListModel *
mpipe_pipeline_get_stages (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), NULL);

  return G_LIST_MODEL (self->stages);
}

/**
 * mpipe_pipeline_get_on_failure: (get-property on-failure)
 * @self: a pipeline
 *
 * Gets what happens when a task fails.
 *
 * Returns: what happens
 *
 * Since: 1.0
 */
MpipeOnFailure
mpipe_pipeline_get_on_failure (MpipePipeline *self)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), MPIPE_ON_FAILURE_REPORT);

  return self->on_failure;
}

/**
 * mpipe_pipeline_set_on_failure: (set-property on-failure)
 * @self: a pipeline
 * @on_failure: what happens from now on
 *
 * Sets what happens when a task fails.
 *
 * Since: 1.0
 */
void
mpipe_pipeline_set_on_failure (MpipePipeline *self, MpipeOnFailure on_failure)
{
  g_return_if_fail (MPIPE_IS_PIPELINE (self));

  if (self->on_failure == on_failure)
    return;
  self->on_failure = on_failure;
  if (self->engine != NULL)
    tell_engine_of_failures (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ON_FAILURE]);
}
