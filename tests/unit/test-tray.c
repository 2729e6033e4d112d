/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/wire/mpipe-tray-private.h"

#define PAGE 4096u

typedef struct
{
  MpipeTray *engine;
  MpipeTray *worker;
  gsize capacity;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->engine = mpipe_tray_new (&error);
  g_assert_no_error (error);
  fixture->worker = mpipe_tray_new_for_fd (mpipe_tray_dup_fd (fixture->engine, NULL), &error);
  g_assert_no_error (error);
  mpipe_tray_close_fd (fixture->engine);
  for (fixture->capacity = PAGE; mpipe_tray_contains (fixture->engine, 0, fixture->capacity + 1);)
    fixture->capacity += PAGE;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  mpipe_tray_unref (fixture->engine);
  g_clear_pointer (&fixture->worker, mpipe_tray_unref);
}

typedef struct
{
  guint64 offset;
  gsize size;
  guint8 fill;
} Result;

static gboolean
put (Fixture *fixture, Result *result)
{
  g_autofree guint8 *data = g_malloc (result->size);

  memset (data, result->fill, result->size);
  return mpipe_tray_put (fixture->worker, data, result->size, &result->offset);
}

static void
take (Fixture *fixture, const Result *result)
{
  g_autofree guint8 *data = g_malloc (result->size);

  g_assert_true (mpipe_tray_contains (fixture->engine, result->offset, result->size));
  mpipe_tray_take (fixture->engine, result->offset, result->size, data);
  g_assert_cmpuint (data[0], ==, result->fill);
  g_assert_true (memcmp (data, data + 1, result->size - 1) == 0); /* all the same */
}

static void
test_results_come_out_as_they_went_in (Fixture *fixture, gconstpointer data)
{
  Result first = { .size = 100000, .fill = 1 }, second = { .size = 1, .fill = 2 };

  g_assert_true (put (fixture, &first));
  g_assert_true (put (fixture, &second));
  take (fixture, &first);
  take (fixture, &second);
}

static void
test_what_was_taken_makes_room_at_the_beginning (Fixture *fixture, gconstpointer data)
{
  Result first = { .size = 5000, .fill = 1 }, second = { .size = 5000, .fill = 2 };

  g_assert_true (put (fixture, &first));
  take (fixture, &first);
  g_assert_true (put (fixture, &second));
  g_assert_cmpuint (second.offset, ==, first.offset);
  take (fixture, &second);
}

/* Memory that was never used costs more than any other. */
static void
test_the_beginning_is_used_again_before_new_memory_is (Fixture *fixture, gconstpointer data)
{
  Result results[40];
  guint64 end = 0;

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      results[i] = (Result){ .size = 100000, .fill = (guint8) i };
      g_assert_true (put (fixture, &results[i]));
      end = MAX (end, results[i].offset + results[i].size);
      if (i >= 2) /* there are always two or three waiting */
        take (fixture, &results[i - 2]);
    }
  g_assert_cmpuint (end, <=, 5 * 102400);
}

static void
test_a_full_tray_takes_nothing_more (Fixture *fixture, gconstpointer data)
{
  Result most = { .size = fixture->capacity - 10 * PAGE, .fill = 1 };
  Result rest = { .size = 10 * PAGE, .fill = 2 };
  Result more = { .size = 1, .fill = 3 };
  Result too_large = { .size = fixture->capacity + 1, .fill = 4 };

  g_assert_false (put (fixture, &too_large));
  g_assert_true (put (fixture, &most));
  g_assert_true (put (fixture, &rest));
  g_assert_false (put (fixture, &more));
  take (fixture, &most);
  g_assert_true (put (fixture, &more));
  take (fixture, &rest);
  take (fixture, &more);
}

/* Whatever sizes come, and however late they are taken: what lies in the tray is not written over. */
static void
test_nothing_is_written_over (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GQueue) queue = g_queue_new ();
  guint n_refused = 0;

  for (guint i = 0; i < 400; i++)
    {
      Result *result = g_new0 (Result, 1);

      gsize most = i % 10 == 0 ? fixture->capacity / 3 : 400000;

      result->size = (gsize) g_test_rand_int_range (1, (gint32) most);
      result->fill = (guint8) i;
      if (put (fixture, result))
        g_queue_push_tail (queue, result);
      else
        {
          n_refused++;
          g_free (result);
        }
      while (g_queue_get_length (queue) > (guint) g_test_rand_int_range (0, 12))
        {
          g_autofree Result *oldest = g_queue_pop_head (queue);

          take (fixture, oldest);
        }
    }
  g_assert_cmpuint (n_refused, <, 200);
  while (!g_queue_is_empty (queue))
    {
      g_autofree Result *oldest = g_queue_pop_head (queue);

      take (fixture, oldest);
    }
}

