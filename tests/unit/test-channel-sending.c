/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-unit-streams.h"

typedef MpipeUnitChannelPair Fixture;

static MpipeFrameHeader
header_of (guint64 sequence, gsize size)
{
  return (MpipeFrameHeader){ .kind = MPIPE_FRAME_RESULT,
                             .type = (guint16) (sequence % 4096),
                             .sequence = sequence,
                             .size = size };
}

static void
send_copied (MpipeChannel *channel, guint64 sequence, gsize size)
{
  MpipeFrameHeader header = header_of (sequence, size);
  g_autofree guint8 *payload = g_memdup2 (mpipe_unit_noise (sequence % 4096), size);

  mpipe_channel_send (channel, &header, payload, NULL);
  if (size > 0)
    memset (payload, 0, size);
}

static void
send_from_buffer (MpipeChannel *channel, guint64 sequence, gsize size, MpipeBuffer *buffer)
{
  MpipeFrameHeader header = header_of (sequence, size);

  memcpy (mpipe_buffer_get_data (buffer), mpipe_unit_noise (sequence % 4096), size);
  mpipe_channel_send (channel, &header, mpipe_buffer_get_data (buffer), buffer);
}

/* Sends as much as there is room for. Returns: whether that was all. */
static gboolean
flush (MpipeChannel *channel)
{
  g_autoptr (GError) error = NULL;
  MpipeChannelStatus status = mpipe_channel_flush (channel, &error);

  g_assert_no_error (error);
  g_assert_true ((status == MPIPE_CHANNEL_OK) == (mpipe_channel_get_n_unsent (channel) == 0));
  if (status == MPIPE_CHANNEL_OK)
    return TRUE;
  g_assert_cmpint (status, ==, MPIPE_CHANNEL_WOULD_BLOCK);
  return FALSE;
}

/* Reads @n_reads times what is there, or until nothing is there. */
static void
receive_some (MpipeChannel *channel, guint n_reads, guint64 *next, const gsize *sizes)
{
  MpipeFrame frame;

  while (n_reads-- > 0 && mpipe_channel_receive (channel, NULL) == MPIPE_CHANNEL_OK)
    while (mpipe_channel_next (channel, &frame, NULL) == MPIPE_CHANNEL_OK)
      {
        mpipe_unit_check_frame (&frame, *next, sizes[*next]);
        (*next)++;
      }
}

/* The very bytes, of payloads that are copied and of those that are not. */
static void
test_writes_what_the_protocol_says (Fixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 7, 8, 9, 16, 23, 4095, 4096, 4097, 4103, 4104, 0, 5000, 3 };
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GByteArray) written = g_byte_array_new ();
  gsize n_queued = 0;
  guint8 bytes[1000];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (MAX (sizes[i], 1));

      send_from_buffer (fixture->sender, i, sizes[i], buffer);
      n_queued += mpipe_frame_length (sizes[i]);
      mpipe_unit_append_frame (expected, i, sizes[i]);
      g_assert_cmpuint (mpipe_channel_get_n_unsent (fixture->sender), ==, n_queued);
    }
  while (written->len < expected->len)
    {
      gssize n;

      flush (fixture->sender);
      n = read (mpipe_unit_stream_get_fd (fixture->far), bytes, sizeof bytes);
      g_assert_cmpint (n, >, 0);
      g_byte_array_append (written, bytes, n);
    }
  g_assert_cmpmem (written->data, written->len, expected->data, expected->len);
  g_assert_true (flush (fixture->sender));
}

/* What is queued goes out in order, whatever is queued while a part of it is out. */
static void
test_keeps_the_order (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 120000
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree gsize *sizes = g_new (gsize, N);
  guint64 n_sent = 0, n_received = 0;

  while (n_received < N)
    {
      for (guint n = g_rand_int_range (rand, 0, 2000); n > 0 && n_sent < N; n--)
        {
          sizes[n_sent] = g_rand_int_range (rand, 0, 41);
          send_copied (fixture->sender, n_sent, sizes[n_sent]);
          n_sent++;
        }
      flush (fixture->sender);
      receive_some (fixture->receiver, g_rand_int_range (rand, 0, 40), &n_received, sizes);
    }
  g_assert_true (flush (fixture->sender));
}

