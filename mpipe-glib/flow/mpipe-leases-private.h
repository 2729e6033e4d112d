/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The tasks that one worker holds, by the number under which it was given each; numbers go up by one. What stands for
 * several tasks is held under as many numbers in a row. */
typedef struct _MpipeLeases MpipeLeases;

MpipeLeases *mpipe_leases_new (void);
void mpipe_leases_free (MpipeLeases *self);

guint64 mpipe_leases_add (MpipeLeases *self, gpointer task, guint n);
gpointer mpipe_leases_get (MpipeLeases *self, guint64 number);
void mpipe_leases_replace (MpipeLeases *self, guint64 first, guint n, gpointer task);
void mpipe_leases_remove (MpipeLeases *self, guint64 first, guint n);

guint mpipe_leases_get_n (MpipeLeases *self);
guint64 mpipe_leases_get_oldest (MpipeLeases *self);
guint64 mpipe_leases_get_next (MpipeLeases *self);

G_END_DECLS
