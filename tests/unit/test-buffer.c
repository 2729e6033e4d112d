/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Large buffers are used again, and never while somebody else holds them. */

#include "config.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-buffer-private.h"

#define LARGE (1u << 20)

static void
test_a_large_buffer_is_used_again (void)
{
  g_autoptr (MpipeBuffer) first = mpipe_buffer_try_new (LARGE);
  guint8 *data = mpipe_buffer_get_data (first);
  const gsize sizes[] = { LARGE, LARGE - 1, LARGE / 2 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_clear_pointer (&first, mpipe_buffer_unref);
      first = mpipe_buffer_try_new (sizes[i]);
      g_assert_true (mpipe_buffer_get_data (first) == data);
      g_assert_cmpuint (mpipe_buffer_get_capacity (first), ==, sizes[i]);
      memset (data, i, sizes[i]);
    }
}

static void
test_one_that_is_held_is_left_alone (void)
{
  enum
  {
    N = 20
  };
  MpipeBuffer *held[N];

  for (guint i = 0; i < N; i++)
    {
      held[i] = mpipe_buffer_try_new (LARGE);
      memset (mpipe_buffer_get_data (held[i]), i, LARGE);
    }
  for (guint i = 0; i < N; i++)
    {
      const guint8 *data = mpipe_buffer_get_data (held[i]);

      g_assert_cmpuint (data[0], ==, i);
      g_assert_cmpuint (data[LARGE - 1], ==, i);
      mpipe_buffer_unref (held[i]);
    }
}

static void
test_one_of_another_size_is_not_used (void)
{
  g_autoptr (MpipeBuffer) large = mpipe_buffer_try_new (16 * LARGE);
  guint8 *data = mpipe_buffer_get_data (large);
  g_autoptr (MpipeBuffer) larger = NULL;
  g_autoptr (MpipeBuffer) smaller = NULL;

  g_clear_pointer (&large, mpipe_buffer_unref);
  larger = mpipe_buffer_try_new (16 * LARGE + 1);
  smaller = mpipe_buffer_try_new (LARGE);
  g_assert_cmpuint (mpipe_buffer_get_capacity (larger), ==, 16 * LARGE + 1);
  g_assert_true (mpipe_buffer_get_data (smaller) != data);
}

static gpointer
grow_in_thread (gpointer user_data)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new_growing (4 * LARGE, LARGE);
  g_autoptr (MpipeBuffer) other = NULL;
  guint8 *data;

  g_assert_cmpuint (mpipe_buffer_get_capacity (buffer), ==, LARGE);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_true (mpipe_buffer_try_grow (buffer, (i + 1) * LARGE, 4 * LARGE));
      g_assert_cmpuint (mpipe_buffer_get_capacity (buffer), ==, (i + 1) * LARGE);
      g_assert_false (mpipe_buffer_is_shared (buffer));
      memset (mpipe_buffer_get_data (buffer) + i * LARGE, i + 1, LARGE);
    }
  data = mpipe_buffer_get_data (buffer);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (data[(i + 1) * LARGE - 1], ==, i + 1);
  g_clear_pointer (&buffer, mpipe_buffer_unref);

  other = mpipe_buffer_try_new_growing (4 * LARGE, LARGE);
  g_assert_true (mpipe_buffer_get_data (other) == data);
  g_assert_cmpuint (mpipe_buffer_get_capacity (other), ==, 4 * LARGE);
  return NULL;
}

/* In a thread that has kept nothing yet. */
static void
test_one_that_grows_is_kept_when_it_is_whole (void)
{
  g_thread_join (g_thread_new ("grows", grow_in_thread, NULL));
}

static gpointer
hold_in_thread (gpointer data)
{
  MpipeBuffer *buffer = mpipe_buffer_try_new (LARGE);

  memset (mpipe_buffer_get_data (buffer), 7, LARGE);
  return buffer;
}

static void
test_a_buffer_outlives_the_thread_that_made_it (void)
{
  GThread *thread = g_thread_new ("buffers", hold_in_thread, NULL);
  g_autoptr (MpipeBuffer) buffer = g_thread_join (thread);

  g_assert_cmpuint (mpipe_buffer_get_data (buffer)[LARGE - 1], ==, 7);
  g_assert_false (mpipe_buffer_is_shared (buffer));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(function, path) g_test_add_func ("/mpipe/core/buffer/" path, function)
  ADD (test_a_large_buffer_is_used_again, "a-large-buffer-is-used-again");
  ADD (test_one_that_is_held_is_left_alone, "one-that-is-held-is-left-alone");
  ADD (test_one_of_another_size_is_not_used, "one-of-another-size-is-not-used");
  ADD (test_one_that_grows_is_kept_when_it_is_whole, "one-that-grows-is-kept-when-it-is-whole");
  ADD (test_a_buffer_outlives_the_thread_that_made_it, "a-buffer-outlives-the-thread-that-made-it");
#undef ADD

  return g_test_run ();
}
