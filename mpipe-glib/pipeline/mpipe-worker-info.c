/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeWorkerInfo:
 *
 * What one worker of a stage has done so far.
 *
 * The list [property@Mpipe.Stage:workers] has one of these for each of the stage's processes. A worker that
 * replaces one that ended has its place, and the counts go on. They may be read from any thread, and are
 * notified in the pipeline's context about ten times a second while something happens.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-worker-info-private.h"

struct _MpipeWorkerInfo
{
  GObject parent_instance;
  guint index;
  MpipeWorkerStatistics statistics; /* the engine's thread writes */
};

typedef enum
{
  /**
   * MpipeWorkerInfo:index: (getter get_index)
   *
   * Which worker of its stage this is, from 0 on.
   *
   * Since: 1.0
   */
  PROP_INDEX = 1,

  /**
   * MpipeWorkerInfo:pid: (getter get_pid)
   *
   * The process of the worker; 0 while there is none.
   *
   * Since: 1.0
   */
  PROP_PID,

  /**
   * MpipeWorkerInfo:n-tasks: (getter get_n_tasks)
   *
   * How many tasks the worker has ended, failed ones included.
   *
   * Since: 1.0
   */
  PROP_N_TASKS,

  /**
   * MpipeWorkerInfo:n-failed: (getter get_n_failed)
   *
   * How many tasks have failed on the worker.
   *
   * Since: 1.0
   */
  PROP_N_FAILED,

  /**
   * MpipeWorkerInfo:n-starts: (getter get_n_starts)
   *
   * How often a process was started for the worker.
   *
   * Since: 1.0
   */
  PROP_N_STARTS,

  /**
   * MpipeWorkerInfo:busy-time: (getter get_busy_time)
   *
   * How long the worker was busy with tasks that have ended, in microseconds.
   *
   * Since: 1.0
   */
  PROP_BUSY_TIME,

  /**
   * MpipeWorkerInfo:up-time: (getter get_up_time)
   *
   * How long the worker was ready, in microseconds.
   *
   * Since: 1.0
   */
  PROP_UP_TIME,

  /**
   * MpipeWorkerInfo:n-shared: (getter get_n_shared)
   *
   * How many tasks and results of 16 KiB or more were passed in memory that the worker shares with the
   * pipeline, so that only their places were sent.
   *
   * Since: 1.0
   */
  PROP_N_SHARED,

  /**
   * MpipeWorkerInfo:n-streamed: (getter get_n_streamed)
   *
   * How many tasks and results of 16 KiB or more were sent through the channel: because the worker does not
   * know shared memory, or there was no room in it.
   *
   * Since: 1.0
   */
  PROP_N_STREAMED,

  /**
   * MpipeWorkerInfo:memory-limit: (getter get_memory_limit)
   *
   * What keeps [property@Mpipe.Stage:worker-memory-limit] for the process of the worker that was started last.
   *
   * Since: 1.0
   */
  PROP_MEMORY_LIMIT,
} MpipeWorkerInfoProperty;

static GParamSpec *properties[PROP_MEMORY_LIMIT + 1];

G_DEFINE_FINAL_TYPE (MpipeWorkerInfo, mpipe_worker_info, G_TYPE_OBJECT)

