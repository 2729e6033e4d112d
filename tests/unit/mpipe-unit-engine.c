/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-unit-engine.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "mpipe-unit-streams.h"

#define PATIENCE_MS 30000

/* The worker */

#define UNIT_TYPE_WORKER (unit_worker_get_type ())

G_DECLARE_FINAL_TYPE (UnitWorker, unit_worker, UNIT, WORKER, MpipeWorker)

struct _UnitWorker
{
  MpipeWorker parent_instance;
  MpipeUnitEngine *engine;
};

G_DEFINE_FINAL_TYPE (UnitWorker, unit_worker, MPIPE_TYPE_WORKER)

static GVariant *
fail (const char *text, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, text);
  return NULL;
}

static GVariant *
put (UnitWorker *self, const char *words, const char *last, GError **error)
{
  const char *text = strchr (words, ' ');

  for (int n = atoi (words); n > 0; n--)
    if (!mpipe_worker_put_result (MPIPE_WORKER (self), g_variant_new_string (text + 1), error))
      return NULL;
  return last != NULL ? g_variant_new_string (last) : NULL;
}

static GVariant *
put_number (UnitWorker *self)
{
  g_autoptr (GError) error = NULL;

  if (mpipe_worker_put_result (MPIPE_WORKER (self), g_variant_new_int64 (1), &error))
    return g_variant_new_string ("it did not fail");
  return g_variant_new_string (error->message);
}

static GVariant *
describe (MpipeWorker *worker)
{
  g_autofree char *parameters = g_variant_print (mpipe_worker_get_parameters (worker), FALSE);

  return g_variant_new_take_string (g_strdup_printf ("%s %u %s",
                                                     mpipe_worker_get_stage_name (worker),
                                                     mpipe_worker_get_index (worker), parameters));
}

static GVariant *
do_text (UnitWorker *self, const char *text, GError **error)
{
  if (g_str_has_prefix (text, "echo "))
    return g_variant_new_string (text + strlen ("echo "));
  if (g_str_has_prefix (text, "fail "))
    return fail (text + strlen ("fail "), error);
  if (g_str_equal (text, "put number"))
    return put_number (self);
  if (g_str_has_prefix (text, "put "))
    return put (self, text + strlen ("put "), NULL, error);
  if (g_str_has_prefix (text, "put+ "))
    return put (self, text + strlen ("put+ "), "last", error);
  if (g_str_equal (text, "describe"))
    return describe (MPIPE_WORKER (self));
  if (g_str_equal (text, "number"))
    return g_variant_new_int64 (1);
  if (g_str_equal (text, "handle"))
    return g_variant_ref_sink (g_variant_new_handle (0));
  if (g_str_equal (text, "wait"))
    {
      g_async_queue_pop (self->engine->told);
      return g_variant_new_string ("waited");
    }
  g_assert_true (g_str_equal (text, "none") || g_str_equal (text, "both"));
  if (g_str_equal (text, "none"))
    return NULL;
  fail ("both", error);
  return g_variant_new_string ("both");
}

static void
put_outside_of_a_task (UnitWorker *self)
{
  g_autoptr (GError) error = NULL;

  if (self->engine->ways.puts_at_start_and_stop
      && !mpipe_worker_put_result (MPIPE_WORKER (self), g_variant_new_int64 (1), &error))
    self->engine->n_refused_puts += error != NULL;
}

static gboolean
unit_worker_start (MpipeWorker *worker, GError **error)
{
  UnitWorker *self = UNIT_WORKER (worker);
  const char *reason = self->engine->ways.start_fails;

  self->engine->n_starts++;
  put_outside_of_a_task (self);
  if (reason == NULL)
    return TRUE;
  if (reason[0] != '\0')
    fail (reason, error);
  return FALSE;
}

static GVariant *
unit_worker_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  UnitWorker *self = UNIT_WORKER (worker);

  self->engine->n_tasks++;
  if (task == NULL && self->engine->ways.stop_task == NULL)
    return NULL;
  if (task == NULL)
    return do_text (self, self->engine->ways.stop_task, error);
  g_assert_false (g_variant_is_floating (task));
  g_assert_true (g_variant_is_normal_form (task));
  if (g_variant_is_of_type (task, G_VARIANT_TYPE_STRING))
    return do_text (self, g_variant_get_string (task, NULL), error);
  return g_variant_ref (task);
}

static void
unit_worker_stop (MpipeWorker *worker)
{
  UnitWorker *self = UNIT_WORKER (worker);

  self->engine->n_stops++;
  put_outside_of_a_task (self);
}

