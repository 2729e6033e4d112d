/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/wire/mpipe-type-map-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

struct _MpipeTypeMap
{
  MpipeTypeTable *types;
  guint n_learned;
  guint max_learned;
  gboolean handles; /* what the other side names may be a type of tasks with descriptors */
  guint16 ours[MPIPE_TYPE_TABLE_MAX];      /* by their number; 0 is unknown */
  gboolean announced[MPIPE_TYPE_TABLE_MAX]; /* by our number */
};

MpipeTypeMap *
mpipe_type_map_new (MpipeTypeTable *types)
{
  MpipeTypeMap *self = g_new0 (MpipeTypeMap, 1);

  self->types = mpipe_type_table_ref (types);
  self->max_learned = MPIPE_TYPE_TABLE_MAX - 1;
  return self;
}

void
mpipe_type_map_free (MpipeTypeMap *self)
{
  if (self == NULL)
    return;
  mpipe_type_table_unref (self->types);
  g_free (self);
}

/* Says how many types the other side may name. Without it: as many as there are numbers. */
void
mpipe_type_map_set_limit (MpipeTypeMap *self, guint max_learned)
{
  self->max_learned = max_learned;
}

/* Without it the other side may not name types with handles. */
void
mpipe_type_map_allow_handles (MpipeTypeMap *self)
{
  self->handles = TRUE;
}

/* Takes in a TYPE frame of the other side. */
gboolean
mpipe_type_map_learn (MpipeTypeMap *self, const MpipeFrame *frame, GError **error)
{
  const MpipeTypeEntry *entry;

  if (frame->header.type == 0 || frame->header.type >= MPIPE_TYPE_TABLE_MAX
      || self->ours[frame->header.type] != 0)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "gave a type the number %u, which is out of range or taken", frame->header.type);
      return FALSE;
    }
  if (self->n_learned >= self->max_learned)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "named more than %u types",
                   self->max_learned);
      return FALSE;
    }
  entry = mpipe_message_parse_type (frame, self->types, self->handles, error);
  if (entry == NULL)
    return FALSE;
  self->ours[frame->header.type] = entry->number;
  self->n_learned++;
  return TRUE;
}

/* Returns: our number of the type, 0 when the other side has not named it. */
guint16
mpipe_type_map_translate (MpipeTypeMap *self, guint16 their_number)
{
  return their_number < MPIPE_TYPE_TABLE_MAX ? self->ours[their_number] : 0;
}

/* Names the type to the other side, once, before the first frame that refers to it. */
void
mpipe_type_map_announce (MpipeTypeMap *self, MpipeChannel *channel, guint16 our_number)
{
  const char *string;
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_TYPE, .type = our_number };

  if (self->announced[our_number])
    return;
  string = mpipe_type_table_get (self->types, our_number)->string;
  header.size = (guint32) strlen (string);
  mpipe_channel_send (channel, &header, string, NULL);
  self->announced[our_number] = TRUE;
}
