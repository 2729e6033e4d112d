/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "mpipe-glib/core/mpipe-type-table-private.h"

typedef struct
{
  const char *string;
  gsize unit;
  gboolean is_array; /* of elements of a fixed size */
  gboolean always_valid;
  gboolean has_variant;
} Case;

static const Case accepted[] = {
  { "x", 8, FALSE, TRUE, FALSE },     { "t", 8, FALSE, TRUE, FALSE },
  { "d", 8, FALSE, TRUE, FALSE },     { "i", 4, FALSE, TRUE, FALSE },
  { "u", 4, FALSE, TRUE, FALSE },     { "n", 2, FALSE, TRUE, FALSE },
  { "q", 2, FALSE, TRUE, FALSE },     { "y", 1, FALSE, TRUE, FALSE },
  { "b", 1, FALSE, FALSE, FALSE },    { "s", 0, FALSE, FALSE, FALSE },
  { "o", 0, FALSE, FALSE, FALSE },    { "g", 0, FALSE, FALSE, FALSE },
  { "v", 0, FALSE, FALSE, TRUE },     { "ax", 8, TRUE, TRUE, FALSE },
  { "ad", 8, TRUE, TRUE, FALSE },     { "au", 4, TRUE, TRUE, FALSE },
  { "aq", 2, TRUE, TRUE, FALSE },     { "ay", 1, TRUE, TRUE, FALSE },
  { "ab", 1, TRUE, FALSE, FALSE },    { "as", 0, TRUE, FALSE, FALSE },
  { "aax", 0, TRUE, FALSE, FALSE },   { "aab", 0, TRUE, FALSE, FALSE },
  { "mx", 0, FALSE, FALSE, FALSE },   { "may", 0, FALSE, FALSE, FALSE },
  { "amx", 0, TRUE, FALSE, FALSE },   { "()", 0, FALSE, FALSE, FALSE },
  { "(x)", 8, FALSE, TRUE, FALSE },   { "((ay))", 1, TRUE, TRUE, FALSE },
  { "(b)", 1, FALSE, FALSE, FALSE },  { "(as)", 0, TRUE, FALSE, FALSE },
  { "(xx)", 0, FALSE, FALSE, FALSE }, { "((x)x)", 0, FALSE, FALSE, FALSE },
  { "a(xx)", 0, TRUE, FALSE, FALSE }, { "{sx}", 0, FALSE, FALSE, FALSE },
  { "a{sx}", 0, TRUE, FALSE, FALSE }, { "a{sv}", 0, TRUE, FALSE, TRUE },
  { "(sav)", 0, FALSE, FALSE, TRUE }, { "a{s(iav)}", 0, TRUE, FALSE, TRUE },
};

static const char *const refused[] = {
  "",   "h",  "ah",   "(sh)",  "a{sh}", "mh", "{hs}",  "*",    "a*",  "?",    "a?",  "r",
  "ar", "m*", "(s*)", "a{?*}", "a",     "m",  "(",     ")",    "{sv", "{vs}", "{s}", "{ssx}",
  "xx", "x ", " x",   "z",     "as)",   "(x", "{asx}", "\xff", "é",   "a{}",  "{}",  "(x))",
};

static void
test_accepts_what_can_be_sent (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();

  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      const Case *test = &accepted[i];
      const MpipeTypeEntry *entry = mpipe_type_table_add (table, test->string);

      g_test_message ("type %s", test->string);
      g_assert_nonnull (entry);
      g_assert_cmpstr (entry->string, ==, test->string);
      g_assert_cmpuint (entry->number, ==, i + 1);
      g_assert_cmpuint (entry->unit, ==, test->unit);
      g_assert_true (test->unit == 0 || entry->is_array == test->is_array);
      g_assert_true (entry->always_valid == test->always_valid);
      g_assert_true (entry->has_variant == test->has_variant);
    }
  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++)
    {
      const MpipeTypeEntry *entry = mpipe_type_table_get (table, i + 1);

      g_assert_true (entry == mpipe_type_table_add (table, accepted[i].string));
      g_assert_cmpstr (entry->string, ==, accepted[i].string);
    }
}

static void
test_refuses_what_cannot_be_sent (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *escaped = g_strescape (refused[i], NULL);

      g_test_message ("type “%s”", escaped);
      g_assert_null (mpipe_type_table_add (table, refused[i]));
    }
  g_assert_cmpuint (mpipe_type_table_add (table, "x")->number, ==, 1);
}

/* One that only tasks with descriptors have is not found by who may not have it. */
static void
test_knows_types_with_handles_for_tasks_only (void)
{
  static const char *const with_handles[] = { "h", "ah", "(sh)", "a{sh}", "mh", "(v(xh))" };
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();

  for (guint i = 0; i < G_N_ELEMENTS (with_handles); i++)
    {
      const MpipeTypeEntry *entry;

      g_assert_null (mpipe_type_table_add (table, with_handles[i]));
      entry = mpipe_type_table_add_any (table, with_handles[i]);
      g_assert_nonnull (entry);
      g_assert_true (entry->has_handle);
      g_assert_false (entry->always_valid);
      g_assert_cmpuint (entry->number, ==, i + 1);
      g_assert_true (mpipe_type_table_get (table, entry->number) == entry);
      g_assert_null (mpipe_type_table_add (table, with_handles[i]));
    }
  g_assert_null (mpipe_type_table_add_any (table, "a*"));
  g_assert_false (mpipe_type_table_add_any (table, "v")->has_handle);
}

