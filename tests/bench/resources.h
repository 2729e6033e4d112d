/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What this process, and the children it has waited for, have used. */

void bench_resources_reset_peak (void);
double bench_resources_get_peak_mb (void);
guint64 bench_resources_get_n_switches (void);

G_END_DECLS
