/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-backlog-private.h"

typedef struct
{
  const char *sentence;
  MpipeBacklog backlog;
  guint64 size; /* of the task that asks for room */
  gboolean admits;
  gboolean is_limited;
  gboolean is_over_bytes;
} Case;

static const Case cases[] = {
  { "has-room-without-limits", { 1000, 1u << 30, 0, 0 }, 1u << 30, TRUE, FALSE, FALSE },
  { "has-room-at-first", { 0, 0, 1, 1 }, 0, TRUE, TRUE, FALSE },
  { "has-room-below-the-limit-of-tasks", { 9, 0, 10, 0 }, 5, TRUE, TRUE, FALSE },
  { "has-none-at-the-limit-of-tasks", { 10, 0, 10, 0 }, 0, FALSE, TRUE, FALSE },
  { "has-none-above-the-limit-of-tasks", { 11, 0, 10, 0 }, 0, FALSE, TRUE, FALSE },
  { "admits-one-task-at-a-limit-of-one", { 0, 0, 1, 0 }, 5, TRUE, TRUE, FALSE },
  { "admits-no-second-at-a-limit-of-one", { 1, 5, 1, 0 }, 5, FALSE, TRUE, FALSE },
  { "has-room-up-to-the-limit-of-bytes", { 1, 60, 0, 100 }, 40, TRUE, TRUE, FALSE },
  { "has-none-beyond-the-limit-of-bytes", { 1, 60, 0, 100 }, 41, FALSE, TRUE, FALSE },
  { "admits-empty-tasks-at-the-limit-of-bytes", { 3, 100, 0, 100 }, 0, TRUE, TRUE, TRUE },
  { "admits-no-empty-task-beyond-the-limit-of-bytes", { 3, 101, 0, 100 }, 0, FALSE, TRUE, TRUE },
  { "admits-a-task-above-the-limit-alone", { 0, 0, 0, 100 }, 1000, TRUE, TRUE, FALSE },
  { "admits-none-beside-a-task-above-the-limit", { 1, 1000, 0, 100 }, 1, FALSE, TRUE, TRUE },
  { "obeys-the-limit-of-tasks-when-bytes-are-free", { 2, 0, 2, 100 }, 1, FALSE, TRUE, FALSE },
  { "obeys-the-limit-of-bytes-when-tasks-are-free", { 1, 100, 2, 100 }, 1, FALSE, TRUE, TRUE },
  { "is-not-over-an-absent-limit-of-bytes", { 5, G_MAXUINT64 / 2, 10, 0 }, 1, TRUE, TRUE, FALSE },
  { "knows-the-largest-limits",
    { 1, G_MAXUINT32, G_MAXUINT64, G_MAXUINT64 },
    G_MAXUINT32,
    TRUE,
    TRUE,
    FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;

  g_assert_true ((mpipe_backlog_count_admitted (&test->backlog, test->size) > 0) == test->admits);
  g_assert_true (mpipe_backlog_is_limited (&test->backlog) == test->is_limited);
  g_assert_true (mpipe_backlog_is_over_bytes (&test->backlog) == test->is_over_bytes);
}

typedef struct
{
  const char *sentence;
  MpipeBacklog backlog;
  guint64 size;
  guint64 n;
} AdmittedCase;

static const AdmittedCase admitted_cases[] = {
  { "admits-any-number-without-limits", { 5, 5, 0, 0 }, 8, G_MAXINT64 / 8 },
  { "admits-so-many-by-their-number", { 5, 40, 12, 1000 }, 8, 7 },
  { "admits-so-many-by-their-bytes", { 5, 40, 12, 60 }, 8, 2 },
  { "admits-so-many-whole-ones", { 5, 40, 0, 63 }, 8, 2 },
  { "admits-none-above-the-bytes", { 5, 70, 0, 60 }, 8, 0 },
  { "admits-no-empty-ones-above-the-bytes", { 5, 70, 12, 60 }, 0, 0 },
  { "admits-empty-ones-by-their-number", { 5, 60, 12, 60 }, 0, 7 },
  { "admits-one-that-is-too-large-alone", { 0, 0, 12, 60 }, 100, 1 },
  { "admits-one-too-large-when-all-was-read", { 2, 16, 12, 60, { 2, 16 }, { 0, 0 }, { 2, 16 } }, 100, 1 },
  { "admits-none-too-large-before-all-was-read", { 2, 16, 12, 60, { 1, 8 }, { 0, 0 }, { 1, 8 } }, 100, 0 },
};

static void
test_admitted_case (gconstpointer data)
{
  const AdmittedCase *test = data;

  g_assert_cmpuint (mpipe_backlog_count_admitted (&test->backlog, test->size), ==, test->n);
}

/* Who asks first is never above a limit, but for one task that is larger than the limit. */
static void
test_is_never_above_a_limit (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 100; round++)
    {
      MpipeBacklog backlog = { .max_n = g_rand_int_range (rand, 0, 20),
                               .max_bytes = g_rand_int_range (rand, 0, 200) };
      GQueue sizes = G_QUEUE_INIT;

      for (guint step = 0; step < 500; step++)
        {
          guint64 size = g_rand_int_range (rand, 0, 150);

          if (g_rand_boolean (rand) && mpipe_backlog_count_admitted (&backlog, size) > 0)
            {
              backlog.n++;
              backlog.bytes += size;
              g_queue_push_tail (&sizes, GSIZE_TO_POINTER (size));
            }
          else if (backlog.n > 0)
            {
              backlog.n--;
              backlog.bytes -= GPOINTER_TO_SIZE (g_queue_pop_head (&sizes));
            }
          g_assert_true (backlog.max_n == 0 || backlog.n <= backlog.max_n);
          g_assert_true (backlog.max_bytes == 0 || backlog.bytes <= backlog.max_bytes
                         || backlog.n == 1);
          g_assert_true (backlog.n > 0 || mpipe_backlog_count_admitted (&backlog, G_MAXUINT32) > 0);
        }
      g_queue_clear (&sizes);
    }
}

