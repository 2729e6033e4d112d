/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What this program said about itself: whether it can become its own workers, and under which names.
 * Written by the worker layer, asked by the launch layer before a process is started. Any thread. */

void mpipe_program_add_worker (const char *name);
gboolean mpipe_program_has_worker (const char *name);
void mpipe_program_set_initialised (void);
gboolean mpipe_program_is_initialised (void);

G_END_DECLS
