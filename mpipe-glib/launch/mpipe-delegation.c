/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A control group that was given to the application for its workers. It is named by whoever has made it, and never
 * guessed: whether a group that can be written was meant to be is nothing that can be seen. The application itself is
 * not moved. It must be somewhere below that group already, or be root: the kernel lets nobody else move processes from
 * one group to the other. Whether it does shows when a process tries. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-delegation-private.h"

#include <errno.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/launch/mpipe-control-file-private.h"
#include "mpipe-glib/launch/mpipe-control-group-private.h"
#include "mpipe-glib/launch/mpipe-helper-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

#define DEADLINE_S 10
#define TRIAL_BYTES (64 << 20)

static gboolean
check_is_control_group (const char *group, GError **error)
{
  g_autofree char *controllers = NULL;

  if (!g_path_is_absolute (group))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "“%s” is no absolute path",
                   group);
      return FALSE;
    }
  controllers = mpipe_control_file_read (group, "cgroup.controllers", error);
  if (controllers == NULL)
    {
      g_prefix_error (error, "“%s” is no control group, version 2: ", group);
      return FALSE;
    }
  if (mpipe_control_file_has_word (controllers, "memory"))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "“%s” does not have the memory controller, but “%s”", group,
               g_strchomp (controllers));
  return FALSE;
}

/* A group that passes controllers on can have no processes of its own. */
static gboolean
pass_memory_on (const char *group, GError **error)
{
  g_autofree char *passed_on = mpipe_control_file_read (group, "cgroup.subtree_control", error);
  g_autoptr (GError) write_error = NULL;

  if (passed_on == NULL)
    return FALSE;
  if (mpipe_control_file_has_word (passed_on, "memory")
      || mpipe_control_file_write (group, "cgroup.subtree_control", "+memory", &write_error))
    return TRUE;
  if (g_error_matches (write_error, G_IO_ERROR, G_IO_ERROR_BUSY))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "there are processes in “%s” itself, which have to be in a group below it", group);
  else
    g_propagate_error (error, g_steal_pointer (&write_error));
  return FALSE;
}

static gboolean
too_late_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *ended = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *ended = TRUE;
}

/* A process that does not come back from the kernel is killed. */
static void
wait_for (GSubprocess *process)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (DEADLINE_S);
  gboolean ended = FALSE;

  g_main_context_push_thread_default (context);
  g_source_set_static_name (timer, "[mpipe] deadline of the control group's trial");
  g_source_set_callback (timer, too_late_cb, cancellable, NULL);
  g_source_attach (timer, context);
  g_subprocess_wait_async (process, cancellable, ended_cb, &ended);
  while (!ended)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timer);
  if (g_cancellable_is_cancelled (cancellable))
    g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_main_context_pop_thread_default (context);
}

/* Lets the program that executes workers enter the group, and nothing else. It exits with the number of its error. */
static gboolean
send_into (MpipeControlGroup *trial, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *helper = mpipe_helper_build_path ("mpipe-worker-exec");
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  int door = mpipe_control_group_open_door (trial, error), status;

  if (door < 0)
    return FALSE;
  g_subprocess_launcher_take_fd (launcher, door, MPIPE_GROUP_FD);
  process = g_subprocess_launcher_spawn (launcher, error, helper, parent, "trial,group", helper,
                                         helper, NULL);
  if (process == NULL)
    return FALSE;
  wait_for (process);
  status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : EINTR;
  if (status != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (status),
                 "processes of the application cannot be moved into “%s”: %s",
                 mpipe_control_group_get_path (trial), g_strerror (status));
  return status == 0;
}

static gboolean
try (const char *group, GError **error)
{
  g_autoptr (MpipeControlGroup) trial = NULL;

  if (!check_is_control_group (group, error) || !pass_memory_on (group, error))
    return FALSE;
  mpipe_control_group_sweep (group);
  trial = mpipe_control_group_new (group, TRIAL_BYTES, error);
  return trial != NULL && send_into (trial, error);
}

const char *
mpipe_delegation_find_problem (const char *group)
{
  static GMutex mutex;
  static GHashTable *problems; /* of each group that was tried; an empty text for none */
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  const char *problem;

  if (problems == NULL)
    problems = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  problem = g_hash_table_lookup (problems, group);
  if (problem == NULL)
    {
      g_autoptr (GError) error = NULL;
      char *found = try (group, &error) ? g_strdup ("") : g_strdup (error->message);

      g_debug ("control group %s: %s", group, found[0] != '\0' ? found : "works");
      g_hash_table_insert (problems, g_strdup (group), found);
      problem = found;
    }
  return problem[0] != '\0' ? problem : NULL;
}
