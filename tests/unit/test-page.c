/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/wire/mpipe-page-private.h"

/* The same memory, as the other side of a channel maps it. */
static MpipePage *
map_again (MpipePage *page)
{
  g_autoptr (GError) error = NULL;
  int fd = mpipe_page_dup_fd (page, &error);
  MpipePage *other;

  g_assert_no_error (error);
  g_assert_cmpint (fd, >, STDERR_FILENO);
  g_assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
  other = mpipe_page_new_for_fd (fd, &error);
  g_assert_no_error (error);
  return other;
}

static MpipePage *
new_page (void)
{
  g_autoptr (GError) error = NULL;
  MpipePage *page = mpipe_page_new (&error);

  g_assert_no_error (error);
  return page;
}

static void
test_tells_the_current_task (void)
{
  g_autoptr (MpipePage) engine = new_page ();
  g_autoptr (MpipePage) worker = map_again (engine);
  gint64 since = -1;

  g_assert_cmpuint (mpipe_page_get_current (engine, &since), ==, 0);
  g_assert_cmpint (since, ==, 0);
  g_assert_cmpint (mpipe_page_get_busy (engine), ==, 0);

  g_assert_true (mpipe_page_begin (worker, 7, 1000));
  g_assert_cmpuint (mpipe_page_get_current (engine, &since), ==, 7);
  g_assert_cmpint (since, ==, 1000);
  g_assert_cmpuint (mpipe_page_get_current (engine, NULL), ==, 7);
  g_assert_cmpint (mpipe_page_get_busy (engine), ==, 0);

  mpipe_page_end (worker, 30);
  g_assert_cmpuint (mpipe_page_get_current (engine, &since), ==, 0);
  g_assert_cmpint (mpipe_page_get_busy (engine), ==, 30);

  g_assert_true (mpipe_page_begin (worker, G_MAXUINT64, 2000));
  g_assert_cmpuint (mpipe_page_get_current (engine, NULL), ==, G_MAXUINT64);
  mpipe_page_end (worker, 12);
  g_assert_cmpint (mpipe_page_get_busy (engine), ==, 42);
}

typedef struct
{
  const char *sentence;
  guint64 begun; /* before the recall; 0 for none */
  guint64 from, until;
  guint64 certain;
  guint64 tried; /* begun after the recall */
  gboolean may_begin;
} RecallCase;

static const RecallCase recall_cases[] = {
  { "takes-back-what-was-not-begun", 0, 3, 9, 3, 3, FALSE },
  { "takes-back-the-last", 0, 3, 9, 3, 8, FALSE },
  { "leaves-what-is-before", 0, 3, 9, 3, 2, TRUE },
  { "leaves-what-is-behind", 0, 3, 9, 3, 9, TRUE },
  { "takes-back-from-the-first-on", 0, 1, 9, 1, 1, FALSE },
  { "takes-back-one", 0, 3, 4, 3, 3, FALSE },
  { "leaves-what-is-behind-one", 0, 3, 4, 3, 4, TRUE },
  { "takes-back-nothing", 0, 3, 3, 3, 3, TRUE },
  { "is-certain-behind-the-task-before", 2, 3, 9, 3, 3, FALSE },
  { "is-not-certain-of-the-current-task", 3, 3, 9, 4, 4, FALSE },
  { "is-not-certain-of-tasks-before-the-current", 6, 3, 9, 7, 7, FALSE },
  { "is-certain-of-none-when-the-last-is-begun", 8, 3, 9, 9, 9, TRUE },
  { "is-certain-of-none-when-all-are-done", 20, 3, 9, 9, 21, TRUE },
};

