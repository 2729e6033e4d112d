/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-child-private.h"
#include "mpipe-glib/launch/mpipe-control-group-private.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_SUBPROCESS_CHILD (mpipe_subprocess_child_get_type ())
G_DECLARE_FINAL_TYPE (MpipeSubprocessChild, mpipe_subprocess_child, MPIPE, SUBPROCESS_CHILD,
                      MpipeChild)

/* @is_wrapped: the subprocess stands for the worker, and exits with 128 + n when that died of signal n
 * @group: (transfer full) (nullable): what it is in, with all that it starts */
MpipeChild *mpipe_subprocess_child_new (GSubprocess *subprocess, gboolean is_wrapped,
                                        MpipeControlGroup *group);

G_END_DECLS
