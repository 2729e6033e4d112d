/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeFailure:
 *
 * A task that failed, and why: what [method@Mpipe.Pipeline.take_failures] gives.
 *
 * It holds the task as it was put, so that it can be stored, corrected, and put again:
 *
 * ```c
 * g_autoptr (GPtrArray) failures = mpipe_pipeline_take_failures (pipeline);
 *
 * for (guint i = 0; i < failures->len; i++)
 *   {
 *     MpipeFailure *failure = g_ptr_array_index (failures, i);
 *
 *     g_printerr ("%s\n", mpipe_failure_get_error (failure)->message);
 *     mpipe_pipeline_put (pipeline, correct (mpipe_failure_get_task (failure)), NULL, NULL);
 *   }
 * ```
 *
 * It does not change, and may be used in any thread.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-failure-private.h"

#include <gio/gunixfdlist.h>

struct _MpipeFailure
{
  GObject parent_instance;
  guint64 task_id;
  GVariant *task;    /* NULL when it is not known */
  GUnixFDList *fds;  /* of the task; NULL when it has none */
  MpipeStage *stage; /* NULL when it failed in none */
  GError *error;
};

typedef enum
{
  /**
   * MpipeFailure:task-id: (getter get_task_id)
   *
   * The task, as [method@Mpipe.Pipeline.put] returned it; 0 for a stop task.
   *
   * Since: 1.0
   */
  PROP_TASK_ID = 1,

  /**
   * MpipeFailure:task: (getter get_task)
   *
   * The task as it was put; %NULL for a stop task, and for one that was put before failures were collected.
   *
   * Since: 1.0
   */
  PROP_TASK,

  /**
   * MpipeFailure:fd-list: (getter get_fd_list)
   *
   * The descriptors of the task, which handles in it refer to; %NULL when it was put without.
   *
   * Since: 1.0
   */
  PROP_FD_LIST,

  /**
   * MpipeFailure:stage: (getter get_stage)
   *
   * The stage in which the task failed.
   *
   * Since: 1.0
   */
  PROP_STAGE,

  /**
   * MpipeFailure:error: (getter get_error)
   *
   * Why the task failed.
   *
   * Since: 1.0
   */
  PROP_ERROR,
} MpipeFailureProperty;

static GParamSpec *properties[PROP_ERROR + 1];

G_DEFINE_FINAL_TYPE (MpipeFailure, mpipe_failure, G_TYPE_OBJECT)

static void
mpipe_failure_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipeFailure *self = MPIPE_FAILURE (object);

  switch ((MpipeFailureProperty) property_id)
    {
    case PROP_TASK_ID:
      g_value_set_uint64 (value, self->task_id);
      break;
    case PROP_TASK:
      g_value_set_variant (value, self->task);
      break;
    case PROP_FD_LIST:
      g_value_set_object (value, self->fds);
      break;
    case PROP_STAGE:
      g_value_set_object (value, self->stage);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_failure_finalize (GObject *object)
{
  MpipeFailure *self = MPIPE_FAILURE (object);

  g_clear_pointer (&self->task, g_variant_unref);
  g_clear_object (&self->fds);
  g_clear_object (&self->stage);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (mpipe_failure_parent_class)->finalize (object);
}

static void
mpipe_failure_class_init (MpipeFailureClass *klass)
{
  const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = mpipe_failure_get_property;
  object_class->finalize = mpipe_failure_finalize;
  properties[PROP_TASK_ID]
      = g_param_spec_uint64 ("task-id", NULL, NULL, 0, G_MAXUINT64, 0, get);
  properties[PROP_TASK]
      = g_param_spec_variant ("task", NULL, NULL, G_VARIANT_TYPE_ANY, NULL, get);
  properties[PROP_FD_LIST]
      = g_param_spec_object ("fd-list", NULL, NULL, G_TYPE_UNIX_FD_LIST, get);
  properties[PROP_STAGE] = g_param_spec_object ("stage", NULL, NULL, MPIPE_TYPE_STAGE, get);
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, get);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
mpipe_failure_init (MpipeFailure *self)
{
}

/* @item must have failed; its task is what its lineage began with, if that was kept. */
MpipeFailure *
mpipe_failure_new (const MpipeItem *item, MpipeTypeTable *types)
{
  MpipeFailure *self = g_object_new (MPIPE_TYPE_FAILURE, NULL);
  const MpipePayload *origin
      = item->lineage != NULL ? mpipe_lineage_get_origin (item->lineage) : NULL;

  g_assert (item->error != NULL);
  self->task_id = item->id;
  if (origin != NULL)
    {
      GUnixFDList *fds = mpipe_lineage_get_origin_fds (item->lineage);
      int n_fds = fds != NULL ? g_unix_fd_list_get_length (fds) : 0;

      self->task = mpipe_payload_to_variant_with_handles (origin, types, n_fds, NULL);
      self->fds = fds != NULL ? g_object_ref (fds) : NULL;
    }
  self->stage = item->stage != NULL ? g_object_ref (item->stage) : NULL;
  self->error = g_error_copy (item->error);
  return self;
}

/**
 * mpipe_failure_get_task_id: (get-property task-id)
 * @self: a failure
 *
 * Gets the number of the task.
 *
 * Returns: what [method@Mpipe.Pipeline.put] returned; 0 for a stop task
 *
 * Since: 1.0
 */
guint64
mpipe_failure_get_task_id (MpipeFailure *self)
{
  g_return_val_if_fail (MPIPE_IS_FAILURE (self), 0);

  return self->task_id;
}

/**
 * mpipe_failure_get_task: (get-property task)
 * @self: a failure
 *
 * Gets the task as it was put, also when it failed in a later stage.
 *
 * Returns: (transfer none) (nullable): the task, not floating; %NULL for a stop task, and for one that was put
 *   before failures were collected
 *
 * Since: 1.0
 */
GVariant *
mpipe_failure_get_task (MpipeFailure *self)
{
  g_return_val_if_fail (MPIPE_IS_FAILURE (self), NULL);

  return self->task;
}

/**
 * mpipe_failure_get_fd_list: (get-property fd-list)
 * @self: a failure
 *
 * Gets the descriptors of the task, to put it again with [method@Mpipe.Pipeline.put_with_fds].
 *
 * They stay open as long as the failure is there.
 *
 * Returns: (transfer none) (nullable): what handles in the task refer to; %NULL when it was put without
 *
 * Since: 1.0
 */
GUnixFDList *
mpipe_failure_get_fd_list (MpipeFailure *self)
{
  g_return_val_if_fail (MPIPE_IS_FAILURE (self), NULL);

  return self->fds;
}

/**
 * mpipe_failure_get_stage: (get-property stage)
 * @self: a failure
 *
 * Gets the stage in which the task failed.
 *
 * Returns: (transfer none) (nullable): the stage
 *
 * Since: 1.0
 */
MpipeStage *
mpipe_failure_get_stage (MpipeFailure *self)
{
  g_return_val_if_fail (MPIPE_IS_FAILURE (self), NULL);

  return self->stage;
}

/**
 * mpipe_failure_get_error: (get-property error)
 * @self: a failure
 *
 * Gets why the task failed.
 *
 * Returns: (transfer none): the error, which belongs to the failure
 *
 * Since: 1.0
 */
const GError *
mpipe_failure_get_error (MpipeFailure *self)
{
  g_return_val_if_fail (MPIPE_IS_FAILURE (self), NULL);

  return self->error;
}
