/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/core/mpipe-processors-private.h"

typedef struct
{
  const char *sentence;
  const char *cpu_max;
  guint n;
} Case;

static const Case cases[] = {
  { "reads-no-limit", "max 100000\n", 0 },
  { "reads-no-limit-without-a-period", "max\n", 0 },
  { "reads-one", "100000 100000\n", 1 },
  { "reads-two", "200000 100000\n", 2 },
  { "reads-a-line-that-does-not-end", "200000 100000", 2 },
  { "rounds-up", "150000 100000\n", 2 },
  { "rounds-a-little-up", "200001 100000\n", 3 },
  { "rounds-nearly-nothing-up", "1000 100000\n", 1 },
  { "reads-another-period", "100000 50000\n", 2 },
  { "reads-a-long-period", "100000 1000000\n", 1 },
  { "reads-very-many", "6400000 100000\n", 64 },
  { "is-bounded", "9223372036854775807 1\n", G_MAXINT },
  { "is-bounded-at-the-largest-number", "18446744073709551615 1\n", G_MAXINT },
  { "ignores-an-empty-file", "", 0 },
  { "ignores-an-empty-line", "\n", 0 },
  { "ignores-a-quota-without-a-period", "100000", 0 },
  { "ignores-a-quota-with-half-a-period", "100000 ", 0 },
  { "ignores-a-period-of-nothing", "100000 0\n", 0 },
  { "ignores-a-quota-of-nothing", "0 100000\n", 0 },
  { "ignores-words", "many few\n", 0 },
  { "ignores-a-word-for-the-period", "100000 max\n", 0 },
  { "ignores-another-separator", "100000,100000\n", 0 },
  { "ignores-a-word-behind-a-number", "100000us 100000us\n", 0 },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;

  g_assert_cmpuint (mpipe_processors_parse_quota (test->cpu_max), ==, test->n);
}

static void
test_counts_at_least_one (void)
{
  g_assert_cmpuint (mpipe_processors_count (), >=, 1);
  g_assert_cmpuint (mpipe_processors_count (), <=, g_get_num_processors ());
}

static void
test_survives_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 100000; round++)
    {
      static const char letters[] = "0123456789 \n-+max";
      char text[32];
      guint n = g_rand_int_range (rand, 0, sizeof text);

      for (guint i = 0; i < n; i++)
        text[i] = letters[g_rand_int_range (rand, 0, sizeof letters - 1)];
      text[n] = '\0';
      g_assert_cmpuint (mpipe_processors_parse_quota (text), <=, G_MAXINT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/core/processors/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/core/processors/counts-at-least-one", test_counts_at_least_one);
  g_test_add_func ("/mpipe/core/processors/survives-garbage", test_survives_garbage);
  return g_test_run ();
}
