/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

#define ERROR_LENGTH_MAX 4400 /* the text, the domain and the code */

/* A frame whose payload ends where the memory ends, so that a sanitizer sees who reads on. */
typedef struct
{
  MpipeFrame frame;
  guint8 *memory;
} TestFrame;

static void
test_frame_clear (TestFrame *self)
{
  g_free (self->memory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestFrame, test_frame_clear)

static TestFrame
make_frame (guint8 kind, const void *data, gsize size)
{
  TestFrame self = { .frame.header = { .kind = kind, .size = size } };

  self.memory = g_malloc (MAX (size, 1));
  if (size > 0)
    memcpy (self.memory, data, size);
  self.frame.payload = size > 0 ? self.memory : self.memory + 1;
  return self;
}

/* Setup */

static const struct
{
  const char *stage_name, *worker_name, *result_type;
  guint index;
  gboolean do_stop_task, disable_result;
  const char *parameters;
} setups[] = {
  { "scale", "double", "x", 0, FALSE, FALSE, "{'summand': <int64 5>}" },
  { "", "", NULL, G_MAXUINT, TRUE, FALSE, NULL },
  { "stage with a long name, and more, and still more", "w", "a{sv}", 1, FALSE, TRUE, NULL },
  { "Größe €😀", "wörker", "(sxa*)", 7, TRUE, TRUE, "@a{sv} {}" },
  { NULL, NULL, "*", 3, FALSE, FALSE, "{'a': <1>, 'b': <[1.5, 2.5]>, 'c': <'ccc'>}" },
};

static GBytes *
make_setup (guint i)
{
  MpipeWorkerSetup setup = {
    .stage_name = (char *) setups[i].stage_name,
    .worker_name = (char *) setups[i].worker_name,
    .result_type = (char *) setups[i].result_type,
    .index = setups[i].index,
    .do_stop_task = setups[i].do_stop_task,
    .disable_result = setups[i].disable_result,
  };
  g_autoptr (GVariant) parameters = NULL;

  if (setups[i].parameters != NULL)
    parameters = g_variant_parse (NULL, setups[i].parameters, NULL, NULL, NULL);
  setup.parameters = parameters;
  return mpipe_worker_setup_to_bytes (&setup);
}

static void
test_keeps_a_setup (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (setups); i++)
    {
      g_autoptr (GBytes) bytes = make_setup (i);
      g_auto (TestFrame) frame = make_frame (MPIPE_FRAME_HELLO, g_bytes_get_data (bytes, NULL),
                                             g_bytes_get_size (bytes));
      g_autoptr (GError) error = NULL;
      g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (&frame.frame, &error);
      g_autoptr (GVariant) parameters = g_variant_parse (
          G_VARIANT_TYPE_VARDICT, setups[i].parameters != NULL ? setups[i].parameters : "{}", NULL,
          NULL, NULL);

      g_assert_no_error (error);
      g_assert_cmpstr (setup->stage_name != NULL ? setup->stage_name : "", ==,
                       setups[i].stage_name != NULL ? setups[i].stage_name : "");
      g_assert_cmpstr (setup->worker_name != NULL ? setup->worker_name : "", ==,
                       setups[i].worker_name != NULL ? setups[i].worker_name : "");
      g_assert_cmpstr (setup->result_type, ==, setups[i].result_type);
      g_assert_cmpuint (setup->index, ==, setups[i].index);
      g_assert_true (setup->do_stop_task == setups[i].do_stop_task);
      g_assert_true (setup->disable_result == setups[i].disable_result);
      g_assert_cmpvariant (setup->parameters, parameters);
    }
}

/* Whatever comes: an error, or something that can be used. */
static gboolean
check_setup (const void *data, gsize size)
{
  g_auto (TestFrame) frame = make_frame (MPIPE_FRAME_HELLO, data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (&frame.frame, &error);

  if (setup == NULL)
    {
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      g_assert_null (mpipe_worker_setup_parse (&frame.frame, NULL));
      return FALSE;
    }
  g_assert_no_error (error);
  g_assert_true (setup->stage_name == NULL || g_utf8_validate (setup->stage_name, -1, NULL));
  g_assert_true (setup->worker_name == NULL || g_utf8_validate (setup->worker_name, -1, NULL));
  g_assert_true (setup->result_type == NULL
                 || g_variant_type_string_is_valid (setup->result_type));
  g_assert_true (g_variant_is_of_type (setup->parameters, G_VARIANT_TYPE_VARDICT));
  g_assert_true (g_variant_is_normal_form (setup->parameters));
  return TRUE;
}

static void
test_survives_setups_cut_short (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (setups); i++)
    {
      g_autoptr (GBytes) bytes = make_setup (i);
      gsize size;
      const guint8 *data = g_bytes_get_data (bytes, &size);
      guint32 texts_size;

      memcpy (&texts_size, data + 12, sizeof texts_size);
      g_assert_true (check_setup (data, size));
      for (gsize cut = 0; cut < size; cut++)
        {
          gboolean good = check_setup (data, cut);

          g_assert_true (!good || cut >= 16 + texts_size);
        }
    }
}

