/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/launch/mpipe-child-private.h"

#include <glib/gstdio.h>
#include <unistd.h>

typedef struct
{
  int error_fd; /* owned until it is stolen; -1 for none */
  MpipeMemoryLimit memory_limit;
} MpipeChildPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (MpipeChild, mpipe_child, G_TYPE_OBJECT)

static void
mpipe_child_finalize (GObject *object)
{
  int fd = mpipe_child_steal_error_fd (MPIPE_CHILD (object));

  if (fd >= 0)
    close (fd);
  G_OBJECT_CLASS (mpipe_child_parent_class)->finalize (object);
}

static void
mpipe_child_class_init (MpipeChildClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mpipe_child_finalize;
}

static void
mpipe_child_init (MpipeChild *self)
{
  mpipe_child_set_error_fd (self, -1);
}

/* Takes over the end of a pipe from which the standard error of the child is read. */
void
mpipe_child_set_error_fd (MpipeChild *self, int fd)
{
  MpipeChildPrivate *private = mpipe_child_get_instance_private (self);

  private->error_fd = fd;
}

/* Returns: -1 when there is none, or not any more */
int
mpipe_child_steal_error_fd (MpipeChild *self)
{
  MpipeChildPrivate *private = mpipe_child_get_instance_private (self);

  return g_steal_fd (&private->error_fd);
}

/* What keeps the limit on its memory; nothing, unless the launcher says so. */
void
mpipe_child_set_memory_limit (MpipeChild *self, MpipeMemoryLimit limit)
{
  MpipeChildPrivate *private = mpipe_child_get_instance_private (self);

  private->memory_limit = limit;
}

MpipeMemoryLimit
mpipe_child_get_memory_limit (MpipeChild *self)
{
  MpipeChildPrivate *private = mpipe_child_get_instance_private (self);

  return private->memory_limit;
}

int
mpipe_child_get_pid (MpipeChild *self)
{
  return MPIPE_CHILD_GET_CLASS (self)->get_pid (self);
}

void
mpipe_child_kill (MpipeChild *self)
{
  MPIPE_CHILD_GET_CLASS (self)->kill (self);
}

gboolean
mpipe_child_terminate (MpipeChild *self)
{
  MpipeChildClass *klass = MPIPE_CHILD_GET_CLASS (self);

  return klass->terminate != NULL && klass->terminate (self);
}

void
mpipe_child_wait_async (MpipeChild *self, GAsyncReadyCallback callback, gpointer user_data)
{
  MPIPE_CHILD_GET_CLASS (self)->wait_async (self, callback, user_data);
}

char *
mpipe_child_wait_finish (MpipeChild *self, GAsyncResult *result)
{
  return MPIPE_CHILD_GET_CLASS (self)->wait_finish (self, result);
}
