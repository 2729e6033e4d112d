/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "ledger.h"

G_BEGIN_DECLS

/* The thread that disturbs a pipeline, according to a plan: what comes next, and after how many ended tasks. It ends
 * when its ledger does. */

typedef struct _ChaosDisturber ChaosDisturber;

/* @terminate_after: as many ended tasks, or 0 for never */
ChaosDisturber *chaos_disturber_start (const ChaosPlan *plan, MpipePipeline *pipeline,
                                       MpipeLauncher *launcher, ChaosLedger *ledger,
                                       guint64 terminate_after);

/* @out_counts: how many of each, CHAOS_N_DISTURBANCES */
void chaos_disturber_join (ChaosDisturber *self, guint *out_counts);

G_END_DECLS
