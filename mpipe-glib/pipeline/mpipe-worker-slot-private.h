/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/flow/mpipe-reorder-private.h"
#include "mpipe-glib/flow/mpipe-scheduler-private.h"
#include "mpipe-glib/pipeline/mpipe-item-private.h"

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
  void (*started) (gpointer owner, guint index);
  void (*exited) (gpointer owner, guint index, const GError *error);
  void (*changed) (gpointer owner); /* after some of the above: see what can be done now */
} MpipeWorkerSlotEvents;

MpipeWorkerSlot *mpipe_worker_slot_new (MpipeStage *stage, guint index, MpipeTypeTable *types,
                                        const MpipeWorkerSlotEvents *events, gpointer owner);
void mpipe_worker_slot_free (MpipeWorkerSlot *self);

void mpipe_worker_slot_start (MpipeWorkerSlot *self);
void mpipe_worker_slot_retire (MpipeWorkerSlot *self, MpipeReorder *places);
void mpipe_worker_slot_terminate (MpipeWorkerSlot *self, const GError *reason);

void mpipe_worker_slot_give (MpipeWorkerSlot *self, MpipeItem *task);
void mpipe_worker_slot_flush (MpipeWorkerSlot *self);
void mpipe_worker_slot_take_back (MpipeWorkerSlot *self, guint n_tasks);
void mpipe_worker_slot_cancel (MpipeWorkerSlot *self, guint64 id);
gboolean mpipe_worker_slot_accuse (MpipeWorkerSlot *self, int pid, const GError *reason);
void mpipe_worker_slot_set_reading (MpipeWorkerSlot *self, gboolean reading);

void mpipe_worker_slot_describe (MpipeWorkerSlot *self, MpipeSchedulerPlace *out_place);
gboolean mpipe_worker_slot_holds_next (MpipeWorkerSlot *self, MpipeReorder *places);
guint mpipe_worker_slot_get_n_leased (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_starting (MpipeWorkerSlot *self);
gboolean mpipe_worker_slot_is_empty (MpipeWorkerSlot *self);
const GError *mpipe_worker_slot_get_problem (MpipeWorkerSlot *self);

G_END_DECLS
