/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Stands before g_try_malloc() and its like in the program that links it, all its threads: what the library asks for
 * because somebody else says how much is needed. */

/* Requests for more than @n_bytes fail; 0 for none. */
void mpipe_test_memory_set_limit (gsize n_bytes);

/* The largest request since the last call, failed ones included. */
gsize mpipe_test_memory_take_largest (void);

/* How many failed since the last call. */
guint mpipe_test_memory_take_n_failed (void);

G_END_DECLS
