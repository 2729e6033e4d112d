/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-memory-limit.h"

G_BEGIN_DECLS

/* A worker that was started, seen from outside: it runs, it may be killed, it ends once. */

#define MPIPE_TYPE_CHILD (mpipe_child_get_type ())
G_DECLARE_DERIVABLE_TYPE (MpipeChild, mpipe_child, MPIPE, CHILD, GObject)

struct _MpipeChildClass
{
  GObjectClass parent_class;

  /* 0 when it is no process */
  int (*get_pid) (MpipeChild *self);
  /* asks the system to end it at once, with all that it started; does not wait */
  void (*kill) (MpipeChild *self);
  /* asks it to end, with all that it started; FALSE when it cannot be asked. May be NULL */
  gboolean (*terminate) (MpipeChild *self);
  /* completes in the caller's thread-default context when it has ended */
  void (*wait_async) (MpipeChild *self, GAsyncReadyCallback callback, gpointer user_data);
  /* (transfer full): how it ended, as the end of a sentence: "died of signal 9 (Killed)" */
  char *(*wait_finish) (MpipeChild *self, GAsyncResult *result);
};

int mpipe_child_get_pid (MpipeChild *self);
void mpipe_child_set_error_fd (MpipeChild *self, int fd);
int mpipe_child_steal_error_fd (MpipeChild *self);
void mpipe_child_set_memory_limit (MpipeChild *self, MpipeMemoryLimit limit);
MpipeMemoryLimit mpipe_child_get_memory_limit (MpipeChild *self);
void mpipe_child_kill (MpipeChild *self);
gboolean mpipe_child_terminate (MpipeChild *self);
void mpipe_child_wait_async (MpipeChild *self, GAsyncReadyCallback callback, gpointer user_data);
char *mpipe_child_wait_finish (MpipeChild *self, GAsyncResult *result);

G_END_DECLS
