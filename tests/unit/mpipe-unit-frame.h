/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-frame-private.h"

G_BEGIN_DECLS

/* A frame whose payload ends where the memory ends, so that a sanitizer sees who reads on. */
typedef struct
{
  MpipeFrame frame;
  guint8 *memory;
} MpipeUnitFrame;

MpipeUnitFrame mpipe_unit_frame_make (guint8 kind, const void *data, gsize size);
void mpipe_unit_frame_clear (MpipeUnitFrame *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MpipeUnitFrame, mpipe_unit_frame_clear)

G_END_DECLS
