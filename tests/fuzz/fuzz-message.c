/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What is in single frames: each kind that has a payload other than a value, and a session of TYPE and RESULT frames.
 * Texts come out valid and short, numbers in their range, and what can be written again reads the same. */

#include "config.h"

#include <string.h>

#include "mpipe-fuzz-value.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"

#define TYPES_MAX 5
#define ERROR_TEXT_MAX (4096 + 100 + 20) /* message, domain and number */
#define PROGRESS_TEXT_MAX 1024

static void
check_text (const char *text, gsize max_size)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), <=, max_size);
}

/* A buffer of its own, so that reading behind it is noticed. */
static MpipeFrame
new_frame (guint8 kind, guint16 type, MpipeFuzzInput payload)
{
  MpipeFrame frame = {
    .header = { .kind = kind, .type = type, .size = (guint32) payload.size },
    .buffer = mpipe_buffer_try_new (MAX (payload.size, 1)),
  };

  g_assert_nonnull (frame.buffer);
  if (payload.size > 0)
    memcpy (mpipe_buffer_get_data (frame.buffer), payload.data, payload.size);
  frame.payload = mpipe_buffer_get_data (frame.buffer);
  return frame;
}

static void
assert_same_setup (const MpipeWorkerSetup *one, const MpipeWorkerSetup *other)
{
  g_assert_cmpstr (one->stage_name, ==, other->stage_name);
  g_assert_cmpstr (one->worker_name, ==, other->worker_name);
  g_assert_cmpstr (one->result_type, ==, other->result_type);
  g_assert_cmpuint (one->index, ==, other->index);
  g_assert_cmpuint (one->concurrency, ==, other->concurrency);
  g_assert_true (one->do_stop_task == other->do_stop_task);
  g_assert_true (one->disable_result == other->disable_result);
  g_assert_true (g_variant_equal (one->parameters, other->parameters));
}

static void
read_setup (const MpipeFrame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeWorkerSetup) setup = mpipe_worker_setup_parse (frame, &error);
  g_autoptr (MpipeWorkerSetup) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  MpipeFrame second;

  g_assert_true ((setup == NULL) == (error != NULL));
  if (setup == NULL)
    return;
  check_text (setup->stage_name, G_MAXUINT32);
  check_text (setup->worker_name, G_MAXUINT32);
  g_assert_cmpuint (setup->concurrency, >=, 1);
  g_assert_cmpuint (setup->concurrency, <=, MPIPE_CONCURRENCY_MAX);
  bytes = mpipe_worker_setup_to_bytes (setup);
  second = new_frame (MPIPE_FRAME_HELLO, 0,
                      (MpipeFuzzInput){ g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) });
  again = mpipe_worker_setup_parse (&second, &error);
  g_assert_no_error (error);
  assert_same_setup (setup, again);
  mpipe_buffer_unref (second.buffer);
}

static void
read_hello (const MpipeFrame *frame)
{
  g_autoptr (GError) error = NULL;
  MpipeWorkerHello hello = { 0 };
  gboolean good = mpipe_worker_hello_parse (frame, &hello, &error);

  g_assert_true (good == (error == NULL));
  g_assert_cmpuint (hello.version, ==, good ? MPIPE_PROTOCOL_VERSION : 0);
}

static void
read_error (const MpipeFrame *frame)
{
  g_autofree char *text = mpipe_message_parse_error (frame);

  check_text (text, ERROR_TEXT_MAX);
}

static void
read_progress (const MpipeFrame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;
  double fraction = -1, fraction_again;
  MpipeFrame second;

  if (!mpipe_message_parse_progress (frame, &fraction, &text, &error))
    {
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      return;
    }
  g_assert_true (fraction >= 0 && fraction <= 1);
  if (text != NULL)
    check_text (text, PROGRESS_TEXT_MAX);
  bytes = mpipe_message_progress_to_bytes (fraction, text);
  second = new_frame (MPIPE_FRAME_PROGRESS, 0,
                      (MpipeFuzzInput){ g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) });
  g_assert_true (mpipe_message_parse_progress (&second, &fraction_again, &text_again, &error));
  g_assert_true (fraction == fraction_again);
  g_assert_cmpstr (text, ==, text_again);
  mpipe_buffer_unref (second.buffer);
}

/* Returns: whether the other side may go on */
static gboolean
learn (MpipeTypeMap *map, const MpipeFrame *frame, guint *n_learned)
{
  g_autoptr (GError) error = NULL;
  gboolean was_known = mpipe_type_map_translate (map, frame->header.type) != 0;

  if (!mpipe_type_map_learn (map, frame, &error))
    {
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      return FALSE;
    }
  g_assert_false (was_known);
  g_assert_cmpuint (mpipe_type_map_translate (map, frame->header.type), !=, 0);
  g_assert_cmpuint (++*n_learned, <=, TYPES_MAX);
  return TRUE;
}

static gboolean
read_value (MpipeTypeMap *map, const MpipeFrame *frame, MpipeTypeTable *types)
{
  guint16 type = mpipe_type_map_translate (map, frame->header.type);
  g_autoptr (GVariant) value = NULL;
  MpipePayload payload;

  if (type == 0)
    return FALSE;
  mpipe_payload_init_from_buffer (&payload, type, frame->buffer, frame->payload,
                                  frame->header.size);
  value = mpipe_payload_to_variant (&payload, types, NULL);
  if (value != NULL)
    mpipe_fuzz_check_value (value, &payload, types);
  mpipe_payload_clear (&payload);
  return TRUE;
}

/* A sequence of: what it is, a number, a size, so many bytes. */
static void
read_session (MpipeFuzzInput input)
{
  MpipeTypeTable *types = mpipe_type_table_new ();
  MpipeTypeMap *map = mpipe_type_map_new (types);
  gboolean goes_on = TRUE;
  guint n_learned = 0;

  mpipe_type_map_set_limit (map, TYPES_MAX);
  while (goes_on && input.size > 0)
    {
      gboolean is_type = mpipe_fuzz_take_byte (&input) & 1;
      guint16 number = mpipe_fuzz_take_number (&input);
      MpipeFrame frame = new_frame (is_type ? MPIPE_FRAME_TYPE : MPIPE_FRAME_RESULT, number,
                                    mpipe_fuzz_take_bytes (&input, mpipe_fuzz_take_byte (&input)));

      goes_on = is_type ? learn (map, &frame, &n_learned) : read_value (map, &frame, types);
      mpipe_buffer_unref (frame.buffer);
    }
  mpipe_type_map_free (map);
  mpipe_type_table_unref (types);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  MpipeFuzzInput input = { data, size };
  guint8 what = mpipe_fuzz_take_byte (&input);
  MpipeFrame frame = new_frame (what >> 4, 0, input);

  switch (what & 7)
    {
    case 0:
      read_setup (&frame);
      break;
    case 1:
      read_hello (&frame);
      break;
    case 2:
      read_error (&frame);
      break;
    case 3:
      read_progress (&frame);
      break;
    default:
      read_session (input);
      break;
    }
  mpipe_buffer_unref (frame.buffer);
  return 0;
}
