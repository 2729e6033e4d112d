/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

#include "plan.h"

G_BEGIN_DECLS

/* What was told of each task, and whether that may be. The reader writes it; who waits for its progress may be in
 * another thread. */

typedef struct _ChaosLedger ChaosLedger;

typedef struct
{
  guint64 n_results;
  guint64 n_failed;
  guint64 n_collected;              /* of these */
  guint64 n_cancelled;              /* as well */
  guint64 n_unlucky;                /* failed without being wrong in any way, nor cancelled */
  guint n_by_fault[CHAOS_N_FAULTS]; /* that ended */
} ChaosTally;

ChaosLedger *chaos_ledger_new (const ChaosPlan *plan, guint n_tasks, gboolean ordered);
void chaos_ledger_free (ChaosLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChaosLedger, chaos_ledger_free)

/* Any thread, once for each task: the pipeline gave it this id. */
void chaos_ledger_note_put (ChaosLedger *self, guint index, guint64 id);

/* The reader. */
void chaos_ledger_note_result (ChaosLedger *self, guint64 id, GVariant *result);
void chaos_ledger_note_failure (ChaosLedger *self, guint64 id, const GError *error);
void chaos_ledger_note_collected (ChaosLedger *self, MpipeFailure *failure);
void chaos_ledger_note_end (ChaosLedger *self);

/* Any other thread. Returns: FALSE when the reader has ended before */
gboolean chaos_ledger_wait_for_progress (ChaosLedger *self, guint64 n_ended,
                                         MpipePipeline *pipeline);

/* When all threads are done: each of the tasks has ended once, as it may. */
void chaos_ledger_check (ChaosLedger *self, guint64 n_put);
const ChaosTally *chaos_ledger_get_tally (ChaosLedger *self);

G_END_DECLS
