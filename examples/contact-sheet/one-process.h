/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "options.h"

/* What the same work takes in one process. */
typedef struct
{
  gint64 parallel_time; /* of the part that a pipeline does in parallel, in µs */
  gint64 total_time;
  char checksum[65]; /* of the sheet: SHA-256, in letters */
} OneProcess;

gboolean one_process_do (GPtrArray *files, const char *title, GError **error);
gboolean one_process_measure (OneProcess *self, const char *program, const Options *options,
                              GError **error);