static void
test_knows_no_other_numbers (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();
  const MpipeTypeEntry *entry = mpipe_type_table_add (table, "x");

  for (guint number = 0; number <= G_MAXUINT16; number++)
    g_assert_true (mpipe_type_table_get (table, number) == (number == 1 ? entry : NULL));
}

static void
test_bounds_the_length_of_a_type (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();

  for (guint n = 2; n <= 2 * MPIPE_TYPE_STRING_MAX; n++)
    {
      g_autoptr (GString) string = g_string_new ("(");

      while (string->len < n - 1)
        g_string_append_c (string, 'x');
      g_string_append_c (string, ')');
      g_assert_true ((mpipe_type_table_add (table, string->str) != NULL)
                     == (n <= MPIPE_TYPE_STRING_MAX));
    }
}

/* Returns: (transfer full): the type of that index, all are different */
static char *
make_type (guint index)
{
  GString *string = g_string_new ("(");

  for (; index > 0; index >>= 1)
    g_string_append_c (string, index & 1 ? 'x' : 's');
  g_string_append_c (string, ')');
  return g_string_free (string, FALSE);
}

static void
test_bounds_the_number_of_types (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();

  for (guint i = 1; i < 2 * MPIPE_TYPE_TABLE_MAX; i++)
    {
      g_autofree char *string = make_type (i);
      const MpipeTypeEntry *entry = mpipe_type_table_add (table, string);

      g_assert_true ((entry != NULL) == (i < MPIPE_TYPE_TABLE_MAX));
      g_assert_true (entry == NULL || entry->number == i);
    }
  for (guint i = 1; i < MPIPE_TYPE_TABLE_MAX; i++)
    {
      g_autofree char *string = make_type (i);

      g_assert_cmpuint (mpipe_type_table_add (table, string)->number, ==, i);
      g_assert_cmpstr (mpipe_type_table_get (table, i)->string, ==, string);
    }
}

/* Whatever GLib calls a definite type without handles, and nothing else. */
static void
test_agrees_with_glib (void)
{
  static const char letters[] = "bynqiuxtdsogvhr*?am(){}";
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint n_accepted = 0;

  for (guint round = 0; round < 40000; round++)
    {
      g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();
      char string[9] = { 0 };
      guint length = g_rand_int_range (rand, 0, sizeof string);
      const MpipeTypeEntry *entry;

      for (guint i = 0; i < length; i++)
        string[i] = letters[g_rand_int_range (rand, 0, sizeof letters - 1)];
      entry = mpipe_type_table_add (table, string);
      g_assert_true ((entry != NULL)
                     == (g_variant_type_string_is_valid (string)
                         && g_variant_type_is_definite (G_VARIANT_TYPE (string))
                         && strchr (string, 'h') == NULL));
      n_accepted += entry != NULL;
    }
  g_assert_cmpuint (n_accepted, >, 1000);
}

#define N_THREADS 4
#define N_SHARED_TYPES 500

static gpointer
add_types_thread (gpointer data)
{
  MpipeTypeTable *table = data;

  for (guint round = 0; round < 4; round++)
    for (guint i = 1; i <= N_SHARED_TYPES; i++)
      {
        g_autofree char *string = make_type (i);
        const MpipeTypeEntry *entry = mpipe_type_table_add (table, string);

        g_assert_cmpstr (entry->string, ==, string);
        g_assert_true (mpipe_type_table_get (table, entry->number) == entry);
      }
  mpipe_type_table_unref (table);
  return NULL;
}

static void
test_is_used_by_several_threads (void)
{
  g_autoptr (MpipeTypeTable) table = mpipe_type_table_new ();
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("adds types", add_types_thread, mpipe_type_table_ref (table));
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_nonnull (mpipe_type_table_get (table, N_SHARED_TYPES));
  g_assert_null (mpipe_type_table_get (table, N_SHARED_TYPES + 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpipe/core/type-table/accepts-what-can-be-sent",
                   test_accepts_what_can_be_sent);
  g_test_add_func ("/mpipe/core/type-table/refuses-what-cannot-be-sent",
                   test_refuses_what_cannot_be_sent);
  g_test_add_func ("/mpipe/core/type-table/knows-types-with-handles-for-tasks-only",
                   test_knows_types_with_handles_for_tasks_only);
  g_test_add_func ("/mpipe/core/type-table/knows-no-other-numbers", test_knows_no_other_numbers);
  g_test_add_func ("/mpipe/core/type-table/bounds-the-length-of-a-type",
                   test_bounds_the_length_of_a_type);
  g_test_add_func ("/mpipe/core/type-table/bounds-the-number-of-types",
                   test_bounds_the_number_of_types);
  g_test_add_func ("/mpipe/core/type-table/agrees-with-glib", test_agrees_with_glib);
  g_test_add_func ("/mpipe/core/type-table/is-used-by-several-threads",
                   test_is_used_by_several_threads);
  return g_test_run ();
}
