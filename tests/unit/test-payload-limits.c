/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What cannot be sent, what is shared, and what is large. */

#include "config.h"

#include <string.h>
#include <sys/mman.h>

#include <glib.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-payload-private.h"

static const char *const with_handles[] = {
  "handle 0",        "[handle 1]",        "@ah []",
  "('a', handle 2)", "{'a': handle 3}",   "@mh nothing",
  "<handle 4>",      "{'a': <handle 5>}", "(1, <<[handle 6]>>)",
};

/* How many descriptors each value needs at least; 17 when none are enough. */
static const struct
{
  const char *text;
  int n_needed;
} handles[] = {
  { "handle 0", 1 },           { "handle 1", 2 },          { "handle -1", 17 },
  { "[handle 0, 1, 0]", 2 },   { "@ah []", 0 },            { "@mh nothing", 0 },
  { "<handle 4>", 5 },         { "(1, <<[handle 6]>>)", 7 }, { "{'a': handle 3, 'b': 15}", 16 },
  { "[<1>, <'s'>, <handle 2>]", 3 }, { "('x', handle 2147483647)", 17 }, { "'no handle'", 0 },
};

static void
test_takes_handles_that_refer_to_something (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    for (int n = 0; n <= 16; n++)
      {
        g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
        g_autoptr (GError) error = NULL;
        g_autoptr (GVariant) variant = g_variant_parse (NULL, handles[i].text, NULL, NULL, NULL);
        g_autoptr (GVariant) received = NULL;
        g_autoptr (GVariant) too_few = NULL;
        MpipePayload payload;

        g_assert_nonnull (variant);
        if (n < handles[i].n_needed)
          {
            g_assert_false (mpipe_payload_init_with_handles (&payload, variant, types, n, &error));
            g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
            continue;
          }
        g_assert_true (mpipe_payload_init_with_handles (&payload, variant, types, n, &error));
        g_assert_no_error (error);
        received = mpipe_payload_to_variant_with_handles (&payload, types, n, &error);
        g_assert_no_error (error);
        g_assert_cmpvariant (received, variant);
        if (handles[i].n_needed > 0)
          {
            too_few = mpipe_payload_to_variant_with_handles (&payload, types,
                                                             handles[i].n_needed - 1, &error);
            g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
          }
        mpipe_payload_clear (&payload);
      }
}

