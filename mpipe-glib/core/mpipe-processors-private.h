/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint mpipe_processors_count (void);
guint mpipe_processors_parse_quota (const char *cpu_max);

G_END_DECLS
