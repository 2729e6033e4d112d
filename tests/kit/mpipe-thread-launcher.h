/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/launch/mpipe-launcher-private.h"

G_BEGIN_DECLS

/* Runs registered workers in threads of the test program, so that a whole pipeline runs under a sanitizer.
 * A thread cannot be killed: workers that do not end by themselves are for processes. */
MpipeLauncher *mpipe_thread_launcher_new (gboolean with_page);

G_END_DECLS
