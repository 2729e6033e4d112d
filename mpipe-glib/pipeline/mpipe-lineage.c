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
  self->n_refs = 1;
  self->origin = NULL;
  self->fds = NULL;
  if (backlog != NULL)
    backlog->n++;
  return self;
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
        self->backlog->n--;
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