static void
test_keeps_the_order_of_all_sizes (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 6000
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autofree gsize *sizes = g_new (gsize, N);
  g_autoptr (GPtrArray) buffers
      = g_ptr_array_new_with_free_func ((GDestroyNotify) mpipe_buffer_unref);
  guint64 n_sent = 0, n_received = 0;

  while (n_received < N)
    {
      for (guint n = g_rand_int_range (rand, 0, 300); n > 0 && n_sent < N; n--)
        {
          sizes[n_sent] = g_rand_int_range (rand, 0, 1 << g_rand_int_range (rand, 1, 15));
          if (g_rand_boolean (rand))
            {
              MpipeBuffer *buffer = mpipe_buffer_try_new (sizes[n_sent] + 1);

              send_from_buffer (fixture->sender, n_sent, sizes[n_sent], buffer);
              g_ptr_array_add (buffers, buffer);
            }
          else
            send_copied (fixture->sender, n_sent, sizes[n_sent]);
          n_sent++;
        }
      flush (fixture->sender);
      receive_some (fixture->receiver, g_rand_int_range (rand, 0, 100), &n_received, sizes);
    }
  g_assert_true (flush (fixture->sender));
  for (guint i = 0; i < buffers->len; i++)
    g_assert_false (mpipe_buffer_is_shared (g_ptr_array_index (buffers, i)));
}

/* More pieces than one write takes. */
static void
test_sends_many_large_payloads (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 500
  };
  gsize sizes[N];
  MpipeBuffer *buffers[N];
  guint64 n_received = 0;

  for (guint i = 0; i < N; i++)
    {
      sizes[i] = 5000 + i;
      buffers[i] = mpipe_buffer_try_new (sizes[i]);
      send_from_buffer (fixture->sender, i, sizes[i], buffers[i]);
      g_assert_true (mpipe_buffer_is_shared (buffers[i]));
    }
  while (n_received < N)
    {
      flush (fixture->sender);
      receive_some (fixture->receiver, 1, &n_received, sizes);
    }
  for (guint i = 0; i < N; i++)
    {
      g_assert_false (mpipe_buffer_is_shared (buffers[i]));
      mpipe_buffer_unref (buffers[i]);
    }
}

static void
test_forgets_what_is_not_sent_when_closed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (1u << 20);

  send_from_buffer (fixture->sender, 1, 1u << 20, buffer);
  send_copied (fixture->sender, 2, 10);
  g_assert_false (flush (fixture->sender));
  mpipe_channel_close (fixture->sender);
  g_assert_cmpuint (mpipe_channel_get_n_unsent (fixture->sender), ==, 0);
  g_assert_false (mpipe_buffer_is_shared (buffer));
  g_assert_true (flush (fixture->sender));
}

static void
test_says_that_nobody_reads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (fixture->far, NULL, NULL);
  send_copied (fixture->sender, 1, 10);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, &error), ==, MPIPE_CHANNEL_FAILED);
  g_assert_nonnull (error);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_FAILED);
}

static gboolean
writable_cb (GObject *stream, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_tells_when_there_is_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = mpipe_channel_create_source (fixture->sender, G_IO_OUT);
  static const gsize sizes[] = { 100000 };
  guint64 n_received = 0;
  gboolean writable = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (writable_cb), &writable, NULL);
  send_copied (fixture->sender, 0, 100000);
  g_assert_false (flush (fixture->sender));
  g_source_attach (source, context);
  g_main_context_iteration (context, FALSE);
  g_assert_false (writable);
  receive_some (fixture->receiver, G_MAXUINT, &n_received, sizes);
  while (!writable)
    g_main_context_iteration (context, TRUE);
}

