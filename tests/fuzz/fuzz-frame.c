/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a channel makes of bytes: frames that lie behind each other as the bytes do, whatever the pieces in which they
 * come; and how it sends them on, in what pieces ever. */

#include "config.h"

#include <string.h>

#include "mpipe-fuzz-bytes.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-channel-private.h"

typedef struct
{
  MpipeFuzzInput rest; /* that no frame was made of */
  MpipeChannel *sending;
  GByteArray *expected; /* to be sent */
} Frames;

static void
take_frame (Frames *self, const MpipeFrame *frame)
{
  static const guint8 zeros[MPIPE_FRAME_ALIGNMENT] = { 0 };
  gsize length = mpipe_frame_length (frame->header.size);
  MpipeFuzzInput bytes;

  g_assert_cmpuint (length, <=, self->rest.size);
  bytes = mpipe_fuzz_take_bytes (&self->rest, length);
  g_assert_cmpmem (&frame->header, sizeof frame->header, bytes.data, sizeof frame->header);
  g_assert_cmpmem (frame->payload, frame->header.size, bytes.data + sizeof frame->header,
                   frame->header.size);
  g_assert_cmpuint (GPOINTER_TO_SIZE (frame->payload) % MPIPE_FRAME_ALIGNMENT, ==, 0);

  g_byte_array_append (self->expected, bytes.data,
                       (guint) (sizeof frame->header + frame->header.size));
  g_byte_array_append (self->expected, zeros,
                       (guint) (length - sizeof frame->header - frame->header.size));
  mpipe_channel_send (self->sending, &frame->header, frame->payload, frame->buffer);
}

/* Returns: whether there may be more */
static gboolean
take_frames (Frames *self, MpipeChannel *receiving)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      MpipeFrame frame;
      MpipeChannelStatus status = mpipe_channel_next (receiving, &frame, &error);

      g_assert_true ((status == MPIPE_CHANNEL_FAILED) == (error != NULL));
      if (status == MPIPE_CHANNEL_FAILED)
        g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      if (status != MPIPE_CHANNEL_OK)
        return status == MPIPE_CHANNEL_WOULD_BLOCK;
      take_frame (self, &frame);
    }
}

static gboolean
receive (Frames *self, MpipeChannel *receiving)
{
  g_autoptr (GError) error = NULL;

  switch (mpipe_channel_receive (receiving, &error))
    {
    case MPIPE_CHANNEL_OK:
      return take_frames (self, receiving);
    case MPIPE_CHANNEL_END:
      g_assert_true (mpipe_channel_has_partial (receiving) == (self->rest.size > 0));
      return FALSE;
    case MPIPE_CHANNEL_FAILED:
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
      return FALSE;
    case MPIPE_CHANNEL_WOULD_BLOCK:
    case MPIPE_CHANNEL_CHOKED:
    default:
      g_assert_not_reached ();
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  MpipeFuzzInput input = { data, size };
  guint8 pieces = mpipe_fuzz_take_byte (&input);
  gboolean flush_often = mpipe_fuzz_take_byte (&input) & 1;
  MpipeFuzzBytes incoming, outgoing;
  g_autoptr (GIOStream) from = mpipe_fuzz_bytes_init (&incoming, input, pieces);
  g_autoptr (GIOStream) to = mpipe_fuzz_bytes_init (&outgoing, (MpipeFuzzInput){ NULL, 0 }, pieces);
  MpipeChannel *receiving = mpipe_channel_new (from, FALSE);
  Frames frames = {
    .rest = input,
    .sending = mpipe_channel_new (to, FALSE),
    .expected = g_byte_array_new (),
  };

  while (receive (&frames, receiving))
    if (flush_often)
      g_assert_cmpint (mpipe_channel_flush (frames.sending, NULL), ==, MPIPE_CHANNEL_OK);
  mpipe_channel_free (receiving); /* what is to be sent stays */
  g_assert_cmpint (mpipe_channel_flush (frames.sending, NULL), ==, MPIPE_CHANNEL_OK);
  g_assert_cmpuint (mpipe_channel_get_n_unsent (frames.sending), ==, 0);
  g_assert_cmpmem (outgoing.told->data, outgoing.told->len, frames.expected->data,
                   frames.expected->len);

  mpipe_channel_free (frames.sending);
  g_byte_array_unref (frames.expected);
  mpipe_fuzz_bytes_clear (&incoming);
  mpipe_fuzz_bytes_clear (&outgoing);
  return 0;
}
