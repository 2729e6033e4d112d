/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory that many payloads share: what one read filled, the data of one variant, or part of an arena. Counted
 * atomically, since results keep it alive in application threads. */
typedef struct _MpipeBuffer MpipeBuffer;

MpipeBuffer *mpipe_buffer_try_new (gsize capacity);
MpipeBuffer *mpipe_buffer_try_new_growing (gsize capacity, gsize first);
gboolean mpipe_buffer_try_grow (MpipeBuffer *self, gsize capacity, gsize final);
MpipeBuffer *mpipe_buffer_new_for_memory (void *data, gsize size, GDestroyNotify notify,
                                          gpointer notify_data);
MpipeBuffer *mpipe_buffer_new_for_variant (GVariant *variant);
MpipeBuffer *mpipe_buffer_ref (MpipeBuffer *self);
void mpipe_buffer_unref (MpipeBuffer *self);

guint8 *mpipe_buffer_get_data (MpipeBuffer *self);
gsize mpipe_buffer_get_capacity (MpipeBuffer *self);
gboolean mpipe_buffer_is_shared (MpipeBuffer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeBuffer, mpipe_buffer_unref)

G_END_DECLS