/* A handle means a descriptor that is passed beside the value: here none is. */
static void
test_refuses_handles (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (with_handles); i++)
    {
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant = g_variant_parse (NULL, with_handles[i], NULL, NULL, &error);
      MpipePayload payload;

      g_assert_no_error (error);
      g_test_message ("value %s", with_handles[i]);
      g_assert_false (mpipe_payload_init_from_variant (&payload, variant, types, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
      g_assert_false (mpipe_payload_init_from_variant (&payload, variant, types, NULL));
    }
}

static GVariant *
nest_variants (guint depth)
{
  GVariant *variant = g_variant_new_int32 (7);

  while (depth-- > 0)
    variant = g_variant_new_variant (variant);
  return g_variant_ref_sink (variant);
}

static GVariant *
nest_arrays (guint depth)
{
  GVariant *variant = g_variant_new_int32 (7);

  while (depth-- > 0)
    variant = g_variant_new_array (NULL, &variant, 1);
  return g_variant_ref_sink (variant);
}

static GVariant *
nest_tuples (guint depth)
{
  GVariant *variant = g_variant_new_string ("seven");

  while (depth-- > 0)
    variant = g_variant_new_tuple (&variant, 1);
  return g_variant_ref_sink (variant);
}

static GVariant *
nest_arrays_in_variants (guint depth)
{
  GVariant *variant = g_variant_new_int32 (7);

  while (depth-- > 0)
    {
      variant = g_variant_new_variant (variant);
      variant = g_variant_new_array (NULL, &variant, 1);
    }
  return g_variant_ref_sink (variant);
}

typedef struct
{
  const char *sentence;
  GVariant *(*nest) (guint depth);
  guint depth_max; /* what GLib still makes */
} NestedCase;

static const NestedCase nested_cases[] = {
  { "receives-nested-variants-as-they-were-sent", nest_variants, 400 },
  { "receives-nested-arrays-as-they-were-sent", nest_arrays, 128 },
  { "receives-nested-tuples-as-they-were-sent", nest_tuples, 128 },
  { "receives-nested-arrays-of-variants-as-they-were-sent", nest_arrays_in_variants, 200 },
};

/* What is accepted for sending is received as it was; what is too deep is an error at once. */
static void
test_nested (gconstpointer data)
{
  const NestedCase *test = data;
  guint n_sent = 0;

  for (guint depth = 0; depth <= test->depth_max; depth++)
    {
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
      g_autoptr (GVariant) variant = test->nest (depth);
      g_autoptr (GVariant) received = NULL;
      g_autoptr (GError) error = NULL;
      MpipePayload payload;

      g_test_message ("depth %u", depth);
      if (!mpipe_payload_init_from_variant (&payload, variant, types, &error))
        {
          g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
          continue;
        }
      n_sent++;
      g_assert_cmpmem (mpipe_payload_get_data (&payload), payload.size,
                       g_variant_get_data (variant), g_variant_get_size (variant));
      received = mpipe_payload_to_variant (&payload, types, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_is_normal_form (received));
      mpipe_payload_clear (&payload);
    }
  g_assert_cmpuint (n_sent, >=, 60);
}

static void
test_refuses_too_large_values (void)
{
  const gsize size = (gsize) MPIPE_PAYLOAD_MAX + 1;
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GError) error = NULL;
  MpipePayload payload;
  /* never touched, so that it takes no memory */
  void *memory = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  g_assert_true (memory != MAP_FAILED);
  variant = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, memory, size, TRUE, NULL, NULL));
  g_assert_false (mpipe_payload_init_from_variant (&payload, variant, types, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
  g_clear_pointer (&variant, g_variant_unref);

  variant = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, memory, size - 1, TRUE, NULL, NULL));
  g_clear_error (&error);
  g_assert_true (mpipe_payload_init_from_variant (&payload, variant, types, &error));
  g_assert_no_error (error);
  g_assert_true (mpipe_payload_get_data (&payload) == memory);
  mpipe_payload_clear (&payload);
  g_clear_pointer (&variant, g_variant_unref);
  munmap (memory, size);
}

static void
test_refuses_a_type_when_the_table_is_full (void)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (GVariant) known = g_variant_ref_sink (g_variant_new_int64 (1));
  g_autoptr (GVariant) unknown = g_variant_ref_sink (g_variant_new_uint64 (1));
  g_autoptr (GError) error = NULL;
  MpipePayload payload;

  mpipe_type_table_add (types, "x");
  for (guint i = 2; i < MPIPE_TYPE_TABLE_MAX; i++)
    {
      g_autoptr (GString) string = g_string_new ("(");

      for (guint rest = i; rest > 0; rest >>= 1)
        g_string_append_c (string, rest & 1 ? 'x' : 's');
      g_string_append_c (string, ')');
      g_assert_nonnull (mpipe_type_table_add (types, string->str));
    }
  g_assert_true (mpipe_payload_init_from_variant (&payload, known, types, NULL));
  mpipe_payload_clear (&payload);
  g_assert_false (mpipe_payload_init_from_variant (&payload, unknown, types, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
}

static void
test_does_not_copy_what_is_large (void)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autofree guint8 *bytes = g_malloc0 (1u << 20);
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 1u << 20, sizeof (guint8)));
  const guint8 *data = g_variant_get_data (variant);
  g_autoptr (GVariant) back = NULL;
  MpipePayload payload, copy;

  g_assert_true (mpipe_payload_init_from_variant (&payload, variant, types, NULL));
  g_assert_true (mpipe_payload_get_data (&payload) == data);
  mpipe_payload_copy (&copy, &payload);
  g_assert_true (mpipe_payload_get_data (&copy) == data);
  mpipe_payload_clear (&payload);
  back = mpipe_payload_to_variant (&copy, types, NULL);
  g_assert_true (g_variant_get_data (back) == data);
  mpipe_payload_clear (&copy);
  g_clear_pointer (&variant, g_variant_unref);
  g_assert_cmpmem (g_variant_get_data (back), g_variant_get_size (back), bytes, 1u << 20);
}