static void
test_survives_damaged_setups (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint n_good = 0;

  for (guint round = 0; round < 100000; round++)
    {
      g_autoptr (GBytes) bytes = make_setup (round % G_N_ELEMENTS (setups));
      gsize size = g_bytes_get_size (bytes);
      g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), size);

      for (guint n = g_rand_int_range (rand, 1, 5); n > 0; n--)
        data[g_rand_int_range (rand, 0, size)] = g_rand_int_range (rand, 0, 256);
      if (round % 2 == 0)
        size = g_rand_int_range (rand, 0, size);
      n_good += check_setup (data, size);
    }
  g_assert_cmpuint (n_good, >, 1000);
  g_assert_cmpuint (n_good, <, 99000);
}

typedef struct
{
  const char *sentence;
  guint32 head[4]; /* version, flags, index, size of the texts */
  const char *rest;
  gsize rest_size;
  gboolean good;
} SetupCase;

#define REST(text) (text), sizeof (text) - 1

static const SetupCase setup_cases[] = {
  { "accepts-empty-texts", { 1, 0, 0, 3 }, REST ("\0\0\0\0\0\0\0\0"), TRUE },
  { "accepts-texts-without-padding", { 1, 0, 0, 3 }, REST ("\0\0\0"), TRUE },
  { "accepts-more-texts-than-it-knows", { 1, 0, 0, 5 }, REST ("\0\0\0a\0\0\0\0"), TRUE },
  { "accepts-flags-that-it-does-not-know", { 1, ~3u, 0, 3 }, REST ("\0\0\0"), TRUE },
  { "refuses-another-version", { 2, 0, 0, 3 }, REST ("\0\0\0"), FALSE },
  { "refuses-version-zero", { 0, 0, 0, 3 }, REST ("\0\0\0"), FALSE },
  { "refuses-two-texts", { 1, 0, 0, 2 }, REST ("\0\0"), FALSE },
  { "refuses-no-texts", { 1, 0, 0, 0 }, REST (""), FALSE },
  { "refuses-a-text-without-end", { 1, 0, 0, 5 }, REST ("\0\0abc"), FALSE },
  { "refuses-a-text-that-ends-in-the-padding", { 1, 0, 0, 5 }, REST ("\0\0abc\0\0\0"), FALSE },
  { "refuses-texts-beyond-the-end", { 1, 0, 0, 4 }, REST ("\0\0\0"), FALSE },
  { "refuses-texts-of-the-largest-size", { 1, 0, 0, G_MAXUINT32 }, REST ("\0\0\0"), FALSE },
  { "refuses-texts-that-wrap-around", { 1, 0, 0, G_MAXUINT32 - 15 }, REST ("\0\0\0"), FALSE },
  { "refuses-parameters-that-are-none", { 1, 0, 0, 3 }, REST ("\0\0\0\0\0\0\0\0abc"), FALSE },
  { "survives-a-name-that-is-no-utf8", { 1, 0, 0, 7 }, REST ("\xff\xc3\0\x80\0\xfe\0"), TRUE },
  { "survives-a-result-type-that-is-none", { 1, 0, 0, 5 }, REST ("\0\0a{\0"), TRUE },
};

static void
test_setup_case (gconstpointer data)
{
  const SetupCase *test = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) test->head, sizeof test->head);
  g_byte_array_append (bytes, (const guint8 *) test->rest, test->rest_size);
  g_assert_true (check_setup (bytes->data, bytes->len) == test->good);
}

/* The worker's HELLO */

static void
test_reads_a_hello (void)
{
  static const MpipeWorkerHello good = { MPIPE_PROTOCOL_VERSION, MPIPE_FEATURE_PAGE, 812, 0 };
  guint32 words[8] = { good.version, good.features, good.pid };

  for (gsize size = 0; size <= sizeof words; size++)
    for (guint8 kind = 0; kind < 20; kind++)
      for (guint32 version = 0; version < 3; version++)
        {
          g_auto (TestFrame) frame = { { { 0 } } };
          MpipeWorkerHello hello = { .pid = 1 };
          g_autoptr (GError) error = NULL;
          gboolean right = kind == MPIPE_FRAME_HELLO && version == MPIPE_PROTOCOL_VERSION
                           && size >= sizeof good;

          words[0] = version;
          frame = make_frame (kind, words, size);
          g_assert_true (mpipe_worker_hello_parse (&frame.frame, &hello, &error) == right);
          if (!right)
            {
              g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
              g_assert_cmpuint (hello.pid, ==, 1);
              continue;
            }
          g_assert_no_error (error);
          g_assert_cmpuint (hello.features, ==, good.features);
          g_assert_cmpuint (hello.pid, ==, good.pid);
        }
}

