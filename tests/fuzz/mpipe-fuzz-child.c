/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz-child.h"

#define FUZZ_TYPE_CHILD (fuzz_child_get_type ())
G_DECLARE_FINAL_TYPE (FuzzChild, fuzz_child, FUZZ, CHILD, MpipeChild)

struct _FuzzChild
{
  MpipeChild parent_instance;
  int pid; /* one of our own making */
  void (*killed) (gpointer user_data);
  gpointer user_data;
  gboolean has_ended;
  GTask *waiting; /* NULL while nobody waits, and afterwards */
};

G_DEFINE_FINAL_TYPE (FuzzChild, fuzz_child, MPIPE_TYPE_CHILD)

static gboolean
tell_end_cb (gpointer user_data)
{
  g_task_return_boolean (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

/* Who waits is told by his main context, as of any process. */
static void
tell_end (FuzzChild *self)
{
  GSource *source;

  if (!self->has_ended || self->waiting == NULL)
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, tell_end_cb, g_steal_pointer (&self->waiting), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

void
mpipe_fuzz_child_exit (MpipeChild *child)
{
  FuzzChild *self = FUZZ_CHILD (child);

  self->has_ended = TRUE;
  tell_end (self);
}

static int
fuzz_child_get_pid (MpipeChild *child)
{
  return FUZZ_CHILD (child)->pid;
}

static void
fuzz_child_kill (MpipeChild *child)
{
  FuzzChild *self = FUZZ_CHILD (child);

  if (self->killed != NULL)
    self->killed (self->user_data);
  mpipe_fuzz_child_exit (child);
}

static void
fuzz_child_wait_async (MpipeChild *child, GAsyncReadyCallback callback, gpointer user_data)
{
  FuzzChild *self = FUZZ_CHILD (child);

  self->waiting = g_task_new (self, NULL, callback, user_data);
  tell_end (self);
}

static char *
fuzz_child_wait_finish (MpipeChild *child, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
  return g_strdup ("ended");
}

static void
fuzz_child_class_init (FuzzChildClass *klass)
{
  MpipeChildClass *child_class = MPIPE_CHILD_CLASS (klass);

  child_class->get_pid = fuzz_child_get_pid;
  child_class->kill = fuzz_child_kill;
  child_class->wait_async = fuzz_child_wait_async;
  child_class->wait_finish = fuzz_child_wait_finish;
}

static void
fuzz_child_init (FuzzChild *self)
{
}

MpipeChild *
mpipe_fuzz_child_new (void (*killed) (gpointer user_data), gpointer user_data)
{
  static int last_pid;
  FuzzChild *self = g_object_new (FUZZ_TYPE_CHILD, NULL);

  last_pid = last_pid % 30000 + 1;
  self->pid = last_pid;
  self->killed = killed;
  self->user_data = user_data;
  return MPIPE_CHILD (self);
}