/* As when one read brought many results, some of which are kept. */
static void
test_shares_one_buffer (void)
{
  enum
  {
    N = 100,
    SIZE = 64
  };
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  guint16 type = mpipe_type_table_add (types, "ay")->number;
  MpipeBuffer *buffer = mpipe_buffer_try_new (N * SIZE);
  guint8 *data = mpipe_buffer_get_data (buffer);
  MpipePayload payloads[N];
  GVariant *variants[N];

  g_assert_cmpuint (mpipe_buffer_get_capacity (buffer), ==, N * SIZE);
  g_assert_false (mpipe_buffer_is_shared (buffer));
  for (guint i = 0; i < N; i++)
    {
      memset (data + i * SIZE, i, SIZE);
      mpipe_payload_init_from_buffer (&payloads[i], type, buffer, data + i * SIZE, SIZE);
      g_assert_true (mpipe_payload_get_buffer (&payloads[i]) == buffer);
    }
  g_assert_true (mpipe_buffer_is_shared (buffer));
  for (guint i = 0; i < N; i++)
    {
      variants[i] = mpipe_payload_to_variant (&payloads[i], types, NULL);
      mpipe_payload_clear (&payloads[i]);
      mpipe_payload_clear (&payloads[i]); /* clearing leaves nothing to clear */
    }
  g_assert_true (mpipe_buffer_is_shared (buffer));
  for (guint i = 1; i < N; i++)
    g_variant_unref (variants[i]);
  g_assert_true (mpipe_buffer_is_shared (buffer));
  mpipe_buffer_unref (buffer);
  for (guint i = 0; i < SIZE; i++)
    g_assert_cmpuint (((const guint8 *) g_variant_get_data (variants[0]))[i], ==, 0);
  g_variant_unref (variants[0]);
}

static void
test_leaves_a_buffer_that_it_does_not_need (void)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (MPIPE_PAYLOAD_INLINE);
  MpipePayload payload;

  memset (mpipe_buffer_get_data (buffer), 1, MPIPE_PAYLOAD_INLINE);
  mpipe_payload_init_from_buffer (&payload, mpipe_type_table_add (types, "ay")->number, buffer,
                                  mpipe_buffer_get_data (buffer), MPIPE_PAYLOAD_INLINE);
  g_assert_false (mpipe_buffer_is_shared (buffer));
  g_assert_null (mpipe_payload_get_buffer (&payload));
  memset (mpipe_buffer_get_data (buffer), 2, MPIPE_PAYLOAD_INLINE);
  g_assert_cmpuint (mpipe_payload_get_data (&payload)[0], ==, 1);
  mpipe_payload_clear (&payload);
}

static void
test_knows_its_type (void)
{
  static const struct
  {
    const char *value, *type;
    gboolean has;
  } cases[] = {
    { "int64 1", "x", TRUE },        { "int64 1", "t", FALSE },    { "int64 1", "*", TRUE },
    { "int64 1", "?", TRUE },        { "int64 1", "r", FALSE },    { "['a']", "as", TRUE },
    { "['a']", "a*", TRUE },         { "['a']", "a?", TRUE },      { "['a']", "?", FALSE },
    { "(1, 'a')", "r", TRUE },       { "(1, 'a')", "(*s)", TRUE }, { "(1, 'a')", "(**i)", FALSE },
    { "{'a': <1>}", "a{?*}", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
      g_autoptr (GVariant) variant = g_variant_parse (NULL, cases[i].value, NULL, NULL, NULL);
      MpipePayload payload;

      g_assert_true (mpipe_payload_init_from_variant (&payload, variant, types, NULL));
      g_assert_true (mpipe_payload_has_type (&payload, types, G_VARIANT_TYPE (cases[i].type))
                     == cases[i].has);
      payload.type++;
      g_assert_false (mpipe_payload_has_type (&payload, types, G_VARIANT_TYPE_ANY));
      payload.type--;
      mpipe_payload_clear (&payload);
    }
}

/* As a program makes it of bytes from a file: GLib does not know yet that they are good. */
static void
test_is_sent_in_linear_time (void)
{
  const gsize n_children = 300000;
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (GVariant) good = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GVariantBuilder builder;
  MpipePayload payload;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < n_children; i++)
    g_variant_builder_add (&builder, "v", g_variant_new_string (i % 2 ? "odd" : "even"));
  good = g_variant_ref_sink (g_variant_builder_end (&builder));
  bytes = g_variant_get_data_as_bytes (good);
  variant = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("av"), bytes, FALSE));
  g_assert_true (mpipe_payload_init_from_variant (&payload, variant, types, NULL));
  g_assert_cmpuint (payload.size, ==, g_bytes_get_size (bytes));
  mpipe_payload_clear (&payload);
}

