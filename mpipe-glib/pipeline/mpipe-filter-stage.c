/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeFilterStage:
 *
 * A stage that lets tasks pass, and offers them to pipelines inside it that may be slower.
 *
 * Each of its [method@Mpipe.FilterStage.get_stages] is the first stage of such an inner pipeline. A task
 * that comes is offered to every inner pipeline that holds fewer than [property@Mpipe.FilterStage:max-tasks]
 * tasks, and is not offered to the others; and it passes at once. So a fast stream of tasks is not held up
 * by a slow analysis of some of them.
 *
 * The result is the task itself when [property@Mpipe.FilterStage:drop-results] is set. Otherwise it is
 * `(vav)`: the task, and the latest result of each inner pipeline that has given one since the task before,
 * or, with [property@Mpipe.FilterStage:cache-results], ever.
 *
 * A filter stage has no worker processes of its own. Its own `size`, `worker`, `parameters` and the
 * like have no meaning; its backlog limits have.
 *
 * The idea, and its three options, are those of MPipe's FilterStage.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-filter-stage-private.h"

#include "mpipe-glib/core/mpipe-error.h"

typedef enum
{
  /**
   * MpipeFilterStage:max-tasks: (getter get_max_tasks) (setter set_max_tasks)
   *
   * How many tasks may be in each inner pipeline at once.
   *
   * Since: 1.0
   */
  PROP_MAX_TASKS = 1,

  /**
   * MpipeFilterStage:drop-results: (getter get_drop_results) (setter set_drop_results)
   *
   * Whether the results of the inner pipelines are dropped, and the task alone is the result.
   *
   * Since: 1.0
   */
  PROP_DROP_RESULTS,

  /**
   * MpipeFilterStage:cache-results: (getter get_cache_results) (setter set_cache_results)
   *
   * Whether the latest results of the inner pipelines are given again with every task.
   *
   * Since: 1.0
   */
  PROP_CACHE_RESULTS,
} MpipeFilterStageProperty;

static GParamSpec *properties[PROP_CACHE_RESULTS + 1];

G_DEFINE_TYPE (MpipeFilterStage, mpipe_filter_stage, MPIPE_TYPE_STAGE)

static GError *
mpipe_filter_stage_check (MpipeStage *stage)
{
  MpipeFilterStage *self = MPIPE_FILTER_STAGE (stage);

  if (self->stages->len > 0)
    return NULL;
  return g_error_new (MPIPE_ERROR, MPIPE_ERROR_INVALID_GRAPH,
                      "The filter stage “%s” has no inner stages", stage->name);
}

static GPtrArray *
mpipe_filter_stage_get_inner (MpipeStage *stage)
{
  GPtrArray *inner = g_ptr_array_new ();

  g_ptr_array_extend (inner, MPIPE_FILTER_STAGE (stage)->stages, NULL, NULL);
  return inner;
}

