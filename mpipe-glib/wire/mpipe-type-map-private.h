/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-type-table-private.h"
#include "mpipe-glib/wire/mpipe-channel-private.h"

G_BEGIN_DECLS

/* One end of a channel's idea of types: which numbers the other side uses, and which of ours it was
 * told. The thread of the channel. */
typedef struct _MpipeTypeMap MpipeTypeMap;

/* Types that one worker may name. The numbers of a pipeline are shared by all its workers: one that names
 * them all would leave none to the others. */
#define MPIPE_TYPE_MAP_WORKER_MAX 256

MpipeTypeMap *mpipe_type_map_new (MpipeTypeTable *types);
void mpipe_type_map_free (MpipeTypeMap *self);
void mpipe_type_map_set_limit (MpipeTypeMap *self, guint max_learned);
void mpipe_type_map_allow_handles (MpipeTypeMap *self);

gboolean mpipe_type_map_learn (MpipeTypeMap *self, const MpipeFrame *frame, GError **error);
guint16 mpipe_type_map_translate (MpipeTypeMap *self, guint16 their_number);
void mpipe_type_map_announce (MpipeTypeMap *self, MpipeChannel *channel, guint16 our_number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeTypeMap, mpipe_type_map_free)

G_END_DECLS
