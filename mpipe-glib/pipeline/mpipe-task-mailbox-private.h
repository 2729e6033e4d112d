/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/pipeline/mpipe-item-private.h"

G_BEGIN_DECLS

/* From the application's threads to the engine's: tasks, what was read, and wishes. Each lock is held for a
 * few instructions. */
typedef struct _MpipeTaskMailbox MpipeTaskMailbox;

/* Something that a worker is called to account for. */
typedef struct
{
  MpipeProducer producer;
  GError *reason;
} MpipeAccusation;

/* What the engine finds. */
typedef struct
{
  MpipeFifo tasks;    /* of MpipeItem */
  guint64 n_tasks;    /* in those */
  MpipeFifo returned; /* of MpipeItem: read, and to be freed */
  GArray *cancelled;  /* of guint64: ids; NULL for none */
  GPtrArray *accusations; /* of MpipeAccusation; NULL for none */
  gboolean stopped;
  gboolean terminated;
} MpipeTaskBatch;

typedef enum
{
  MPIPE_PUT_ACCEPTED,
  MPIPE_PUT_FULL,
  MPIPE_PUT_STOPPED,
  MPIPE_PUT_CANCELLED,
} MpipePutStatus;

/* Told by any thread, outside of the lock; the first two when the engine sleeps. */
typedef struct
{
  void (*wake) (gpointer engine);
  void (*task_came) (gpointer engine); /* one, and nothing else */
  void (*room_came) (gpointer engine); /* where somebody has found none */
} MpipeTaskMailboxEvents;

/* How much more may be put than the engine has taken. */
typedef struct
{
  guint64 n_tasks;
  gint64 n_bytes;             /* less than 0 where there is too much */
  guint64 n_there;            /* tasks; a task that comes alone where there is none may be larger than the room */
  const MpipeBacklog *counts; /* what is read of what it counts makes room at once; NULL for none */
  MpipeLoad read;             /* of it, when the room was found */
  gboolean engine_waits;      /* and can go on when something was read */
} MpipeRoom;

MpipeTaskMailbox *mpipe_task_mailbox_new (const MpipeTaskMailboxEvents *events, gpointer engine);
void mpipe_task_mailbox_free (MpipeTaskMailbox *self);

/* the application's side; any thread */
MpipePutStatus mpipe_task_mailbox_put (MpipeTaskMailbox *self, MpipePayload *task,
                                       gboolean is_number, GUnixFDList *fds, gint64 deadline,
                                       GCancellable *cancellable, guint64 *out_id);
gsize mpipe_task_mailbox_put_many (MpipeTaskMailbox *self, MpipeFifo *tasks,
                                   GCancellable *cancellable, MpipePutStatus *out_status);
gboolean mpipe_task_mailbox_has_room (MpipeTaskMailbox *self);
void mpipe_task_mailbox_return (MpipeTaskMailbox *self, MpipeItem *item);
void mpipe_task_mailbox_tell_read (MpipeTaskMailbox *self);
gboolean mpipe_task_mailbox_stop (MpipeTaskMailbox *self);
void mpipe_task_mailbox_terminate (MpipeTaskMailbox *self);
void mpipe_task_mailbox_cancel (MpipeTaskMailbox *self, guint64 id);
void mpipe_task_mailbox_accuse (MpipeTaskMailbox *self, const MpipeProducer *producer,
                                const GError *reason);
guint64 mpipe_task_mailbox_get_n_waiting (MpipeTaskMailbox *self);
guint64 mpipe_task_mailbox_get_n_put (MpipeTaskMailbox *self);
gboolean mpipe_task_mailbox_is_stopped (MpipeTaskMailbox *self);

/* the engine's side */
void mpipe_task_mailbox_take (MpipeTaskMailbox *self, MpipeTaskBatch *out_batch);
void mpipe_task_batch_clear (MpipeTaskBatch *batch);
gboolean mpipe_task_mailbox_sleep (MpipeTaskMailbox *self);
gboolean mpipe_task_mailbox_allow (MpipeTaskMailbox *self, const MpipeRoom *room);
gboolean mpipe_task_mailbox_read_closed (MpipeTaskMailbox *self, const MpipeBacklog *backlog,
                                         guint64 *out_gross);
void mpipe_task_mailbox_close (MpipeTaskMailbox *self);

G_END_DECLS
