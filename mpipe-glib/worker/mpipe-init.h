/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-worker.h"

G_BEGIN_DECLS

MPIPE_AVAILABLE_IN_1_0
void mpipe_init (int *argc, char ***argv);
MPIPE_AVAILABLE_IN_1_0
int mpipe_worker_run (MpipeWorker *self, int argc, char **argv);

G_END_DECLS