static void
test_recall_case (gconstpointer data)
{
  const RecallCase *test = data;
  g_autoptr (MpipePage) engine = new_page ();
  g_autoptr (MpipePage) worker = map_again (engine);

  if (test->begun > 0)
    g_assert_true (mpipe_page_begin (worker, test->begun, 1));
  g_assert_cmpuint (mpipe_page_recall (engine, test->from, test->until), ==, test->certain);
  if (test->begun > 0)
    {
      g_assert_cmpuint (mpipe_page_get_current (engine, NULL), ==, test->begun);
      mpipe_page_end (worker, 1);
    }
  g_assert_true (mpipe_page_begin (worker, test->tried, 2) == test->may_begin);
  g_assert_cmpuint (mpipe_page_get_current (engine, NULL), ==, test->may_begin ? test->tried : 0);
  if (test->may_begin)
    mpipe_page_end (worker, 1);
  mpipe_page_end_recall (engine);
  g_assert_true (mpipe_page_begin (worker, test->tried, 3));
}

typedef struct
{
  const char *sentence;
  guint64 from, until; /* of a recall; 0 for none */
  guint64 first;
  guint n;
  guint n_begun;
} RowCase;

static const RowCase row_cases[] = {
  { "all-without-a-recall", 0, 0, 5, 4, 4 },
  { "all-before-a-recall", 9, 20, 5, 4, 4 },
  { "those-before-a-recall", 7, 20, 5, 4, 2 },
  { "none-from-the-first-on", 5, 20, 5, 4, 0 },
  { "none-in-the-middle", 2, 20, 5, 4, 0 },
  { "none-at-the-end", 2, 9, 5, 4, 0 },
  { "all-behind-a-recall", 2, 5, 5, 4, 4 },
  { "those-before-one", 6, 7, 5, 4, 1 },
  { "one", 0, 0, 5, 1, 1 },
  { "not-one", 5, 6, 5, 1, 0 },
};

static void
test_row_case (gconstpointer data)
{
  const RowCase *test = data;
  g_autoptr (MpipePage) engine = new_page ();
  g_autoptr (MpipePage) worker = map_again (engine);

  if (test->from > 0)
    mpipe_page_recall (engine, test->from, test->until);
  g_assert_cmpuint (mpipe_page_begin_row (worker, test->first, test->n, 1), ==, test->n_begun);
  g_assert_cmpuint (mpipe_page_get_current (engine, NULL), ==,
                    test->n_begun > 0 ? test->first + test->n_begun - 1 : 0);
}

static void
test_is_sealed (void)
{
  g_autoptr (MpipePage) page = new_page ();
  g_autoptr (GError) error = NULL;
  int fd = mpipe_page_dup_fd (page, &error);
  struct stat status;

  g_assert_no_error (error);
  g_assert_cmpint (fstat (fd, &status), ==, 0);
  g_assert_cmpint (ftruncate (fd, 0), <, 0);
  g_assert_cmpint (ftruncate (fd, status.st_size * 2), <, 0);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), <, 0);
  close (fd);
  g_assert_true (mpipe_page_begin (page, 1, 1));
}

/* A descriptor that is something else is an error, not a crash at the first task. */
static void
test_refuses_what_is_no_page (void)
{
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GError) error = NULL;
      int fds[2] = { -1, -1 };

      if (i == 0)
        fds[0] = open ("/dev/null", O_RDWR | O_CLOEXEC);
      else if (i == 1)
        g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
      else if (i == 2)
        fds[0] = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
      else if (i == 3)
        fds[0] = memfd_create ("empty", MFD_CLOEXEC);
      g_test_message ("descriptor %u", i);
      g_assert_null (mpipe_page_new_for_fd (fds[0], &error));
      g_assert_nonnull (error);
      if (fds[0] >= 0)
        g_assert_cmpint (fcntl (fds[0], F_GETFD), <, 0); /* it was taken over */
      if (fds[1] >= 0)
        close (fds[1]);
    }
}

static void
test_is_freed_when_null (void)
{
  mpipe_page_free (NULL);
}

/* Two threads: one begins tasks as they are given, the other gives and takes back. */

#define N_NUMBERS 300000

enum
{
  UNKNOWN,
  DONE,
  SKIPPED
};

