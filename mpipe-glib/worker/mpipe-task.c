/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeTask:
 *
 * A task that ends when the worker says so, which may be long after it began.
 *
 * A worker that overrides [vfunc@Mpipe.Worker.begin], or was registered with
 * [func@Mpipe.Worker.register_begin_func], gets one of these for each task. It keeps a reference, starts
 * whatever is to be done, and ends the task later, from a callback in its main context or from another thread:
 *
 * ```c
 * static void
 * loaded_cb (GObject *file, GAsyncResult *result, gpointer user_data)
 * {
 *   g_autoptr (MpipeTask) task = user_data;
 *   g_autoptr (GError) error = NULL;
 *   g_autoptr (GBytes) bytes = g_file_load_bytes_finish (G_FILE (file), result, NULL, &error);
 *
 *   if (bytes != NULL)
 *     mpipe_task_return_bytes (task, bytes);
 *   else
 *     mpipe_task_fail (task, error);
 * }
 *
 * static void
 * loader_begin (MpipeWorker *worker, MpipeTask *task)
 * {
 *   g_autoptr (GFile) file = g_file_new_for_path (mpipe_task_get_text (task));
 *
 *   g_file_load_bytes_async (file, mpipe_task_get_cancellable (task), loaded_cb, g_object_ref (task));
 * }
 * ```
 *
 * How many tasks a worker may have open at a time is the stage's [property@Mpipe.Stage:concurrency].
 *
 * ## The end
 *
 * A task ends exactly once: with [method@Mpipe.Task.return_value] and its relatives, or with
 * [method@Mpipe.Task.fail] or [method@Mpipe.Task.fail_with_message]. One that is dropped without an end, its last
 * reference gone, fails. To end a task again is a programming error.
 *
 * ## Threads
 *
 * All methods may be called from any thread: a worker may hand a task to a [struct@GLib.ThreadPool] and end it
 * there. [method@Mpipe.Task.get_cancellable] is cancelled on the worker's main thread. When the pipeline is full, the
 * methods that send something wait until there is room.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/worker/mpipe-task-private.h"

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"

struct _MpipeTask
{
  GObject parent_instance;
  GObject *worker;            /* a reference */
  MpipeOpenTasks *open_tasks; /* NULL when somebody else made the object */
  guint64 sequence;
  GCancellable *cancellable;
  GVariant *value;  /* NULL in the stop task */
  GUnixFDList *fds; /* NULL when it was put without */
};

G_DEFINE_FINAL_TYPE (MpipeTask, mpipe_task, G_TYPE_OBJECT)

/* Nobody can end it any more. */
static void
end_dropped (MpipeTask *self)
{
  g_autoptr (GError) error = g_error_new (MPIPE_ERROR, MPIPE_ERROR_FAILED,
                                          "the worker dropped the task and did not end it");

  mpipe_open_tasks_end (self->open_tasks, self->sequence, NULL, error);
}

static void
mpipe_task_finalize (GObject *object)
{
  MpipeTask *self = MPIPE_TASK (object);

  if (self->open_tasks != NULL)
    end_dropped (self);
  g_clear_pointer (&self->open_tasks, mpipe_open_tasks_unref);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_object (&self->fds);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->worker);
  G_OBJECT_CLASS (mpipe_task_parent_class)->finalize (object);
}

static void
mpipe_task_class_init (MpipeTaskClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mpipe_task_finalize;
}

static void
mpipe_task_init (MpipeTask *self)
{
}

/* @open_tasks has begun the task. */
MpipeTask *
mpipe_task_new (MpipeWorker *worker, MpipeOpenTasks *open_tasks, guint64 sequence,
                GCancellable *cancellable, GVariant *value)
{
  MpipeTask *self = g_object_new (MPIPE_TYPE_TASK, NULL);

  self->worker = g_object_ref ((GObject *) worker);
  self->open_tasks = mpipe_open_tasks_ref (open_tasks);
  self->sequence = sequence;
  self->cancellable = g_object_ref (cancellable);
  self->value = value != NULL ? g_variant_ref (value) : NULL;
  return self;
}

void
mpipe_task_set_fd_list (MpipeTask *self, GUnixFDList *fds)
{
  g_set_object (&self->fds, fds);
}

static void
end (MpipeTask *self, GVariant *result, const GError *reason)
{
  gboolean was_open = self->open_tasks != NULL
                      && mpipe_open_tasks_end (self->open_tasks, self->sequence, result, reason);

  if (!was_open)
    g_critical ("A task was ended that has ended already");
}