/* What was read is counted until it has come back, and makes room as soon as it was looked. */

typedef enum
{
  ENTER,  /* so many */
  READ,
  LOOK,
  SETTLE, /* so many come back, and leave */
} Step;

typedef struct
{
  const char *sentence;
  struct
  {
    Step step;
    guint n;
  } steps[8];
  guint64 n, room, unread;
} ReadCase; /* tasks of 8 bytes each, a limit of 10, and in bytes of 100 */

static const ReadCase read_cases[] = {
  { "is-full-before-anything-was-read", { { ENTER, 10 }, { LOOK, 0 } }, 10, 0, 10 },
  { "has-no-room-before-it-was-looked", { { ENTER, 10 }, { READ, 3 } }, 10, 0, 7 },
  { "has-room-for-what-was-read", { { ENTER, 10 }, { READ, 3 }, { LOOK, 0 } }, 7, 3, 7 },
  { "is-filled-again-by-others", { { ENTER, 10 }, { READ, 3 }, { LOOK, 0 }, { ENTER, 3 } }, 10, 0, 10 },
  { "has-no-room-twice-when-it-comes-back",
    { { ENTER, 10 }, { READ, 3 }, { LOOK, 0 }, { ENTER, 3 }, { SETTLE, 3 } },
    10,
    0,
    10 },
  { "has-room-when-it-comes-back-at-once", { { ENTER, 10 }, { READ, 10 }, { SETTLE, 10 } }, 0, 10, 0 },
  { "has-room-for-what-was-read-meanwhile",
    { { ENTER, 10 }, { READ, 4 }, { LOOK, 0 }, { READ, 2 }, { SETTLE, 4 } },
    4,
    6,
    4 },
  { "may-have-been-read-empty", { { ENTER, 10 }, { READ, 10 }, { LOOK, 0 } }, 0, 10, 0 },
};

static void
test_read_case (gconstpointer data)
{
  const ReadCase *test = data;
  MpipeBacklog backlog = { .max_n = 10, .max_bytes = 100 };

  for (guint i = 0; i < G_N_ELEMENTS (test->steps); i++)
    {
      guint n = test->steps[i].n;

      switch (test->steps[i].step)
        {
        case ENTER:
          backlog.n += n;
          backlog.bytes += n * 8;
          break;
        case READ:
          mpipe_backlog_read (&backlog, (MpipeLoad){ n, n * 8 });
          break;
        case LOOK:
          mpipe_backlog_look (&backlog);
          break;
        case SETTLE:
        default:
          mpipe_backlog_settle (&backlog, (MpipeLoad){ n, n * 8 });
          backlog.n -= n;
          backlog.bytes -= n * 8;
        }
    }
  g_assert_cmpuint (mpipe_backlog_get_n (&backlog), ==, test->n);
  g_assert_cmpuint (mpipe_backlog_get_bytes (&backlog), ==, test->n * 8);
  g_assert_cmpuint (mpipe_backlog_get_room (&backlog), ==, test->room);
  g_assert_cmpint (mpipe_backlog_get_room_in_bytes (&backlog), ==, 100 - (gint64) test->n * 8);
  g_assert_cmpuint (mpipe_backlog_count_admitted (&backlog, 8), ==, test->room);
  g_assert_cmpuint (mpipe_backlog_get_unread (&backlog, mpipe_backlog_get_gross (&backlog)), ==,
                    test->unread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/backlog/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (admitted_cases); i++)
    {
      g_autofree char *path
          = g_strconcat ("/mpipe/flow/backlog/", admitted_cases[i].sentence, NULL);

      g_test_add_data_func (path, &admitted_cases[i], test_admitted_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (read_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/backlog/", read_cases[i].sentence, NULL);

      g_test_add_data_func (path, &read_cases[i], test_read_case);
    }
  g_test_add_func ("/mpipe/flow/backlog/is-never-above-a-limit", test_is_never_above_a_limit);
  return g_test_run ();
}
