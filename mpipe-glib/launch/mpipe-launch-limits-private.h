/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a worker may use; 0 for anything. */
typedef struct
{
  guint64 n_data_bytes;
  guint cpu_s;
  guint n_files;
} MpipeLaunchLimits;

G_END_DECLS
