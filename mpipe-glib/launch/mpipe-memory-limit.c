/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/launch/mpipe-memory-limit.h"

G_DEFINE_ENUM_TYPE (MpipeMemoryLimit, mpipe_memory_limit,
                    G_DEFINE_ENUM_VALUE (MPIPE_MEMORY_LIMIT_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (MPIPE_MEMORY_LIMIT_DATA, "data"),
                    G_DEFINE_ENUM_VALUE (MPIPE_MEMORY_LIMIT_GROUP, "group"))
