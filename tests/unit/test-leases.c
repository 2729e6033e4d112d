/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-leases-private.h"

#define N_IN_ROW 3

/* A letter is added, a large one under three numbers; "-2" removes number 2, "/2" that and the two behind it, and "=2"
 * asks for it (all written down, "." for nothing); "2>b" lets number 2 stand for b. */
typedef struct
{
  const char *sentence;
  const char *script;
  const char *written;
  guint n;
  guint64 oldest;
  guint64 next;
} Case;

static const Case cases[] = {
  { "holds-nothing-at-first", "", "", 0, 1, 1 },
  { "numbers-from-one", "ab=1=2", "ab", 2, 1, 3 },
  { "knows-no-number-zero", "a=0-0", "..", 1, 1, 2 },
  { "knows-no-number-before-it-was-given", "a=2-2", "..", 1, 1, 2 },
  { "removes-in-order", "abc-1-2-3", "abc", 0, 4, 4 },
  { "removes-against-the-order", "abc-3-2-1", "cba", 0, 4, 4 },
  { "removes-from-the-middle", "abc-2=1=2=3", "ba.c", 2, 1, 4 },
  { "keeps-the-oldest-while-it-is-held", "abcd-2-3", "bc", 2, 1, 5 },
  { "passes-over-numbers-that-are-free", "abcd-2-3-1", "bca", 1, 4, 5 },
  { "says-the-next-number-when-all-are-free", "abcd-2-4-3-1", "bdca", 0, 5, 5 },
  { "gives-no-number-twice", "a-1b=1=2", "a.b", 1, 2, 3 },
  { "removes-each-once", "ab-1-1-2-2", "a.b.", 0, 3, 3 },
  { "removes-a-row", "aBc/2=1=2=4=5", "Ba..c", 2, 1, 6 },
  { "passes-over-a-row", "aBc/2-1", "Ba", 1, 5, 6 },
  { "removes-one-of-a-row", "A-2=1=2=3", "AA.A", 2, 1, 4 },
  { "removes-parts-of-several", "AB/2=1=4=5=6", "AA.BB", 3, 1, 7 },
  { "lets-another-stand-for-one-of-a-row", "A2>b=1=2=3-2", "AbAb", 2, 1, 4 },
  { "grows-for-a-row", "ABCDEFGHI=1=9-1", "ACA", 26, 2, 28 },
  { "holds-a-row-under-all-its-numbers", "aBc=1=2=3=4=5=6", "aBBBc.", 5, 1, 6 },
  { "grows", "abcdefghijklmnopqrstuvwxyz=1=9-1", "aia", 25, 2, 27 },
};

static gpointer
take_row (MpipeLeases *leases, guint64 first, guint n)
{
  gpointer task = mpipe_leases_get (leases, first);

  if (task != NULL)
    mpipe_leases_remove (leases, first, n);
  return task;
}

static gpointer
take (MpipeLeases *leases, guint64 number)
{
  return take_row (leases, number, 1);
}

static const char *
take_step (MpipeLeases *leases, const char *step)
{
  guint64 number = (guint64) (step[1] - '0');

  if (*step == '=')
    return mpipe_leases_get (leases, number);
  return take_row (leases, number, *step == '/' ? N_IN_ROW : 1);
}

static void
test_case (gconstpointer data)
{
  static char names[128];
  const Case *test = data;
  MpipeLeases *leases = mpipe_leases_new ();
  g_autoptr (GString) written = g_string_new (NULL);

  for (const char *step = test->script; *step != '\0'; step++)
    {
      const char *task;
      guint8 name = (guint8) *step;

      names[name] = *step;
      if (g_ascii_isalpha (*step))
        {
          guint64 next = mpipe_leases_get_next (leases);

          g_assert_cmpuint (
              mpipe_leases_add (leases, &names[name], g_ascii_isupper (*step) ? N_IN_ROW : 1), ==,
              next);
          continue;
        }
      if (g_ascii_isdigit (*step))
        {
          names[(guint8) step[2]] = step[2];
          mpipe_leases_replace (leases, (guint64) (*step - '0'), 1, &names[(guint8) step[2]]);
          step += 2;
          continue;
        }
      task = take_step (leases, step);
      g_string_append_c (written, task != NULL ? *task : '.');
      step++;
    }
  g_assert_cmpstr (written->str, ==, test->written);
  g_assert_cmpuint (mpipe_leases_get_n (leases), ==, test->n);
  g_assert_cmpuint (mpipe_leases_get_oldest (leases), ==, test->oldest);
  g_assert_cmpuint (mpipe_leases_get_next (leases), ==, test->next);
  mpipe_leases_free (leases);
}

