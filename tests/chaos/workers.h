/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

#define CHAOS_WORKER "suffer"             /* one task after the other */
#define CHAOS_LATER_WORKER "suffer-later" /* several at a time */
#define CHAOS_ARRAY_WORKER "suffer-arrays" /* whole arrays of numbers */

/* Names a file that exists as soon as a worker was given several numbers at once. */
#define CHAOS_ARRAY_MARK "MPIPE_CHAOS_ARRAY_MARK"

/* To be called before the program may become a worker. */
void chaos_workers_register (void);

G_END_DECLS