static void
test_refuses_a_setup_of_another_kind (void)
{
  g_autoptr (GBytes) bytes = make_setup (0);

  for (guint kind = 0; kind <= G_MAXUINT8; kind++)
    {
      g_auto (TestFrame) frame
          = make_frame (kind, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (&frame.frame, NULL);

      g_assert_true ((setup != NULL) == (kind == MPIPE_FRAME_HELLO));
    }
}

/* FAILED */

static char *
parse_error (const void *data, gsize size)
{
  g_auto (TestFrame) frame = make_frame (MPIPE_FRAME_FAILED, data, size);
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
  { "reads-a-failure", REST ("\5\0\0\0my-domain\0it broke"
                             "\0"),
    "it broke (my-domain, 5)" },
  { "reads-a-negative-code", REST ("\xff\xff\xff\xff"
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
  static const gsize sizes[] = { 0, 1, 100, 4000, MPIPE_CONTROL_SIZE_MAX, 1u << 20 };

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
        expected = sizes[i] == 0 ? g_strdup (NO_REASON)
                                 : g_strdup_printf ("%s (g-io-error-quark, 1)", message->str);
        if (sizes[i] <= 4000)
          g_assert_cmpstr (text, ==, expected);
        else
          g_assert_cmpmem (text, 4000, expected, 4000);
      }
}

static void
test_survives_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint round = 0; round < 100000; round++)
    {
      guint8 data[200];
      gsize size = g_rand_int_range (rand, 0, sizeof data);
      g_autofree char *text = NULL;
      MpipeWorkerHello hello;
      g_autoptr (MpipeTypeTable) types = NULL;

      for (gsize i = 0; i < size; i++)
        data[i] = g_rand_int_range (rand, 0, 4) == 0 ? 0 : g_rand_int_range (rand, 0, 256);
      check_setup (data, size);
      text = parse_error (data, size);
      if (round % 100 == 0)
        {
          g_auto (TestFrame) frame = make_frame (MPIPE_FRAME_HELLO, data, size);

          types = mpipe_type_table_new ();
          mpipe_worker_hello_parse (&frame.frame, &hello, NULL);
          mpipe_message_parse_type (&frame.frame, types, NULL);
        }
    }
}

/* TYPE */

static const struct
{
  const char *data;
  gsize size;
  gboolean good;
} type_cases[] = {
  { REST ("x"), TRUE },      { REST ("a{sv}"), TRUE },   { REST ("(ssx)"), TRUE },
  { REST (""), FALSE },      { REST ("h"), FALSE },      { REST ("a*"), FALSE },
  { REST ("a"), FALSE },     { REST ("xx"), FALSE },     { REST ("x "), FALSE },
  { REST ("\xff"), FALSE },  { REST ("\0"), FALSE },     { REST ("x\0y"), FALSE },
  { REST ("x\0"), FALSE },   { REST ("\0x"), FALSE },
};

static void
test_reads_types (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (type_cases); i++)
    {
      g_auto (TestFrame) frame
          = make_frame (MPIPE_FRAME_TYPE, type_cases[i].data, type_cases[i].size);
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
      g_autoptr (GError) error = NULL;
      const MpipeTypeEntry *entry = mpipe_message_parse_type (&frame.frame, types, &error);

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
      g_auto (TestFrame) frame = { { { 0 } } };
      g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();

      string[size - 1] = ')';
      frame = make_frame (MPIPE_FRAME_TYPE, string, size);
      string[size - 1] = 'x';
      g_assert_true ((mpipe_message_parse_type (&frame.frame, types, NULL) != NULL)
                     == (size <= MPIPE_TYPE_STRING_MAX));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (setup_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/message/", setup_cases[i].sentence, NULL);

      g_test_add_data_func (path, &setup_cases[i], test_setup_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/message/", error_cases[i].sentence, NULL);

      g_test_add_data_func (path, &error_cases[i], test_error_case);
    }
  g_test_add_func ("/mpipe/wire/message/keeps-a-setup", test_keeps_a_setup);
  g_test_add_func ("/mpipe/wire/message/survives-setups-cut-short", test_survives_setups_cut_short);
  g_test_add_func ("/mpipe/wire/message/survives-damaged-setups", test_survives_damaged_setups);
  g_test_add_func ("/mpipe/wire/message/refuses-a-setup-of-another-kind",
                   test_refuses_a_setup_of_another_kind);
  g_test_add_func ("/mpipe/wire/message/reads-a-hello", test_reads_a_hello);
  g_test_add_func ("/mpipe/wire/message/bounds-texts-of-failures", test_bounds_texts_of_failures);
  g_test_add_func ("/mpipe/wire/message/keeps-errors", test_keeps_errors);
  g_test_add_func ("/mpipe/wire/message/survives-garbage", test_survives_garbage);
  g_test_add_func ("/mpipe/wire/message/reads-types", test_reads_types);
  g_test_add_func ("/mpipe/wire/message/bounds-types", test_bounds_types);
  return g_test_run ();
}
