/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launcher-private.h"

G_BEGIN_DECLS

/* A worker that is nothing but the other end of a stream, and ends when it is told so or killed. All on the thread that
 * starts it. @killed may be NULL. */
MpipeChild *mpipe_fuzz_child_new (void (*killed) (gpointer user_data), gpointer user_data);
void mpipe_fuzz_child_exit (MpipeChild *child);

G_END_DECLS
