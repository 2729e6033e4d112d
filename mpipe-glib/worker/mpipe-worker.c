/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeWorker:
 *
 * Does the tasks of a stage, inside a worker process.
 *
 * A worker is a function, registered with [func@Mpipe.Worker.register_func], or a subclass of this
 * class, registered with [func@Mpipe.Worker.register], that overrides [vfunc@Mpipe.Worker.task] and
 * perhaps [vfunc@Mpipe.Worker.start] and [vfunc@Mpipe.Worker.stop]. The pipeline makes one object in each
 * worker process; the program that builds the pipeline never makes one itself, except in the `main()` of a
 * worker program, which hands it to [method@Mpipe.Worker.run].
 *
 * ```c
 * static GVariant *
 * adder_task (MpipeWorker *worker, GVariant *task, GError **error)
 * {
 *   g_autoptr (GVariant) summand
 *       = mpipe_worker_lookup_parameter (worker, "summand", G_VARIANT_TYPE_INT64);
 *
 *   return g_variant_new_int64 (g_variant_get_int64 (task) + g_variant_get_int64 (summand));
 * }
 * ```
 *
 * Numbers of which one takes less than a call are better done many at a time, by [vfunc@Mpipe.Worker.task_array].
 *
 * Work that waits for something else, such as a server's answer, is better begun by [vfunc@Mpipe.Worker.begin] and
 * ended later: then one worker has several tasks open at a time. See [class@Mpipe.Task].
 *
 * All methods and virtual functions are called on the main thread of the worker process. The order is
 * start, any number of tasks, stop.
 *
 * Start, task and stop are the functions of MPipe's worker classes.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/worker/mpipe-worker-private.h"

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

typedef struct
{
  GVariant *parameters; /* a{sv}, never NULL */
  char *stage_name;
  GVariantType *result_type; /* NULL for any */
  guint index;
  char *refusal; /* why it does not start, if it said so */
  MpipeWorkerPutFunc put; /* set while the loop runs */
  gpointer put_data;
  GUnixFDList *fds; /* of the current task; NULL for none */
  MpipeTray *tray; /* for large results; NULL when there is none */
} MpipeWorkerPrivate;

typedef enum
{
  /**
   * MpipeWorker:parameters: (getter get_parameters)
   *
   * The parameters of the stage, an `a{sv}`; empty when the stage has none.
   *
   * Since: 1.0
   */
  PROP_PARAMETERS = 1,

  /**
   * MpipeWorker:stage-name: (getter get_stage_name)
   *
   * The name of the stage that the worker belongs to.
   *
   * Since: 1.0
   */
  PROP_STAGE_NAME,

  /**
   * MpipeWorker:index: (getter get_index)
   *
   * Which worker of its stage this is, from 0 on; a worker that replaces one that died has its index.
   *
   * Since: 1.0
   */
  PROP_INDEX,
} MpipeWorkerProperty;

static GParamSpec *properties[PROP_INDEX + 1];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (MpipeWorker, mpipe_worker, G_TYPE_OBJECT)

static gboolean
mpipe_worker_real_start (MpipeWorker *self, GError **error)
{
  return TRUE;
}

/* Returns: (transfer full) (nullable): the result of a worker that does arrays */
static GVariant *
do_in_array (MpipeWorker *self, GVariant *task, GError **error)
{
  g_autoptr (GVariant) tasks
      = g_variant_ref_sink (g_variant_new_array (g_variant_get_type (task), &task, 1));
  GVariant *returned = mpipe_worker_task_array (self, tasks, error);
  g_autoptr (GVariant) results = returned != NULL ? g_variant_take_ref (returned) : NULL;

  if (results == NULL)
    return NULL;
  if (g_variant_is_of_type (results, G_VARIANT_TYPE_ARRAY) && g_variant_n_children (results) == 1)
    return g_variant_get_child_value (results, 0);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "A value of type “%s” was given for an array of one task, not an array of one result",
               g_variant_get_type_string (results));
  return NULL;
}

static GVariant *
mpipe_worker_real_task (MpipeWorker *self, GVariant *task, GError **error)
{
  if (mpipe_worker_does_arrays (self))
    return task != NULL ? do_in_array (self, task, error) : NULL;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED, "%s does not say what a task is",
               G_OBJECT_TYPE_NAME (self));
  return NULL;
}

