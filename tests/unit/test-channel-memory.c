/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How much memory a channel takes for what a header promises. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-scarce-memory.h"
#include "mpipe-unit-streams.h"

#define KIB ((gsize) 1 << 10)
#define MIB ((gsize) 1 << 20)
#define ON_TRUST MIB /* what a promise alone is worth */

typedef struct
{
  GIOStream *near;
  GIOStream *far;
  MpipeChannel *channel; /* at the near end */
} Fixture;

static void
fixture_set_up (Fixture *self)
{
  alarm (60);
  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->channel = mpipe_channel_new (self->near, FALSE);
  mpipe_test_memory_take_largest ();
  mpipe_test_memory_take_n_failed ();
}

static void
fixture_tear_down (Fixture *self)
{
  mpipe_test_memory_set_limit (0);
  mpipe_channel_free (self->channel);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  alarm (0);
}

/* Sends and receives in turns, so that neither side waits. Returns: what became of the last try. */
static MpipeChannelStatus
pass_on (Fixture *self, const guint8 *bytes, gsize size, GError **error)
{
  int fd = mpipe_unit_stream_get_fd (self->far);
  MpipeChannelStatus status = MPIPE_CHANNEL_WOULD_BLOCK;
  MpipeFrame frame;

  while (size > 0)
    {
      gsize n = MIN (size, 50 * KIB);

      mpipe_unit_write (fd, bytes, n);
      bytes += n;
      size -= n;
      while ((status = mpipe_channel_receive (self->channel, error)) == MPIPE_CHANNEL_OK)
        if (mpipe_channel_next (self->channel, &frame, NULL) == MPIPE_CHANNEL_OK)
          return MPIPE_CHANNEL_OK;
      if (status == MPIPE_CHANNEL_FAILED)
        break;
    }
  return status;
}

static void
test_memory_follows_what_has_come (void)
{
  static const struct
  {
    gsize promised;
    gsize came;
    gsize granted; /* at most */
  } cases[] = {
    { MPIPE_FRAME_SIZE_MAX, 16, ON_TRUST },
    { MPIPE_FRAME_SIZE_MAX, 17, ON_TRUST },
    { MPIPE_FRAME_SIZE_MAX, 900 * KIB, ON_TRUST },
    { MPIPE_FRAME_SIZE_MAX, 2 * MIB, 4 * MIB },
    { MPIPE_FRAME_SIZE_MAX, 9 * MIB, 18 * MIB },
    { 3 * MIB, 16, ON_TRUST },
    { 3 * MIB, 2 * MIB + 1, 3 * MIB + 16 },
    { ON_TRUST, 16, ON_TRUST },
    { 100 * KIB, 16, 100 * KIB + 16 },
  };
  g_autofree guint8 *bytes = g_malloc0 (16 * MIB);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MpipeFrameHeader header = { .kind = MPIPE_FRAME_RESULT, .size = cases[i].promised };
      Fixture fixture;

      fixture_set_up (&fixture);
      memcpy (bytes, &header, sizeof header);
      g_assert_cmpint (pass_on (&fixture, bytes, cases[i].came, NULL), ==,
                       MPIPE_CHANNEL_WOULD_BLOCK);
      g_assert_cmpuint (mpipe_test_memory_take_largest (), <=, cases[i].granted);
      fixture_tear_down (&fixture);
    }
}

static void
test_a_frame_is_whole_wherever_its_memory_grew (void)
{
  static const gsize edges[] = { ON_TRUST, 2 * ON_TRUST, 4 * ON_TRUST };

  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    for (int near = -24; near <= 24; near += 4)
      {
        gsize size = edges[i] + near;
        g_autoptr (GByteArray) bytes = g_byte_array_new ();
        Fixture fixture;
        MpipeFrame frame;
        gsize length = mpipe_frame_length (size);

        fixture_set_up (&fixture);
        mpipe_unit_append_frame (bytes, i, size);
        g_assert_cmpint (pass_on (&fixture, bytes->data, length - 1, NULL), ==,
                         MPIPE_CHANNEL_WOULD_BLOCK);
        mpipe_unit_write (mpipe_unit_stream_get_fd (fixture.far), bytes->data + length - 1, 1);
        mpipe_unit_receive (fixture.channel, &frame);
        mpipe_unit_check_frame (&frame, i, size);
        fixture_tear_down (&fixture);
      }
}

/* The limit is met at the beginning of the frame, or on the way. */
static void
test_a_frame_for_which_there_is_no_memory_is_an_error (void)
{
  static const gsize limits[] = { 500 * KIB, ON_TRUST, 3 * MIB };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      Fixture fixture;

      fixture_set_up (&fixture);
      mpipe_test_memory_set_limit (limits[i]);
      mpipe_unit_append_frame (bytes, 1, 8 * MIB);
      g_assert_cmpint (pass_on (&fixture, bytes->data, bytes->len, &error), ==,
                       MPIPE_CHANNEL_FAILED);
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
      g_assert_cmpstr (error->message, ==, "there is no memory for a frame of 8388624 bytes");
      g_assert_cmpuint (mpipe_test_memory_take_n_failed (), ==, 1);
      fixture_tear_down (&fixture);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(function, path) g_test_add_func ("/mpipe/wire/channel/" path, function)
  ADD (test_memory_follows_what_has_come, "memory-follows-what-has-come");
  ADD (test_a_frame_is_whole_wherever_its_memory_grew, "a-frame-is-whole-wherever-its-memory-grew");
  ADD (test_a_frame_for_which_there_is_no_memory_is_an_error,
       "a-frame-for-which-there-is-no-memory-is-an-error");
#undef ADD

  return g_test_run ();
}