/* Results that are made in the tray */

static GBytes *
new_bytes (Fixture *fixture, Result *result)
{
  GBytes *bytes = mpipe_tray_new_bytes (fixture->worker, result->size);

  g_assert_nonnull (bytes);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, result->size);
  memset ((gpointer) g_bytes_get_data (bytes, NULL), result->fill, result->size);
  return bytes;
}

static void
put_part (Fixture *fixture, GBytes *bytes, gsize offset, Result *result)
{
  const guint8 *data = g_bytes_get_data (bytes, NULL);

  g_assert_true (mpipe_tray_put (fixture->worker, data + offset, result->size, &result->offset));
}

static guint64
find_free_place (Fixture *fixture)
{
  Result probe = { .size = 1, .fill = 99 };

  g_assert_true (put (fixture, &probe));
  return probe.offset;
}

static void
test_what_is_made_in_the_tray_is_not_copied (Fixture *fixture, gconstpointer data)
{
  Result result = { .size = 100000, .fill = 7 };
  g_autoptr (GBytes) bytes = new_bytes (fixture, &result);

  put_part (fixture, bytes, 0, &result);
  memset ((gpointer) g_bytes_get_data (bytes, NULL), 8, result.size);
  result.fill = 8; /* the engine sees what was written afterwards: it is the same memory */
  take (fixture, &result);
}

static void
test_a_part_of_what_is_made_can_be_put (Fixture *fixture, gconstpointer data)
{
  Result whole = { .size = 100000, .fill = 7 }, part = { .size = 5000, .fill = 7 };
  g_autoptr (GBytes) bytes = new_bytes (fixture, &whole);

  put_part (fixture, bytes, 100, &part);
  g_assert_cmpuint (part.offset, ==, 100);
  take (fixture, &part);
  put_part (fixture, bytes, 0, &whole);
  take (fixture, &whole);
}

/* What waits in the tray lies side by side. */
static void
test_what_is_put_twice_is_there_twice (Fixture *fixture, gconstpointer data)
{
  Result first = { .size = 100000, .fill = 7 }, second = first;
  g_autoptr (GBytes) bytes = new_bytes (fixture, &first);

  put_part (fixture, bytes, 0, &first);
  put_part (fixture, bytes, 0, &second);
  g_assert_cmpuint (second.offset, >=, first.offset + first.size);
  take (fixture, &first);
  take (fixture, &second);
}

typedef enum
{
  FREED_BEFORE_IT_IS_PUT,
  FREED_BEFORE_IT_IS_TAKEN,
  FREED_LAST,
} Freed;

/* Memory is used again when its bytes are freed and what was put out of it was taken, whichever is first. */
static void
check_reuse (Fixture *fixture, Freed freed)
{
  Result result = { .size = 100000, .fill = 7 };
  g_autoptr (GBytes) bytes = new_bytes (fixture, &result);

  if (freed != FREED_BEFORE_IT_IS_PUT)
    put_part (fixture, bytes, 0, &result);
  if (freed == FREED_BEFORE_IT_IS_TAKEN)
    {
      g_clear_pointer (&bytes, g_bytes_unref);
      g_assert_cmpuint (find_free_place (fixture), >=, result.size);
    }
  if (freed != FREED_BEFORE_IT_IS_PUT)
    take (fixture, &result);
  if (freed != FREED_BEFORE_IT_IS_TAKEN)
    {
      g_assert_cmpuint (find_free_place (fixture), >=, result.size);
      g_clear_pointer (&bytes, g_bytes_unref);
    }
  g_assert_cmpuint (find_free_place (fixture), ==, 0);
}

static void
test_memory_that_was_not_used_is_free_again (Fixture *fixture, gconstpointer data)
{
  check_reuse (fixture, FREED_BEFORE_IT_IS_PUT);
}

static void
test_memory_is_kept_for_the_engine (Fixture *fixture, gconstpointer data)
{
  check_reuse (fixture, FREED_BEFORE_IT_IS_TAKEN);
}

