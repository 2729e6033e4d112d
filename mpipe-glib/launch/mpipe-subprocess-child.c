/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker that is a process of its own, leader of its session. When it has ended, what is left of its
 * process group is killed: nothing that a worker started outlives it. The number of the group cannot be
 * anybody else's while a member lives; with no member left, the kill finds nobody.
 *
 * One that has a control group has ended when that is empty, too: also what left its process group is gone then. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-subprocess-child-private.h"

#include <signal.h>
#include <string.h>

#include "mpipe-glib/launch/mpipe-control-group-end-private.h"

#define WRAPPED_SIGNAL 128

struct _MpipeSubprocessChild
{
  MpipeChild parent_instance;
  GSubprocess *subprocess;
  gboolean is_wrapped;
  MpipeControlGroup *group; /* NULL for none */
  MpipeShortage shortage;   /* of its memory */
  int pid;        /* kept: the subprocess forgets it when it ends */
  gboolean waited; /* it has ended */
};

G_DEFINE_FINAL_TYPE (MpipeSubprocessChild, mpipe_subprocess_child, MPIPE_TYPE_CHILD)

static int
mpipe_subprocess_child_get_pid (MpipeChild *child)
{
  return MPIPE_SUBPROCESS_CHILD (child)->pid;
}

static void
mpipe_subprocess_child_kill (MpipeChild *child)
{
  g_subprocess_force_exit (MPIPE_SUBPROCESS_CHILD (child)->subprocess);
}

/* The group is not there before the process has made it. */
static gboolean
mpipe_subprocess_child_terminate (MpipeChild *child)
{
  MpipeSubprocessChild *self = MPIPE_SUBPROCESS_CHILD (child);

  if (self->waited || self->pid <= 1)
    return FALSE;
  if (kill (-self->pid, SIGTERM) < 0)
    g_subprocess_send_signal (self->subprocess, SIGTERM);
  return TRUE;
}

static void
group_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  mpipe_control_group_end_finish (result);
  g_task_return_boolean (task, TRUE);
}

static void
waited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  MpipeSubprocessChild *self = g_task_get_source_object (task);

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->waited = TRUE;
  if (self->pid > 1)
    kill (-self->pid, SIGKILL);
  if (self->group == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->shortage = mpipe_control_group_find_shortage (self->group);
  mpipe_control_group_end_async (self->group, group_ended_cb, g_steal_pointer (&task));
}

static void
mpipe_subprocess_child_wait_async (MpipeChild *child, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  MpipeSubprocessChild *self = MPIPE_SUBPROCESS_CHILD (child);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, mpipe_subprocess_child_wait_async);
  g_subprocess_wait_async (self->subprocess, NULL, waited_cb, task);
}

/* A shell around the worker tells of a signal in this way; so does what is around a sandbox, and there is no shell
 * then. */
static int
find_wrapped_signal (int status)
{
  return status > WRAPPED_SIGNAL && status < WRAPPED_SIGNAL + NSIG ? status - WRAPPED_SIGNAL : 0;
}

static char *
describe_signal (int signal_number)
{
  return g_strdup_printf ("died of signal %d (%s)", signal_number, strsignal (signal_number));
}

static char *
describe_status (MpipeSubprocessChild *self, int status)
{
  int signal_number = find_wrapped_signal (status);
  g_autofree char *wrapped = signal_number != 0 ? describe_signal (signal_number) : NULL;

  if (wrapped != NULL && self->is_wrapped)
    return g_steal_pointer (&wrapped);
  if (wrapped != NULL)
    return g_strdup_printf ("exited with status %d, which says that it %s", status, wrapped);
  return g_strdup_printf ("exited with status %d", status);
}

/* The kernel kills all of a group that has no memory left. */
static gboolean
was_killed_for_memory (MpipeSubprocessChild *self)
{
  if (self->shortage == MPIPE_SHORTAGE_NONE)
    return FALSE;
  if (g_subprocess_get_if_signaled (self->subprocess))
    return g_subprocess_get_term_sig (self->subprocess) == SIGKILL;
  return find_wrapped_signal (g_subprocess_get_exit_status (self->subprocess)) == SIGKILL;
}

static char *
describe_shortage (MpipeSubprocessChild *self)
{
  if (self->shortage == MPIPE_SHORTAGE_OUTSIDE)
    return g_strdup ("was ended by the system for want of memory");
  return g_strdup_printf ("was ended for taking more memory than %" G_GUINT64_FORMAT " bytes",
                          mpipe_control_group_get_n_bytes (self->group));
}

static char *
mpipe_subprocess_child_wait_finish (MpipeChild *child, GAsyncResult *result)
{
  MpipeSubprocessChild *self = MPIPE_SUBPROCESS_CHILD (child);

  g_task_propagate_boolean (G_TASK (result), NULL);
  if (was_killed_for_memory (self))
    return describe_shortage (self);
  if (g_subprocess_get_if_signaled (self->subprocess))
    return describe_signal (g_subprocess_get_term_sig (self->subprocess));
  return describe_status (self, g_subprocess_get_exit_status (self->subprocess));
}

static void
mpipe_subprocess_child_finalize (GObject *object)
{
  MpipeSubprocessChild *self = MPIPE_SUBPROCESS_CHILD (object);

  g_clear_object (&self->subprocess);
  g_clear_pointer (&self->group, mpipe_control_group_free);
  G_OBJECT_CLASS (mpipe_subprocess_child_parent_class)->finalize (object);
}

static void
mpipe_subprocess_child_class_init (MpipeSubprocessChildClass *klass)
{
  MpipeChildClass *child_class = MPIPE_CHILD_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = mpipe_subprocess_child_finalize;
  child_class->get_pid = mpipe_subprocess_child_get_pid;
  child_class->kill = mpipe_subprocess_child_kill;
  child_class->terminate = mpipe_subprocess_child_terminate;
  child_class->wait_async = mpipe_subprocess_child_wait_async;
  child_class->wait_finish = mpipe_subprocess_child_wait_finish;
}

static void
mpipe_subprocess_child_init (MpipeSubprocessChild *self)
{
}

MpipeChild *
mpipe_subprocess_child_new (GSubprocess *subprocess, gboolean is_wrapped, MpipeControlGroup *group)
{
  MpipeSubprocessChild *self = g_object_new (MPIPE_TYPE_SUBPROCESS_CHILD, NULL);
  const char *identifier = g_subprocess_get_identifier (subprocess);

  self->subprocess = g_object_ref (subprocess);
  self->is_wrapped = is_wrapped;
  self->group = group;
  self->pid = identifier != NULL ? (int) g_ascii_strtoll (identifier, NULL, 10) : 0;
  return MPIPE_CHILD (self);
}
