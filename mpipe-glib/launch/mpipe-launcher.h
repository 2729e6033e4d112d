/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

#define MPIPE_TYPE_LAUNCHER (mpipe_launcher_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_launcher_get_type (void) G_GNUC_CONST;

#define MPIPE_LAUNCHER(object)                                                                     \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), MPIPE_TYPE_LAUNCHER, MpipeLauncher))
#define MPIPE_IS_LAUNCHER(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), MPIPE_TYPE_LAUNCHER))

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeLauncher, g_object_unref)
#endif

G_END_DECLS
