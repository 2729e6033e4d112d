/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * On a terminal, one line that is drawn again and again; anywhere else, a line for each quarter of
 * the way. It goes to standard error: standard output is for what remains.
 */

#include "progress.h"

#include <unistd.h>

#define REDRAW_INTERVAL (G_USEC_PER_SEC / 15)
#define BAR_LENGTH 12
#define BAR_MAX_TOTAL 999
#define ERASE_LINE "\r\033[K"

void
progress_begin (Progress *self, const char *label, guint n_total)
{
  *self = (Progress){
    .label = label,
    .n_total = n_total,
    .begun = g_get_monotonic_time (),
    .on_terminal = isatty (STDERR_FILENO),
  };
}

static gboolean
is_due (Progress *self, const ProgressCounts *counts, gint64 now)
{
  guint n_quarters = (guint64) counts->n_placed * 4 / self->n_total;

  if (self->on_terminal)
    return now - self->shown >= REDRAW_INTERVAL || counts->n_placed == self->n_total;
  if (n_quarters <= self->n_quarters_shown)
    return FALSE;
  self->n_quarters_shown = n_quarters;
  return TRUE;
}

/* Left out where the numbers need the room: a line that is broken cannot be redrawn. */
static void
print_bar (Progress *self, guint n_placed)
{
  char bar[BAR_LENGTH + 1] = { 0 };

  if (self->n_total > BAR_MAX_TOTAL)
    return;
  for (guint i = 0; i < BAR_LENGTH; i++)
    bar[i] = i < n_placed * BAR_LENGTH / self->n_total ? '=' : ' ';
  g_printerr (" [%s]", bar);
}

/**
 * progress_show:
 *
 * Shows how far the work is, unless it was shown a moment ago.
 */
void
progress_show (Progress *self, const ProgressCounts *counts)
{
  gint64 now = g_get_monotonic_time ();

  if (!is_due (self, counts, now))
    return;
  self->shown = now;
  g_printerr ("%s%s", self->on_terminal ? ERASE_LINE : "", self->label);
  print_bar (self, counts->n_placed);
  g_printerr (" %u/%u placed, %u decoded, %u scaled", counts->n_placed, self->n_total,
              counts->n_decoded, counts->n_scaled);
  if (counts->n_failed > 0)
    g_printerr (", %u failed", counts->n_failed);
  g_printerr (", %.1f s%s", (now - self->begun) / (double) G_USEC_PER_SEC,
              self->on_terminal ? "" : "\n");
}

/**
 * progress_end:
 *
 * Leaves the terminal's line empty for what follows.
 */
void
progress_end (Progress *self)
{
  if (self->on_terminal)
    g_printerr (ERASE_LINE);
}
