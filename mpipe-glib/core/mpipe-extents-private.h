/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which parts of a stretch of memory are free: pure bookkeeping. One thread at a time. */
typedef struct _MpipeExtents MpipeExtents;

MpipeExtents *mpipe_extents_new (gsize size);
void mpipe_extents_free (MpipeExtents *self);

gboolean mpipe_extents_take (MpipeExtents *self, gsize size, gsize *out_offset);
void mpipe_extents_give_back (MpipeExtents *self, gsize offset, gsize size);
gsize mpipe_extents_get_n_taken (MpipeExtents *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeExtents, mpipe_extents_free)

G_END_DECLS
