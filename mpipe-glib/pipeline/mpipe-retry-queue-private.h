/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-item-private.h"

G_BEGIN_DECLS

/* Tasks that are to be tried again, but not yet. Engine's thread. Begins as zeros, with `due` and `owner` set. */
typedef struct
{
  MpipeFifo tasks; /* of MpipeItem, owned; in no order: there are few */
  GSource *source; /* for the one that is due first */
  void (*due) (gpointer owner); /* some task is; take all that are */
  gpointer owner;
} MpipeRetryQueue;

void mpipe_retry_queue_clear (MpipeRetryQueue *self);
void mpipe_retry_queue_add (MpipeRetryQueue *self, MpipeItem *task, guint delay_ms);
void mpipe_retry_queue_cancel (MpipeRetryQueue *self, guint64 id);
MpipeItem *mpipe_retry_queue_take (MpipeRetryQueue *self, gint64 now);
void mpipe_retry_queue_wait (MpipeRetryQueue *self, gint64 now);

G_END_DECLS
