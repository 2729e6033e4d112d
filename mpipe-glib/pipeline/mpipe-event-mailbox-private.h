/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/pipeline/mpipe-failure.h"
#include "mpipe-glib/pipeline/mpipe-driver-private.h"
#include "mpipe-glib/pipeline/mpipe-item-private.h"

G_BEGIN_DECLS

/* From the engine's thread to the application's: results and failures in their order, and what there is to
 * tell. Each lock is held for a few instructions. */
typedef struct _MpipeEventMailbox MpipeEventMailbox;

/* A worker has started or ended. */
typedef struct
{
  MpipeFifoLink link;
  MpipeStage *stage; /* owned */
  guint index;
  gboolean exited;
  GError *error; /* why; NULL when it was stopped in order, or started */
} MpipeNotice;

/* How far a task is, in one stage. */
typedef struct
{
  MpipeStage *stage; /* owned */
  guint64 task_id;
  double fraction;
  char *text; /* NULL for nothing */
} MpipeProgress;

#define MPIPE_PROGRESS_MAX 1024  /* tasks whose progress waits for the application */
#define MPIPE_COLLECTED_MAX 1000 /* failures that wait for it; documented */

typedef enum
{
  MPIPE_TAKE_ITEM,
  MPIPE_TAKE_EMPTY,
  MPIPE_TAKE_REFUSED, /* the filter has refused the first item */
  MPIPE_TAKE_ENDED,
  MPIPE_TAKE_CANCELLED,
} MpipeTakeStatus;

/* Whether the application takes the first item; called with the lock held. */
typedef gboolean (*MpipeTakeFilter) (const MpipeItem *first, gpointer user_data);

MpipeEventMailbox *mpipe_event_mailbox_new (GMainContext *application_context,
                                            MpipeDriver *driver);
void mpipe_event_mailbox_free (MpipeEventMailbox *self);

/* the engine's side */
void mpipe_event_mailbox_deliver (MpipeEventMailbox *self, MpipeFifo *items, MpipeFifo *notices,
                                  gboolean tick);
void mpipe_event_mailbox_report (MpipeEventMailbox *self, MpipeStage *stage, guint64 task_id,
                                 double fraction, const char *text);
void mpipe_event_mailbox_wake (MpipeEventMailbox *self);
void mpipe_event_mailbox_set_started (MpipeEventMailbox *self, GError *error);
void mpipe_event_mailbox_set_ended (MpipeEventMailbox *self);
void mpipe_event_mailbox_set_completed (MpipeEventMailbox *self);

/* both sides */
gboolean mpipe_event_mailbox_can_collect (MpipeEventMailbox *self);
void mpipe_event_mailbox_collect (MpipeEventMailbox *self, MpipeFailure *failure);

/* the application's side; any thread */
MpipeTakeStatus mpipe_event_mailbox_look (MpipeEventMailbox *self, MpipeTakeFilter filter,
                                          gpointer user_data, guint max,
                                          MpipeItem **out_item);
gboolean mpipe_event_mailbox_read_number (MpipeEventMailbox *self, MpipeNumber *out_number);
gulong mpipe_event_mailbox_begin_driving (MpipeEventMailbox *self, GCancellable *cancellable);
void mpipe_event_mailbox_end_driving (MpipeEventMailbox *self, GCancellable *cancellable,
                                      gulong handler);
MpipeTakeStatus mpipe_event_mailbox_take (MpipeEventMailbox *self, gint64 deadline,
                                          GCancellable *cancellable, MpipeTakeFilter filter,
                                          gpointer user_data, gboolean patient, guint max,
                                          MpipeItem **out_item);
void mpipe_event_mailbox_put_back (MpipeEventMailbox *self, MpipeItem *item);
MpipeNotice *mpipe_event_mailbox_take_notice (MpipeEventMailbox *self);
void mpipe_notice_free (MpipeNotice *notice);
MpipeProgress *mpipe_event_mailbox_take_progress (MpipeEventMailbox *self);
void mpipe_progress_free (MpipeProgress *progress);
GPtrArray *mpipe_event_mailbox_take_collected (MpipeEventMailbox *self);
gboolean mpipe_event_mailbox_take_tick (MpipeEventMailbox *self);
gboolean mpipe_event_mailbox_wait_started (MpipeEventMailbox *self, GCancellable *cancellable,
                                           GError **error);
gboolean mpipe_event_mailbox_wait_completed (MpipeEventMailbox *self, gint64 deadline, GCancellable *cancellable,
                                             GError **error);
gboolean mpipe_event_mailbox_is_ended (MpipeEventMailbox *self);
gboolean mpipe_event_mailbox_is_completed (MpipeEventMailbox *self);
gboolean mpipe_event_mailbox_sleep (MpipeEventMailbox *self, MpipeTakeFilter filter,
                                    gpointer user_data, gboolean completed_is_news);

G_END_DECLS
