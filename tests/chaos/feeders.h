/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "ledger.h"
#include "task.h"

G_BEGIN_DECLS

/* The threads that put all tasks of a plan into a pipeline, and then stop it. They end before that when the pipeline
 * is terminated, or @cancellable is cancelled. */

typedef struct _ChaosFeeders ChaosFeeders;

ChaosFeeders *chaos_feeders_start (const ChaosPlan *plan, guint n_tasks, MpipePipeline *pipeline,
                                   ChaosLedger *ledger, GCancellable *cancellable);
void chaos_feeders_join (ChaosFeeders *self);

G_END_DECLS
