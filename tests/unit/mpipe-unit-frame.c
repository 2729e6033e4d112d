/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-unit-frame.h"

#include <string.h>

MpipeUnitFrame
mpipe_unit_frame_make (guint8 kind, const void *data, gsize size)
{
  MpipeUnitFrame self = { .frame.header = { .kind = kind, .size = size } };

  self.memory = g_malloc (MAX (size, 1));
  if (size > 0)
    memcpy (self.memory, data, size);
  self.frame.payload = size > 0 ? self.memory : self.memory + 1;
  return self;
}

void
mpipe_unit_frame_clear (MpipeUnitFrame *self)
{
  g_free (self->memory);
}
