/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "mpipe-glib/worker/mpipe-outbox-private.h"
#include "mpipe-unit-streams.h"

typedef struct
{
  GIOStream *near;
  GIOStream *far;
  MpipeChannel *sender;
  MpipeChannel *receiver; /* does not wait */
  MpipeTypeTable *types;
  MpipeOutbox *outbox;
  guint n_alarms;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->sender = mpipe_channel_new (self->near, TRUE);
  self->receiver = mpipe_channel_new (self->far, FALSE);
  self->types = mpipe_type_table_new ();
  self->outbox = mpipe_outbox_new (self->sender, self->types);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  mpipe_outbox_free (self->outbox);
  mpipe_channel_free (self->sender);
  mpipe_channel_free (self->receiver);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  mpipe_type_table_unref (self->types);
}

static void
alarm_cb (gpointer user_data)
{
  ((Fixture *) user_data)->n_alarms++;
}

static void
flush (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_outbox_flush (fixture->outbox, &error));
  g_assert_no_error (error);
}

static void
flush_if_due (Fixture *fixture, gint64 now)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_outbox_flush_if_due (fixture->outbox, now, &error));
  g_assert_no_error (error);
}

/* Returns: how many frames have arrived since it was last asked */
static guint
count_arrived (Fixture *fixture)
{
  MpipeFrame frame;
  guint n = 0;

  do
    while (mpipe_channel_next (fixture->receiver, &frame, NULL) == MPIPE_CHANNEL_OK)
      n++;
  while (mpipe_channel_receive (fixture->receiver, NULL) == MPIPE_CHANNEL_OK);
  return n;
}

static void
check_next (Fixture *fixture, guint8 kind, guint64 sequence, const void *data, gsize size)
{
  MpipeFrame frame;

  mpipe_unit_receive (fixture->receiver, &frame);
  g_assert_cmpstr (mpipe_frame_kind_to_string (frame.header.kind), ==,
                   mpipe_frame_kind_to_string (kind));
  g_assert_cmpuint (frame.header.sequence, ==, sequence);
  g_assert_cmpmem (frame.payload, frame.header.size, data, size);
}

static void
add_result (Fixture *fixture, guint64 sequence, GVariant *value, gboolean last)
{
  g_autoptr (GVariant) result = g_variant_ref_sink (value);
  MpipePayload payload;

  g_assert_true (mpipe_payload_init_from_variant (&payload, result, fixture->types, NULL));
  mpipe_outbox_add_result (fixture->outbox, sequence, &payload, last);
  mpipe_payload_clear (&payload);
}

static void
test_sends_in_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("bytes", 5);
  g_autoptr (GBytes) nothing = g_bytes_new_static (NULL, 0);

  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_READY, 0);
  mpipe_outbox_add_bytes (fixture->outbox, MPIPE_FRAME_FAILED, 1, bytes);
  mpipe_outbox_add_bytes (fixture->outbox, MPIPE_FRAME_FAILED, 2, nothing);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, G_MAXUINT64);
  g_assert_cmpuint (count_arrived (fixture), ==, 0);
  flush (fixture);
  check_next (fixture, MPIPE_FRAME_READY, 0, NULL, 0);
  check_next (fixture, MPIPE_FRAME_FAILED, 1, "bytes", 5);
  check_next (fixture, MPIPE_FRAME_FAILED, 2, NULL, 0);
  check_next (fixture, MPIPE_FRAME_DONE, G_MAXUINT64, NULL, 0);
  g_assert_cmpuint (count_arrived (fixture), ==, 0);
}

