/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-frame-private.h"

#define MIB (1u << 20)

typedef struct
{
  const char *sentence;
  guint32 size;
  guint8 kind;
  guint32 max_size;
  gboolean good;
} Case;

static const Case cases[] = {
  { "accepts-an-empty-task", 0, MPIPE_FRAME_TASK, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-a-large-task", 1000 * MIB, MPIPE_FRAME_TASK, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-a-large-result", 1000 * MIB, MPIPE_FRAME_RESULT, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-a-large-row-of-tasks", 1000 * MIB, MPIPE_FRAME_TASKS, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-a-large-row-of-results", 1000 * MIB, MPIPE_FRAME_RESULTS, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-a-large-hello", MIB, MPIPE_FRAME_HELLO, MPIPE_FRAME_SIZE_MAX, TRUE },
  { "accepts-the-largest-task", MPIPE_FRAME_SIZE_MAX, MPIPE_FRAME_TASK, MPIPE_FRAME_SIZE_MAX,
    TRUE },
  { "refuses-a-larger-task", MPIPE_FRAME_SIZE_MAX + 1, MPIPE_FRAME_TASK, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-a-larger-result", MPIPE_FRAME_SIZE_MAX + 1, MPIPE_FRAME_RESULT, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-the-largest-number", G_MAXUINT32, MPIPE_FRAME_RESULT, MPIPE_FRAME_SIZE_MAX, FALSE },
  { "refuses-more-than-it-is-told", MIB + 1, MPIPE_FRAME_TASK, MIB, FALSE },
  { "accepts-as-much-as-it-is-told", MIB, MPIPE_FRAME_TASK, MIB, TRUE },
  { "accepts-control-frames", MPIPE_CONTROL_SIZE_MAX, MPIPE_FRAME_FAILED, MPIPE_FRAME_SIZE_MAX,
    TRUE },
  { "refuses-a-large-failure", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_FAILED, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-a-large-type", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_TYPE, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-a-large-ready", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_READY, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-a-large-done", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_DONE, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-a-large-progress", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_PROGRESS,
    MPIPE_FRAME_SIZE_MAX, FALSE },
  { "refuses-a-large-stop", MPIPE_CONTROL_SIZE_MAX + 1, MPIPE_FRAME_STOP, MPIPE_FRAME_SIZE_MAX,
    FALSE },
  { "refuses-control-frames-above-a-small-limit", 101, MPIPE_FRAME_FAILED, 100, FALSE },
  { "refuses-kind-zero", 0, 0, MPIPE_FRAME_SIZE_MAX, FALSE },
  { "refuses-the-next-kind", 0, MPIPE_FRAME_RESULTS + 1, MPIPE_FRAME_SIZE_MAX, FALSE },
  { "refuses-the-last-kind", 0, G_MAXUINT8, MPIPE_FRAME_SIZE_MAX, FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  MpipeFrameHeader header = { .size = test->size, .kind = test->kind };
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_frame_header_check (&header, test->max_size, &error) == test->good);
  if (test->good)
    g_assert_no_error (error);
  else
    g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  g_assert_true (mpipe_frame_header_check (&header, test->max_size, NULL) == test->good);
}

static void
test_names_each_kind (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint kind = 0; kind <= G_MAXUINT8; kind++)
    {
      MpipeFrameHeader header = { .kind = kind };
      const char *name = mpipe_frame_kind_to_string (kind);

      if (mpipe_frame_header_check (&header, MPIPE_FRAME_SIZE_MAX, NULL))
        {
          g_assert_cmpstr (name, !=, "unknown");
          g_assert_true (g_hash_table_add (names, (char *) name));
        }
      else
        g_assert_cmpstr (name, ==, "unknown");
    }
  g_assert_cmpuint (g_hash_table_size (names), ==, MPIPE_FRAME_RESULTS);
}

static void
test_pads_to_eight_bytes (void)
{
  static const guint32 sizes[]
      = { 0, 1, 7, 8, 9, 15, 16, 17, 65535, MPIPE_FRAME_SIZE_MAX, G_MAXUINT32 - 7, G_MAXUINT32 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize length = mpipe_frame_length (sizes[i]);

      g_assert_cmpuint (length % MPIPE_FRAME_ALIGNMENT, ==, 0);
      g_assert_cmpuint (length, >=, sizeof (MpipeFrameHeader) + sizes[i]);
      g_assert_cmpuint (length, <, sizeof (MpipeFrameHeader) + sizes[i] + MPIPE_FRAME_ALIGNMENT);
    }
}

/* The bytes that doc/wire.md promises to workers in other languages. */
static void
test_lays_the_header_out_as_promised (void)
{
  static const guint8 bytes[16] = { 0x04, 0x03, 0x02, 0x01, 0x04, 0x01, 0x0b, 0x0a,
                                    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11 };
  MpipeFrameHeader header = {
    .size = 0x01020304,
    .kind = MPIPE_FRAME_RESULT,
    .flags = MPIPE_FRAME_FLAG_LAST,
    .type = 0x0a0b,
    .sequence = 0x1112131415161718,
  };

  g_assert_cmpmem (&header, sizeof header, bytes, sizeof bytes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/frame/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/wire/frame/names-each-kind", test_names_each_kind);
  g_test_add_func ("/mpipe/wire/frame/pads-to-eight-bytes", test_pads_to_eight_bytes);
  g_test_add_func ("/mpipe/wire/frame/lays-the-header-out-as-promised",
                   test_lays_the_header_out_as_promised);
  return g_test_run ();
}
