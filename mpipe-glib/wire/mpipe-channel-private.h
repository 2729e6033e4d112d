/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/wire/mpipe-frame-private.h"

G_BEGIN_DECLS

/* Moves frames over a stream, in batches both ways. It knows no meaning of any. */
typedef struct _MpipeChannel MpipeChannel;

typedef enum
{
  MPIPE_CHANNEL_OK,
  MPIPE_CHANNEL_WOULD_BLOCK,
  MPIPE_CHANNEL_CHOKED, /* the system lets no more descriptors travel: try again a little later */
  MPIPE_CHANNEL_END,
  MPIPE_CHANNEL_FAILED,
} MpipeChannelStatus;

MpipeChannel *mpipe_channel_new (GIOStream *stream, gboolean blocking);
void mpipe_channel_free (MpipeChannel *self);
void mpipe_channel_set_blocking (MpipeChannel *self, gboolean blocking);

MpipeChannelStatus mpipe_channel_receive (MpipeChannel *self, GError **error);
MpipeChannelStatus mpipe_channel_next (MpipeChannel *self, MpipeFrame *out_frame, GError **error);
gboolean mpipe_channel_skip (MpipeChannel *self, MpipeFrameHeader *out_header);
gboolean mpipe_channel_has_partial (MpipeChannel *self);

void mpipe_channel_send (MpipeChannel *self, const MpipeFrameHeader *header, const void *payload,
                         MpipeBuffer *buffer);
void mpipe_channel_send_row (MpipeChannel *self, const MpipeFrameHeader *header, gsize unit,
                             const void *payload, MpipeBuffer *buffer);
gboolean mpipe_channel_carries_fds (MpipeChannel *self);
void mpipe_channel_accept_fds (MpipeChannel *self);
GUnixFDList *mpipe_channel_take_fds (MpipeChannel *self);
void mpipe_channel_attach_fds (MpipeChannel *self, GUnixFDList *fds);
void mpipe_channel_give_up_fds (MpipeChannel *self);
MpipeChannelStatus mpipe_channel_flush (MpipeChannel *self, GError **error);
gsize mpipe_channel_get_n_unsent (MpipeChannel *self);

int mpipe_channel_get_fd (MpipeChannel *self);
GSource *mpipe_channel_create_source (MpipeChannel *self, GIOCondition condition);
void mpipe_channel_close (MpipeChannel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeChannel, mpipe_channel_free)

G_END_DECLS
