/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-types.h"
#include "mpipe-glib/core/mpipe-version-macros.h"
#include "mpipe-glib/launch/mpipe-launcher.h"
#include "mpipe-glib/launch/mpipe-memory-limit.h"
#include "mpipe-glib/launch/mpipe-sandbox.h"
#include "mpipe-glib/launch/mpipe-subprocess-launcher.h"
#include "mpipe-glib/pipeline/mpipe-failure.h"
#include "mpipe-glib/pipeline/mpipe-filter-stage.h"
#include "mpipe-glib/pipeline/mpipe-pipeline.h"
#include "mpipe-glib/pipeline/mpipe-stage.h"
#include "mpipe-glib/pipeline/mpipe-worker-info.h"
#include "mpipe-glib/worker/mpipe-init.h"
#include "mpipe-glib/worker/mpipe-registry.h"
#include "mpipe-glib/worker/mpipe-task.h"
#include "mpipe-glib/worker/mpipe-worker.h"
