/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* FAILED, PROGRESS and TYPE. */

#include "config.h"

#include <math.h>
#include <string.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-unit-frame.h"

#define SHOWN_MAX 4096                     /* bytes of a text */
#define ERROR_LENGTH_MAX (SHOWN_MAX + 150) /* the text, the domain and the code */

#define REST(text) (text), sizeof (text) - 1

static char *
parse_error (const void *data, gsize size)
{
  g_auto (MpipeUnitFrame) frame = mpipe_unit_frame_make (MPIPE_FRAME_FAILED, data, size);
  char *text = mpipe_message_parse_error (&frame.frame);

  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), <=, ERROR_LENGTH_MAX);
  for (const char *p = text; *p != '\0'; p++)
    g_assert_true (!g_ascii_iscntrl (*p) || *p == '\n' || *p == '\t');
  return text;
}

typedef struct
{
  const char *sentence;
  const char *data;
  gsize size;
  const char *text;
} ErrorCase;

#define NO_REASON "no reason was given"

static const ErrorCase error_cases[] = {
  { "reads-a-failure",
    REST ("\5\0\0\0my-domain\0it broke"
          "\0"),
    "it broke (my-domain, 5)" },
  { "reads-a-negative-code",
    REST ("\xff\xff\xff\xff"
          "d\0m\0"),
    "m (d, -1)" },
  { "reads-a-failure-without-domain", REST ("\1\0\0\0\0m\0"), "m (no domain, 1)" },
  { "reads-a-failure-with-more-behind-it", REST ("\1\0\0\0d\0m\0more"), "m (d, 1)" },
  { "keeps-lines", REST ("\1\0\0\0d\0one\n\ttwo\0"), "one\n\ttwo (d, 1)" },
  { "blanks-control-characters", REST ("\1\0\0\0d\33\0a\33[2J\r\7\x7fz\0"), "a [2J   z (d , 1)" },
  { "repairs-text-that-is-no-utf8", REST ("\1\0\0\0d\0a\xff\0"), "a\xef\xbf\xbd (d, 1)" },
  { "repairs-a-domain-that-is-no-utf8", REST ("\1\0\0\0\xc3\0a\0"), "a (\xef\xbf\xbd, 1)" },
  { "reads-nothing", REST (""), NO_REASON },
  { "reads-half-a-code", REST ("\1\0"), NO_REASON },
  { "reads-a-code-only", REST ("\1\0\0\0"), NO_REASON },
  { "reads-a-domain-without-end", REST ("\1\0\0\0abc"), NO_REASON },
  { "reads-a-domain-only", REST ("\1\0\0\0abc\0"), NO_REASON },
  { "reads-a-message-without-end", REST ("\1\0\0\0abc\0def"), NO_REASON },
  { "reads-an-empty-message", REST ("\1\0\0\0abc\0\0"), NO_REASON },
};

static void
test_error_case (gconstpointer data)
{
  const ErrorCase *test = data;
  g_autofree char *text = parse_error (test->data, test->size);

  g_assert_cmpstr (text, ==, test->text);
}

static void
test_bounds_texts_of_failures (void)
{
  static const char *const letters[] = { "a", "ä", "€", "😀", "\xff", "\xf0\x9f", "\7" };

  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    for (guint shift = 0; shift < 4; shift++)
      for (guint domain_length = 0; domain_length < 2; domain_length++)
        {
          g_autoptr (GString) data = g_string_new (NULL);
          g_autofree char *text = NULL;

          g_string_append_len (data, "\1\0\0\0", 4);
          for (guint k = 0; k < shift; k++)
            g_string_append_c (data, 'x');
          for (guint k = 0; k < 1 + domain_length * 200; k++)
            g_string_append (data, letters[i]);
          g_string_append_c (data, '\0');
          for (guint k = 0; k < shift; k++)
            g_string_append_c (data, 'x');
          while (data->len < MPIPE_CONTROL_SIZE_MAX - 5)
            g_string_append (data, letters[i]);
          g_string_append_c (data, '\0');
          text = parse_error (data->str, data->len);
          g_assert_cmpuint (strlen (text), >, 4000);
        }
}

