/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-page-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-glib/worker/mpipe-outbox-private.h"
#include "mpipe-glib/worker/mpipe-worker-private.h"

G_BEGIN_DECLS

/* What a worker whose tasks end later works with; all of it belongs to its loop. */
typedef struct
{
  MpipeWorker *worker;
  const MpipeWorkerSetup *setup;
  MpipeChannel *receiving;
  MpipeOutbox *outbox;
  MpipePage *page; /* NULL when there is none */
  MpipeTypeTable *types;
  MpipeTypeMap *incoming;
  MpipeLoans *loans; /* NULL when there is no shared memory */
} MpipeBeginLoopParts;

gboolean mpipe_begin_loop_run (const MpipeBeginLoopParts *parts, GError **error);

G_END_DECLS
