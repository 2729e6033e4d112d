/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/wire/mpipe-arena-view-private.h"

#define SIZE ((gsize) 8 << 20)
#define HALF (SIZE / 2)

static MpipeArena *
new_arena (void)
{
  g_autoptr (GError) error = NULL;
  MpipeArena *arena = mpipe_arena_new (SIZE, &error);

  g_assert_no_error (error);
  return arena;
}

static int
dup_fd (MpipeArena *arena)
{
  g_autoptr (GError) error = NULL;
  int fd = mpipe_arena_dup_fd (arena, &error);

  g_assert_no_error (error);
  g_assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
  return fd;
}

static void
test_others_read_what_is_written (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeArenaView) view = mpipe_arena_view_new_for_fd (dup_fd (arena), &error);
  g_autoptr (MpipeBuffer) first = mpipe_arena_try_new_buffer (arena, 100000, 0);
  g_autoptr (MpipeBuffer) second = mpipe_arena_try_new_buffer (arena, 5, 0);
  guint64 offset;

  g_assert_no_error (error);
  memset (mpipe_buffer_get_data (first), 'a', 100000);
  memcpy (mpipe_buffer_get_data (second), "hello", 5);
  g_assert_true (mpipe_arena_find (arena, mpipe_buffer_get_data (second), 5, &offset));
  g_assert_cmpmem (mpipe_arena_view_get (view, offset, 5), 5, "hello", 5);
  g_assert_true (mpipe_arena_find (arena, mpipe_buffer_get_data (first) + 99999, 1, &offset));
  g_assert_cmpmem (mpipe_arena_view_get (view, offset, 1), 1, "a", 1);
  memcpy (mpipe_buffer_get_data (second), "HELLO", 5);
  g_assert_true (mpipe_arena_find (arena, mpipe_buffer_get_data (second), 5, &offset));
  g_assert_cmpmem (mpipe_arena_view_get (view, offset, 5), 5, "HELLO", 5);
}

/* What a hostile process could try with the descriptor. */
static void
test_others_can_change_nothing (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  g_autoptr (MpipeBuffer) buffer = mpipe_arena_try_new_buffer (arena, 100, 0);
  g_autofree char *path = NULL;
  int fd = dup_fd (arena), again;
  void *memory;

  memset (mpipe_buffer_get_data (buffer), 'a', 100);
  g_assert_true (mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), <, 0);
  g_assert_cmpint (ftruncate (fd, 0), <, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) (2 * SIZE)), <, 0);
  g_assert_cmpint (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), <, 0);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), <, 0);
  memory = mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  g_assert_true (memory != MAP_FAILED);
  g_assert_cmpint (mprotect (memory, 4096, PROT_READ | PROT_WRITE), <, 0);
  g_assert_cmpint (madvise (memory, 4096, MADV_REMOVE), <, 0);
  munmap (memory, 4096);
  memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (memory != MAP_FAILED)
    {
      memset (memory, 'x', 100);
      munmap (memory, 4096);
    }
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  again = open (path, O_RDWR | O_CLOEXEC);
  if (again >= 0)
    {
      g_assert_cmpint (pwrite (again, "x", 1, 0), <, 0);
      close (again);
    }
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (mpipe_buffer_get_data (buffer)[i], ==, 'a');
  close (fd);
}

static gpointer
unref_thread (gpointer buffer)
{
  mpipe_buffer_unref (buffer);
  return NULL;
}

static void
test_memory_is_used_again (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  MpipeBuffer *buffer = mpipe_arena_try_new_buffer (arena, 100000, 0);
  guint8 *data = mpipe_buffer_get_data (buffer);

  g_thread_join (g_thread_new ("unref", unref_thread, buffer));
  buffer = mpipe_arena_try_new_buffer (arena, 90000, 0);
  g_assert_true (mpipe_buffer_get_data (buffer) == data);
  mpipe_buffer_unref (buffer);
}