static void
test_names_types_before_results (Fixture *fixture, gconstpointer data)
{
  gint64 one = 1, two = 2;

  add_result (fixture, 5, g_variant_new_int64 (one), FALSE);
  add_result (fixture, 5, g_variant_new_int64 (two), TRUE);
  add_result (fixture, 6, g_variant_new_string ("text"), TRUE);
  add_result (fixture, 7, g_variant_new_int64 (one), TRUE);
  flush (fixture);
  check_next (fixture, MPIPE_FRAME_TYPE, 0, "x", 1);
  check_next (fixture, MPIPE_FRAME_RESULT, 5, &one, sizeof one);
  check_next (fixture, MPIPE_FRAME_RESULTS, 5, &two, sizeof two);
  check_next (fixture, MPIPE_FRAME_TYPE, 0, "s", 1);
  check_next (fixture, MPIPE_FRAME_RESULT, 6, "text", 5);
  check_next (fixture, MPIPE_FRAME_RESULTS, 7, &one, sizeof one);
}

/* Numbers of the same type, as long as nothing comes between them. */
static void
test_puts_numbers_that_follow_each_other_together (Fixture *fixture, gconstpointer data)
{
  const gint64 three[] = { 1, 2, 3 }, others[] = { 4, 5 };
  const gint32 small[] = { 6, 7, 8 };

  for (guint i = 0; i < 3; i++)
    add_result (fixture, 1 + i, g_variant_new_int64 (three[i]), TRUE);
  add_result (fixture, 5, g_variant_new_int64 (others[0]), TRUE);
  add_result (fixture, 6, g_variant_new_int64 (others[1]), TRUE);
  for (guint i = 0; i < 3; i++)
    add_result (fixture, 7 + i, g_variant_new_int32 (small[i]), TRUE);
  add_result (fixture, 10, g_variant_new_int32 (small[0]), FALSE);
  add_result (fixture, 10, g_variant_new_int32 (small[1]), TRUE);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 11);
  add_result (fixture, 12, g_variant_new_int32 (small[0]), TRUE);
  flush (fixture);
  add_result (fixture, 13, g_variant_new_int32 (small[1]), TRUE);
  flush (fixture);
  check_next (fixture, MPIPE_FRAME_TYPE, 0, "x", 1);
  check_next (fixture, MPIPE_FRAME_RESULTS, 1, three, sizeof three);
  check_next (fixture, MPIPE_FRAME_RESULTS, 5, others, sizeof others);
  check_next (fixture, MPIPE_FRAME_TYPE, 0, "i", 1);
  check_next (fixture, MPIPE_FRAME_RESULTS, 7, small, sizeof small);
  check_next (fixture, MPIPE_FRAME_RESULT, 10, &small[0], sizeof small[0]);
  check_next (fixture, MPIPE_FRAME_RESULTS, 10, &small[1], sizeof small[1]);
  check_next (fixture, MPIPE_FRAME_DONE, 11, NULL, 0);
  check_next (fixture, MPIPE_FRAME_RESULTS, 12, &small[0], sizeof small[0]);
  check_next (fixture, MPIPE_FRAME_RESULTS, 13, &small[1], sizeof small[1]);
}

static void
test_says_which_result_is_the_last (Fixture *fixture, gconstpointer data)
{
  MpipeFrame frame;

  for (guint last = 0; last < 2; last++)
    {
      add_result (fixture, 5, g_variant_new_string ("text"), last);
      flush (fixture);
      do
        mpipe_unit_receive (fixture->receiver, &frame);
      while (frame.header.kind == MPIPE_FRAME_TYPE);
      g_assert_cmpuint (frame.header.flags, ==, last ? MPIPE_FRAME_FLAG_LAST : 0);
      g_assert_cmpuint (frame.header.type, ==, mpipe_type_table_add (fixture->types, "s")->number);
    }
}

/* Times are what the caller says. */
typedef struct
{
  const char *sentence;
  gint64 first_us;  /* after the answer was added */
  gint64 second_us; /* 0: not asked again */
  guint n_arrived;
  guint n_alarms;
} DueCase;

