/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/wire/mpipe-channel-private.h"
#include "mpipe-glib/wire/mpipe-page-private.h"
#include "mpipe-glib/wire/mpipe-tray-private.h"
#include "mpipe-glib/worker/mpipe-loans-private.h"

G_BEGIN_DECLS

/* What a worker has to say and has not sent yet: the answers to many tiny tasks leave in one write, and
 * none waits behind a task that takes long. Any thread: the worker's own and its guard's. */
typedef struct _MpipeOutbox MpipeOutbox;

/* Called, with the lock held, when something was left unsent; it sees to a flush a little later. */
typedef void (*MpipeOutboxAlarm) (gpointer user_data);

MpipeOutbox *mpipe_outbox_new (MpipeChannel *channel, MpipeTypeTable *types);
void mpipe_outbox_free (MpipeOutbox *self);
void mpipe_outbox_set_alarm (MpipeOutbox *self, MpipeOutboxAlarm alarm, gpointer user_data);

void mpipe_outbox_share_memory (MpipeOutbox *self, MpipeLoans *loans, MpipeTray *tray);
void mpipe_outbox_set_result_type (MpipeOutbox *self, const char *result_type);

void mpipe_outbox_add (MpipeOutbox *self, guint8 kind, guint64 sequence);
void mpipe_outbox_add_bytes (MpipeOutbox *self, guint8 kind, guint64 sequence, GBytes *bytes);
void mpipe_outbox_add_result (MpipeOutbox *self, guint64 sequence, const MpipePayload *result,
                              gboolean last);
gboolean mpipe_outbox_add_value (MpipeOutbox *self, guint64 sequence, GVariant *value,
                                 gboolean last, GError **error);
gboolean mpipe_outbox_add_array (MpipeOutbox *self, guint64 first, GVariant *results, guint n,
                                 GError **error);
void mpipe_outbox_add_failure (MpipeOutbox *self, guint64 sequence, const GError *reason);
gboolean mpipe_outbox_flush (MpipeOutbox *self, GError **error);
gboolean mpipe_outbox_flush_if_due (MpipeOutbox *self, gint64 now, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeOutbox, mpipe_outbox_free)

G_END_DECLS
