/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/worker/mpipe-registry.h"

G_BEGIN_DECLS

MpipeWorker *mpipe_registry_create (const char *name, GError **error);

G_END_DECLS