static gboolean
put_of_task (gpointer user_data, GVariant *result, GError **error)
{
  return mpipe_task_put_result (user_data, result, error);
}

/* For a subclass that overrides this, and chains up for some of its tasks. */
static void
mpipe_worker_real_begin (MpipeWorker *self, MpipeTask *task)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);
  MpipeWorkerPutFunc put_before = priv->put;
  gpointer data_before = priv->put_data;
  g_autoptr (GError) error = NULL;
  GVariant *returned;
  g_autoptr (GVariant) result = NULL;

  mpipe_worker_set_put_func (self, put_of_task, task);
  returned = mpipe_worker_task (self, mpipe_task_get_value (task), &error);
  mpipe_worker_set_put_func (self, put_before, data_before);
  result = returned != NULL ? g_variant_take_ref (returned) : NULL;
  if (error != NULL)
    mpipe_task_fail (task, error);
  else
    mpipe_task_return_value (task, result);
}

static void
mpipe_worker_real_stop (MpipeWorker *self)
{
}

static void
mpipe_worker_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipeWorker *self = MPIPE_WORKER (object);

  switch ((MpipeWorkerProperty) property_id)
    {
    case PROP_PARAMETERS:
      g_value_set_variant (value, mpipe_worker_get_parameters (self));
      break;
    case PROP_STAGE_NAME:
      g_value_set_string (value, mpipe_worker_get_stage_name (self));
      break;
    case PROP_INDEX:
      g_value_set_uint (value, mpipe_worker_get_index (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_worker_finalize (GObject *object)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (MPIPE_WORKER (object));

  g_clear_pointer (&priv->parameters, g_variant_unref);
  g_clear_pointer (&priv->stage_name, g_free);
  g_clear_pointer (&priv->result_type, g_variant_type_free);
  g_clear_pointer (&priv->refusal, g_free);
  g_clear_object (&priv->fds);
  g_clear_pointer (&priv->tray, mpipe_tray_unref);
  G_OBJECT_CLASS (mpipe_worker_parent_class)->finalize (object);
}

static void
mpipe_worker_class_init (MpipeWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = mpipe_worker_get_property;
  object_class->finalize = mpipe_worker_finalize;
  klass->start = mpipe_worker_real_start;
  klass->task = mpipe_worker_real_task;
  klass->begin = mpipe_worker_real_begin;
  klass->stop = mpipe_worker_real_stop;

  properties[PROP_PARAMETERS]
      = g_param_spec_variant ("parameters", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL,
                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_STAGE_NAME] = g_param_spec_string ("stage-name", NULL, NULL, NULL,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
mpipe_worker_init (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  priv->parameters = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
}

void
mpipe_worker_set_up (MpipeWorker *self, const MpipeWorkerSetup *setup)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_variant_unref (priv->parameters);
  priv->parameters = g_variant_ref (setup->parameters);
  g_free (priv->stage_name);
  priv->stage_name = g_strdup (setup->stage_name);
  g_clear_pointer (&priv->result_type, g_variant_type_free);
  if (setup->result_type != NULL)
    priv->result_type = g_variant_type_new (setup->result_type);
  priv->index = setup->index;
}

void
mpipe_worker_set_put_func (MpipeWorker *self, MpipeWorkerPutFunc put, gpointer user_data)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  priv->put = put;
  priv->put_data = user_data;
}

/* Once; NULL for none. */
void
mpipe_worker_set_tray (MpipeWorker *self, MpipeTray *tray)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  priv->tray = tray != NULL ? mpipe_tray_ref (tray) : NULL;
}

void
mpipe_worker_set_fd_list (MpipeWorker *self, GUnixFDList *fds)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_set_object (&priv->fds, fds);
}

/* One that has refused already is not started; one that refuses meanwhile has not started, whatever it returns. */
gboolean
mpipe_worker_start (MpipeWorker *self, GError **error)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);
  g_autoptr (GError) local_error = NULL;
  gboolean started
      = priv->refusal == NULL && MPIPE_WORKER_GET_CLASS (self)->start (self, &local_error);

  if (priv->refusal != NULL)
    {
      g_set_error_literal (error, MPIPE_ERROR, MPIPE_ERROR_FAILED, priv->refusal);
      return FALSE;
    }
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return started;
}

