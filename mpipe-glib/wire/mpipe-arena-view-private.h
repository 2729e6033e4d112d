/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The pipeline's arena as a worker sees it: it can read it and nothing else. Any thread. */
typedef struct _MpipeArenaView MpipeArenaView;

MpipeArenaView *mpipe_arena_view_new_for_fd (int fd, GError **error);
void mpipe_arena_view_free (MpipeArenaView *self);

const guint8 *mpipe_arena_view_get (MpipeArenaView *self, guint64 offset, guint64 size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeArenaView, mpipe_arena_view_free)

G_END_DECLS