static gpointer
receive_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (MpipeChannel) channel = mpipe_channel_new (fixture->far, TRUE);
  MpipeFrame frame;

  for (guint i = 0; i < 2000; i++)
    {
      mpipe_unit_receive (channel, &frame);
      mpipe_unit_check_frame (&frame, i, i * 17);
    }
  return NULL;
}

static void
test_waits_when_it_may (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeChannel) channel = mpipe_channel_new (fixture->near, TRUE);
  g_autoptr (MpipeBuffer) buffer = NULL;
  GThread *thread = g_thread_new ("receives", receive_thread, fixture);

  for (guint i = 0; i < 2000; i++)
    {
      buffer = mpipe_buffer_try_new (i * 17 + 1);
      send_from_buffer (channel, i, i * 17, buffer);
      g_clear_pointer (&buffer, mpipe_buffer_unref);
      if (i % 1000 == 999)
        g_assert_true (flush (channel));
    }
  g_thread_join (thread);
}

static gsize
memory_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* A peer that reads slowly but always lets something wait: what was sent must not be kept. */
static void
test_memory_is_bounded_while_something_waits (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N_WAITING = 2000,
    N = 800000
  };
  g_autofree gsize *sizes = g_new (gsize, N);
  guint64 n_sent = 0, n_received = 0;
  gsize before, most = 0;

  for (guint i = 0; i < N; i++)
    sizes[i] = i % 100;
  before = memory_in_use ();
  if (before == 0)
    {
      g_test_skip ("this allocator does not tell what is in use");
      return;
    }
  while (n_received < N)
    {
      while (n_sent < N && n_sent < n_received + N_WAITING)
        {
          send_copied (fixture->sender, n_sent, sizes[n_sent]);
          n_sent++;
        }
      flush (fixture->sender);
      receive_some (fixture->receiver, 2, &n_received, sizes);
      most = MAX (most, memory_in_use ());
    }
  g_assert_cmpuint (most - MIN (before, most), <, 4u << 20);
}

static void
test_writes_to_any_pollable_stream (void)
{
  static const gsize sizes[] = { 0, 5, 100, 5000, 40 };
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) written = NULL;

  for (guint blocking = 0; blocking < 2; blocking++)
    {
      g_autoptr (GInputStream) nothing = g_memory_input_stream_new ();
      g_autoptr (GIOStream) stream = NULL;
      g_autoptr (MpipeChannel) channel = NULL;

      g_clear_object (&output);
      output = g_memory_output_stream_new_resizable ();
      g_byte_array_set_size (expected, 0);
      stream = g_simple_io_stream_new (nothing, output);
      channel = mpipe_channel_new (stream, blocking);
      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          send_copied (channel, i, sizes[i]);
          mpipe_unit_append_frame (expected, i, sizes[i]);
        }
      g_assert_true (flush (channel));
      mpipe_unit_receive_end (channel);
    }
  written = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  g_assert_cmpmem (g_bytes_get_data (written, NULL), g_bytes_get_size (written), expected->data,
                   expected->len);
}

static const struct
{
  const char *sentence;
  void (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "writes-what-the-protocol-says", test_writes_what_the_protocol_says },
  { "keeps-the-order", test_keeps_the_order },
  { "keeps-the-order-of-all-sizes", test_keeps_the_order_of_all_sizes },
  { "sends-many-large-payloads", test_sends_many_large_payloads },
  { "forgets-what-is-not-sent-when-closed", test_forgets_what_is_not_sent_when_closed },
  { "says-that-nobody-reads", test_says_that_nobody_reads },
  { "tells-when-there-is-room", test_tells_when_there_is_room },
  { "waits-when-it-may", test_waits_when_it_may },
  { "memory-is-bounded-while-something-waits", test_memory_is_bounded_while_something_waits },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/channel/", tests[i].sentence, NULL);

      g_test_add (path, Fixture, NULL, mpipe_unit_channel_pair_set_up, tests[i].func,
                  mpipe_unit_channel_pair_tear_down);
    }
  g_test_add_func ("/mpipe/wire/channel/writes-to-any-pollable-stream",
                   test_writes_to_any_pollable_stream);
  return g_test_run ();
}
