/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-event-mailbox-private.h"
#include "mpipe-glib/pipeline/mpipe-plan-private.h"
#include "mpipe-glib/pipeline/mpipe-task-mailbox-private.h"

G_BEGIN_DECLS

/* A pipeline at work: the thread on which all runs, workers and timers live. */
typedef struct _MpipeEngine MpipeEngine;

MpipeEngine *mpipe_engine_new (const MpipePlan *plan, MpipeTypeTable *types,
                               GMainContext *application_context, GError **error);
gboolean mpipe_engine_start (MpipeEngine *self, GError **error);
void mpipe_engine_free (MpipeEngine *self);

MpipeTakeStatus mpipe_engine_take_item (MpipeEngine *self, gint64 deadline,
                                        GCancellable *cancellable, MpipeTakeFilter filter,
                                        gpointer user_data, gboolean patient, guint max,
                                        MpipeItem **out_item);
MpipeTaskMailbox *mpipe_engine_get_tasks (MpipeEngine *self);
MpipeEventMailbox *mpipe_engine_get_events (MpipeEngine *self);
guint64 mpipe_engine_get_n_results (MpipeEngine *self);
guint64 mpipe_engine_get_n_failed (MpipeEngine *self);
guint64 mpipe_engine_get_backlog (MpipeEngine *self);
void mpipe_engine_set_on_failure (MpipeEngine *self, gboolean stop, gboolean collect);

G_END_DECLS
