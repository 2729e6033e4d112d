/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

#define CHAOS_WORKER "suffer"             /* one task after the other */
#define CHAOS_LATER_WORKER "suffer-later" /* several at a time */

/* To be called before the program may become a worker. */
void chaos_workers_register (void);

G_END_DECLS
