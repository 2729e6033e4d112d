/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Receiving. */

#include "config.h"

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-unit-streams.h"

typedef MpipeUnitChannel Fixture;

/* One thread writes what another reads. */
typedef struct
{
  int fd;
  GByteArray *bytes;
} Writer;

static gpointer
writer_thread (gpointer data)
{
  Writer *writer = data;

  mpipe_unit_write (writer->fd, writer->bytes->data, writer->bytes->len);
  return NULL;
}

static void
check_sizes (Fixture *fixture, const gsize *sizes, guint n_sizes)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Writer writer = { fixture->fd, bytes };
  GThread *thread;

  for (guint i = 0; i < n_sizes; i++)
    mpipe_unit_append_frame (bytes, i, sizes[i]);
  thread = g_thread_new ("writes", writer_thread, &writer);
  for (guint i = 0; i < n_sizes; i++)
    {
      MpipeFrame frame;

      mpipe_unit_receive (fixture->channel, &frame);
      mpipe_unit_check_frame (&frame, i, sizes[i]);
    }
  g_thread_join (thread);
}

/* All up to 70000 with “-m slow”, else those around every edge and some between. */
static void
test_receives_frames_of_any_size (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (gsize));

  for (gsize size = 0; size <= 70000; size++)
    {
      gboolean near_an_edge = (size + 40) % 4096 < 80;

      if (near_an_edge || size % 97 == 0 || g_test_slow ())
        g_array_append_val (sizes, size);
    }
  for (guint first = 0; first < sizes->len; first += 500)
    check_sizes (fixture, &g_array_index (sizes, gsize, first), MIN (500, sizes->len - first));
}

static void
test_receives_large_frames (Fixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 1u << 20, 0, 16u << 20, 1, (16u << 20) - 1, 40, 100000, 3, 65520 };

  check_sizes (fixture, sizes, G_N_ELEMENTS (sizes));
}

static void
test_receives_many_small_frames (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 100000
  };
  g_autofree gsize *sizes = g_new (gsize, N);

  for (guint i = 0; i < N; i++)
    sizes[i] = i % 41;
  check_sizes (fixture, sizes, N);
}

static void
test_receives_frames_in_pieces (Fixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 7, 8, 9, 0, 0, 24, 25, 100, 1000, 8176, 3 };

  for (gsize piece = 1; piece <= 40; piece++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      guint n_received = 0;
      gsize expected = 0; /* bytes of the frames that were received */

      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        mpipe_unit_append_frame (bytes, i, sizes[i]);
      for (gsize start = 0; start < bytes->len; start += piece)
        {
          gsize end = MIN (start + piece, bytes->len);
          MpipeFrame frame;

          mpipe_unit_write (fixture->fd, bytes->data + start, end - start);
          g_assert_cmpint (mpipe_channel_receive (fixture->channel, NULL), ==, MPIPE_CHANNEL_OK);
          while (mpipe_channel_next (fixture->channel, &frame, NULL) == MPIPE_CHANNEL_OK)
            {
              mpipe_unit_check_frame (&frame, n_received, sizes[n_received]);
              expected += mpipe_frame_length (sizes[n_received++]);
            }
          g_assert_true (mpipe_channel_has_partial (fixture->channel) == (expected < end));
        }
      g_assert_cmpuint (n_received, ==, G_N_ELEMENTS (sizes));
    }
}

static void
test_receives_frames_in_random_pieces (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 30; round++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      gsize sizes[50];
      guint n_received = 0;

      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          sizes[i] = g_rand_int_range (rand, 0, 1 << g_rand_int_range (rand, 1, 18));
          mpipe_unit_append_frame (bytes, i, sizes[i]);
        }
      for (gsize start = 0; start < bytes->len;)
        {
          gsize piece = g_rand_int_range (rand, 1, 1 << g_rand_int_range (rand, 1, 17));
          MpipeFrame frame;

          piece = MIN (piece, bytes->len - start);
          mpipe_unit_write (fixture->fd, bytes->data + start, piece);
          start += piece;
          while (mpipe_channel_receive (fixture->channel, NULL) == MPIPE_CHANNEL_OK)
            while (mpipe_channel_next (fixture->channel, &frame, NULL) == MPIPE_CHANNEL_OK)
              {
                mpipe_unit_check_frame (&frame, n_received, sizes[n_received]);
                n_received++;
              }
        }
      g_assert_cmpuint (n_received, ==, G_N_ELEMENTS (sizes));
      g_assert_false (mpipe_channel_has_partial (fixture->channel));
    }
}

/* Payloads that are kept stay what they were while more is received; what is not kept is used again. */
static void
test_leaves_kept_payloads_alone (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 20000,
    N_KEPT = 300
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  MpipePayload kept[N_KEPT] = { { 0 } };
  guint64 sequences[N_KEPT] = { 0 };
  gsize sizes[N];
  Writer writer = { fixture->fd, bytes };
  GThread *thread;

  for (guint i = 0; i < N; i++)
    {
      sizes[i] = g_rand_int_range (rand, 0, 1 << g_rand_int_range (rand, 1, i % 100 ? 11 : 18));
      mpipe_unit_append_frame (bytes, i, sizes[i]);
    }
  thread = g_thread_new ("writes", writer_thread, &writer);
  for (guint i = 0; i < N; i++)
    {
      guint k = g_rand_int_range (rand, 0, N_KEPT);
      MpipeFrame frame;

      mpipe_unit_receive (fixture->channel, &frame);
      mpipe_unit_check_frame (&frame, i, sizes[i]);
      g_assert_cmpmem (mpipe_payload_get_data (&kept[k]), kept[k].size,
                       mpipe_unit_noise (sequences[k] % 4096), kept[k].size);
      mpipe_payload_clear (&kept[k]);
      if (i / 1000 % 2 == 0 && g_rand_boolean (rand))
        continue;
      mpipe_payload_init_from_buffer (&kept[k], 1, frame.buffer, frame.payload, frame.header.size);
      sequences[k] = i;
    }
  g_thread_join (thread);
  for (guint k = 0; k < N_KEPT; k++)
    {
      g_assert_cmpmem (mpipe_payload_get_data (&kept[k]), kept[k].size,
                       mpipe_unit_noise (sequences[k] % 4096), kept[k].size);
      mpipe_payload_clear (&kept[k]);
    }
}

#define BLOCKING GINT_TO_POINTER (TRUE)
#define NOT_BLOCKING GINT_TO_POINTER (FALSE)

static const struct
{
  const char *sentence;
  gpointer blocking;
  void (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "receives-frames-of-any-size", BLOCKING, test_receives_frames_of_any_size },
  { "receives-large-frames", BLOCKING, test_receives_large_frames },
  { "receives-many-small-frames", BLOCKING, test_receives_many_small_frames },
  { "receives-frames-in-pieces", BLOCKING, test_receives_frames_in_pieces },
  { "receives-frames-in-random-pieces", NOT_BLOCKING, test_receives_frames_in_random_pieces },
  { "leaves-kept-payloads-alone", BLOCKING, test_leaves_kept_payloads_alone },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/channel/", tests[i].sentence, NULL);

      g_test_add (path, Fixture, tests[i].blocking, mpipe_unit_channel_set_up, tests[i].func,
                  mpipe_unit_channel_tear_down);
    }
  return g_test_run ();
}