static void
test_keeps_errors (void)
{
  static const gsize sizes[]
      = { 0, 1, 100, SHOWN_MAX - 2, SHOWN_MAX, SHOWN_MAX + 2, MPIPE_CONTROL_SIZE_MAX, 1u << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint wide = 0; wide < 2; wide++)
      {
        g_autoptr (GString) message = g_string_new (NULL);
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) bytes = NULL;
        g_autofree char *text = NULL;
        g_autofree char *expected = NULL;

        while (message->len < sizes[i])
          g_string_append (message, wide ? "ä" : "a");
        error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, message->str);
        bytes = mpipe_message_error_to_bytes (error);
        g_assert_cmpuint (g_bytes_get_size (bytes), <=, MPIPE_CONTROL_SIZE_MAX);
        text = parse_error (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
        if (message->len > SHOWN_MAX)
          g_string_truncate (message, SHOWN_MAX);
        expected = sizes[i] == 0 ? g_strdup (NO_REASON)
                                 : g_strdup_printf ("%s (g-io-error-quark, 1)", message->str);
        g_assert_cmpstr (text, ==, expected);
      }
}

static const struct
{
  const char *data;
  gsize size;
  gboolean good;
} type_cases[] = {
  { REST ("x"), TRUE },     { REST ("a{sv}"), TRUE }, { REST ("(ssx)"), TRUE },
  { REST (""), FALSE },     { REST ("h"), FALSE },    { REST ("a*"), FALSE },
  { REST ("a"), FALSE },    { REST ("xx"), FALSE },   { REST ("x "), FALSE },
  { REST ("\xff"), FALSE }, { REST ("\0"), FALSE },   { REST ("x\0y"), FALSE },
  { REST ("x\0"), FALSE },  { REST ("\0x"), FALSE },
};

static void
test_reads_types (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (type_cases); i++)
    {
      g_auto (MpipeUnitFrame) frame
          = mpipe_unit_frame_make (MPIPE_FRAME_TYPE, type_cases[i].data, type_cases[i].size);
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
      g_autoptr (GError) error = NULL;
      const MpipeTypeEntry *entry = mpipe_message_parse_type (&frame.frame, types, FALSE, &error);

      g_test_message ("type %u", i);
      g_assert_true ((entry != NULL) == type_cases[i].good);
      if (entry == NULL)
        g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      else
        g_assert_cmpmem (entry->string, strlen (entry->string), type_cases[i].data,
                         type_cases[i].size);
    }
}

static void
test_bounds_types (void)
{
  char string[2 * MPIPE_TYPE_STRING_MAX];

  memset (string, 'x', sizeof string);
  string[0] = '(';
  for (gsize size = 2; size <= sizeof string; size++)
    {
      g_auto (MpipeUnitFrame) frame = { { { 0 } } };
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();

      string[size - 1] = ')';
      frame = mpipe_unit_frame_make (MPIPE_FRAME_TYPE, string, size);
      string[size - 1] = 'x';
      g_assert_true ((mpipe_message_parse_type (&frame.frame, types, FALSE, NULL) != NULL)
                     == (size <= MPIPE_TYPE_STRING_MAX));
    }
}

static void
test_survives_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();

  for (guint round = 0; round < 50000; round++)
    {
      guint8 data[200];
      gsize size = g_rand_int_range (rand, 0, sizeof data);
      g_auto (MpipeUnitFrame) frame = { { { 0 } } };
      g_autofree char *text = NULL;

      for (gsize i = 0; i < size; i++)
        data[i] = g_rand_int_range (rand, 0, 4) == 0 ? 0 : g_rand_int_range (rand, 0, 256);
      text = parse_error (data, size);
      frame = mpipe_unit_frame_make (MPIPE_FRAME_TYPE, data, size);
      mpipe_message_parse_type (&frame.frame, types, FALSE, NULL);
    }
}

/* Progress */