static const DueCase due_cases[] = {
  { "waits-for-more-at-first", 1000, 0, 0, 1 },
  { "waits-for-more-soon-after", 1000, 1100, 0, 1 },
  { "does-not-wait-for-long", 1000, 1300, 1, 1 },
  { "does-not-wait-for-very-long", 1000, 1000000, 1, 1 },
  { "waits-while-no-time-passes", 1000, 1000, 0, 1 },
};

static void
test_due (gconstpointer data)
{
  const DueCase *test = data;
  Fixture fixture = { 0 };

  fixture_set_up (&fixture, NULL);
  mpipe_outbox_set_alarm (fixture.outbox, alarm_cb, &fixture);
  flush_if_due (&fixture, 1);
  g_assert_cmpuint (fixture.n_alarms, ==, 0);
  mpipe_outbox_add (fixture.outbox, MPIPE_FRAME_DONE, 1);
  flush_if_due (&fixture, test->first_us);
  if (test->second_us > 0)
    flush_if_due (&fixture, test->second_us);
  g_assert_cmpuint (count_arrived (&fixture), ==, test->n_arrived);
  g_assert_cmpuint (fixture.n_alarms, ==, test->n_alarms);
  fixture_tear_down (&fixture, NULL);
}

static void
test_does_not_wait_with_much (Fixture *fixture, gconstpointer data)
{
  guint8 *bytes = g_malloc0 (1u << 20);
  g_autoptr (GBytes) much = g_bytes_new_take (bytes, 100000);

  mpipe_outbox_set_alarm (fixture->outbox, alarm_cb, fixture);
  mpipe_outbox_add_bytes (fixture->outbox, MPIPE_FRAME_RESULT, 1, much);
  flush_if_due (fixture, 1000);
  g_assert_cmpuint (count_arrived (fixture), ==, 1);
  g_assert_cmpuint (fixture->n_alarms, ==, 0);
}

static void
test_gives_the_alarm_again_after_a_flush (Fixture *fixture, gconstpointer data)
{
  mpipe_outbox_set_alarm (fixture->outbox, alarm_cb, fixture);
  for (guint i = 1; i <= 3; i++)
    {
      mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, i);
      flush_if_due (fixture, 1000);
      mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, i);
      flush_if_due (fixture, 1000);
      g_assert_cmpuint (fixture->n_alarms, ==, i);
      g_assert_cmpuint (count_arrived (fixture), ==, 0);
      flush (fixture);
      g_assert_cmpuint (count_arrived (fixture), ==, 2);
    }
}

/* An alarm that was given is still to come; what is added then must not be forgotten after it. */
static void
test_no_answer_is_left_without_an_alarm (Fixture *fixture, gconstpointer data)
{
  mpipe_outbox_set_alarm (fixture->outbox, alarm_cb, fixture);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 1);
  flush_if_due (fixture, 1000); /* alarm one */
  flush_if_due (fixture, 2000); /* flushed before the alarm goes off */
  g_assert_cmpuint (count_arrived (fixture), ==, 1);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 2);
  flush_if_due (fixture, 2100);
  flush (fixture); /* the alarm goes off */
  g_assert_cmpuint (count_arrived (fixture), ==, 1);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 3);
  flush_if_due (fixture, 2200);
  g_assert_cmpuint (fixture->n_alarms, ==, 2);
}

static void
test_does_without_an_alarm (Fixture *fixture, gconstpointer data)
{
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 1);
  flush_if_due (fixture, 1000);
  g_assert_cmpuint (count_arrived (fixture), ==, 0);
  flush_if_due (fixture, 2000);
  g_assert_cmpuint (count_arrived (fixture), ==, 1);
}

static void
test_says_that_nobody_reads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (fixture->far, NULL, NULL);
  mpipe_outbox_add (fixture->outbox, MPIPE_FRAME_DONE, 1);
  g_assert_false (mpipe_outbox_flush (fixture->outbox, &error));
  g_assert_nonnull (error);
  flush_if_due (fixture, 1000);
  g_assert_false (mpipe_outbox_flush_if_due (fixture->outbox, 2000, NULL));
}

