/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What the worker has left in its group is killed, and takes a moment to be gone. The kernel tells when: cgroup.events
 * becomes readable in a special way each time it changes, and is read to be told again. The thread-default context. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-control-group-end-private.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib-unix.h>

#define DEADLINE_MS 1000 /* who sleeps in the kernel for longer keeps the group, and nothing else */

typedef struct
{
  MpipeControlGroup *group; /* the caller's */
  int events_fd;
  GSource *events_source;
  GSource *deadline_source;
} Emptying;

static void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
emptying_free (gpointer data)
{
  Emptying *self = data;

  drop_source (&self->events_source);
  drop_source (&self->deadline_source);
  if (self->events_fd >= 0)
    close (self->events_fd);
  g_free (self);
}

/* Takes @task over. */
static void
end (GTask *task, gboolean is_removed)
{
  Emptying *self = g_task_get_task_data (task);

  drop_source (&self->events_source);
  drop_source (&self->deadline_source);
  g_task_return_boolean (task, is_removed);
  g_object_unref (task);
}

static gboolean
look_again (Emptying *self)
{
  char text[256];

  if (pread (self->events_fd, text, sizeof text, 0) < 0)
    return TRUE; /* it has gone */
  return mpipe_control_group_remove (self->group);
}

static gboolean
changed_cb (int fd, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;

  if (!look_again (g_task_get_task_data (task)))
    return G_SOURCE_CONTINUE;
  end (task, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
deadline_cb (gpointer user_data)
{
  GTask *task = user_data;
  Emptying *self = g_task_get_task_data (task);

  g_debug ("control group %s is not empty", mpipe_control_group_get_path (self->group));
  end (task, mpipe_control_group_remove (self->group));
  return G_SOURCE_REMOVE;
}

static GSource *
attach (GTask *task, GSource *source, GSourceFunc callback, const char *name)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, task, NULL);
  g_source_attach (source, g_task_get_context (task));
  return source;
}

static void
watch (GTask *task)
{
  Emptying *self = g_task_get_task_data (task);
  g_autofree char *path
      = g_build_filename (mpipe_control_group_get_path (self->group), "cgroup.events", NULL);

  self->events_fd = open (path, O_RDONLY | O_CLOEXEC);
  if (self->events_fd >= 0)
    self->events_source = attach (task, g_unix_fd_source_new (self->events_fd, G_IO_PRI | G_IO_ERR),
                                  G_SOURCE_FUNC (changed_cb), "[mpipe] a worker's control group");
  self->deadline_source = attach (task, g_timeout_source_new (DEADLINE_MS), deadline_cb,
                                  "[mpipe] end of a worker's control group");
}

/* Ends all that is in the group, and removes it; a second later it completes in any case. @self must stay until
 * then. */
void
mpipe_control_group_end_async (MpipeControlGroup *self, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Emptying *emptying = g_new0 (Emptying, 1);

  g_task_set_source_tag (task, mpipe_control_group_end_async);
  emptying->group = self;
  emptying->events_fd = -1;
  g_task_set_task_data (task, emptying, emptying_free);
  if (mpipe_control_group_remove (self))
    {
      end (task, TRUE);
      return;
    }
  mpipe_control_group_kill (self);
  watch (task);
}

/* Returns: whether the group is gone */
gboolean
mpipe_control_group_end_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}
