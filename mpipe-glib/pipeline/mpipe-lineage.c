/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-lineage-private.h"

struct _MpipeLineage
{
  MpipeLineage *parent;  /* owned; NULL for the entrance of the pipeline */
  MpipeBacklog *backlog; /* counts what entered; NULL when nobody counts */
  MpipeLineageEnded ended;
  gpointer owner;
  guint number;
  guint n_tasks; /* that the backlog counts; more than 1 only of a row */
  guint n_refs;
  MpipePayload *origin; /* owned: what it began with, if that is of interest; NULL */
  GUnixFDList *fds;     /* owned: of the origin; NULL */
};

/* @ended, if given, is called when nothing of it is left. */
MpipeLineage *
mpipe_lineage_new (MpipeLineage *parent, MpipeBacklog *backlog, MpipeLineageEnded ended,
                   gpointer owner, guint number)
{
  MpipeLineage *self = g_slice_new (MpipeLineage);

  self->parent = parent != NULL ? mpipe_lineage_ref (parent) : NULL;
  self->backlog = backlog;
  self->ended = ended;
  self->owner = owner;
  self->number = number;
  self->n_tasks = 1;
  self->n_refs = 1;
  self->origin = NULL;
  self->fds = NULL;
  if (backlog != NULL)
    backlog->n++;
  return self;
}

/* That of tasks that enter in a row, until they part. */
MpipeLineage *
mpipe_lineage_new_row (MpipeLineage *parent, MpipeBacklog *backlog, guint n_tasks)
{
  MpipeLineage *self = mpipe_lineage_new (parent, backlog, NULL, NULL, 0);

  self->n_tasks = n_tasks;
  backlog->n += n_tasks - 1;
  return self;
}

/* Some tasks of a row part from it, at all its entrances. Returns: (transfer full): their lineage; that of all when it is
 * shared already, and then all end together */
MpipeLineage *
mpipe_lineage_split (MpipeLineage *self, guint n_tasks)
{
  MpipeLineage *parent, *part;

  if (mpipe_lineage_is_shared (self))
    return mpipe_lineage_ref (self);
  g_assert (n_tasks < self->n_tasks);
  parent = self->parent != NULL ? mpipe_lineage_split (self->parent, n_tasks) : NULL;
  part = mpipe_lineage_new_row (parent, self->backlog, n_tasks);
  mpipe_lineage_unref (parent);
  self->n_tasks -= n_tasks;
  self->backlog->n -= n_tasks;
  return part;
}

/* Whether it ends, at all its entrances and with nobody to be told, when its one item does. */
gboolean
mpipe_lineage_is_sole (const MpipeLineage *self)
{
  for (; self != NULL; self = self->parent)
    if (self->n_refs > 1 || self->ended != NULL)
      return FALSE;
  return TRUE;
}

/* Any thread that owns the one item of it: some of it was read. */
void
mpipe_lineage_read (const MpipeLineage *self, MpipeLoad load)
{
  for (; self != NULL; self = self->parent)
    mpipe_backlog_read (self->backlog, load);
}

/* The same is about to end. */
void
mpipe_lineage_settle (const MpipeLineage *self, MpipeLoad load)
{
  for (; self != NULL; self = self->parent)
    mpipe_backlog_settle (self->backlog, load);
}

/* Whether it is that of several items. */
gboolean
mpipe_lineage_is_shared (const MpipeLineage *self)
{
  return self->n_refs > 1;
}

MpipeLineage *
mpipe_lineage_ref (MpipeLineage *self)
{
  self->n_refs++;
  return self;
}

void
mpipe_lineage_unref (MpipeLineage *self)
{
  while (self != NULL && --self->n_refs == 0)
    {
      MpipeLineage *parent = self->parent;

      if (self->backlog != NULL)
        self->backlog->n -= self->n_tasks;
      if (self->ended != NULL)
        self->ended (self->owner, self->number);
      if (self->origin != NULL)
        {
          mpipe_payload_clear (self->origin);
          g_slice_free (MpipePayload, self->origin);
        }
      g_clear_object (&self->fds);
      g_slice_free (MpipeLineage, self);
      self = parent;
    }
}

/* Keeps the value that entered, with its descriptors if it has some, as long as something is left of it. It is not
 * counted. */
void
mpipe_lineage_set_origin (MpipeLineage *self, const MpipePayload *origin, GUnixFDList *fds)
{
  self->fds = fds != NULL ? g_object_ref (fds) : NULL;
  self->origin = g_slice_new (MpipePayload);
  mpipe_payload_copy (self->origin, origin);
}

/* Any thread that owns something of it. Returns: (nullable): the value that was put */
const MpipePayload *
mpipe_lineage_get_origin (const MpipeLineage *self)
{
  while (self->parent != NULL)
    self = self->parent;
  return self->origin;
}

/* Returns: (nullable): the descriptors that came with it */
GUnixFDList *
mpipe_lineage_get_origin_fds (const MpipeLineage *self)
{
  while (self->parent != NULL)
    self = self->parent;
  return self->fds;
}

void
mpipe_lineage_add_bytes (MpipeLineage *self, guint64 n_bytes)
{
  for (; self != NULL; self = self->parent)
    if (self->backlog != NULL)
      self->backlog->bytes += n_bytes;
}

void
mpipe_lineage_remove_bytes (MpipeLineage *self, guint64 n_bytes)
{
  for (; self != NULL; self = self->parent)
    if (self->backlog != NULL)
      self->backlog->bytes -= n_bytes;
}