/* Two threads, as in a worker: one answers, one flushes; and one that reads what comes. */

#define N_ANSWERS 50000

typedef struct
{
  Fixture *fixture;
  int n_alarms; /* atomic: given and not yet answered */
  int ended;    /* atomic */
} Guarded;

static void
guarded_alarm_cb (gpointer user_data)
{
  g_atomic_int_inc (&((Guarded *) user_data)->n_alarms);
}

static gpointer
guard_thread (gpointer data)
{
  Guarded *guarded = data;

  while (!g_atomic_int_get (&guarded->ended))
    if (g_atomic_int_get (&guarded->n_alarms) > 0)
      {
        g_atomic_int_add (&guarded->n_alarms, -1);
        g_assert_true (mpipe_outbox_flush (guarded->fixture->outbox, NULL));
      }
    else
      g_thread_yield ();
  return NULL;
}

static gpointer
worker_thread (gpointer data)
{
  Guarded *guarded = data;
  g_autofree guint8 *bytes = g_malloc0 (10000);

  for (guint i = 1; i <= N_ANSWERS; i++)
    {
      if (i % 1000 == 0)
        add_result (guarded->fixture, i,
                    g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 10000, 1), TRUE);
      else if (i % 3 == 0)
        add_result (guarded->fixture, i, g_variant_new_uint32 (i), TRUE);
      else
        mpipe_outbox_add (guarded->fixture->outbox, MPIPE_FRAME_DONE, i);
      g_assert_true (mpipe_outbox_flush_if_due (guarded->fixture->outbox, i, NULL));
    }
  g_assert_true (mpipe_outbox_flush (guarded->fixture->outbox, NULL));
  return NULL;
}

static void
test_answers_while_another_thread_flushes (Fixture *fixture, gconstpointer data)
{
  Guarded guarded = { .fixture = fixture };
  g_autoptr (MpipeChannel) receiver = mpipe_channel_new (fixture->far, TRUE);
  GThread *worker, *guard;

  mpipe_outbox_set_alarm (fixture->outbox, guarded_alarm_cb, &guarded);
  guard = g_thread_new ("flushes", guard_thread, &guarded);
  worker = g_thread_new ("answers", worker_thread, &guarded);
  for (guint i = 1; i <= N_ANSWERS; i++)
    {
      MpipeFrame frame;

      do
        mpipe_unit_receive (receiver, &frame);
      while (frame.header.kind == MPIPE_FRAME_TYPE);
      g_assert_cmpuint (frame.header.sequence, ==, i);
    }
  g_thread_join (worker);
  g_atomic_int_set (&guarded.ended, TRUE);
  g_thread_join (guard);
}

static const struct
{
  const char *sentence;
  void (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "sends-in-order", test_sends_in_order },
  { "names-types-before-results", test_names_types_before_results },
  { "puts-numbers-that-follow-each-other-together",
    test_puts_numbers_that_follow_each_other_together },
  { "says-which-result-is-the-last", test_says_which_result_is_the_last },
  { "does-not-wait-with-much", test_does_not_wait_with_much },
  { "gives-the-alarm-again-after-a-flush", test_gives_the_alarm_again_after_a_flush },
  { "no-answer-is-left-without-an-alarm", test_no_answer_is_left_without_an_alarm },
  { "does-without-an-alarm", test_does_without_an_alarm },
  { "says-that-nobody-reads", test_says_that_nobody_reads },
  { "answers-while-another-thread-flushes", test_answers_while_another_thread_flushes },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (due_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/worker/outbox/", due_cases[i].sentence, NULL);

      g_test_add_data_func (path, &due_cases[i], test_due);
    }
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/worker/outbox/", tests[i].sentence, NULL);

      g_test_add (path, Fixture, NULL, fixture_set_up, tests[i].func, fixture_tear_down);
    }
  return g_test_run ();
}
