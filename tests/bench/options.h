/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean costs;
  gboolean list;
  gboolean smoke;
  int n_repeats;
  char *only; /* a group or a measure; NULL for all that is not on request only */
} BenchOptions;

gboolean bench_options_parse (BenchOptions *self, int *argc, char ***argv, GError **error);
void bench_options_clear (BenchOptions *self);

G_END_DECLS