static void
test_there_is_no_more_than_there_is (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  g_autoptr (MpipeBuffer) first = NULL;
  g_autoptr (MpipeBuffer) second = NULL;

  g_assert_null (mpipe_arena_try_new_buffer (arena, SIZE + 1, 0));
  g_assert_null (mpipe_arena_try_new_buffer (arena, G_MAXSIZE, 0));
  first = mpipe_arena_try_new_buffer (arena, HALF + 1, HALF);
  g_assert_nonnull (first);
  g_assert_null (mpipe_arena_try_new_buffer (arena, 1, HALF));
  g_assert_null (mpipe_arena_try_new_buffer (arena, HALF, 0));
  second = mpipe_arena_try_new_buffer (arena, HALF - 4096, 0);
  g_assert_nonnull (second);
  g_assert_null (mpipe_arena_try_new_buffer (arena, 1, 0));
  g_clear_pointer (&first, mpipe_buffer_unref);
  first = mpipe_arena_try_new_buffer (arena, 1, HALF);
  g_assert_nonnull (first);
}

static void
test_finds_only_what_lies_in_it (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  g_autoptr (MpipeBuffer) all = mpipe_arena_try_new_buffer (arena, SIZE, 0);
  const guint8 *begin = mpipe_buffer_get_data (all);
  const struct
  {
    const guint8 *data;
    gsize size;
    gboolean found;
  } cases[] = {
    { begin, SIZE, TRUE },        { begin, SIZE + 1, FALSE },    { begin + 1, SIZE, FALSE },
    { begin - 1, 1, FALSE },      { begin + SIZE, 0, TRUE },     { begin + SIZE, 1, FALSE },
    { begin + SIZE - 1, 1, TRUE }, { begin, G_MAXSIZE, FALSE }, { (const guint8 *) &cases, 1, FALSE },
    { NULL, 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 offset = 0;

      g_test_message ("case %u", i);
      g_assert_true (mpipe_arena_find (arena, cases[i].data, cases[i].size, &offset)
                     == cases[i].found);
      if (cases[i].found)
        g_assert_cmpuint (offset, ==, (guint64) (cases[i].data - begin));
    }
}

static void
test_a_view_ends_where_the_arena_ends (void)
{
  g_autoptr (MpipeArena) arena = new_arena ();
  g_autoptr (MpipeArenaView) view = mpipe_arena_view_new_for_fd (dup_fd (arena), NULL);

  g_assert_nonnull (mpipe_arena_view_get (view, 0, SIZE));
  g_assert_nonnull (mpipe_arena_view_get (view, SIZE - 1, 1));
  g_assert_null (mpipe_arena_view_get (view, SIZE - 1, 2));
  g_assert_null (mpipe_arena_view_get (view, SIZE + 1, 0));
  g_assert_null (mpipe_arena_view_get (view, G_MAXUINT64, 1));
  g_assert_null (mpipe_arena_view_get (view, 1, G_MAXUINT64));
}

/* Results are read after the pipeline has gone. */
static void
test_buffers_outlive_the_arena (void)
{
  MpipeArena *arena = new_arena ();
  g_autoptr (MpipeBuffer) buffer = mpipe_arena_try_new_buffer (arena, 10, 0);

  mpipe_arena_close_fd (arena);
  g_assert_cmpint (mpipe_arena_dup_fd (arena, NULL), <, 0);
  mpipe_arena_unref (arena);
  memset (mpipe_buffer_get_data (buffer), 'a', 10);
}

static void
test_other_descriptors_are_refused (void)
{
  int pipe_fds[2];
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (pipe2 (pipe_fds, O_CLOEXEC));
  g_assert_null (mpipe_arena_view_new_for_fd (pipe_fds[0], &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (mpipe_arena_view_new_for_fd (memfd_create ("unsealed", MFD_CLOEXEC), &error));
  g_assert_nonnull (error);
  close (pipe_fds[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arena/others-read-what-is-written", test_others_read_what_is_written);
  g_test_add_func ("/arena/others-can-change-nothing", test_others_can_change_nothing);
  g_test_add_func ("/arena/memory-is-used-again", test_memory_is_used_again);
  g_test_add_func ("/arena/there-is-no-more-than-there-is", test_there_is_no_more_than_there_is);
  g_test_add_func ("/arena/finds-only-what-lies-in-it", test_finds_only_what_lies_in_it);
  g_test_add_func ("/arena/a-view-ends-where-the-arena-ends",
                   test_a_view_ends_where_the_arena_ends);
  g_test_add_func ("/arena/buffers-outlive-the-arena", test_buffers_outlive_the_arena);
  g_test_add_func ("/arena/other-descriptors-are-refused", test_other_descriptors_are_refused);
  return g_test_run ();
}
