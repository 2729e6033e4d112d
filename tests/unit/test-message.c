/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* HELLO, both ways. */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-unit-frame.h"

/* Setup */

static const struct
{
  const char *stage_name, *worker_name, *result_type;
  guint index;
  guint concurrency;
  gboolean do_stop_task, disable_result;
  const char *parameters;
} setups[] = {
  { "scale", "double", "x", 0, 0, FALSE, FALSE, "{'summand': <int64 5>}" },
  { "", "", NULL, G_MAXUINT, 1, TRUE, FALSE, NULL },
  { "stage with a long name, and more, and still more", "w", "a{sv}", 1, 2, FALSE, TRUE, NULL },
  { "Größe €😀", "wörker", "(sxa*)", 7, MPIPE_CONCURRENCY_MAX, TRUE, TRUE, "@a{sv} {}" },
  { NULL, NULL, "*", 3, 17, FALSE, FALSE, "{'a': <1>, 'b': <[1.5, 2.5]>, 'c': <'ccc'>}" },
};

static GBytes *
make_setup (guint i)
{
  MpipeWorkerSetup setup = {
    .stage_name = (char *) setups[i].stage_name,
    .worker_name = (char *) setups[i].worker_name,
    .result_type = (char *) setups[i].result_type,
    .index = setups[i].index,
    .concurrency = setups[i].concurrency,
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
      g_auto (MpipeUnitFrame) frame
          = mpipe_unit_frame_make (MPIPE_FRAME_HELLO, g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes));
      g_autoptr (GError) error = NULL;
      g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (&frame.frame, &error);
      g_autoptr (GVariant) parameters
          = g_variant_parse (G_VARIANT_TYPE_VARDICT,
                             setups[i].parameters != NULL ? setups[i].parameters : "{}", NULL, NULL,
                             NULL);

      g_assert_no_error (error);
      g_assert_cmpstr (setup->stage_name != NULL ? setup->stage_name : "", ==,
                       setups[i].stage_name != NULL ? setups[i].stage_name : "");
      g_assert_cmpstr (setup->worker_name != NULL ? setup->worker_name : "", ==,
                       setups[i].worker_name != NULL ? setups[i].worker_name : "");
      g_assert_cmpstr (setup->result_type, ==, setups[i].result_type);
      g_assert_cmpuint (setup->index, ==, setups[i].index);
      g_assert_cmpuint (setup->concurrency, ==, MAX (setups[i].concurrency, 1));
      g_assert_true (setup->do_stop_task == setups[i].do_stop_task);
      g_assert_true (setup->disable_result == setups[i].disable_result);
      g_assert_cmpvariant (setup->parameters, parameters);
    }
}

/* Whatever comes: an error, or something that can be used. */
static gboolean
check_setup (const void *data, gsize size)
{
  g_auto (MpipeUnitFrame) frame = mpipe_unit_frame_make (MPIPE_FRAME_HELLO, data, size);
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
  g_assert_true (setup->result_type == NULL || g_variant_type_string_is_valid (setup->result_type));
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
          g_auto (MpipeUnitFrame) frame = { { { 0 } } };
          MpipeWorkerHello hello = { .pid = 1 };
          g_autoptr (GError) error = NULL;
          gboolean right = kind == MPIPE_FRAME_HELLO && version == MPIPE_PROTOCOL_VERSION
                           && size >= sizeof good;

          words[0] = version;
          frame = mpipe_unit_frame_make (kind, words, size);
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
      g_auto (MpipeUnitFrame) frame
          = mpipe_unit_frame_make (kind, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (&frame.frame, NULL);

      g_assert_true ((setup != NULL) == (kind == MPIPE_FRAME_HELLO));
    }
}

static void
test_survives_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint round = 0; round < 50000; round++)
    {
      guint8 data[200];
      gsize size = g_rand_int_range (rand, 0, sizeof data);

      for (gsize i = 0; i < size; i++)
        data[i] = g_rand_int_range (rand, 0, 4) == 0 ? 0 : g_rand_int_range (rand, 0, 256);
      check_setup (data, size);
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
  g_test_add_func ("/mpipe/wire/message/keeps-a-setup", test_keeps_a_setup);
  g_test_add_func ("/mpipe/wire/message/survives-setups-cut-short", test_survives_setups_cut_short);
  g_test_add_func ("/mpipe/wire/message/survives-damaged-setups", test_survives_damaged_setups);
  g_test_add_func ("/mpipe/wire/message/refuses-a-setup-of-another-kind",
                   test_refuses_a_setup_of_another_kind);
  g_test_add_func ("/mpipe/wire/message/reads-a-hello", test_reads_a_hello);
  g_test_add_func ("/mpipe/wire/message/survives-setups-of-garbage", test_survives_garbage);
  return g_test_run ();
}
