/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-random-variant.h"

/* There and back, by way of a copy and of a frame's buffer. */
static void
check_round_trip (GVariant *variant)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (GVariant) normal = g_variant_get_normal_form (variant);
  g_autoptr (GVariant) back = NULL;
  g_autoptr (GVariant) received = NULL;
  g_autoptr (MpipeBuffer) buffer = NULL;
  g_autoptr (GError) error = NULL;
  MpipePayload payload, copy;
  gsize size = g_variant_get_size (normal);

  g_assert_true (mpipe_payload_init_from_variant (&payload, variant, types, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (mpipe_payload_get_data (&payload), payload.size, g_variant_get_data (normal),
                   size);
  g_assert_true ((mpipe_payload_get_buffer (&payload) == NULL) == (size <= MPIPE_PAYLOAD_INLINE));
  g_assert_true (mpipe_payload_has_type (&payload, types, g_variant_get_type (variant)));

  buffer = mpipe_buffer_try_new (size + 8);
  if (size > 0)
    memcpy (mpipe_buffer_get_data (buffer) + 8, mpipe_payload_get_data (&payload), size);
  mpipe_payload_copy (&copy, &payload);
  mpipe_payload_clear (&payload);
  back = mpipe_payload_to_variant (&copy, types, &error);
  g_assert_no_error (error);
  mpipe_payload_init_from_buffer (&payload, copy.type, buffer, mpipe_buffer_get_data (buffer) + 8,
                                  size);
  mpipe_payload_clear (&copy);
  received = mpipe_payload_to_variant (&payload, types, &error);
  g_assert_no_error (error);
  mpipe_payload_clear (&payload);
  g_clear_pointer (&buffer, mpipe_buffer_unref);

  g_assert_false (g_variant_is_floating (back));
  g_assert_false (g_variant_is_floating (received));
  g_assert_cmpvariant (back, normal);
  g_assert_cmpvariant (received, normal);
  g_assert_true (g_variant_is_normal_form (received));
}

static const char *const values[] = {
  "true",
  "false",
  "byte 0xff",
  "int16 -2",
  "uint16 65535",
  "int32 -2147483648",
  "uint32 4294967295",
  "int64 -9223372036854775808",
  "uint64 18446744073709551615",
  "-1.5e300",
  "''",
  "'a'",
  "'exactly 23 bytes long !'",
  "'exactly 24 bytes long !!'",
  "'a text that does not fit into the payload itself ä€😀'",
  "objectpath '/'",
  "objectpath '/an/object/that/is/longer/than/the/payload'",
  "signature ''",
  "signature 'a{sv}(ii)'",
  "<1>",
  "<<<'a'>>>",
  "<@a{sv} {}>",
  "@as []",
  "@ax []",
  "@ay []",
  "@ab []",
  "@a{sv} {}",
  "@aas []",
  "[@as []]",
  "[@ax [], [1], @ax []]",
  "[1, 2]",
  "@ax [1, 2, 3]",
  "@ax [1, 2, 3, 4]",
  "@ad [0.5]",
  "@an [1, 2, 3]",
  "[true, false]",
  "b'bytes'",
  "['a', '', 'ccc']",
  "{'a': <1>, 'b': <'text'>}",
  "{1: 'one', 2: 'two'}",
  "()",
  "(1,)",
  "(byte 1, int64 2)",
  "(int64 1, byte 2)",
  "('a', 1, [1, 2], <()>, {'k': 'v'})",
  "@ms nothing",
  "@ms 'x'",
  "@mmx just nothing",
  "[@mi 1, nothing]",
  "[(), ()]",
  "{'a', 1}",
  "{'nested': <{'more': <{'more': <[1.5, 2.5, 3.5, 4.5, 5.5]>}>}>}",
};

static void
test_keeps_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (GVariant) swapped = NULL;

      g_test_message ("value %s", values[i]);
      variant = g_variant_parse (NULL, values[i], NULL, NULL, &error);
      g_assert_no_error (error);
      check_round_trip (variant);
      swapped = g_variant_byteswap (variant);
      check_round_trip (swapped);
    }
}

static void
test_keeps_bytes_of_any_size (void)
{
  for (gsize size = 0; size < 80; size++)
    {
      guint8 bytes[80];
      g_autoptr (GVariant) variant = NULL;

      for (gsize i = 0; i < size; i++)
        bytes[i] = (guint8) (i * 37 + size);
      variant = g_variant_ref_sink (
          g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, sizeof (guint8)));
      check_round_trip (variant);
    }
}

