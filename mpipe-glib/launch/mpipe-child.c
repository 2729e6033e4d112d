/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/launch/mpipe-child-private.h"

G_DEFINE_ABSTRACT_TYPE (MpipeChild, mpipe_child, G_TYPE_OBJECT)

static void
mpipe_child_class_init (MpipeChildClass *klass)
{
}

static void
mpipe_child_init (MpipeChild *self)
{
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