static void
test_is_freed_when_null (void)
{
  mpipe_leases_free (NULL);
}

typedef struct
{
  const char *sentence;
  guint32 seed;
  guint n_steps;
  guint add_weight, remove_oldest_weight, remove_any_weight, remove_newest_weight;
} RandomRun;

static const RandomRun random_runs[] = {
  { "agrees-with-a-table-in-order", 1, 50000, 10, 10, 0, 0 },
  { "agrees-with-a-table-out-of-order", 2, 50000, 10, 2, 8, 0 },
  { "agrees-with-a-table-taken-back", 3, 50000, 10, 3, 1, 6 },
  { "agrees-with-a-table-piling-up", 4, 10000, 10, 2, 2, 2 },
  { "agrees-with-a-table-oldest-stuck", 5, 10000, 10, 0, 0, 10 },
};

static guint64
choose_number (GRand *rand, const RandomRun *run, GArray *held, guint action)
{
  guint last = held->len - 1;

  if (action < run->remove_oldest_weight)
    return g_array_index (held, guint64, 0);
  action -= run->remove_oldest_weight;
  if (action < run->remove_any_weight)
    return g_array_index (held, guint64, g_rand_int_range (rand, 0, held->len));
  return g_array_index (held, guint64, last);
}

static void
check_agreement (MpipeLeases *leases, GArray *held, guint64 next, GRand *rand)
{
  static const guint64 far[] = { 0, G_MAXUINT64, G_MAXUINT64 - 1, G_MAXINT64, 1ull << 32 };
  guint64 any = g_rand_int_range (rand, 0, (gint32) next + 40);
  gboolean is_held = FALSE;

  g_assert_cmpuint (mpipe_leases_get_n (leases), ==, held->len);
  g_assert_cmpuint (mpipe_leases_get_next (leases), ==, next);
  g_assert_cmpuint (mpipe_leases_get_oldest (leases), ==,
                    held->len > 0 ? g_array_index (held, guint64, 0) : next);
  for (guint i = 0; i < held->len && !is_held; i++)
    is_held = g_array_index (held, guint64, i) == any;
  g_assert_cmpuint (GPOINTER_TO_SIZE (mpipe_leases_get (leases, any)), ==, is_held ? any : 0);
  g_assert_null (mpipe_leases_get (leases, next));
  g_assert_null (take (leases, next));
  for (guint i = 0; i < G_N_ELEMENTS (far); i++)
    {
      g_assert_null (mpipe_leases_get (leases, far[i]));
      g_assert_null (take (leases, far[i]));
    }
}

/* Each task is its number. */
static void
test_random_run (gconstpointer data)
{
  const RandomRun *run = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (run->seed);
  g_autoptr (GArray) held = g_array_new (FALSE, FALSE, sizeof (guint64));
  MpipeLeases *leases = mpipe_leases_new ();
  const guint n_removals
      = run->remove_oldest_weight + run->remove_any_weight + run->remove_newest_weight;
  guint64 next = 1;

  for (guint step = 0; step < run->n_steps; step++)
    {
      guint action = g_rand_int_range (rand, 0, run->add_weight + n_removals);

      if (action >= n_removals)
        {
          g_assert_cmpuint (mpipe_leases_add (leases, GSIZE_TO_POINTER (next), 1), ==, next);
          g_array_append_val (held, next);
          next++;
        }
      else if (held->len > 0)
        {
          guint64 number = choose_number (rand, run, held, action);
          guint place = 0;

          g_assert_true (take (leases, number) == GSIZE_TO_POINTER (number));
          g_assert_null (take (leases, number));
          while (g_array_index (held, guint64, place) != number)
            place++;
          g_array_remove_index (held, place);
        }
      check_agreement (leases, held, next, rand);
    }
  while (mpipe_leases_get_n (leases) > 0)
    g_assert_nonnull (take (leases, mpipe_leases_get_oldest (leases)));
  g_assert_cmpuint (mpipe_leases_get_oldest (leases), ==, next);
  mpipe_leases_free (leases);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/leases/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (random_runs); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/leases/", random_runs[i].sentence, NULL);

      g_test_add_data_func (path, &random_runs[i], test_random_run);
    }
  g_test_add_func ("/mpipe/flow/leases/is-freed-when-null", test_is_freed_when_null);
  return g_test_run ();
}
