/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The control group of one worker, with a limit on the memory of all that is in it. One thread at a time. */
typedef struct _MpipeControlGroup MpipeControlGroup;

/* Whether the kernel has killed processes of a group for want of memory, and where it was wanting. */
typedef enum
{
  MPIPE_SHORTAGE_NONE,
  MPIPE_SHORTAGE_INSIDE,  /* the group had reached its limit */
  MPIPE_SHORTAGE_OUTSIDE, /* a group above it had, or the machine */
} MpipeShortage;

MpipeControlGroup *mpipe_control_group_new (const char *parent, guint64 n_bytes, GError **error);
void mpipe_control_group_free (MpipeControlGroup *self);

const char *mpipe_control_group_get_path (MpipeControlGroup *self);
guint64 mpipe_control_group_get_n_bytes (MpipeControlGroup *self);
int mpipe_control_group_open_door (MpipeControlGroup *self, GError **error);
MpipeShortage mpipe_control_group_find_shortage (MpipeControlGroup *self);
void mpipe_control_group_kill (MpipeControlGroup *self);
gboolean mpipe_control_group_remove (MpipeControlGroup *self);

void mpipe_control_group_sweep (const char *parent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeControlGroup, mpipe_control_group_free)

G_END_DECLS