static void
unit_worker_class_init (UnitWorkerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->start = unit_worker_start;
  MPIPE_WORKER_CLASS (klass)->task = unit_worker_task;
  MPIPE_WORKER_CLASS (klass)->stop = unit_worker_stop;
}

static void
unit_worker_init (UnitWorker *self)
{
}

/* As in a worker process. */
static gpointer
worker_thread (gpointer data)
{
  MpipeUnitEngine *engine = data;
  MpipePage *page = NULL;
  g_autoptr (MpipeWorkerLoop) loop = NULL;
  g_autoptr (UnitWorker) worker = g_object_new (UNIT_TYPE_WORKER, NULL);
  const MpipeWorkerSetup *setup;

  if (engine->page != NULL)
    page = mpipe_page_new_for_fd (mpipe_page_dup_fd (engine->page, NULL), NULL);
  loop = mpipe_worker_loop_new (engine->far, page);
  worker->engine = engine;
  setup = mpipe_worker_loop_greet (loop, &engine->error);
  engine->greeted = setup != NULL;
  if (engine->greeted)
    engine->stopped = mpipe_worker_loop_run (loop, MPIPE_WORKER (worker), &engine->error);
  return NULL; /* the loop closes the channel */
}

/* The engine */

void
mpipe_unit_engine_start (MpipeUnitEngine *self, const MpipeUnitWays *ways)
{
  *self = (MpipeUnitEngine){ .ways = *ways };
  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->channel = mpipe_channel_new (self->near, FALSE);
  self->types = mpipe_type_table_new ();
  mpipe_type_table_add (self->types, "(ynq)"); /* so that numbers differ from the worker's */
  self->sending = mpipe_type_map_new (self->types);
  self->receiving = mpipe_type_map_new (self->types);
  self->told = g_async_queue_new ();
  if (ways->with_page)
    self->page = mpipe_page_new (NULL);
  self->thread = g_thread_new ("worker", worker_thread, self);
}

void
mpipe_unit_engine_say_hello (MpipeUnitEngine *self)
{
  MpipeWorkerSetup setup = {
    .stage_name = (char *) "stage",
    .worker_name = (char *) "worker",
    .result_type = (char *) self->ways.result_type,
    .index = 3,
    .do_stop_task = self->ways.do_stop_task,
    .disable_result = self->ways.disable_result,
  };
  g_autoptr (GVariant) parameters = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (self->ways.parameters != NULL)
    parameters = g_variant_parse (NULL, self->ways.parameters, NULL, NULL, NULL);
  setup.parameters = parameters;
  bytes = mpipe_worker_setup_to_bytes (&setup);
  mpipe_unit_engine_say_bytes (self, MPIPE_FRAME_HELLO, 0, 0, g_bytes_get_data (bytes, NULL),
                               g_bytes_get_size (bytes));
  mpipe_unit_engine_flush (self);
}

void
mpipe_unit_engine_get_ready (MpipeUnitEngine *self)
{
  mpipe_unit_engine_say_hello (self);
  mpipe_unit_engine_expect (self, MPIPE_FRAME_HELLO, 0);
  mpipe_unit_engine_expect (self, MPIPE_FRAME_READY, 0);
}

void
mpipe_unit_engine_join (MpipeUnitEngine *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
}

/* A loop that still runs sees the end of its channel. */
void
mpipe_unit_engine_clear (MpipeUnitEngine *self)
{
  if (self->near == NULL)
    return;
  mpipe_channel_close (self->channel);
  if (self->thread != NULL)
    mpipe_unit_engine_join (self);
  mpipe_channel_free (self->channel);
  mpipe_type_map_free (self->sending);
  mpipe_type_map_free (self->receiving);
  mpipe_type_table_unref (self->types);
  mpipe_page_free (self->page);
  g_async_queue_unref (self->told);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  g_clear_error (&self->error);
}

void
mpipe_unit_engine_say_bytes (MpipeUnitEngine *self, guint8 kind, guint16 type, guint64 sequence,
                             const void *data, gsize size)
{
  MpipeFrameHeader header = { .kind = kind, .type = type, .sequence = sequence, .size = size };

  mpipe_channel_send (self->channel, &header, data, NULL);
}

void
mpipe_unit_engine_say (MpipeUnitEngine *self, guint8 kind, guint64 sequence)
{
  mpipe_unit_engine_say_bytes (self, kind, 0, sequence, NULL, 0);
}

void
mpipe_unit_engine_give (MpipeUnitEngine *self, guint64 sequence, GVariant *task)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (task);
  g_autoptr (GError) error = NULL;
  MpipePayload payload;

  g_assert_true (mpipe_payload_init_from_variant (&payload, sunk, self->types, &error));
  g_assert_no_error (error);
  mpipe_type_map_announce (self->sending, self->channel, payload.type);
  mpipe_unit_engine_say_bytes (self, MPIPE_FRAME_TASK, payload.type, sequence,
                               mpipe_payload_get_data (&payload), payload.size);
  mpipe_payload_clear (&payload);
}

