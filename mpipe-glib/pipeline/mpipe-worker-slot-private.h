/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/flow/mpipe-leases-private.h"
#include "mpipe-glib/flow/mpipe-reorder-private.h"
#include "mpipe-glib/flow/mpipe-retry-private.h"
#include "mpipe-glib/flow/mpipe-scheduler-private.h"
#include "mpipe-glib/flow/mpipe-window-private.h"
#include "mpipe-glib/launch/mpipe-worker-process-private.h"
#include "mpipe-glib/pipeline/mpipe-item-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-info.h"

G_BEGIN_DECLS

/* The place of one worker in a stage: the process that is in it now, the tasks it holds, and when the next
 * process takes its place. Engine's thread. */
typedef struct _MpipeWorkerSlot MpipeWorkerSlot;

/* What a slot tells its owner, which takes over the items. */
typedef struct
{
  void (*result) (gpointer owner, MpipeItem *task, const MpipePayload *result,
                  const MpipeProducer *producer); /* the task goes on */
  void (*finished) (gpointer owner, MpipeItem *task, const MpipePayload *result,
                    const MpipeProducer *producer); /* its last result: the task has ended */
  void (*ended) (gpointer owner, MpipeItem *task, GError *error, gboolean worker_died);
  void (*progress) (gpointer owner, const MpipeItem *task, double fraction, const char *text);
  void (*returned) (gpointer owner, MpipeItem *task); /* not begun; the last one first */
  gboolean (*may_launch) (gpointer owner); /* FALSE: not now, but if it is tried again soon */
  void (*started) (gpointer owner, guint index);
  void (*exited) (gpointer owner, guint index, const GError *error);
  void (*changed) (gpointer owner); /* after some of the above: see what can be done now */
} MpipeWorkerSlotEvents;

MpipeWorkerSlot *mpipe_worker_slot_new (MpipeStage *stage, guint index, MpipeTypeTable *types,
                                        MpipeArena *arena, MpipePoller *poller,
                                        const MpipeWorkerSlotEvents *events, gpointer owner,
                                        MpipeReorder *places);
void mpipe_worker_slot_free (MpipeWorkerSlot *self);

void mpipe_worker_slot_start (MpipeWorkerSlot *self);
void mpipe_worker_slot_retire (MpipeWorkerSlot *self);
void mpipe_worker_slot_terminate (MpipeWorkerSlot *self, const GError *reason);