static void
test_keeps_progress (void)
{
  static const struct
  {
    double said, read;
  } fractions[] = {
    { 0, 0 }, { 0.25, 0.25 }, { 1, 1 }, { -0.5, 0 }, { 1.5, 1 }, { NAN, 0 }, { INFINITY, 1 }, { -INFINITY, 0 },
  };
  static const char *const texts[] = { NULL, "", "half", "Größe €😀" };

  for (guint i = 0; i < G_N_ELEMENTS (fractions) * G_N_ELEMENTS (texts); i++)
    {
      const char *said = texts[i % G_N_ELEMENTS (texts)];
      g_autoptr (GBytes) bytes
          = mpipe_message_progress_to_bytes (fractions[i / G_N_ELEMENTS (texts)].said, said);
      g_auto (MpipeUnitFrame) frame
          = mpipe_unit_frame_make (MPIPE_FRAME_PROGRESS, g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes));
      g_autofree char *text = NULL;
      double fraction = -1;

      g_assert_true (mpipe_message_parse_progress (&frame.frame, &fraction, &text, NULL));
      g_assert_cmpfloat (fraction, ==, fractions[i / G_N_ELEMENTS (texts)].read);
      g_assert_cmpstr (text, ==, said);
    }
}

/* What a worker sends that does not use the library. */
static gboolean
parse_progress (double fraction, const char *rest, gsize rest_size, double *out_fraction,
                char **out_text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (MpipeUnitFrame) frame = { { { 0 } } };

  g_byte_array_append (bytes, (const guint8 *) &fraction, sizeof fraction);
  if (rest_size > 0)
    g_byte_array_append (bytes, (const guint8 *) rest, rest_size);
  frame = mpipe_unit_frame_make (MPIPE_FRAME_PROGRESS, bytes->data, bytes->len);
  return mpipe_message_parse_progress (&frame.frame, out_fraction, out_text, NULL);
}

static void
test_bounds_progress (void)
{
  g_autofree char *large = g_strnfill (MPIPE_CONTROL_SIZE_MAX, 'x');
  g_autoptr (GBytes) bytes = mpipe_message_progress_to_bytes (0, large);
  g_autofree char *wild = NULL, *cut = NULL, *endless = NULL;
  double fraction;

  g_assert_cmpuint (g_bytes_get_size (bytes), <=, 1100);
  g_assert_true (parse_progress (-7, REST ("\xff\1a\0b"), &fraction, &wild));
  g_assert_cmpfloat (fraction, ==, 0);
  g_assert_true (g_utf8_validate (wild, -1, NULL));
  g_assert_null (strchr (wild, '\1'));
  g_assert_true (parse_progress (NAN, large, 60001, &fraction, &endless));
  g_assert_cmpfloat (fraction, ==, 0);
  g_assert_null (endless);
  large[60000] = '\0';
  g_assert_true (parse_progress (7, large, 60001, &fraction, &cut));
  g_assert_cmpfloat (fraction, ==, 1);
  g_assert_cmpuint (strlen (cut), ==, 1024);
}

static void
test_refuses_progress_without_a_number (void)
{
  for (gsize size = 0; size < sizeof (double); size++)
    {
      g_auto (MpipeUnitFrame) frame = mpipe_unit_frame_make (MPIPE_FRAME_PROGRESS, "1234567", size);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      double fraction;

      g_assert_false (mpipe_message_parse_progress (&frame.frame, &fraction, &text, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/message/", error_cases[i].sentence, NULL);

      g_test_add_data_func (path, &error_cases[i], test_error_case);
    }
  g_test_add_func ("/mpipe/wire/message/bounds-texts-of-failures", test_bounds_texts_of_failures);
  g_test_add_func ("/mpipe/wire/message/keeps-errors", test_keeps_errors);
  g_test_add_func ("/mpipe/wire/message/keeps-progress", test_keeps_progress);
  g_test_add_func ("/mpipe/wire/message/bounds-progress", test_bounds_progress);
  g_test_add_func ("/mpipe/wire/message/refuses-progress-without-a-number",
                   test_refuses_progress_without_a_number);
  g_test_add_func ("/mpipe/wire/message/reads-types", test_reads_types);
  g_test_add_func ("/mpipe/wire/message/bounds-types", test_bounds_types);
  g_test_add_func ("/mpipe/wire/message/survives-failures-and-types-of-garbage",
                   test_survives_garbage);
  return g_test_run ();
}
