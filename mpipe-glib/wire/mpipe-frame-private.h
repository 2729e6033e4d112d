/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

#include "mpipe-glib/core/mpipe-buffer-private.h"
#include "mpipe-glib/core/mpipe-type-table-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

G_BEGIN_DECLS

G_STATIC_ASSERT (sizeof (MpipeFrameHeader) == 16);
G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);

/* One received frame. The payload lies in the buffer, which belongs to the channel until the next
 * frame is asked for: who wants to keep it takes a reference. */
typedef struct
{
  MpipeFrameHeader header;
  const guint8 *payload;
  MpipeBuffer *buffer;
} MpipeFrame;

const char *mpipe_frame_kind_to_string (guint8 kind);
gboolean mpipe_frame_header_check (const MpipeFrameHeader *header, guint32 max_size,
                                   GError **error);
guint mpipe_frame_count_row (const MpipeFrameHeader *header, const MpipeTypeEntry *type);
gboolean mpipe_frame_check_fds (const MpipeFrameHeader *header, guint n_received, GError **error);

/* How many descriptors the frame says come with it, or MPIPE_FRAME_FDS_LOST. */
static inline guint
mpipe_frame_get_n_fds (const MpipeFrameHeader *header)
{
  return header->kind == MPIPE_FRAME_TASK ? (guint) header->flags >> MPIPE_FRAME_FDS_SHIFT : 0;
}

/* How long the frame is on the wire, with header and padding. */
static inline gsize
mpipe_frame_length (guint32 payload_size)
{
  return sizeof (MpipeFrameHeader)
         + (((gsize) payload_size + MPIPE_FRAME_ALIGNMENT - 1)
            & ~(gsize) (MPIPE_FRAME_ALIGNMENT - 1));
}

G_END_DECLS
