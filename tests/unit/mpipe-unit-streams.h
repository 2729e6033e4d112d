/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-glib/wire/mpipe-channel-private.h"

G_BEGIN_DECLS

/* Two ends of a socket pair; @send_buffer is the size of the near end's, 0 for the system's choice. */
void mpipe_unit_socket_pair (int send_buffer, GIOStream **out_near, GIOStream **out_far);
int mpipe_unit_stream_get_fd (GIOStream *stream);

/* A channel, and a descriptor at its other end; as fixture, whose data are whether it may wait. */
typedef struct
{
  GIOStream *near;
  GIOStream *far;
  MpipeChannel *channel; /* at the near end */
  int fd;                /* of the far end */
} MpipeUnitChannel;

void mpipe_unit_channel_set_up (MpipeUnitChannel *self, gconstpointer may_wait);
void mpipe_unit_channel_tear_down (MpipeUnitChannel *self, gconstpointer may_wait);

/* A channel at each end, which do not wait; there is little room between them. */
typedef struct
{
  GIOStream *near;
  GIOStream *far;
  MpipeChannel *sender;
  MpipeChannel *receiver;
} MpipeUnitChannelPair;

void mpipe_unit_channel_pair_set_up (MpipeUnitChannelPair *self, gconstpointer data);
void mpipe_unit_channel_pair_tear_down (MpipeUnitChannelPair *self, gconstpointer data);

/* Waits for the next frame of a channel, or for its end; anything else fails the test. */
void mpipe_unit_receive (MpipeChannel *channel, MpipeFrame *out_frame);
void mpipe_unit_receive_end (MpipeChannel *channel);

/* Bytes that differ from place to place; the same for the same offset. Up to MPIPE_UNIT_NOISE_MAX. */
#define MPIPE_UNIT_NOISE_MAX (17u << 20)
const guint8 *mpipe_unit_noise (gsize offset);

/* RESULT frames whose type and payload follow from the sequence, as bytes; and whether one is such. */
void mpipe_unit_append_frame (GByteArray *bytes, guint64 sequence, gsize size);
void mpipe_unit_check_frame (const MpipeFrame *frame, guint64 sequence, gsize size);

/* Waits until all is written. */
void mpipe_unit_write (int fd, const guint8 *data, gsize size);

G_END_DECLS
