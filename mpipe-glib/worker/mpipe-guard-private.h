/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-outbox-private.h"

G_BEGIN_DECLS

gboolean mpipe_guard_start (int channel_fd, MpipeOutbox *outbox, GError **error);

G_END_DECLS