typedef struct
{
  MpipePage *engine;
  MpipePage *worker;
  int n_given;          /* atomic: numbers up to this may be begun */
  int n_answered;       /* atomic: numbers up to this are done or skipped */
  guint8 *answers;      /* by number */
  gboolean *is_certain; /* by number: taken back for certain */
  gboolean in_rows;     /* several are begun at once, as far as they may be */
} Race;

/* Looks often before it yields, so that the two meet on two processors and get on with one. */
static void
wait_for (int *value, int least)
{
  for (guint n = 1; g_atomic_int_get (value) < least; n++)
    if (n % 2000 == 0)
      g_thread_yield ();
}

/* Returns: how many have been done, from @first on */
static int
begin_several (Race *race, int first)
{
  int n_given = g_atomic_int_get (&race->n_given) - first + 1;
  int n = (int) mpipe_page_begin_row (race->worker, first, MIN (1 + first % 7, n_given), first);

  for (int i = 0; i < n; i++)
    race->answers[first + i] = DONE;
  if (n > 0)
    mpipe_page_end (race->worker, n);
  return n;
}

static gpointer
race_worker_thread (gpointer data)
{
  Race *race = data;

  for (int number = 1; number <= N_NUMBERS; number++)
    {
      wait_for (&race->n_given, number);
      if (race->in_rows)
        number += begin_several (race, number);
      if (number > g_atomic_int_get (&race->n_given))
        {
          g_atomic_int_set (&race->n_answered, --number);
          continue;
        }
      race->answers[number] = mpipe_page_begin (race->worker, number, number) ? DONE : SKIPPED;
      if (race->answers[number] == DONE)
        mpipe_page_end (race->worker, 1);
      g_atomic_int_set (&race->n_answered, number);
    }
  return NULL;
}

static void
race_engine (Race *race, GRand *rand, guint *out_n_late)
{
  int given = 0;

  while (given < N_NUMBERS)
    {
      int first = given + 1, from;
      guint64 certain;

      given = MIN (given + g_rand_int_range (rand, 2, 40), N_NUMBERS);
      g_atomic_int_set (&race->n_given, given);
      for (int spin = g_rand_int_range (rand, 0, 300); spin > 0; spin--)
        mpipe_page_get_current (race->engine, NULL);
      from = g_rand_int_range (rand, first, given + 1);
      certain = mpipe_page_recall (race->engine, from, given + 1);
      g_assert_cmpuint (certain, >=, from);
      g_assert_cmpuint (certain, <=, given + 1);
      *out_n_late += certain > (guint64) from;
      for (int number = (int) certain; number <= given; number++)
        race->is_certain[number] = TRUE;
      wait_for (&race->n_answered, given);
      mpipe_page_end_recall (race->engine);
      for (int number = first; number < from; number++)
        g_assert_cmpuint (race->answers[number], ==, DONE);
    }
}

static void
test_race (gconstpointer data)
{
  g_autoptr (MpipePage) engine = new_page ();
  g_autoptr (MpipePage) other = map_again (engine);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree guint8 *answers = g_new0 (guint8, N_NUMBERS + 1);
  g_autofree gboolean *is_certain = g_new0 (gboolean, N_NUMBERS + 1);
  Race race = { .engine = engine,
                .worker = GPOINTER_TO_INT (data) & 1 ? other : engine,
                .answers = answers,
                .is_certain = is_certain,
                .in_rows = (GPOINTER_TO_INT (data) & 2) != 0 };
  GThread *worker = g_thread_new ("begins", race_worker_thread, &race);
  guint n_done = 0, n_skipped = 0, n_late = 0;

  race_engine (&race, rand, &n_late);
  g_thread_join (worker);
  for (guint number = 1; number <= N_NUMBERS; number++)
    {
      g_assert_false (is_certain[number] && answers[number] != SKIPPED);
      n_done += answers[number] == DONE;
      n_skipped += answers[number] == SKIPPED;
    }
  g_assert_cmpuint (n_done + n_skipped, ==, N_NUMBERS);
  g_assert_cmpint (mpipe_page_get_busy (engine), ==, n_done);
  g_test_message ("%u done, %u skipped, %u came late", n_done, n_skipped, n_late);
}

