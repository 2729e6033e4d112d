/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

/**
 * MpipeMemoryLimit:
 * @MPIPE_MEMORY_LIMIT_NONE: there is no limit, or nobody who could keep it
 * @MPIPE_MEMORY_LIMIT_DATA: the data of each process of the worker is limited, by `RLIMIT_DATA`
 * @MPIPE_MEMORY_LIMIT_GROUP: the memory of all processes of the worker together is limited, by a control group
 *
 * What keeps [property@Mpipe.Stage:worker-memory-limit].
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_MEMORY_LIMIT_NONE,
  MPIPE_MEMORY_LIMIT_DATA,
  MPIPE_MEMORY_LIMIT_GROUP,
} MpipeMemoryLimit;

#define MPIPE_TYPE_MEMORY_LIMIT (mpipe_memory_limit_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_memory_limit_get_type (void) G_GNUC_CONST;

G_END_DECLS
