/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MPIPE_DELEGATION_VARIABLE "MPIPE_CGROUP"

/* Why workers cannot have groups of their own below @group; NULL when they can. It is found out once for each group, by
 * trying, which takes some milliseconds, and kept for the life of the process. Any thread. */
const char *mpipe_delegation_find_problem (const char *group);

G_END_DECLS