void mpipe_worker_slot_give (MpipeWorkerSlot *self, MpipeItem *task);
gboolean mpipe_worker_slot_takes_fds (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_takes_rows (MpipeWorkerSlot *self);
void mpipe_worker_slot_flush (MpipeWorkerSlot *self);
void mpipe_worker_slot_take_back (MpipeWorkerSlot *self, guint n_tasks);
void mpipe_worker_slot_cancel (MpipeWorkerSlot *self, guint64 id);
gboolean mpipe_worker_slot_accuse (MpipeWorkerSlot *self, int pid, const GError *reason);
void mpipe_worker_slot_set_reading (MpipeWorkerSlot *self, gboolean reading);

void mpipe_worker_slot_describe (MpipeWorkerSlot *self, MpipeSchedulerPlace *out_place);
gboolean mpipe_worker_slot_holds_next (MpipeWorkerSlot *self, MpipeReorder *places);
guint mpipe_worker_slot_get_n_leased (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_owes_results (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_starting (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_asleep (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_empty (MpipeWorkerSlot *self);
const GError *mpipe_worker_slot_get_problem (MpipeWorkerSlot *self);

/* For the files of the slot only */

struct _MpipeWorkerSlot
{
  MpipeStage *stage; /* borrowed from the owner */
  guint index;
  MpipeTypeTable *types;
  MpipeArena *arena; /* of the pipeline; NULL when there is none */
  MpipePoller *poller; /* the same */
  const MpipeWorkerSlotEvents *events;
  gpointer owner;
  MpipeWorkerInfo *info;
  MpipeWorkerStatistics *statistics; /* of info */

  MpipeWorkerProcess *process; /* NULL when the slot is empty */
  MpipeRestart restart;
  GSource *restart_source;   /* while it waits for its next start */
  GError *problem;           /* why the slot was given up */
  gboolean retired;          /* no more starts */
  MpipeReorder *places;      /* of the owner: where a stop task gets its place */
  gint64 busy_us_before;     /* of the processes before */
  gboolean accused;          /* ended for a task that has failed already */
  gboolean holds_cancelled;  /* a task that cannot be taken back */
  guint64 condemned; /* the task that the process is ended for; 0 when that is still to be found */

  MpipeWorkerProcess *successor; /* that takes the place of the process; NULL */
  gboolean leaving;              /* the process gets no more tasks, and is stopped when it has none */
  gint64 life_began;             /* when the process was ready, or was to be replaced and could not */
  guint n_life_tasks;            /* that it has done since */
  GSource *lifetime_source;
  GSource *idle_source;

  MpipeLeases *leases; /* of MpipeItem, owned */
  MpipeWindow window;
  guint n_done;           /* since the last update of the window */
  gint64 busy_us_seen;    /* what the process had said at that update */
  gint64 measured_from;   /* when the worker began on what it holds, as far as is known */
  guint64 recall_until;   /* numbers before this are being taken back; 0 when none are */
  guint64 recalled_from;  /* then: those from this on are not held any more */
  guint n_begun;          /* tasks that the process has said to have begun */
  gboolean has_cancelled; /* some of those may have been cancelled */

  GSource *timeout_source;
  guint64 timed_number; /* the task whose time is being taken */
  gboolean timed_begun; /* the worker says that it is on it */
  gint64 timed_from;    /* when the engine first saw it so */
  gboolean paused;      /* its answers are not read: it may wait for that in the middle of a task */
  gint64 resumed_at;    /* when they were read again */
  guint16 good_type;    /* the type of results that was found right last */
};

/* What the end of a process is charged to. */
typedef struct
{
  guint64 culprit;  /* the number of a task, 0 for none */
  gboolean at_hand; /* it was on no task; the culprit, if any, was next */
  guint n_suspects; /* when it was one of several: all that are open are charged; else 0 */
  gboolean on_task; /* the end had to do with a task */
  guint64 array_until; /* it was on several at once, up to this one, and none is charged: they are done alone; 0 */
} MpipeWorkerSlotCharge;

/* in mpipe-worker-slot.c */
GSource *mpipe_worker_slot_attach_timer (MpipeWorkerSlot *self, guint ms, GSourceFunc callback,
                                         const char *name);
GError *mpipe_worker_slot_new_cancellation (void);
gboolean mpipe_worker_slot_is_concurrent (MpipeWorkerSlot *self);
MpipeItem *mpipe_worker_slot_part (MpipeWorkerSlot *self, guint64 number);
void mpipe_worker_slot_remove (MpipeWorkerSlot *self, MpipeItem *task);

MpipeWorkerProcess *mpipe_worker_slot_new_process (MpipeWorkerSlot *self,
                                                   const MpipeWorkerProcessEvents *events,
                                                   GError **error);
void mpipe_worker_slot_send_stop (MpipeWorkerSlot *self);

/* in mpipe-worker-slot-life.c */
void mpipe_worker_slot_begin_life (MpipeWorkerSlot *self);
void mpipe_worker_slot_end_life (MpipeWorkerSlot *self);
void mpipe_worker_slot_check_life (MpipeWorkerSlot *self);
void mpipe_worker_slot_end_successor (MpipeWorkerSlot *self);

/* in mpipe-worker-slot-time.c */
void mpipe_worker_slot_check_time (MpipeWorkerSlot *self);
void mpipe_worker_slot_condemn (MpipeWorkerSlot *self, guint64 number, GError *reason);

/* in mpipe-worker-slot-blame.c */
guint64 mpipe_worker_slot_find_culprit (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_on_array (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_has_open (MpipeWorkerSlot *self, guint64 number);
MpipeWorkerSlotCharge mpipe_worker_slot_find_charge (MpipeWorkerSlot *self);
void mpipe_worker_slot_add_last_words (MpipeWorkerSlot *self, GError *error);
void mpipe_worker_slot_give_up_all (MpipeWorkerSlot *self, const MpipeWorkerSlotCharge *charge,
                                    const GError *error);

G_END_DECLS