static void
test_memory_is_kept_for_the_worker (Fixture *fixture, gconstpointer data)
{
  check_reuse (fixture, FREED_LAST);
}

static void
test_there_is_no_more_memory_than_the_tray_has (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) most = mpipe_tray_new_bytes (fixture->worker, fixture->capacity);

  g_assert_nonnull (most);
  g_assert_null (mpipe_tray_new_bytes (fixture->worker, 1));
  g_assert_null (mpipe_tray_new_bytes (fixture->worker, fixture->capacity + 1));
  g_assert_null (mpipe_tray_new_bytes (fixture->worker, G_MAXSIZE / 2));
}

static void
test_bytes_outlive_the_tray (Fixture *fixture, gconstpointer data)
{
  Result result = { .size = 100000, .fill = 7 };
  g_autoptr (GBytes) bytes = new_bytes (fixture, &result);
  const guint8 *memory = g_bytes_get_data (bytes, NULL);

  g_clear_pointer (&fixture->worker, mpipe_tray_unref);
  g_assert_cmpint (memory[result.size - 1], ==, 7);
}

#define N_IN_THREADS 300

static gpointer
free_bytes (gpointer queue)
{
  for (guint i = 0; i < N_IN_THREADS; i++)
    g_bytes_unref (g_async_queue_pop (queue));
  return NULL;
}

static void
test_any_thread_may_free_bytes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("frees", free_bytes, queue);

  for (guint i = 0; i < N_IN_THREADS; i++)
    {
      Result result = { .size = 20000, .fill = (guint8) i };
      GBytes *bytes = new_bytes (fixture, &result);

      put_part (fixture, bytes, 0, &result);
      g_async_queue_push (queue, bytes);
      take (fixture, &result);
    }
  g_thread_join (thread);
  g_assert_cmpuint (find_free_place (fixture), ==, 0);
}

static void
test_nothing_lies_outside (Fixture *fixture, gconstpointer data)
{
  g_assert_true (mpipe_tray_contains (fixture->engine, 0, fixture->capacity));
  g_assert_false (mpipe_tray_contains (fixture->engine, 1, fixture->capacity));
  g_assert_true (mpipe_tray_contains (fixture->engine, fixture->capacity, 0));
  g_assert_false (mpipe_tray_contains (fixture->engine, G_MAXUINT64, 2));
  g_assert_false (mpipe_tray_contains (fixture->engine, 2, G_MAXUINT64));
}

static void
test_other_descriptors_are_refused (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_tray_new_for_fd (memfd_create ("unsealed", MFD_CLOEXEC), &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (mpipe_tray_new_for_fd (open ("/dev/null", O_RDWR | O_CLOEXEC), &error));
  g_assert_nonnull (error);
}

#define ADD(sentence, func)                                                                        \
  g_test_add ("/tray/" sentence, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("results-come-out-as-they-went-in", test_results_come_out_as_they_went_in);
  ADD ("what-was-taken-makes-room-at-the-beginning",
       test_what_was_taken_makes_room_at_the_beginning);
  ADD ("the-beginning-is-used-again-before-new-memory-is",
       test_the_beginning_is_used_again_before_new_memory_is);
  ADD ("a-full-tray-takes-nothing-more", test_a_full_tray_takes_nothing_more);
  ADD ("nothing-is-written-over", test_nothing_is_written_over);
  ADD ("what-is-made-in-the-tray-is-not-copied", test_what_is_made_in_the_tray_is_not_copied);
  ADD ("a-part-of-what-is-made-can-be-put", test_a_part_of_what_is_made_can_be_put);
  ADD ("what-is-put-twice-is-there-twice", test_what_is_put_twice_is_there_twice);
  ADD ("memory-that-was-not-used-is-free-again", test_memory_that_was_not_used_is_free_again);
  ADD ("memory-is-kept-for-the-engine", test_memory_is_kept_for_the_engine);
  ADD ("memory-is-kept-for-the-worker", test_memory_is_kept_for_the_worker);
  ADD ("there-is-no-more-memory-than-the-tray-has",
       test_there_is_no_more_memory_than_the_tray_has);
  ADD ("bytes-outlive-the-tray", test_bytes_outlive_the_tray);
  ADD ("any-thread-may-free-bytes", test_any_thread_may_free_bytes);
  ADD ("nothing-lies-outside", test_nothing_lies_outside);
  g_test_add_func ("/tray/other-descriptors-are-refused", test_other_descriptors_are_refused);
  return g_test_run ();
}
