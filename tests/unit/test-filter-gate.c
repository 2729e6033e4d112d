/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-filter-gate-private.h"

/* A capital letter enters the branch of that letter (written down as "y" or "n"), a small one leaves it. */
typedef struct
{
  const char *sentence;
  guint n_branches;
  guint max_inside;
  const char *script;
  const char *written;
} Case;

static const Case cases[] = {
  { "lets-one-in", 1, 1, "A", "y" },
  { "lets-no-second-in", 1, 1, "AA", "yn" },
  { "lets-the-next-in-when-one-left", 1, 1, "AAaAA", "ynyn" },
  { "does-not-count-those-refused", 1, 1, "AAAAaA", "ynnny" },
  { "lets-as-many-in-as-it-is-told", 1, 3, "AAAAaAA", "yyynyn" },
  { "counts-each-branch-alone", 3, 1, "AABCBCbBC", "ynyynnyn" },
  { "knows-other-branches-when-one-is-full", 2, 2, "AAABBBaAB", "yynyynyn" },
  { "lets-nobody-in-at-zero", 2, 0, "ABAB", "nnnn" },
  { "has-no-branches", 0, 1, "", "" },
  { "has-no-limit-at-the-largest", 1, G_MAXUINT, "AAAAAAAA", "yyyyyyyy" },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  MpipeFilterGate gate;
  g_autoptr (GString) written = g_string_new (NULL);

  mpipe_filter_gate_init (&gate, test->n_branches, test->max_inside);
  for (const char *step = test->script; *step != '\0'; step++)
    if (g_ascii_isupper (*step))
      g_string_append_c (written, mpipe_filter_gate_enter (&gate, *step - 'A') ? 'y' : 'n');
    else
      mpipe_filter_gate_leave (&gate, *step - 'a');
  g_assert_cmpstr (written->str, ==, test->written);
  mpipe_filter_gate_clear (&gate);
  g_assert_null (gate.n_inside);
  mpipe_filter_gate_clear (&gate);
}

static void
test_agrees_with_counting (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 100; round++)
    {
      guint n_branches = g_rand_int_range (rand, 1, 9);
      guint max_inside = g_rand_int_range (rand, 0, 6);
      guint n_inside[8] = { 0 };
      MpipeFilterGate gate;

      mpipe_filter_gate_init (&gate, n_branches, max_inside);
      for (guint step = 0; step < 1000; step++)
        {
          guint branch = g_rand_int_range (rand, 0, n_branches);

          if (n_inside[branch] > 0 && g_rand_boolean (rand))
            {
              mpipe_filter_gate_leave (&gate, branch);
              n_inside[branch]--;
            }
          else if (mpipe_filter_gate_enter (&gate, branch))
            g_assert_cmpuint (++n_inside[branch], <=, max_inside);
          else
            g_assert_cmpuint (n_inside[branch], ==, max_inside);
        }
      mpipe_filter_gate_clear (&gate);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/filter-gate/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/flow/filter-gate/agrees-with-counting", test_agrees_with_counting);
  return g_test_run ();
}
