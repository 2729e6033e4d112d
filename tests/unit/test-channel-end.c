/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How receiving ends, and what is no frame. */

#include "config.h"

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-unit-streams.h"

typedef MpipeUnitChannel Fixture;

static void
test_sees_the_end (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  mpipe_unit_append_frame (bytes, 1, 0);
  mpipe_unit_append_frame (bytes, 2, 21);
  for (gsize cut = 0; cut <= bytes->len; cut++)
    {
      Fixture fixture;
      MpipeFrame frame;
      guint n_frames = (cut >= 16) + (cut >= bytes->len);

      mpipe_unit_channel_set_up (&fixture, GINT_TO_POINTER (cut % 2));
      mpipe_unit_write (fixture.fd, bytes->data, cut);
      g_io_stream_close (fixture.far, NULL, NULL);
      for (guint i = 0; i < n_frames; i++)
        mpipe_unit_receive (fixture.channel, &frame);
      while (mpipe_channel_receive (fixture.channel, NULL) == MPIPE_CHANNEL_OK)
        g_assert_cmpint (mpipe_channel_next (fixture.channel, &frame, NULL), ==,
                         MPIPE_CHANNEL_WOULD_BLOCK);
      mpipe_unit_receive_end (fixture.channel);
      mpipe_unit_receive_end (fixture.channel);
      g_assert_true (mpipe_channel_has_partial (fixture.channel)
                     == (cut != 0 && cut != 16 && cut != bytes->len));
      mpipe_unit_channel_tear_down (&fixture, NULL);
    }
}

/* As of a process that is killed before it read what it was sent. */
static void
test_takes_a_reset_for_the_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_TASK };
  MpipeFrame frame;

  mpipe_unit_append_frame (bytes, 1, 21);
  mpipe_unit_write (fixture->fd, bytes->data, bytes->len);
  mpipe_channel_send (fixture->channel, &header, NULL, NULL);
  g_assert_cmpint (mpipe_channel_flush (fixture->channel, NULL), ==, MPIPE_CHANNEL_OK);
  g_io_stream_close (fixture->far, NULL, NULL);
  mpipe_unit_receive (fixture->channel, &frame);
  mpipe_unit_check_frame (&frame, 1, 21);
  mpipe_unit_receive_end (fixture->channel);
}

static void
test_refuses_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  guint n_refused = 0;

  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      MpipeChannelStatus status = MPIPE_CHANNEL_WOULD_BLOCK;
      MpipeFrame frame;
      Fixture fixture;

      mpipe_unit_channel_set_up (&fixture, NULL);
      for (guint i = 0; i < 5; i++)
        mpipe_unit_append_frame (bytes, i, g_rand_int_range (rand, 0, 100));
      for (guint n = g_rand_int_range (rand, 1, 20); n > 0; n--)
        bytes->data[g_rand_int_range (rand, 0, bytes->len)] = g_rand_int_range (rand, 0, 256);
      mpipe_unit_write (fixture.fd, bytes->data, bytes->len);
      g_assert_cmpint (mpipe_channel_receive (fixture.channel, &error), ==, MPIPE_CHANNEL_OK);
      while ((status = mpipe_channel_next (fixture.channel, &frame, &error)) == MPIPE_CHANNEL_OK)
        g_assert_cmpuint (frame.header.size, <=, bytes->len);
      g_assert_true ((status == MPIPE_CHANNEL_FAILED) == (error != NULL));
      if (status == MPIPE_CHANNEL_FAILED)
        {
          g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
          g_assert_cmpint (mpipe_channel_next (fixture.channel, &frame, NULL), ==,
                           MPIPE_CHANNEL_FAILED);
          n_refused++;
        }
      mpipe_unit_channel_tear_down (&fixture, NULL);
    }
  g_assert_cmpuint (n_refused, >, 100);
}

/* Known by the header alone: nothing is set aside for what will not come. */
static void
test_refuses_huge_frames (Fixture *fixture, gconstpointer data)
{
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_RESULT, .size = MPIPE_FRAME_SIZE_MAX + 1 };
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;

  mpipe_unit_write (fixture->fd, (const guint8 *) &header, sizeof header);
  g_assert_cmpint (mpipe_channel_receive (fixture->channel, NULL), ==, MPIPE_CHANNEL_OK);
  g_assert_cmpint (mpipe_channel_next (fixture->channel, &frame, &error), ==, MPIPE_CHANNEL_FAILED);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
}

static void
test_does_not_wait (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (mpipe_channel_next (fixture->channel, &frame, &error), ==,
                       MPIPE_CHANNEL_WOULD_BLOCK);
      g_assert_cmpint (mpipe_channel_receive (fixture->channel, &error), ==,
                       MPIPE_CHANNEL_WOULD_BLOCK);
      g_assert_false (mpipe_channel_has_partial (fixture->channel));
    }
  g_assert_no_error (error);
}

static void
test_fails_when_closed (Fixture *fixture, gconstpointer data)
{
  MpipeFrame frame;

  mpipe_channel_close (fixture->channel);
  mpipe_channel_close (fixture->channel);
  g_assert_cmpint (mpipe_channel_next (fixture->channel, &frame, NULL), ==,
                   MPIPE_CHANNEL_WOULD_BLOCK);
  g_assert_cmpint (mpipe_channel_receive (fixture->channel, NULL), >=, MPIPE_CHANNEL_END);
}

static gboolean
readable_cb (GObject *stream, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_tells_when_there_is_more (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = mpipe_channel_create_source (fixture->channel, G_IO_IN);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean readable = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), &readable, NULL);
  g_source_attach (source, context);
  g_main_context_iteration (context, FALSE);
  g_assert_false (readable);
  mpipe_unit_append_frame (bytes, 1, 5);
  mpipe_unit_write (fixture->fd, bytes->data, bytes->len);
  while (!readable)
    g_main_context_iteration (context, TRUE);
}

static const struct
{
  const char *sentence;
  void (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "takes-a-reset-for-the-end", test_takes_a_reset_for_the_end },
  { "refuses-huge-frames", test_refuses_huge_frames },
  { "does-not-wait", test_does_not_wait },
  { "fails-when-closed", test_fails_when_closed },
  { "tells-when-there-is-more", test_tells_when_there_is_more },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/channel/", tests[i].sentence, NULL);

      g_test_add (path, Fixture, NULL, mpipe_unit_channel_set_up, tests[i].func,
                  mpipe_unit_channel_tear_down);
    }
  g_test_add_func ("/mpipe/wire/channel/sees-the-end", test_sees_the_end);
  g_test_add_func ("/mpipe/wire/channel/refuses-garbage", test_refuses_garbage);
  return g_test_run ();
}
