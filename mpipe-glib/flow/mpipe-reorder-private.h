/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/flow/mpipe-fifo-private.h"

G_BEGIN_DECLS

/* Gives what belongs to a row of places in the order of the places, or, unordered, as it comes: the one
 * rule in which the two kinds of stage differ. A place is opened, things are added to it, it is closed. Several in a
 * row may be opened at once, and any row of them closed at once: what belongs to all of those is added to the first. */
typedef struct _MpipeReorder MpipeReorder;

MpipeReorder *mpipe_reorder_new (gboolean ordered);
void mpipe_reorder_free (MpipeReorder *self);

guint64 mpipe_reorder_open (MpipeReorder *self, guint n);
void mpipe_reorder_add (MpipeReorder *self, guint64 place, gpointer element);
void mpipe_reorder_close (MpipeReorder *self, guint64 place, guint n);
gpointer mpipe_reorder_take (MpipeReorder *self);

gboolean mpipe_reorder_is_next (MpipeReorder *self, guint64 place);
guint64 mpipe_reorder_get_n_open (MpipeReorder *self);
gsize mpipe_reorder_get_n_held (MpipeReorder *self);

G_END_DECLS