static void
mpipe_worker_info_get_property (GObject *object, guint property_id, GValue *value,
                                GParamSpec *pspec)
{
  MpipeWorkerInfo *self = MPIPE_WORKER_INFO (object);

  switch ((MpipeWorkerInfoProperty) property_id)
    {
    case PROP_INDEX:
      g_value_set_uint (value, mpipe_worker_info_get_index (self));
      break;
    case PROP_PID:
      g_value_set_int (value, mpipe_worker_info_get_pid (self));
      break;
    case PROP_N_TASKS:
      g_value_set_uint64 (value, mpipe_worker_info_get_n_tasks (self));
      break;
    case PROP_N_FAILED:
      g_value_set_uint64 (value, mpipe_worker_info_get_n_failed (self));
      break;
    case PROP_N_STARTS:
      g_value_set_uint (value, mpipe_worker_info_get_n_starts (self));
      break;
    case PROP_BUSY_TIME:
      g_value_set_int64 (value, mpipe_worker_info_get_busy_time (self));
      break;
    case PROP_UP_TIME:
      g_value_set_int64 (value, mpipe_worker_info_get_up_time (self));
      break;
    case PROP_N_SHARED:
      g_value_set_uint64 (value, mpipe_worker_info_get_n_shared (self));
      break;
    case PROP_N_STREAMED:
      g_value_set_uint64 (value, mpipe_worker_info_get_n_streamed (self));
      break;
    case PROP_MEMORY_LIMIT:
      g_value_set_enum (value, mpipe_worker_info_get_memory_limit (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_worker_info_class_init (MpipeWorkerInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = mpipe_worker_info_get_property;
  properties[PROP_INDEX]
      = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_PID]
      = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, flags);
  properties[PROP_N_TASKS]
      = g_param_spec_uint64 ("n-tasks", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_N_FAILED]
      = g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_N_STARTS]
      = g_param_spec_uint ("n-starts", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_BUSY_TIME]
      = g_param_spec_int64 ("busy-time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_UP_TIME]
      = g_param_spec_int64 ("up-time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_N_SHARED]
      = g_param_spec_uint64 ("n-shared", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_N_STREAMED]
      = g_param_spec_uint64 ("n-streamed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_MEMORY_LIMIT]
      = g_param_spec_enum ("memory-limit", NULL, NULL, MPIPE_TYPE_MEMORY_LIMIT,
                           MPIPE_MEMORY_LIMIT_NONE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
mpipe_worker_info_init (MpipeWorkerInfo *self)
{
}

MpipeWorkerInfo *
mpipe_worker_info_new (guint index)
{
  MpipeWorkerInfo *self = g_object_new (MPIPE_TYPE_WORKER_INFO, NULL);

  self->index = index;
  return self;
}

MpipeWorkerStatistics *
mpipe_worker_info_get_statistics (MpipeWorkerInfo *self)
{
  return &self->statistics;
}

/* Tells those who watch that the counts have changed. The pipeline's context. */
void
mpipe_worker_info_notify (MpipeWorkerInfo *self)
{
  g_object_freeze_notify (G_OBJECT (self));
  for (guint property = PROP_PID; property <= PROP_MEMORY_LIMIT; property++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * mpipe_worker_info_get_index: (get-property index)
 * @self: the information about a worker
 *
 * Gets which worker of its stage this is.
 *
 * Returns: the index, from 0 on
 *
 * Since: 1.0
 */
guint
mpipe_worker_info_get_index (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return self->index;
}

/**
 * mpipe_worker_info_get_pid: (get-property pid)
 * @self: the information about a worker
 *
 * Gets the process of the worker.
 *
 * Returns: the process, or 0 while there is none
 *
 * Since: 1.0
 */
int
mpipe_worker_info_get_pid (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return (int) mpipe_counter_get (&self->statistics.pid);
}

/**
 * mpipe_worker_info_get_n_tasks: (get-property n-tasks)
 * @self: the information about a worker
 *
 * Gets how many tasks the worker has ended, failed ones included.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_worker_info_get_n_tasks (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return mpipe_counter_get (&self->statistics.n_tasks);
}

/**
 * mpipe_worker_info_get_n_failed: (get-property n-failed)
 * @self: the information about a worker
 *
 * Gets how many tasks have failed on the worker.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_worker_info_get_n_failed (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return mpipe_counter_get (&self->statistics.n_failed);
}

/**
 * mpipe_worker_info_get_n_starts: (get-property n-starts)
 * @self: the information about a worker
 *
 * Gets how often a process was started for the worker.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
mpipe_worker_info_get_n_starts (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return (guint) mpipe_counter_get (&self->statistics.n_starts);
}

/**
 * mpipe_worker_info_get_busy_time: (get-property busy-time)
 * @self: the information about a worker
 *
 * Gets how long the worker was busy with tasks that have ended.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
mpipe_worker_info_get_busy_time (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return (gint64) mpipe_counter_get (&self->statistics.busy_us);
}

/**
 * mpipe_worker_info_get_up_time: (get-property up-time)
 * @self: the information about a worker
 *
 * Gets how long the worker was ready.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
mpipe_worker_info_get_up_time (MpipeWorkerInfo *self)
{
  gint64 started;

  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  started = (gint64) mpipe_counter_get (&self->statistics.started_us);
  return (gint64) mpipe_counter_get (&self->statistics.up_us)
         + (started > 0 ? g_get_monotonic_time () - started : 0);
}

/**
 * mpipe_worker_info_get_n_shared: (get-property n-shared)
 * @self: the information about a worker
 *
 * Gets how many tasks and results of 16 KiB or more were passed in shared memory.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_worker_info_get_n_shared (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return mpipe_counter_get (&self->statistics.n_shared);
}

/**
 * mpipe_worker_info_get_n_streamed: (get-property n-streamed)
 * @self: the information about a worker
 *
 * Gets how many tasks and results of 16 KiB or more were sent through the channel.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint64
mpipe_worker_info_get_n_streamed (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), 0);

  return mpipe_counter_get (&self->statistics.n_streamed);
}

/**
 * mpipe_worker_info_get_memory_limit: (get-property memory-limit)
 * @self: the information about a worker
 *
 * Gets what keeps [property@Mpipe.Stage:worker-memory-limit] for the process of the worker that was started last.
 *
 * Returns: what keeps it; %MPIPE_MEMORY_LIMIT_NONE where no limit is set, no process was started, or its launcher sets
 *   none
 *
 * Since: 1.0
 */
MpipeMemoryLimit
mpipe_worker_info_get_memory_limit (MpipeWorkerInfo *self)
{
  g_return_val_if_fail (MPIPE_IS_WORKER_INFO (self), MPIPE_MEMORY_LIMIT_NONE);

  return (MpipeMemoryLimit) mpipe_counter_get (&self->statistics.memory_limit);
}
