/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

/* The line that shows how far the work is. */
typedef struct
{
  const char *label; /* what is going on; not owned */
  guint n_total;
  gint64 begun;
  gint64 shown; /* when the line was last drawn */
  guint n_quarters_shown;
  gboolean on_terminal;
} Progress;

typedef struct
{
  guint n_decoded;
  guint n_scaled;
  guint n_placed;
  guint n_failed;
} ProgressCounts;

void progress_begin (Progress *self, const char *label, guint n_total);
void progress_show (Progress *self, const ProgressCounts *counts);
void progress_end (Progress *self);