/* Both at once, time and again, on one number each. */

#define N_ROUNDS 100000

typedef struct
{
  MpipePage *engine;
  MpipePage *worker;
  int round;       /* atomic: the worker may begin this number */
  int n_begun;     /* atomic: how many it has tried to begin */
  gboolean *began; /* by round */
} Duel;

static void
delay (guint n)
{
  for (volatile guint i = 0; i < n; i++)
    ;
}

static gpointer
duel_worker_thread (gpointer data)
{
  Duel *duel = data;

  for (int round = 1; round <= N_ROUNDS; round++)
    {
      wait_for (&duel->round, round);
      delay (round % 23);
      duel->began[round] = mpipe_page_begin (duel->worker, round, 1);
      g_atomic_int_set (&duel->n_begun, round);
    }
  return NULL;
}

static void
test_one_of_two_sees_the_other (gconstpointer data)
{
  g_autoptr (MpipePage) engine = new_page ();
  g_autoptr (MpipePage) other = map_again (engine);
  g_autofree gboolean *began = g_new0 (gboolean, N_ROUNDS + 1);
  Duel duel
      = { .engine = engine, .worker = GPOINTER_TO_INT (data) ? other : engine, .began = began };
  GThread *worker = g_thread_new ("begins", duel_worker_thread, &duel);
  guint n_taken_back = 0;

  for (int round = 1; round <= N_ROUNDS; round++)
    {
      guint64 certain;

      g_atomic_int_set (&duel.round, round);
      delay (round % 29);
      certain = mpipe_page_recall (engine, round, round + 1);
      wait_for (&duel.n_begun, round);
      mpipe_page_end_recall (engine);
      g_assert_false (began[round] && certain == (guint64) round);
      n_taken_back += certain == (guint64) round;
    }
  g_thread_join (worker);
  g_test_message ("%u of %u taken back for certain", n_taken_back, N_ROUNDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (recall_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/page/", recall_cases[i].sentence, NULL);

      g_test_add_data_func (path, &recall_cases[i], test_recall_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (row_cases); i++)
    {
      g_autofree char *path
          = g_strconcat ("/mpipe/wire/page/row/begins-", row_cases[i].sentence, NULL);

      g_test_add_data_func (path, &row_cases[i], test_row_case);
    }
  g_test_add_func ("/mpipe/wire/page/tells-the-current-task", test_tells_the_current_task);
  g_test_add_func ("/mpipe/wire/page/is-sealed", test_is_sealed);
  g_test_add_func ("/mpipe/wire/page/refuses-what-is-no-page", test_refuses_what_is_no_page);
  g_test_add_func ("/mpipe/wire/page/is-freed-when-null", test_is_freed_when_null);
  g_test_add_data_func ("/mpipe/wire/page/no-task-is-both-done-and-taken-back",
                        GINT_TO_POINTER (0), test_race);
  g_test_add_data_func ("/mpipe/wire/page/no-task-is-both-done-and-taken-back-mapped-twice",
                        GINT_TO_POINTER (1), test_race);
  g_test_add_data_func ("/mpipe/wire/page/no-task-of-a-row-is-both-done-and-taken-back",
                        GINT_TO_POINTER (2 | 1), test_race);
  g_test_add_data_func ("/mpipe/wire/page/one-of-two-sees-the-other", GINT_TO_POINTER (FALSE),
                        test_one_of_two_sees_the_other);
  g_test_add_data_func ("/mpipe/wire/page/one-of-two-sees-the-other-mapped-twice",
                        GINT_TO_POINTER (TRUE), test_one_of_two_sees_the_other);
  return g_test_run ();
}