static void
test_keeps_random_values (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint round = 0; round < 5000; round++)
    {
      g_autofree char *type = mpipe_random_type (rand, 4);
      g_autoptr (GVariant) variant
          = g_variant_ref_sink (mpipe_random_variant (rand, G_VARIANT_TYPE (type), 3));

      check_round_trip (variant);
    }
}

/* What a program makes of bytes from elsewhere need not be in normal form; it is sent so. */
static void
test_normalises_values (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint round = 0; round < 20000; round++)
    {
      g_autofree char *type = mpipe_random_type (rand, round % 4);
      g_autoptr (GVariant) good
          = g_variant_ref_sink (mpipe_random_variant (rand, G_VARIANT_TYPE (type), 2));
      g_autoptr (GBytes) bytes = mpipe_random_damage (rand, good);
      g_autoptr (GVariant) damaged
          = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));

      if (!mpipe_variant_has_handle (damaged))
        check_round_trip (damaged);
    }
}

static void
test_normalises_children (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr (GVariant) damaged
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("(saxxy)"), bytes, FALSE));

  for (gsize i = 0; i < g_variant_n_children (damaged); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (damaged, i);

      check_round_trip (child);
    }
}

/* Makes a payload as it is received. */
static GVariant *
receive (const char *type, const void *data, gsize size, GError **error)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (MAX (size, 1));
  GVariant *variant;
  MpipePayload payload;

  if (size > 0)
    memcpy (mpipe_buffer_get_data (buffer), data, size);
  mpipe_payload_init_from_buffer (&payload, mpipe_type_table_add (types, type)->number, buffer,
                                  mpipe_buffer_get_data (buffer), size);
  variant = mpipe_payload_to_variant (&payload, types, error);
  mpipe_payload_clear (&payload);
  return variant;
}

static void
test_refuses_wrong_sizes (void)
{
  static const char *const fixed[] = { "x", "t", "d", "i", "u", "n", "q", "y", "b", "()", "(xy)" };
  static const guint8 zeros[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    for (guint is_array = 0; is_array < 2; is_array++)
      {
        g_autofree char *type = g_strconcat (is_array ? "a" : "", fixed[i], NULL);
        static const gsize sizes[] = { 8, 8, 8, 4, 4, 2, 2, 1, 1, 1, 16 };

        for (gsize size = 0; size <= sizeof zeros; size++)
          {
            g_autoptr (GError) error = NULL;
            g_autoptr (GVariant) variant = receive (type, zeros, size, &error);
            gboolean right = is_array ? size % sizes[i] == 0 : size == sizes[i];

            g_assert_true ((variant != NULL) == right);
            if (right)
              g_assert_cmpuint (g_variant_get_size (variant), ==, size);
            else
              g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
          }
      }
}

/* Either it is what GLib calls normal, and is kept byte for byte, or it is refused. */
static void
test_receives_normal_values_only (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  guint n_refused = 0;

  for (guint round = 0; round < 20000; round++)
    {
      g_autofree char *type = mpipe_random_type (rand, round % 4);
      g_autoptr (GVariant) good
          = g_variant_ref_sink (mpipe_random_variant (rand, G_VARIANT_TYPE (type), 2));
      g_autoptr (GBytes) bytes = mpipe_random_damage (rand, good);
      gsize size;
      const void *data = g_bytes_get_data (bytes, &size);
      g_autoptr (GVariant) judged
          = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) received = receive (type, data, size, &error);

      g_assert_true ((received != NULL)
                     == (g_variant_is_normal_form (judged) && !mpipe_variant_has_handle (judged)));
      if (received != NULL)
        g_assert_cmpmem (g_variant_get_data (received), g_variant_get_size (received), data, size);
      else
        g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      n_refused += received == NULL;
    }
  g_assert_cmpuint (n_refused, >, 2000);
}

typedef struct
{
  const char *sentence;
  const char *type;
  const char *data;
  gsize size;
} RefusedCase;

