/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/worker/mpipe-loans-private.h"

#define SIZE ((gsize) 1 << 20)
#define TYPE 5

typedef struct
{
  MpipeArena *arena;
  MpipeLoans *loans;
  guint n_told;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->arena = mpipe_arena_new (SIZE, NULL);
  fixture->loans = mpipe_loans_new (
      mpipe_arena_view_new_for_fd (mpipe_arena_dup_fd (fixture->arena, NULL), NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  mpipe_loans_unref (fixture->loans);
  mpipe_arena_unref (fixture->arena);
}

static gboolean
open_place (MpipeLoans *loans, guint64 sequence, guint64 offset, guint64 size,
            MpipePayload *out_payload, GError **error)
{
  MpipeSharedPlace place = { offset, size };
  MpipeFrame frame = {
    .header = { .kind = MPIPE_FRAME_TASK, .flags = MPIPE_FRAME_FLAG_SHARED, .size = sizeof place,
                .sequence = sequence },
    .payload = (const guint8 *) &place,
  };

  return mpipe_loans_open (loans, &frame, TYPE, out_payload, error);
}

static void
test_a_loan_lasts_as_long_as_its_last_value (Fixture *fixture, gconstpointer data)
{
  MpipePayload payload, copy;
  guint64 sequence = 0;

  g_assert_true (open_place (fixture->loans, 7, 4096, 20000, &payload, NULL));
  g_assert_cmpuint (payload.size, ==, 20000);
  g_assert_cmpuint (payload.type, ==, TYPE);
  mpipe_payload_copy (&copy, &payload);
  mpipe_payload_clear (&payload);
  g_assert_false (mpipe_loans_has_returned (fixture->loans));
  mpipe_payload_clear (&copy);
  g_assert_true (mpipe_loans_has_returned (fixture->loans));
  g_assert_true (mpipe_loans_take_returned (fixture->loans, &sequence));
  g_assert_cmpuint (sequence, ==, 7);
  g_assert_false (mpipe_loans_take_returned (fixture->loans, &sequence));
}

static void
test_parts_of_a_task_are_found (Fixture *fixture, gconstpointer data)
{
  MpipePayload first, second;
  const guint8 *begin;
  guint64 offset = 1;

  g_assert_true (open_place (fixture->loans, 7, 4096, 20000, &first, NULL));
  g_assert_true (open_place (fixture->loans, 8, 24576, 20000, &second, NULL));
  begin = mpipe_payload_get_data (&first);
  g_assert_true (mpipe_loans_find (fixture->loans, 7, begin, 20000, &offset));
  g_assert_cmpuint (offset, ==, 0);
  g_assert_true (mpipe_loans_find (fixture->loans, 7, begin + 19990, 10, &offset));
  g_assert_cmpuint (offset, ==, 19990);
  g_assert_false (mpipe_loans_find (fixture->loans, 7, begin + 19990, 11, &offset));
  g_assert_false (mpipe_loans_find (fixture->loans, 7, begin - 1, 1, &offset));
  g_assert_false (mpipe_loans_find (fixture->loans, 7, begin + 20001, 0, &offset));
  g_assert_false (mpipe_loans_find (fixture->loans, 7, begin, G_MAXSIZE, &offset));
  g_assert_false (mpipe_loans_find (fixture->loans, 8, begin, 10, &offset));
  g_assert_false (mpipe_loans_find (fixture->loans, 9, begin, 10, &offset));
  g_assert_true (
      mpipe_loans_find (fixture->loans, 8, mpipe_payload_get_data (&second), 20000, &offset));
  mpipe_payload_clear (&first);
  mpipe_payload_clear (&second);
}

static void
test_places_that_are_none_are_refused (Fixture *fixture, gconstpointer data)
{
  const MpipeSharedPlace places[] = {
    { 0, 0 },           { 0, 10 },        { SIZE, 20000 },          { SIZE - 10000, 20000 },
    { 0, SIZE + 1 },    { 0, G_MAXUINT64 }, { G_MAXUINT64, 20000 }, { 0, (guint64) 3 << 30 },
  };
  MpipePayload payload;

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (
          open_place (fixture->loans, 1, places[i].offset, places[i].size, &payload, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      g_clear_error (&error);
      g_assert_false (open_place (NULL, 1, 0, 20000, &payload, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
    }
  g_assert_false (mpipe_loans_has_returned (fixture->loans));
}

static void
tell_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_told++;
}

static gpointer
clear_thread (gpointer payload)
{
  mpipe_payload_clear (payload);
  return NULL;
}

/* The borrower looks by itself before it waits; nobody else does. */
static void
test_what_another_thread_returns_is_told (Fixture *fixture, gconstpointer data)
{
  MpipePayload payload;

  mpipe_loans_set_listener (fixture->loans, tell_cb, fixture);
  g_assert_true (open_place (fixture->loans, 1, 0, 20000, &payload, NULL));
  mpipe_payload_clear (&payload);
  g_assert_cmpuint (fixture->n_told, ==, 0);
  g_assert_true (open_place (fixture->loans, 2, 0, 20000, &payload, NULL));
  g_thread_join (g_thread_new ("clear", clear_thread, &payload));
  g_assert_cmpuint (fixture->n_told, ==, 1);
  mpipe_loans_set_listener (fixture->loans, NULL, NULL);
  g_assert_true (open_place (fixture->loans, 3, 0, 20000, &payload, NULL));
  g_thread_join (g_thread_new ("clear", clear_thread, &payload));
  g_assert_cmpuint (fixture->n_told, ==, 1);
}

/* What the worker's code has kept stays readable. */
static void
test_a_value_outlives_the_loop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_arena_try_new_buffer (fixture->arena, 20000, 0);
  MpipePayload payload;

  memset (mpipe_buffer_get_data (buffer), 'a', 20000);
  g_assert_true (open_place (fixture->loans, 1, 0, 20000, &payload, NULL));
  g_clear_pointer (&fixture->loans, mpipe_loans_unref);
  fixture->loans = mpipe_loans_new (
      mpipe_arena_view_new_for_fd (mpipe_arena_dup_fd (fixture->arena, NULL), NULL));
  g_assert_cmpint (mpipe_payload_get_data (&payload)[19999], ==, 'a');
  mpipe_payload_clear (&payload);
}

#define ADD(sentence, func)                                                                        \
  g_test_add ("/loans/" sentence, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("a-loan-lasts-as-long-as-its-last-value", test_a_loan_lasts_as_long_as_its_last_value);
  ADD ("parts-of-a-task-are-found", test_parts_of_a_task_are_found);
  ADD ("places-that-are-none-are-refused", test_places_that_are_none_are_refused);
  ADD ("what-another-thread-returns-is-told", test_what_another_thread_returns_is_told);
  ADD ("a-value-outlives-the-loop", test_a_value_outlives_the_loop);
  return g_test_run ();
}