/* Returns: (transfer full) (nullable): the result, which may be floating */
GVariant *
mpipe_worker_task (MpipeWorker *self, GVariant *task, GError **error)
{
  return MPIPE_WORKER_GET_CLASS (self)->task (self, task, error);
}

/* Returns: whether it may be given several tasks at once. */
gboolean
mpipe_worker_does_arrays (MpipeWorker *self)
{
  return MPIPE_WORKER_GET_CLASS (self)->task_array != NULL;
}

/* Returns: (transfer full) (nullable): the results, which may be floating */
GVariant *
mpipe_worker_task_array (MpipeWorker *self, GVariant *tasks, GError **error)
{
  return MPIPE_WORKER_GET_CLASS (self)->task_array (self, tasks, error);
}

/* Returns: whether its tasks may end later than the call that begins them. */
gboolean
mpipe_worker_begins (MpipeWorker *self)
{
  return MPIPE_WORKER_GET_CLASS (self)->begin != mpipe_worker_real_begin;
}

void
mpipe_worker_begin (MpipeWorker *self, MpipeTask *task)
{
  MPIPE_WORKER_GET_CLASS (self)->begin (self, task);
}

void
mpipe_worker_stop (MpipeWorker *self)
{
  MPIPE_WORKER_GET_CLASS (self)->stop (self);
}

/**
 * mpipe_worker_put_result:
 * @self: a worker
 * @result: a result of the current task, of any type that holds no handles; sunk if it is floating
 * @error: return location for an error
 *
 * Publishes a result of the current task at once, while the task goes on.
 *
 * A task may put any number of results; what the task returns, if it returns something, comes after them.
 * Results of one task reach the next stage in the order in which they were put. A stage whose
 * [property@Mpipe.Stage:disable-result] is set publishes what is put here nevertheless. When the
 * pipeline is full, the call waits until there is room.
 *
 * With [property@Mpipe.Stage:max-attempts] above 1, results are held back until the task has ended, so
 * that a task that is tried again gives each result once.
 *
 * This may only be called on the worker's main thread, from within [vfunc@Mpipe.Worker.task].
 *
 * Returns: %TRUE, or %FALSE with %MPIPE_ERROR_TYPE or %MPIPE_ERROR_TOO_LARGE when @result cannot be sent or
 *   is not of the stage's [property@Mpipe.Stage:result-type], or %MPIPE_ERROR_FAILED when no task is being
 *   done
 *
 * Since: 1.0
 */
gboolean
mpipe_worker_put_result (MpipeWorker *self, GVariant *result, GError **error)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (MPIPE_IS_WORKER (self), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  sunk = g_variant_ref_sink (result);
  if (priv->put != NULL)
    return priv->put (priv->put_data, sunk, error);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
               "A result can be put only while a task is being done");
  return FALSE;
}

/* Returns: (transfer full) (nullable): memory of the process */
static GBytes *
try_new_bytes (gsize size)
{
  gpointer memory = g_try_malloc (MAX (size, 1));

  return memory != NULL ? g_bytes_new_take (memory, size) : NULL;
}

/**
 * mpipe_worker_new_bytes: (skip)
 * @self: a worker
 * @size: how many bytes, up to 1 GiB
 * @out_memory: (out): where they are, to be written to until they are part of a result; not cleared
 * @error: return location for an error
 *
 * Gets memory in which a large result can be made.
 *
 * It is memory that the worker shares with the pipeline, if there is some left and @size is worth it: a result whose
 * bytes lie in it, such as
 *
 * ```c
 * guint8 *pixels;
 * g_autoptr (GBytes) bytes = mpipe_worker_new_bytes (worker, size, &pixels, error);
 *
 * if (bytes == NULL)
 *   return NULL;
 * paint (pixels);
 * return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
 * ```
 *
 * need not be copied there. Elsewhere it is ordinary memory, and everything else is the same. What is in it must not
 * change any more when it was returned or put; it may be kept, and the memory is used again when the last reference is
 * gone and the pipeline has the result. It is aligned for any type, and can be called for on any thread.
 *
 * Returns: (transfer full) (nullable): the bytes; %NULL with %MPIPE_ERROR_TOO_LARGE when a result cannot be so large,
 *   or there is no memory
 *
 * Since: 1.0
 */