static const RefusedCase refused_cases[] = {
  { "refuses-a-boolean-of-two", "b", "\2", 1 },
  { "refuses-a-boolean-of-two-in-an-array", "ab", "\1\0\2", 3 },
  { "refuses-a-text-without-end", "s", "abc", 3 },
  { "refuses-a-text-with-two-ends", "s", "a\0b", 4 },
  { "refuses-a-text-of-nothing", "s", "", 0 },
  { "refuses-a-text-that-is-no-utf8", "s", "a\xff", 3 },
  { "refuses-a-long-text-that-is-no-utf8", "s", "\xc3 and thirty more bytes of text", 32 },
  { "refuses-a-path-that-is-none", "o", "a/b", 4 },
  { "refuses-a-signature-that-is-none", "g", "a{", 3 },
  { "refuses-a-variant-of-nothing", "v", "", 0 },
  { "refuses-a-variant-without-a-type", "v", "\1\0", 2 },
  { "refuses-a-variant-of-an-indefinite-type", "v", "\1\0*", 3 },
  { "refuses-a-variant-of-a-handle", "v", "\0\0\0\0\0h", 6 },
  { "refuses-a-handle-deep-inside", "av", "\0\0\0\0\0h\0v\10", 9 },
  { "refuses-a-unit-that-is-not-zero", "()", "\1", 1 },
  { "refuses-offsets-beyond-the-end", "as", "a\0\xff", 3 },
  { "refuses-offsets-that-go-back", "as", "a\0b\0\4\2", 6 },
  { "refuses-padding-that-is-not-zero", "(yx)", "\1abcdefg\0\0\0\0\0\0\0", 16 },
  { "refuses-bytes-between-children", "(ss)", "a\0b\0cc\2", 7 },
  { "refuses-a-maybe-with-a-wrong-end", "ms", "a\0\1", 3 },
  { "refuses-a-maybe-number-of-a-wrong-size", "mx", "abc", 3 },
};

static void
test_refused (gconstpointer data)
{
  const RefusedCase *test = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (receive (test->type, test->data, test->size, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  g_assert_null (receive (test->type, test->data, test->size, NULL));
}

/* Whether the payload is the bytes from @first to the last, which count up. */
static void
assert_counts (const MpipePayload *payload, guint first, guint end)
{
  const guint8 *data = mpipe_payload_get_data (payload);

  g_assert_cmpuint (payload->size, ==, end - first);
  for (guint i = first; i < end; i++)
    g_assert_cmpuint (data[i - first], ==, i);
}

/* Whatever is left becomes small enough at some point to be kept without the memory in which it came. */
static void
test_gives_what_is_in_front (void)
{
  for (guint step = 1; step <= 64; step *= 2)
    for (guint size = step; size < 250; size += 7)
      {
        MpipeBuffer *buffer = mpipe_buffer_try_new (size);
        guint8 *data = mpipe_buffer_get_data (buffer);
        MpipePayload rest, front;
        guint first = 0;

        for (guint i = 0; i < size; i++)
          data[i] = (guint8) i;
        mpipe_payload_init_from_buffer (&rest, 1, buffer, data, size);
        mpipe_buffer_unref (buffer);
        for (; first + step < size; first += step)
          {
            mpipe_payload_init_slice (&front, &rest, 0, step);
            mpipe_payload_drop_front (&rest, step);
            assert_counts (&front, first, first + step);
            mpipe_payload_clear (&front);
          }
        assert_counts (&rest, first, size);
        mpipe_payload_clear (&rest);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (refused_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/core/payload/", refused_cases[i].sentence, NULL);

      g_test_add_data_func (path, &refused_cases[i], test_refused);
    }
  g_test_add_func ("/mpipe/core/payload/keeps-values", test_keeps_values);
  g_test_add_func ("/mpipe/core/payload/keeps-bytes-of-any-size", test_keeps_bytes_of_any_size);
  g_test_add_func ("/mpipe/core/payload/keeps-random-values", test_keeps_random_values);
  g_test_add_func ("/mpipe/core/payload/normalises-values", test_normalises_values);
  g_test_add_func ("/mpipe/core/payload/normalises-children", test_normalises_children);
  g_test_add_func ("/mpipe/core/payload/refuses-wrong-sizes", test_refuses_wrong_sizes);
  g_test_add_func ("/mpipe/core/payload/gives-what-is-in-front", test_gives_what_is_in_front);
  g_test_add_func ("/mpipe/core/payload/receives-normal-values-only",
                   test_receives_normal_values_only);
  return g_test_run ();
}
