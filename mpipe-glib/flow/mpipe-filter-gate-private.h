/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who may still enter the branches of a filter: so many tasks at once, no more. */
typedef struct
{
  guint n_branches;
  guint max_inside;
  guint *n_inside; /* by branch */
} MpipeFilterGate;

static inline void
mpipe_filter_gate_init (MpipeFilterGate *self, guint n_branches, guint max_inside)
{
  self->n_branches = n_branches;
  self->max_inside = max_inside;
  self->n_inside = g_new0 (guint, n_branches);
}

static inline void
mpipe_filter_gate_clear (MpipeFilterGate *self)
{
  g_clear_pointer (&self->n_inside, g_free);
}

/* Returns: whether a task entered the branch; it leaves it once. */
static inline gboolean
mpipe_filter_gate_enter (MpipeFilterGate *self, guint branch)
{
  g_assert (branch < self->n_branches);
  if (self->n_inside[branch] >= self->max_inside)
    return FALSE;
  self->n_inside[branch]++;
  return TRUE;
}

static inline void
mpipe_filter_gate_leave (MpipeFilterGate *self, guint branch)
{
  g_assert (branch < self->n_branches && self->n_inside[branch] > 0);
  self->n_inside[branch]--;
}

G_END_DECLS
