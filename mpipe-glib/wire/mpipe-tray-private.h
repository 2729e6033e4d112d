/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory into which one worker puts its large results, and out of which its engine takes them, in the same
 * order. The worker can write to it at any time: what is in it is believed only after it was copied. */
typedef struct _MpipeTray MpipeTray;

MpipeTray *mpipe_tray_new (GError **error);
MpipeTray *mpipe_tray_new_for_fd (int fd, GError **error);
MpipeTray *mpipe_tray_ref (MpipeTray *self);
void mpipe_tray_unref (MpipeTray *self);
int mpipe_tray_dup_fd (MpipeTray *self, GError **error);
void mpipe_tray_close_fd (MpipeTray *self);

/* worker's side; new bytes and their freeing: any thread */
GBytes *mpipe_tray_new_bytes (MpipeTray *self, gsize size);
gboolean mpipe_tray_put (MpipeTray *self, const void *data, gsize size, guint64 *out_offset);

/* engine's side */
gboolean mpipe_tray_contains (MpipeTray *self, guint64 offset, guint64 size);
void mpipe_tray_take (MpipeTray *self, guint64 offset, guint64 size, guint8 *destination);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeTray, mpipe_tray_unref)

G_END_DECLS