void
mpipe_unit_engine_give_text (MpipeUnitEngine *self, guint64 sequence, const char *text)
{
  mpipe_unit_engine_give (self, sequence, g_variant_new_string (text));
}

void
mpipe_unit_engine_flush (MpipeUnitEngine *self)
{
  g_assert_cmpint (mpipe_channel_flush (self->channel, NULL), ==, MPIPE_CHANNEL_OK);
}

static MpipeChannelStatus
wait_and_receive (MpipeUnitEngine *self)
{
  struct pollfd readable = { .fd = mpipe_unit_stream_get_fd (self->near), .events = POLLIN };

  g_assert_cmpint (poll (&readable, 1, PATIENCE_MS), ==, 1);
  return mpipe_channel_receive (self->channel, NULL);
}

/* The next frame that is not a TYPE frame; those are learned. */
void
mpipe_unit_engine_receive (MpipeUnitEngine *self, MpipeFrame *out_frame)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      MpipeChannelStatus status = mpipe_channel_next (self->channel, out_frame, &error);

      g_assert_no_error (error);
      if (status == MPIPE_CHANNEL_OK && out_frame->header.kind != MPIPE_FRAME_TYPE)
        return;
      if (status == MPIPE_CHANNEL_OK)
        g_assert_true (mpipe_type_map_learn (self->receiving, out_frame, NULL));
      else
        g_assert_cmpint (wait_and_receive (self), ==, MPIPE_CHANNEL_OK);
    }
}

static void
receive_kind (MpipeUnitEngine *self, MpipeFrame *out_frame, guint8 kind, guint64 sequence)
{
  mpipe_unit_engine_receive (self, out_frame);
  g_assert_cmpstr (mpipe_frame_kind_to_string (out_frame->header.kind), ==,
                   mpipe_frame_kind_to_string (kind));
  g_assert_cmpuint (out_frame->header.sequence, ==, sequence);
}

void
mpipe_unit_engine_expect (MpipeUnitEngine *self, guint8 kind, guint64 sequence)
{
  MpipeFrame frame;

  receive_kind (self, &frame, kind, sequence);
}

/* Without a page, each task is begun with a frame. */
void
mpipe_unit_engine_expect_begun (MpipeUnitEngine *self, guint64 sequence)
{
  if (self->page == NULL)
    mpipe_unit_engine_expect (self, MPIPE_FRAME_START, sequence);
}

void
mpipe_unit_engine_expect_result (MpipeUnitEngine *self, guint64 sequence, GVariant *value,
                                 gboolean last)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (value);
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  MpipePayload payload;
  MpipeFrame frame;

  receive_kind (self, &frame, MPIPE_FRAME_RESULT, sequence);
  g_assert_cmpuint (frame.header.flags, ==, last ? MPIPE_FRAME_FLAG_LAST : 0);
  mpipe_payload_init_from_buffer (&payload,
                                  mpipe_type_map_translate (self->receiving, frame.header.type),
                                  frame.buffer, frame.payload, frame.header.size);
  result = mpipe_payload_to_variant (&payload, self->types, &error);
  mpipe_payload_clear (&payload);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (result), ==, g_variant_get_type_string (expected));
  g_assert_cmpmem (g_variant_get_data (result), g_variant_get_size (result),
                   g_variant_get_data (expected), g_variant_get_size (expected));
}

void
mpipe_unit_engine_expect_text (MpipeUnitEngine *self, guint64 sequence, const char *text,
                               gboolean last)
{
  mpipe_unit_engine_expect_result (self, sequence, g_variant_new_string (text), last);
}

void
mpipe_unit_engine_expect_failure (MpipeUnitEngine *self, guint64 sequence, const char *pattern)
{
  g_autofree char *text = NULL;
  MpipeFrame frame;

  receive_kind (self, &frame, MPIPE_FRAME_FAILED, sequence);
  text = mpipe_message_parse_error (&frame);
  if (!g_pattern_match_simple (pattern, text))
    g_error ("“%s” does not match “%s”", text, pattern);
}

void
mpipe_unit_engine_expect_end (MpipeUnitEngine *self)
{
  MpipeFrame frame;

  g_assert_cmpint (mpipe_channel_next (self->channel, &frame, NULL), ==, MPIPE_CHANNEL_WOULD_BLOCK);
  g_assert_cmpint (wait_and_receive (self), ==, MPIPE_CHANNEL_END);
}
