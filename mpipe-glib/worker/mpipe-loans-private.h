/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/wire/mpipe-arena-view-private.h"
#include "mpipe-glib/wire/mpipe-frame-private.h"

G_BEGIN_DECLS

/* The tasks of a worker that lie in the pipeline's arena: as long as anything in the worker refers to one, the
 * pipeline must leave its place alone. Any thread. */
typedef struct _MpipeLoans MpipeLoans;

/* Another thread than the one that borrows has returned something. Called under a lock that is taken last. */
typedef void (*MpipeLoansListener) (gpointer user_data);

MpipeLoans *mpipe_loans_new (MpipeArenaView *view);
MpipeLoans *mpipe_loans_ref (MpipeLoans *self);
void mpipe_loans_unref (MpipeLoans *self);
void mpipe_loans_set_listener (MpipeLoans *self, MpipeLoansListener listener, gpointer user_data);

gboolean mpipe_loans_open (MpipeLoans *self, const MpipeFrame *frame, guint16 type,
                           MpipePayload *out_payload, GError **error);
gboolean mpipe_loans_find (MpipeLoans *self, guint64 sequence, const guint8 *data, gsize size,
                           guint64 *out_offset);
gboolean mpipe_loans_has_returned (MpipeLoans *self);
gboolean mpipe_loans_take_returned (MpipeLoans *self, guint64 *out_sequence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeLoans, mpipe_loans_unref)

G_END_DECLS