static gboolean
put (MpipeTask *self, GVariant *result, GError **error)
{
  if (self->open_tasks != NULL)
    return mpipe_open_tasks_put (self->open_tasks, self->sequence, result, error);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
               "A task that no pipeline gave has no results");
  return FALSE;
}

static GVariant *
bytes_to_value (GBytes *bytes)
{
  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
}

/* Returns: (nullable): NULL with an error when @text is none */
static GVariant *
text_to_value (const char *text, GError **error)
{
  if (g_utf8_validate (text, -1, NULL))
    return g_variant_ref_sink (g_variant_new_string (text));
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "A result was given that is to be a text, and is no UTF-8");
  return NULL;
}

/**
 * mpipe_task_get_value:
 * @self: a task
 *
 * Gets what is to be done.
 *
 * Returns: (transfer none) (nullable): the value that was put; %NULL for the last task of a worker whose stage has
 *   [property@Mpipe.Stage:do-stop-task]
 *
 * Since: 1.0
 */
GVariant *
mpipe_task_get_value (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  return self->value;
}

/**
 * mpipe_task_get_bytes:
 * @self: a task
 *
 * Gets the bytes of a task that is of type `ay`, without copying them.
 *
 * Returns: (transfer full) (nullable): the bytes; %NULL when the task is of another type, or none
 *
 * Since: 1.0
 */
GBytes *
mpipe_task_get_bytes (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  if (self->value == NULL || !g_variant_is_of_type (self->value, G_VARIANT_TYPE_BYTESTRING))
    return NULL;
  return g_variant_get_data_as_bytes (self->value);
}

/**
 * mpipe_task_get_text:
 * @self: a task
 *
 * Gets the text of a task that is of type `s`.
 *
 * Returns: (transfer none) (nullable): the text; %NULL when the task is of another type, or none
 *
 * Since: 1.0
 */
const char *
mpipe_task_get_text (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  if (self->value == NULL || !g_variant_is_of_type (self->value, G_VARIANT_TYPE_STRING))
    return NULL;
  return g_variant_get_string (self->value, NULL);
}

/**
 * mpipe_task_get_fd_list:
 * @self: a task
 *
 * Gets the descriptors that were put with the task, which handles (of type `h`) in it refer to.
 *
 * They stay open as long as the task object is there.
 *
 * Returns: (transfer none) (nullable): the descriptors; %NULL when the task was put without
 *
 * Since: 1.0
 */
GUnixFDList *
mpipe_task_get_fd_list (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  return self->fds;
}

/**
 * mpipe_task_get_worker:
 * @self: a task
 *
 * Gets the worker that does the task.
 *
 * Returns: (transfer none): the worker
 *
 * Since: 1.0
 */
MpipeWorker *
mpipe_task_get_worker (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  return (MpipeWorker *) self->worker;
}

/**
 * mpipe_task_get_cancellable:
 * @self: a task
 *
 * Gets what is cancelled when the application cancels the task.
 *
 * A task that was cancelled is to end soon, in whatever way: what it returns is dropped, and the application is told
 * that it was cancelled. A worker that has not ended it after the [property@Mpipe.Stage:grace-time] is ended.
 *
 * Returns: (transfer none): the cancellable, which may be handed to asynchronous calls
 *
 * Since: 1.0
 */
GCancellable *
mpipe_task_get_cancellable (MpipeTask *self)
{
  g_return_val_if_fail (MPIPE_IS_TASK (self), NULL);

  return self->cancellable;
}

/**
 * mpipe_task_put_result:
 * @self: a task that has not ended
 * @result: a result, of any type that holds no handles; sunk if it is floating
 * @error: return location for an error
 *
 * Publishes a result of the task at once, while the task goes on.
 *
 * What [method@Mpipe.Worker.put_result] says about results holds for these as well.
 *
 * Returns: %TRUE, or %FALSE with %MPIPE_ERROR_TYPE or %MPIPE_ERROR_TOO_LARGE when @result cannot be sent or
 *   is not of the stage's [property@Mpipe.Stage:result-type], or %MPIPE_ERROR_FAILED when the task has ended
 *
 * Since: 1.0
 */
