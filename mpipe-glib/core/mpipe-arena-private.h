/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-buffer-private.h"

G_BEGIN_DECLS

/* Memory that this process writes and others may read: large payloads lie in it, and travel by naming their
 * place. Whoever has the descriptor can read all of it, and change nothing. Any thread. */
typedef struct _MpipeArena MpipeArena;

#define MPIPE_ARENA_SIZE ((gsize) (sizeof (void *) > 4 ? 256 : 32) << 20) /* one that workers share */
#define MPIPE_ARENA_SIZE_ALONE (MPIPE_ARENA_SIZE / 2)                     /* one of a single worker */

MpipeArena *mpipe_arena_new (gsize size, GError **error);
MpipeArena *mpipe_arena_ref (MpipeArena *self);
void mpipe_arena_unref (MpipeArena *self);

void mpipe_arena_close_fd (MpipeArena *self);
int mpipe_arena_dup_fd (MpipeArena *self, GError **error);

gsize mpipe_arena_get_size (MpipeArena *self);
MpipeBuffer *mpipe_arena_try_new_buffer (MpipeArena *self, gsize size, gsize leave);
gboolean mpipe_arena_find (MpipeArena *self, const void *data, gsize size, guint64 *out_offset);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeArena, mpipe_arena_unref)

G_END_DECLS
