/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Tasks in, with descriptors. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-pipeline-private.h"

#include <sys/resource.h>

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-filter-stage.h"

#define FDS_RESERVED 32 /* descriptors that tasks leave to the application, and to the start of workers */

static gboolean
leaves_room (int fd)
{
  struct rlimit limit;
  rlim_t reserved;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
    return TRUE;
  reserved = MIN (FDS_RESERVED, limit.rlim_cur / 8);
  return (rlim_t) fd + reserved < limit.rlim_cur;
}

/* Returns: (nullable): the same descriptors once more, so that the caller may close his */
static GUnixFDList *
copy_fds (GUnixFDList *fds, GError **error)
{
  g_autoptr (GUnixFDList) copy = g_unix_fd_list_new ();
  int n, n_copied;
  const int *list = g_unix_fd_list_peek_fds (fds, &n);

  if (n > MPIPE_PAYLOAD_FDS_MAX)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                   "A task of %d descriptors has more than the %d that one may have", n,
                   MPIPE_PAYLOAD_FDS_MAX);
      return NULL;
    }
  for (int i = 0; i < n; i++)
    if (g_unix_fd_list_append (copy, list[i], error) < 0)
      return NULL;
  list = g_unix_fd_list_peek_fds (copy, &n_copied);
  for (int i = 0; i < n_copied; i++)
    if (!leaves_room (list[i]))
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                     "The descriptors of the task would leave too few to the application");
        return NULL;
      }
  return g_steal_pointer (&copy);
}

/* Returns: (nullable): what goes with the task */
static GUnixFDList *
prepare_fds (MpipePipeline *self, GUnixFDList *fds, GError **error)
{
  if (!MPIPE_IS_FILTER_STAGE (self->first))
    return copy_fds (fds, error);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "stage “%s” is a filter, which takes no descriptors",
               mpipe_stage_get_name (self->first));
  return NULL;
}

static guint64
put_with_fds (MpipePipeline *self, GVariant *task, GUnixFDList *fds, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (task);
  g_autoptr (GUnixFDList) copy = prepare_fds (self, fds, error);

  return copy != NULL ? mpipe_pipeline_put_task (self, sunk, copy, deadline, cancellable, error) : 0;
}

/**
 * mpipe_pipeline_put_with_fds:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put], in which handles (of type `h`) are indices into @fd_list;
 *   sunk if it is floating
 * @fd_list: up to 16 descriptors
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task to the pipeline, with descriptors for the worker that does it.
 *
 * A worker in a [class@Mpipe.Sandbox] can read a file that it could not open. The descriptors are duplicated, so that
 * the caller may close his at once; they are sent to the first stage's worker, again if the task is tried again, and
 * closed when the task has ended there. The worker finds its own with [method@Mpipe.Worker.get_fd_list] or
 * [method@Mpipe.Task.get_fd_list]; as always with descriptors that are passed on, they share their position in a file.
 * Results carry no descriptors.
 *
 * A worker that takes no descriptors, because its program speaks the protocol without them, fails the task with
 * %MPIPE_ERROR_TYPE.
 *
 * Returns: the id of the task, from 1 on; 0 with an error as for [method@Mpipe.Pipeline.put], which is
 *   %MPIPE_ERROR_TYPE also for a handle that is not in @fd_list, and when the first stage is a filter,
 *   %MPIPE_ERROR_TOO_LARGE for more than 16 descriptors, and %G_IO_ERROR_TOO_MANY_OPEN_FILES when there are too few
 *   free descriptors
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_with_fds (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                             GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (task != NULL, 0);
  g_return_val_if_fail (G_IS_UNIX_FD_LIST (fd_list), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return put_with_fds (self, task, fd_list, -1, cancellable, error);
}

/**
 * mpipe_pipeline_try_put_with_fds:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put_with_fds]; sunk if it is floating, also when the pipeline is full
 * @fd_list: up to 16 descriptors
 * @error: return location for an error
 *
 * Adds a task with descriptors to the pipeline if that does not have to wait.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline is full; 0 with an error
 *   as for [method@Mpipe.Pipeline.put_with_fds]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_try_put_with_fds (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                 GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (task != NULL, 0);
  g_return_val_if_fail (G_IS_UNIX_FD_LIST (fd_list), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return put_with_fds (self, task, fd_list, 0, NULL, error);
}

/**
 * mpipe_pipeline_put_with_fds_until:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put_with_fds]; sunk if it is floating, also when it is not accepted
 * @fd_list: up to 16 descriptors
 * @deadline: how long to wait for room, as a value of g_get_monotonic_time(), in microseconds
 * @cancellable: (nullable): ends the waiting for room
 * @error: return location for an error
 *
 * Adds a task with descriptors to the pipeline, and waits for room until a certain time.
 *
 * Returns: the id of the task, from 1 on; 0 without an error when the pipeline was full all the time; 0 with an
 *   error as for [method@Mpipe.Pipeline.put_with_fds]
 *
 * Since: 1.0
 */
guint64
mpipe_pipeline_put_with_fds_until (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                   gint64 deadline, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MPIPE_IS_PIPELINE (self), 0);
  g_return_val_if_fail (self->engine != NULL, 0);
  g_return_val_if_fail (task != NULL, 0);
  g_return_val_if_fail (G_IS_UNIX_FD_LIST (fd_list), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return put_with_fds (self, task, fd_list, MAX (deadline, 0), cancellable, error);
}

/**
 * mpipe_pipeline_put_with_fds_async:
 * @self: a pipeline
 * @task: a task, as for [method@Mpipe.Pipeline.put_with_fds]; sunk if it is floating
 * @fd_list: up to 16 descriptors, which are duplicated before this returns
 * @cancellable: (nullable): gives up waiting for room
 * @callback: (nullable): called when the task was accepted, or cannot be
 * @user_data: data for @callback
 *
 * Adds a task with descriptors to the pipeline, without blocking.
 *
 * It is finished by [method@Mpipe.Pipeline.put_finish], with an error as for [method@Mpipe.Pipeline.put_with_fds].
 *
 * Since: 1.0
 */
void
mpipe_pipeline_put_with_fds_async (MpipePipeline *self, GVariant *task, GUnixFDList *fd_list,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GVariant) sunk = NULL;
  g_autoptr (GUnixFDList) copy = NULL;
  GError *error = NULL;

  g_return_if_fail (MPIPE_IS_PIPELINE (self));
  g_return_if_fail (self->engine != NULL);
  g_return_if_fail (task != NULL);
  g_return_if_fail (G_IS_UNIX_FD_LIST (fd_list));

  sunk = g_variant_ref_sink (task);
  copy = prepare_fds (self, fd_list, &error);
  if (copy != NULL)
    mpipe_pipeline_put_task_later (self, sunk, copy, cancellable, callback, user_data);
  else
    g_task_report_error (self, callback, user_data, mpipe_pipeline_put_with_fds_async, error);
}
