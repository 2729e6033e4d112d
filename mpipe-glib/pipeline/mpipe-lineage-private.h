/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/flow/mpipe-backlog-private.h"

G_BEGIN_DECLS

/* What a task and all that comes of it have in common: the entrance through which it came. One is made when
 * a task enters the pipeline, a stage with a limit, or a branch of a filter; it ends when nothing of
 * it is left. Counted without atomics: engine's thread only. */
typedef struct _MpipeLineage MpipeLineage;

typedef void (*MpipeLineageEnded) (gpointer owner, guint number);

MpipeLineage *mpipe_lineage_new (MpipeLineage *parent, MpipeBacklog *backlog,
                                 MpipeLineageEnded ended, gpointer owner, guint number);
MpipeLineage *mpipe_lineage_new_row (MpipeLineage *parent, MpipeBacklog *backlog,
                                     guint n_tasks);
MpipeLineage *mpipe_lineage_split (MpipeLineage *self, guint n_tasks);
MpipeLineage *mpipe_lineage_ref (MpipeLineage *self);
gboolean mpipe_lineage_is_shared (const MpipeLineage *self);
gboolean mpipe_lineage_is_sole (const MpipeLineage *self);
void mpipe_lineage_unref (MpipeLineage *self);

void mpipe_lineage_set_origin (MpipeLineage *self, const MpipePayload *origin, GUnixFDList *fds);
GUnixFDList *mpipe_lineage_get_origin_fds (const MpipeLineage *self);
const MpipePayload *mpipe_lineage_get_origin (const MpipeLineage *self);

void mpipe_lineage_read (const MpipeLineage *self, MpipeLoad load);
void mpipe_lineage_settle (const MpipeLineage *self, MpipeLoad load);

void mpipe_lineage_add_bytes (MpipeLineage *self, guint64 n_bytes);
void mpipe_lineage_remove_bytes (MpipeLineage *self, guint64 n_bytes);

G_END_DECLS