gboolean
mpipe_task_put_result (MpipeTask *self, GVariant *result, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (MPIPE_IS_TASK (self), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  sunk = g_variant_ref_sink (result);
  return put (self, sunk, error);
}

/**
 * mpipe_task_put_bytes:
 * @self: a task that has not ended
 * @result: a result
 * @error: return location for an error
 *
 * Publishes bytes, a result of type `ay`, at once, while the task goes on.
 *
 * Returns: %TRUE, or %FALSE with an error, as [method@Mpipe.Task.put_result]
 *
 * Since: 1.0
 */
gboolean
mpipe_task_put_bytes (MpipeTask *self, GBytes *result, GError **error)
{
  g_autoptr (GVariant) value = NULL;

  g_return_val_if_fail (MPIPE_IS_TASK (self), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  value = bytes_to_value (result);
  return put (self, value, error);
}

/**
 * mpipe_task_put_text:
 * @self: a task that has not ended
 * @result: a result, in UTF-8
 * @error: return location for an error
 *
 * Publishes a text, a result of type `s`, at once, while the task goes on.
 *
 * Returns: %TRUE, or %FALSE with an error, as [method@Mpipe.Task.put_result]
 *
 * Since: 1.0
 */
gboolean
mpipe_task_put_text (MpipeTask *self, const char *result, GError **error)
{
  g_autoptr (GVariant) value = NULL;

  g_return_val_if_fail (MPIPE_IS_TASK (self), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  value = text_to_value (result, error);
  return value != NULL && put (self, value, error);
}

/**
 * mpipe_task_report_progress:
 * @self: a task
 * @fraction: how much of it is done, from 0 to 1
 * @message: (nullable): what is being done, in UTF-8; the first 1024 bytes are sent
 *
 * Tells the application how far the task is, by [signal@Mpipe.Pipeline::task-progress].
 *
 * It may be called as often as one likes: of each task only the latest report waits for the application. Nothing is
 * told of a task that has ended.
 *
 * Since: 1.0
 */
void
mpipe_task_report_progress (MpipeTask *self, double fraction, const char *message)
{
  g_return_if_fail (MPIPE_IS_TASK (self));

  if (self->open_tasks != NULL)
    mpipe_open_tasks_report (self->open_tasks, self->sequence, fraction, message);
}

/**
 * mpipe_task_return_value:
 * @self: a task that has not ended
 * @result: (nullable): its last result, of any type that holds no handles, sunk if it is floating; %NULL when it
 *   gives none, or none more
 *
 * Ends the task.
 *
 * A result that cannot be sent, or is not of the stage's [property@Mpipe.Stage:result-type], fails the task.
 *
 * Since: 1.0
 */
void
mpipe_task_return_value (MpipeTask *self, GVariant *result)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_if_fail (MPIPE_IS_TASK (self));

  sunk = result != NULL ? g_variant_ref_sink (result) : NULL;
  end (self, sunk, NULL);
}

/**
 * mpipe_task_return_bytes:
 * @self: a task that has not ended
 * @result: (nullable): its last result; %NULL when it gives none, or none more
 *
 * Ends the task with bytes, a result of type `ay`.
 *
 * Since: 1.0
 */
void
mpipe_task_return_bytes (MpipeTask *self, GBytes *result)
{
  g_autoptr (GVariant) value = NULL;

  g_return_if_fail (MPIPE_IS_TASK (self));

  value = result != NULL ? bytes_to_value (result) : NULL;
  end (self, value, NULL);
}

/**
 * mpipe_task_return_text:
 * @self: a task that has not ended
 * @result: (nullable): its last result, in UTF-8; %NULL when it gives none, or none more
 *
 * Ends the task with a text, a result of type `s`.
 *
 * Since: 1.0
 */
void
mpipe_task_return_text (MpipeTask *self, const char *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  g_return_if_fail (MPIPE_IS_TASK (self));

  value = result != NULL ? text_to_value (result, &error) : NULL;
  end (self, value, error);
}

/**
 * mpipe_task_fail:
 * @self: a task that has not ended
 * @error: why
 *
 * Ends the task: it has failed, and no other suffers.
 *
 * Since: 1.0
 */
void
mpipe_task_fail (MpipeTask *self, const GError *error)
{
  g_return_if_fail (MPIPE_IS_TASK (self));
  g_return_if_fail (error != NULL);

  end (self, NULL, error);
}

/**
 * mpipe_task_fail_with_message:
 * @self: a task that has not ended
 * @message: why, in UTF-8
 *
 * Ends the task, for those who have no error at hand: it has failed, and no other suffers.
 *
 * Since: 1.0
 */
void
mpipe_task_fail_with_message (MpipeTask *self, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (MPIPE_IS_TASK (self));
  g_return_if_fail (message != NULL);

  error = g_error_new_literal (MPIPE_ERROR, MPIPE_ERROR_FAILED, message);
  end (self, NULL, error);
}