/* GLib reads a large array that is not known to be good in quadratic time: minutes for this one. */
static void
test_is_read_in_linear_time (void)
{
  const gsize n_strings = 500000;
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autofree const char **strings = g_new0 (const char *, n_strings);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) received = NULL;
  g_autoptr (MpipeBuffer) buffer = NULL;
  MpipePayload payload;
  guint16 type = mpipe_type_table_add (types, "as")->number;
  gsize n_equal = 0;

  for (gsize i = 0; i < n_strings; i++)
    strings[i] = i % 2 ? "odd" : "even";
  variant = g_variant_ref_sink (g_variant_new_strv (strings, n_strings));
  buffer = mpipe_buffer_try_new (g_variant_get_size (variant));
  g_variant_store (variant, mpipe_buffer_get_data (buffer));
  mpipe_payload_init_from_buffer (&payload, type, buffer, mpipe_buffer_get_data (buffer),
                                  mpipe_buffer_get_capacity (buffer));
  received = mpipe_payload_to_variant (&payload, types, NULL);
  mpipe_payload_clear (&payload);
  for (gsize i = 0; i < n_strings; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (received, i);

      n_equal += g_str_equal (g_variant_get_string (child, NULL), strings[i]);
    }
  g_assert_cmpuint (n_equal, ==, n_strings);
}

/* The memory is promised only: nothing of it is looked at. */
static void
test_refuses_to_split_what_is_too_long (void)
{
  const gsize size = (gsize) G_MAXUINT + 2;
  void *memory = mmap (NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  MpipeTypeTable *types = mpipe_type_table_new ();
  g_autoptr (GVariant) array = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (memory != MAP_FAILED);
  array = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, memory, size, TRUE, NULL, NULL));
  g_assert_null (mpipe_payload_split (array, types, 1, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
  munmap (memory, size);
  mpipe_type_table_unref (types);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (nested_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/core/payload/", nested_cases[i].sentence, NULL);

      g_test_add_data_func (path, &nested_cases[i], test_nested);
    }
  g_test_add_func ("/mpipe/core/payload/refuses-handles", test_refuses_handles);
  g_test_add_func ("/mpipe/core/payload/takes-handles-that-refer-to-something",
                   test_takes_handles_that_refer_to_something);
  g_test_add_func ("/mpipe/core/payload/refuses-too-large-values", test_refuses_too_large_values);
  g_test_add_func ("/mpipe/core/payload/refuses-to-split-what-is-too-long",
                   test_refuses_to_split_what_is_too_long);
  g_test_add_func ("/mpipe/core/payload/refuses-a-type-when-the-table-is-full",
                   test_refuses_a_type_when_the_table_is_full);
  g_test_add_func ("/mpipe/core/payload/does-not-copy-what-is-large",
                   test_does_not_copy_what_is_large);
  g_test_add_func ("/mpipe/core/payload/shares-one-buffer", test_shares_one_buffer);
  g_test_add_func ("/mpipe/core/payload/leaves-a-buffer-that-it-does-not-need",
                   test_leaves_a_buffer_that_it_does_not_need);
  g_test_add_func ("/mpipe/core/payload/knows-its-type", test_knows_its_type);
  g_test_add_func ("/mpipe/core/payload/is-sent-in-linear-time", test_is_sent_in_linear_time);
  g_test_add_func ("/mpipe/core/payload/is-read-in-linear-time", test_is_read_in_linear_time);
  return g_test_run ();
}
