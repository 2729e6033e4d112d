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

static GParamSpec *properties[PROP_BACKLOG + 1];

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

static void
mpipe_pipeline_class_init (MpipePipelineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = mpipe_pipeline_set_property;
  object_class->get_property = mpipe_pipeline_get_property;
  object_class->finalize = mpipe_pipeline_finalize;
  install_properties (object_class);
  mpipe_pipeline_install_signals (G_TYPE_FROM_CLASS (klass));
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