static void
mpipe_filter_stage_set_property (GObject *object, guint property_id, const GValue *value,
                                 GParamSpec *pspec)
{
  MpipeFilterStage *self = MPIPE_FILTER_STAGE (object);

  switch ((MpipeFilterStageProperty) property_id)
    {
    case PROP_MAX_TASKS:
      mpipe_filter_stage_set_max_tasks (self, g_value_get_uint (value));
      break;
    case PROP_DROP_RESULTS:
      mpipe_filter_stage_set_drop_results (self, g_value_get_boolean (value));
      break;
    case PROP_CACHE_RESULTS:
      mpipe_filter_stage_set_cache_results (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_filter_stage_get_property (GObject *object, guint property_id, GValue *value,
                                 GParamSpec *pspec)
{
  MpipeFilterStage *self = MPIPE_FILTER_STAGE (object);

  switch ((MpipeFilterStageProperty) property_id)
    {
    case PROP_MAX_TASKS:
      g_value_set_uint (value, self->max_tasks);
      break;
    case PROP_DROP_RESULTS:
      g_value_set_boolean (value, self->drop_results);
      break;
    case PROP_CACHE_RESULTS:
      g_value_set_boolean (value, self->cache_results);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_filter_stage_finalize (GObject *object)
{
  MpipeFilterStage *self = MPIPE_FILTER_STAGE (object);

  g_ptr_array_unref (self->stages);
  G_OBJECT_CLASS (mpipe_filter_stage_parent_class)->finalize (object);
}

static void
mpipe_filter_stage_class_init (MpipeFilterStageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->set_property = mpipe_filter_stage_set_property;
  object_class->get_property = mpipe_filter_stage_get_property;
  object_class->finalize = mpipe_filter_stage_finalize;
  MPIPE_STAGE_CLASS (klass)->check = mpipe_filter_stage_check;
  MPIPE_STAGE_CLASS (klass)->get_inner = mpipe_filter_stage_get_inner;

  properties[PROP_MAX_TASKS]
      = g_param_spec_uint ("max-tasks", NULL, NULL, 1, G_MAXUINT, 1, flags);
  properties[PROP_DROP_RESULTS]
      = g_param_spec_boolean ("drop-results", NULL, NULL, FALSE, flags);
  properties[PROP_CACHE_RESULTS]
      = g_param_spec_boolean ("cache-results", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
mpipe_filter_stage_init (MpipeFilterStage *self)
{
  self->stages = g_ptr_array_new_with_free_func (g_object_unref);
  self->max_tasks = 1;
}

/**
 * mpipe_filter_stage_new: (constructor)
 * @stages: (array length=n_stages): the first stage of each inner pipeline
 * @n_stages: how many there are; at least 1
 *
 * Creates a stage that lets tasks pass and offers them to inner pipelines.
 *
 * Returns: (transfer full) (type MpipeFilterStage): a new stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_filter_stage_new (MpipeStage *const *stages, gsize n_stages)
{
  MpipeFilterStage *self;

  g_return_val_if_fail (stages != NULL && n_stages > 0, NULL);

  self = g_object_new (MPIPE_TYPE_FILTER_STAGE, NULL);
  for (gsize i = 0; i < n_stages; i++)
    g_ptr_array_add (self->stages, g_object_ref (stages[i]));
  return MPIPE_STAGE (self);
}

/**
 * mpipe_filter_stage_get_stages:
 * @self: a filter stage
 *
 * Gets the first stage of each inner pipeline.
 *
 * Returns: (transfer container) (element-type MpipeStage): the stages
 *
 * Since: 1.0
 */
GPtrArray *
mpipe_filter_stage_get_stages (MpipeFilterStage *self)
{
  g_return_val_if_fail (MPIPE_IS_FILTER_STAGE (self), NULL);

  return g_ptr_array_copy (self->stages, (GCopyFunc) (void (*) (void)) g_object_ref, NULL);
}

/**
 * mpipe_filter_stage_get_max_tasks: (get-property max-tasks)
 * @self: a filter stage
 *
 * Gets how many tasks may be in each inner pipeline at once.
 *
 * Returns: the number, at least 1
 *
 * Since: 1.0
 */
guint
mpipe_filter_stage_get_max_tasks (MpipeFilterStage *self)
{
  g_return_val_if_fail (MPIPE_IS_FILTER_STAGE (self), 0);

  return self->max_tasks;
}

/**
 * mpipe_filter_stage_set_max_tasks: (set-property max-tasks)
 * @self: a filter stage that is in no pipeline yet
 * @max_tasks: the number, at least 1
 *
 * Sets how many tasks may be in each inner pipeline at once.
 *
 * Since: 1.0
 */
void
mpipe_filter_stage_set_max_tasks (MpipeFilterStage *self, guint max_tasks)
{
  g_return_if_fail (MPIPE_IS_FILTER_STAGE (self));
  g_return_if_fail (max_tasks >= 1);

  if (!mpipe_stage_may_change (MPIPE_STAGE (self)) || self->max_tasks == max_tasks)
    return;
  self->max_tasks = max_tasks;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_TASKS]);
}

/**
 * mpipe_filter_stage_get_drop_results: (get-property drop-results)
 * @self: a filter stage
 *
 * Gets whether the task alone is the result.
 *
 * Returns: %TRUE when results of the inner pipelines are dropped
 *
 * Since: 1.0
 */
gboolean
mpipe_filter_stage_get_drop_results (MpipeFilterStage *self)
{
  g_return_val_if_fail (MPIPE_IS_FILTER_STAGE (self), FALSE);

  return self->drop_results;
}

/**
 * mpipe_filter_stage_set_drop_results: (set-property drop-results)
 * @self: a filter stage that is in no pipeline yet
 * @drop_results: %TRUE to drop results of the inner pipelines
 *
 * Sets whether the task alone is the result.
 *
 * Since: 1.0
 */
void
mpipe_filter_stage_set_drop_results (MpipeFilterStage *self, gboolean drop_results)
{
  g_return_if_fail (MPIPE_IS_FILTER_STAGE (self));

  if (!mpipe_stage_may_change (MPIPE_STAGE (self)) || self->drop_results == !!drop_results)
    return;
  self->drop_results = !!drop_results;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DROP_RESULTS]);
}

/**
 * mpipe_filter_stage_get_cache_results: (get-property cache-results)
 * @self: a filter stage
 *
 * Gets whether the latest results of the inner pipelines are given again with every task.
 *
 * Returns: %TRUE when they are
 *
 * Since: 1.0
 */
gboolean
mpipe_filter_stage_get_cache_results (MpipeFilterStage *self)
{
  g_return_val_if_fail (MPIPE_IS_FILTER_STAGE (self), FALSE);

  return self->cache_results;
}

/**
 * mpipe_filter_stage_set_cache_results: (set-property cache-results)
 * @self: a filter stage that is in no pipeline yet
 * @cache_results: %TRUE to give them again
 *
 * Sets whether the latest results of the inner pipelines are given again with every task.
 *
 * Since: 1.0
 */
void
mpipe_filter_stage_set_cache_results (MpipeFilterStage *self, gboolean cache_results)
{
  g_return_if_fail (MPIPE_IS_FILTER_STAGE (self));

  if (!mpipe_stage_may_change (MPIPE_STAGE (self)) || self->cache_results == !!cache_results)
    return;
  self->cache_results = !!cache_results;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CACHE_RESULTS]);
}