GBytes *
mpipe_worker_new_bytes (MpipeWorker *self, gsize size, guint8 **out_memory, GError **error)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);
  GBytes *bytes = NULL;

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);
  g_return_val_if_fail (out_memory != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (priv->tray != NULL && size >= MPIPE_SHARED_SIZE_MIN)
    bytes = mpipe_tray_new_bytes (priv->tray, size);
  if (bytes == NULL && size <= MPIPE_PAYLOAD_MAX)
    bytes = try_new_bytes (size);
  if (bytes == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                   "There is no memory for a result of %" G_GSIZE_FORMAT " bytes", size);
      return NULL;
    }
  *out_memory = (guint8 *) g_bytes_get_data (bytes, NULL);
  return bytes;
}

/**
 * mpipe_worker_get_fd_list:
 * @self: a worker
 *
 * Gets the descriptors that were put with the current task, which handles (of type `h`) in it refer to.
 *
 * They are closed when [vfunc@Mpipe.Worker.task] returns. Who wants to keep one takes it with
 * g_unix_fd_list_get(), which duplicates it, or keeps a reference to the list. A worker that begins its tasks finds
 * them with [method@Mpipe.Task.get_fd_list].
 *
 * Returns: (transfer none) (nullable): the descriptors; %NULL when the task was put without, and when no task is
 *   being done
 *
 * Since: 1.0
 */
GUnixFDList *
mpipe_worker_get_fd_list (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);

  return priv->fds;
}

/**
 * mpipe_worker_get_parameters: (get-property parameters)
 * @self: a worker
 *
 * Gets the parameters of the worker's stage.
 *
 * Returns: (transfer none): an `a{sv}`, empty when the stage has no parameters
 *
 * Since: 1.0
 */
GVariant *
mpipe_worker_get_parameters (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);

  return priv->parameters;
}

/**
 * mpipe_worker_lookup_parameter:
 * @self: a worker
 * @name: the name of a parameter
 * @type: (nullable): the type it must have, or %NULL for any
 *
 * Looks up one parameter of the worker's stage.
 *
 * Returns: (transfer full) (nullable): the value; %NULL when the stage has no such parameter or it is of
 *   another type
 *
 * Since: 1.0
 */
GVariant *
mpipe_worker_lookup_parameter (MpipeWorker *self, const char *name, const GVariantType *type)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_variant_lookup_value (priv->parameters, name, type);
}

/**
 * mpipe_worker_get_stage_name: (get-property stage-name)
 * @self: a worker
 *
 * Gets the name of the stage that the worker belongs to.
 *
 * Returns: (nullable): the name; %NULL before the worker runs
 *
 * Since: 1.0
 */
const char *
mpipe_worker_get_stage_name (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);

  return priv->stage_name;
}

/**
 * mpipe_worker_get_index: (get-property index)
 * @self: a worker
 *
 * Gets which worker of its stage this is.
 *
 * Returns: the index, from 0 on
 *
 * Since: 1.0
 */
guint
mpipe_worker_get_index (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), 0);

  return priv->index;
}

/**
 * mpipe_worker_get_result_type:
 * @self: a worker
 *
 * Gets the type that the results of the worker's stage must have.
 *
 * Returns: (transfer none) (nullable): the stage's [property@Mpipe.Stage:result-type]; %NULL when it may be
 *   any, and before the worker runs
 *
 * Since: 1.0
 */
const GVariantType *
mpipe_worker_get_result_type (MpipeWorker *self)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_val_if_fail (MPIPE_IS_WORKER (self), NULL);

  return priv->result_type;
}

/**
 * mpipe_worker_refuse:
 * @self: a worker
 * @message: why it cannot work
 *
 * Says that the worker cannot start, and why.
 *
 * This is for languages whose errors do not arrive as errors of [vfunc@Mpipe.Worker.start]. It is called there, or
 * before [method@Mpipe.Worker.run]; the latter then tells the pipeline and returns. The pipeline tries another process
 * a few times before the stage fails with %MPIPE_ERROR_LAUNCH. Called again it replaces the message; called after
 * the start it does nothing.
 *
 * Since: 1.0
 */
void
mpipe_worker_refuse (MpipeWorker *self, const char *message)
{
  MpipeWorkerPrivate *priv = mpipe_worker_get_instance_private (self);

  g_return_if_fail (MPIPE_IS_WORKER (self));
  g_return_if_fail (message != NULL);

  g_free (priv->refusal);
  priv->refusal = g_strdup (message);
}
