/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-control-group-private.h"

G_BEGIN_DECLS

void mpipe_control_group_end_async (MpipeControlGroup *self, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean mpipe_control_group_end_finish (GAsyncResult *result);

G_END_DECLS
