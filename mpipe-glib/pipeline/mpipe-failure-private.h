/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/pipeline/mpipe-failure.h"
#include "mpipe-glib/pipeline/mpipe-item-private.h"

G_BEGIN_DECLS

MpipeFailure *mpipe_failure_new (const MpipeItem *item, MpipeTypeTable *types);

G_END_DECLS
