/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory that one worker and its engine share, so that without a system call the engine knows which
 * task the worker is on, and may take back tasks that it has not begun. */
typedef struct _MpipePage MpipePage;

MpipePage *mpipe_page_new (GError **error);
MpipePage *mpipe_page_new_for_fd (int fd, GError **error);
void mpipe_page_free (MpipePage *self);
int mpipe_page_dup_fd (MpipePage *self, GError **error);

/* worker's side */
gboolean mpipe_page_begin (MpipePage *self, guint64 sequence, gint64 now);
guint mpipe_page_begin_row (MpipePage *self, guint64 first, guint n, gint64 now);
void mpipe_page_end (MpipePage *self, gint64 busy_us);

/* engine's side */
guint64 mpipe_page_get_current (MpipePage *self, gint64 *out_since);
guint64 mpipe_page_get_begun (MpipePage *self);
gint64 mpipe_page_get_busy (MpipePage *self);
guint64 mpipe_page_recall (MpipePage *self, guint64 from, guint64 until);
void mpipe_page_end_recall (MpipePage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipePage, mpipe_page_free)

G_END_DECLS
