/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <stdio.h>

#include "mpipe-glib/core/mpipe-extents-private.h"

#define SIZE 10

typedef struct
{
  const char *sentence;
  const char *steps;  /* N: take so much; -O+N: give N back at O */
  const char *offsets; /* what each taking gives, - for nothing */
} ExtentCase;

static const ExtentCase extent_cases[] = {
  { "begins-at-the-beginning", "3 2 5", "0 3 5" },
  { "takes-no-more-than-there-is", "11 10 1", "- 0 -" },
  { "uses-again-what-came-back", "3 3 -0+3 3 3", "0 3 0 6" },
  { "takes-the-first-that-fits", "2 1 4 -0+2 -3+4 3 2", "0 2 3 3 0" },
  { "joins-with-what-lies-before", "2 2 6 -0+2 -2+2 4", "0 2 4 0" },
  { "joins-with-what-lies-behind", "2 2 6 -2+2 -0+2 4", "0 2 4 0" },
  { "joins-with-both", "2 2 2 4 -0+2 -4+2 -2+2 6", "0 2 4 6 0" },
  { "joins-to-the-whole", "5 5 -5+5 -0+5 10", "0 5 0" },
  { "does-not-join-across-what-is-taken", "2 2 2 4 -0+2 -4+2 4", "0 2 4 6 -" },
};

static void
test_extents (gconstpointer data)
{
  const ExtentCase *test = data;
  g_autoptr (MpipeExtents) extents = mpipe_extents_new (SIZE);
  g_auto (GStrv) steps = g_strsplit (test->steps, " ", -1);
  g_autoptr (GString) offsets = g_string_new (NULL);

  for (guint i = 0; steps[i] != NULL; i++)
    {
      gsize offset, size;

      if (sscanf (steps[i], "-%zu+%zu", &offset, &size) == 2)
        {
          mpipe_extents_give_back (extents, offset, size);
          continue;
        }
      g_assert_cmpint (sscanf (steps[i], "%zu", &size), ==, 1);
      if (offsets->len > 0)
        g_string_append_c (offsets, ' ');
      if (mpipe_extents_take (extents, size, &offset))
        g_string_append_printf (offsets, "%zu", offset);
      else
        g_string_append_c (offsets, '-');
    }
  g_assert_cmpstr (offsets->str, ==, test->offsets);
}

typedef struct
{
  gsize offset;
  gsize size;
} Piece;

/* Whatever was taken and given back: nothing overlaps, nothing is lost. */
static void
test_nothing_overlaps_and_nothing_is_lost (void)
{
  const gsize size = 1000;
  g_autoptr (MpipeExtents) extents = mpipe_extents_new (size);
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  g_autofree gboolean *taken = g_new0 (gboolean, size);
  gsize n_taken = 0, offset;

  for (guint i = 0; i < 20000; i++)
    {
      Piece piece = { .size = (gsize) g_test_rand_int_range (1, 60) };

      if (g_test_rand_bit () && mpipe_extents_take (extents, piece.size, &piece.offset))
        {
          for (gsize at = piece.offset; at < piece.offset + piece.size; at++)
            {
              g_assert_cmpuint (at, <, size);
              g_assert_false (taken[at]);
              taken[at] = TRUE;
            }
          n_taken += piece.size;
          g_array_append_val (pieces, piece);
        }
      else if (pieces->len > 0)
        {
          guint which = (guint) g_test_rand_int_range (0, (gint32) pieces->len);

          piece = g_array_index (pieces, Piece, which);
          g_array_remove_index_fast (pieces, which);
          for (gsize at = piece.offset; at < piece.offset + piece.size; at++)
            taken[at] = FALSE;
          n_taken -= piece.size;
          mpipe_extents_give_back (extents, piece.offset, piece.size);
        }
      g_assert_cmpuint (mpipe_extents_get_n_taken (extents), ==, n_taken);
    }
  for (guint i = 0; i < pieces->len; i++)
    {
      const Piece *piece = &g_array_index (pieces, Piece, i);

      mpipe_extents_give_back (extents, piece->offset, piece->size);
    }
  g_assert_true (mpipe_extents_take (extents, size, &offset));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (extent_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/extents/", extent_cases[i].sentence, NULL);

      g_test_add_data_func (path, &extent_cases[i], test_extents);
    }
  g_test_add_func ("/extents/nothing-overlaps-and-nothing-is-lost",
                   test_nothing_overlaps_and_nothing_is_lost);
  return g_test_run ();
}
