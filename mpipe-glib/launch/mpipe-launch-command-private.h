/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launcher-private.h"

G_BEGIN_DECLS

/* What is executed for a worker process. */

gboolean mpipe_launch_command_check (const MpipeLaunchSpec *spec, GError **error);
GStrv mpipe_launch_command_build (const MpipeLaunchSpec *spec, gboolean has_group, GError **error);
gboolean mpipe_launch_command_is_sandboxed (const MpipeLaunchSpec *spec);
const char *mpipe_launch_command_get_role (const MpipeLaunchSpec *spec);

G_END_DECLS
