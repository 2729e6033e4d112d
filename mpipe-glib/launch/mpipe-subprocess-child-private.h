/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-child-private.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_SUBPROCESS_CHILD (mpipe_subprocess_child_get_type ())
G_DECLARE_FINAL_TYPE (MpipeSubprocessChild, mpipe_subprocess_child, MPIPE, SUBPROCESS_CHILD,
                      MpipeChild)

MpipeChild *mpipe_subprocess_child_new (GSubprocess *subprocess);

G_END_DECLS
