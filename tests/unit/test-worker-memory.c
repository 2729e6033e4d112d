/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/launch/mpipe-worker-memory-private.h"

#define SIZE ((gsize) 8 << 20)
#define LARGE 100000u
#define TYPE 5

typedef struct
{
  MpipeArena *arena;
  MpipeTray *their_tray;
  MpipeWorkerStatistics statistics;
  MpipeWorkerMemory *memory;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  MpipeTray *tray = mpipe_tray_new (NULL);

  fixture->arena = mpipe_arena_new (SIZE, NULL);
  fixture->their_tray = mpipe_tray_new_for_fd (mpipe_tray_dup_fd (tray, NULL), NULL);
  fixture->memory = mpipe_worker_memory_new (mpipe_arena_ref (fixture->arena), tray,
                                             fixture->arena, &fixture->statistics);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  mpipe_worker_memory_free (fixture->memory);
  mpipe_tray_unref (fixture->their_tray);
  mpipe_arena_unref (fixture->arena);
}

static void
init_task (MpipePayload *task, guint32 size)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (size);

  memset (mpipe_buffer_get_data (buffer), 'a', size);
  mpipe_payload_init_from_buffer (task, TYPE, buffer, mpipe_buffer_get_data (buffer), size);
}

static gboolean
open_result (Fixture *fixture, guint8 flags, guint64 offset, guint64 size, GError **error)
{
  MpipeSharedPlace place = { offset, size };
  MpipeFrame frame = {
    .header = { .kind = MPIPE_FRAME_RESULT, .flags = flags | MPIPE_FRAME_FLAG_SHARED,
                .size = sizeof place, .sequence = 1 },
    .payload = (const guint8 *) &place,
  };
  MpipePayload payload;

  if (!mpipe_worker_memory_open_result (fixture->memory, &frame, TYPE, &payload, error))
    return FALSE;
  g_assert_cmpuint (payload.size, ==, size);
  mpipe_payload_clear (&payload);
  return TRUE;
}

static void
test_what_was_lent_stays_until_it_is_released (Fixture *fixture, gconstpointer data)
{
  MpipePayload task, other;
  MpipeSharedPlace first, second;

  init_task (&task, LARGE);
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 1, TRUE, &task, &first));
  mpipe_payload_clear (&task);
  init_task (&other, LARGE);
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 2, TRUE, &other, &second));
  g_assert_cmpuint (second.offset, >=, first.offset + LARGE);
  mpipe_payload_clear (&other);
  g_assert_true (mpipe_worker_memory_release (fixture->memory, 1));
  g_assert_false (mpipe_worker_memory_release (fixture->memory, 1));
  g_assert_false (mpipe_worker_memory_release (fixture->memory, 3));
  init_task (&task, LARGE);
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 3, TRUE, &task, &second));
  g_assert_cmpuint (second.offset, ==, first.offset);
  mpipe_payload_clear (&task);
}

static void
test_what_lies_in_the_arena_is_not_moved (Fixture *fixture, gconstpointer data)
{
  MpipePayload task;
  MpipeSharedPlace first, second;

  init_task (&task, LARGE);
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 1, TRUE, &task, &first));
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 2, TRUE, &task, &second));
  g_assert_cmpuint (second.offset, ==, first.offset);
  mpipe_payload_clear (&task);
}

static void
test_the_rest_is_sent_and_counted (Fixture *fixture, gconstpointer data)
{
  MpipePayload task;
  MpipeSharedPlace place;

  init_task (&task, 100);
  g_assert_false (mpipe_worker_memory_lend (fixture->memory, 1, TRUE, &task, &place));
  mpipe_payload_clear (&task);
  g_assert_cmpuint (mpipe_counter_get (&fixture->statistics.n_streamed), ==, 0);
  init_task (&task, LARGE);
  g_assert_false (mpipe_worker_memory_lend (fixture->memory, 1, FALSE, &task, &place));
  mpipe_payload_clear (&task);
  init_task (&task, SIZE + 1);
  g_assert_false (mpipe_worker_memory_lend (fixture->memory, 1, TRUE, &task, &place));
  mpipe_payload_clear (&task);
  g_assert_cmpuint (mpipe_counter_get (&fixture->statistics.n_streamed), ==, 2);
  g_assert_cmpuint (mpipe_counter_get (&fixture->statistics.n_shared), ==, 0);
}

static void
test_a_result_is_part_of_what_was_lent (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    guint64 offset;
    guint64 size;
    gboolean good;
  } cases[] = {
    { 0, LARGE, TRUE },         { 50000, 50000, TRUE },   { 50000, 50001, FALSE },
    { 1, LARGE, FALSE },        { LARGE, 20000, FALSE },  { G_MAXUINT64, 20000, FALSE },
    { 0, G_MAXUINT64, FALSE },  { 0, 8, FALSE },
  };
  MpipePayload task;
  MpipeSharedPlace place;

  g_assert_false (open_result (fixture, MPIPE_FRAME_FLAG_OF_TASK, 0, LARGE, NULL));
  init_task (&task, LARGE);
  g_assert_true (mpipe_worker_memory_lend (fixture->memory, 1, TRUE, &task, &place));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("case %u", i);
      g_assert_true (open_result (fixture, MPIPE_FRAME_FLAG_OF_TASK, cases[i].offset,
                                  cases[i].size, &error)
                     == cases[i].good);
      if (!cases[i].good)
        g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
    }
  mpipe_payload_clear (&task);
}

/* A worker that names the same memory again and again makes the engine copy it again and again. */
static void
test_one_read_cannot_bring_more_than_fits_into_the_tray (Fixture *fixture, gconstpointer data)
{
  const guint64 size = 1 << 20;
  g_autoptr (GError) error = NULL;
  guint n_first = 0, n_second = 0;

  mpipe_worker_memory_begin_batch (fixture->memory);
  while (open_result (fixture, 0, 0, size, &error))
    n_first++;
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  g_assert_false (open_result (fixture, 0, 0, size, NULL));
  mpipe_worker_memory_begin_batch (fixture->memory);
  while (open_result (fixture, 0, 0, size, NULL))
    n_second++;
  g_assert_cmpuint (n_first, >, 1);
  g_assert_cmpuint (n_first, <=, 64);
  g_assert_cmpuint (n_second, ==, n_first);
}

#define ADD(sentence, func)                                                                        \
  g_test_add ("/worker-memory/" sentence, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("what-was-lent-stays-until-it-is-released", test_what_was_lent_stays_until_it_is_released);
  ADD ("what-lies-in-the-arena-is-not-moved", test_what_lies_in_the_arena_is_not_moved);
  ADD ("the-rest-is-sent-and-counted", test_the_rest_is_sent_and_counted);
  ADD ("a-result-is-part-of-what-was-lent", test_a_result_is_part_of_what_was_lent);
  ADD ("one-read-cannot-bring-more-than-fits-into-the-tray",
       test_one_read_cannot_bring_more_than_fits_into_the_tray);
  return g_test_run ();
}
