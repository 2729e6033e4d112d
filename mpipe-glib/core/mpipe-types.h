/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-version-macros.h"

G_BEGIN_DECLS

typedef struct _MpipeWorker MpipeWorker;
typedef struct _MpipeTask MpipeTask;
typedef struct _MpipeStage MpipeStage;
typedef struct _MpipeFilterStage MpipeFilterStage;
typedef struct _MpipePipeline MpipePipeline;
typedef struct _MpipeLauncher MpipeLauncher;
typedef struct _MpipeWorkerInfo MpipeWorkerInfo;
typedef struct _MpipeSandbox MpipeSandbox;

G_END_DECLS
