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
  mpipe_tray_free (fixture->engine);
  mpipe_tray_free (fixture->worker);
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
  ADD ("nothing-lies-outside", test_nothing_lies_outside);
  g_test_add_func ("/tray/other-descriptors-are-refused", test_other_descriptors_are_refused);
  return g_test_run ();
}
