/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The payloads of the frames that carry no value. Everything received is untrusted: lengths are
 * checked before they are used, text is made valid UTF-8. */

#include "config.h"

#include "mpipe-glib/wire/mpipe-message-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-payload-private.h"

#define ERROR_TEXT_MAX 4096  /* bytes of an error message that are shown */
#define ERROR_DOMAIN_MAX 100 /* bytes of an error's domain that are shown */
#define PROGRESS_TEXT_MAX 1024 /* bytes of what is said about progress */

/* HELLO to a worker: this, then three zero-terminated texts, zeros up to a multiple of 8, and the
 * parameters as a serialised a{sv} up to the end of the frame. */
typedef struct
{
  guint32 version;
  guint32 flags;
  guint32 index;
  guint32 texts_size;
} SetupHead;

MpipeWorkerSetup *
mpipe_worker_setup_new (void)
{
  return g_new0 (MpipeWorkerSetup, 1);
}

void
mpipe_worker_setup_free (MpipeWorkerSetup *self)
{
  if (self == NULL)
    return;
  g_free (self->stage_name);
  g_free (self->worker_name);
  g_free (self->result_type);
  g_clear_pointer (&self->parameters, g_variant_unref);
  g_free (self);
}

static void
append_text (GByteArray *bytes, const char *text)
{
  if (text == NULL)
    text = "";
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text) + 1);
}

static gsize
round_up (gsize size)
{
  return mpipe_frame_length ((guint32) size) - sizeof (MpipeFrameHeader);
}

GBytes *
mpipe_worker_setup_to_bytes (const MpipeWorkerSetup *self)
{
  GByteArray *bytes = g_byte_array_new ();
  SetupHead head = {
    .version = MPIPE_PROTOCOL_VERSION,
    .flags = (self->do_stop_task ? MPIPE_SETUP_DO_STOP_TASK : 0)
             | (self->disable_result ? MPIPE_SETUP_DISABLE_RESULT : 0)
             | (self->concurrency > 1 ? self->concurrency << MPIPE_SETUP_CONCURRENCY_SHIFT : 0),
    .index = self->index,
  };
  static const guint8 zeros[MPIPE_FRAME_ALIGNMENT] = { 0 };

  g_byte_array_append (bytes, (const guint8 *) &head, sizeof head);
  append_text (bytes, self->stage_name);
  append_text (bytes, self->worker_name);
  append_text (bytes, self->result_type);
  ((SetupHead *) (gpointer) bytes->data)->texts_size
      = bytes->len - (guint32) sizeof head;
  g_byte_array_append (bytes, zeros, (guint) round_up (bytes->len) - bytes->len);
  if (self->parameters != NULL)
    g_byte_array_append (bytes, g_variant_get_data (self->parameters),
                         (guint) g_variant_get_size (self->parameters));
  return g_byte_array_free_to_bytes (bytes);
}

static char *
take_text (const char **texts, const char *end)
{
  const char *text = *texts;
  const char *zero = text < end ? memchr (text, '\0', (gsize) (end - text)) : NULL;

  if (zero == NULL)
    return NULL;
  *texts = zero + 1;
  return g_utf8_make_valid (text, zero - text);
}

static gboolean
parse_parameters (MpipeWorkerSetup *self, const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) candidate
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));

  if (!g_variant_is_normal_form (candidate))
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "received parameters that are not in normal form");
      return FALSE;
    }
  self->parameters
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, TRUE));
  return TRUE;
}

MpipeWorkerSetup *
mpipe_worker_setup_parse (const MpipeFrame *frame, GError **error)
{
  g_autoptr (MpipeWorkerSetup) self = mpipe_worker_setup_new ();
  SetupHead head;
  const char *texts, *end;
  gsize used;

  if (frame->header.kind != MPIPE_FRAME_HELLO || frame->header.size < sizeof head
      || (memcpy (&head, frame->payload, sizeof head),
          head.texts_size > frame->header.size - sizeof head))
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "received no proper HELLO frame");
      return NULL;
    }
  if (head.version != MPIPE_PROTOCOL_VERSION)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "the pipeline speaks version %u of the protocol, this worker version %u",
                   head.version, MPIPE_PROTOCOL_VERSION);
      return NULL;
    }
  texts = (const char *) frame->payload + sizeof head;
  end = texts + head.texts_size;
  self->stage_name = take_text (&texts, end);
  self->worker_name = take_text (&texts, end);
  self->result_type = take_text (&texts, end);
  if (self->result_type == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "received a HELLO frame cut short");
      return NULL;
    }
  if (self->result_type[0] == '\0' || !g_variant_type_string_is_valid (self->result_type))
    g_clear_pointer (&self->result_type, g_free);
  self->index = head.index;
  self->concurrency = CLAMP (head.flags >> MPIPE_SETUP_CONCURRENCY_SHIFT, 1, MPIPE_CONCURRENCY_MAX);
  self->do_stop_task = (head.flags & MPIPE_SETUP_DO_STOP_TASK) != 0;
  self->disable_result = (head.flags & MPIPE_SETUP_DISABLE_RESULT) != 0;
  used = MIN (round_up (sizeof head + head.texts_size), frame->header.size);
  if (!parse_parameters (self, frame->payload + used, frame->header.size - used, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
mpipe_worker_hello_parse (const MpipeFrame *frame, MpipeWorkerHello *out_hello, GError **error)
{
  MpipeWorkerHello hello;

  if (frame->header.kind != MPIPE_FRAME_HELLO || frame->header.size < sizeof hello)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "sent a frame of kind %s and %u bytes before a proper HELLO",
                   mpipe_frame_kind_to_string (frame->header.kind), frame->header.size);
      return FALSE;
    }
  memcpy (&hello, frame->payload, sizeof hello);
  if (hello.version != MPIPE_PROTOCOL_VERSION)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "speaks version %u of the protocol, this library version %u", hello.version,
                   MPIPE_PROTOCOL_VERSION);
      return FALSE;
    }
  *out_hello = hello;
  return TRUE;
}

/* FAILED: the code as a number, then the domain and the message, each with its zero. */
GBytes *
mpipe_message_error_to_bytes (const GError *error)
{
  GByteArray *bytes = g_byte_array_new ();
  gint32 code = error->code;
  g_autofree char *message
      = g_strndup (error->message, MPIPE_CONTROL_SIZE_MAX / 2);

  g_byte_array_append (bytes, (const guint8 *) &code, sizeof code);
  append_text (bytes, g_quark_to_string (error->domain));
  append_text (bytes, message);
  return g_byte_array_free_to_bytes (bytes);
}

/* Makes a text short, whole characters only, and printable. */
static void
cut_text (char *text, gsize max_size)
{
  if (strlen (text) > max_size)
    *g_utf8_find_prev_char (text, text + max_size + 1) = '\0';
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text) && *text != '\n' && *text != '\t')
      *text = ' ';
}

/* What is no number is no progress. */
static double
bound_fraction (double fraction)
{
  return fraction >= 0 ? MIN (fraction, 1) : 0;
}

/* Returns: what the worker said, with domain and code behind it; always valid, bounded UTF-8 */
char *
mpipe_message_parse_error (const MpipeFrame *frame)
{
  const char *texts = (const char *) frame->payload + sizeof (gint32);
  const char *end = (const char *) frame->payload + frame->header.size;
  g_autofree char *domain = NULL;
  g_autofree char *message = NULL;
  gint32 code;

  if (frame->header.size >= sizeof code)
    {
      memcpy (&code, frame->payload, sizeof code);
      domain = take_text (&texts, end);
      message = take_text (&texts, end);
    }
  if (message == NULL || message[0] == '\0')
    return g_strdup ("no reason was given");
  cut_text (message, ERROR_TEXT_MAX);
  cut_text (domain, ERROR_DOMAIN_MAX);
  return g_strdup_printf ("%s (%s, %d)", message, domain[0] != '\0' ? domain : "no domain", code);
}

/* PROGRESS: the fraction, then the text with its zero; no text when there is nothing to say. */
GBytes *
mpipe_message_progress_to_bytes (double fraction, const char *text)
{
  GByteArray *bytes = g_byte_array_new ();
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  fraction = bound_fraction (fraction);
  g_byte_array_append (bytes, (const guint8 *) &fraction, sizeof fraction);
  if (valid != NULL)
    {
      cut_text (valid, PROGRESS_TEXT_MAX);
      append_text (bytes, valid);
    }
  return g_byte_array_free_to_bytes (bytes);
}

/* Gives a number from 0 to 1, and bounded, valid UTF-8 or NULL. */
gboolean
mpipe_message_parse_progress (const MpipeFrame *frame, double *out_fraction, char **out_text,
                              GError **error)
{
  const char *text = (const char *) frame->payload + sizeof (double);
  const char *end = (const char *) frame->payload + frame->header.size;
  double fraction;

  if (frame->header.size < sizeof fraction)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "sent a PROGRESS frame of %u bytes",
                   frame->header.size);
      return FALSE;
    }
  memcpy (&fraction, frame->payload, sizeof fraction);
  *out_fraction = bound_fraction (fraction);
  *out_text = take_text (&text, end);
  if (*out_text != NULL)
    cut_text (*out_text, PROGRESS_TEXT_MAX);
  return TRUE;
}

/* @handles: it may be one of tasks with descriptors. Returns: (nullable): the entry of the type that a TYPE frame
 * names */
const MpipeTypeEntry *
mpipe_message_parse_type (const MpipeFrame *frame, MpipeTypeTable *types, gboolean handles,
                          GError **error)
{
  g_autofree char *string = NULL;
  const MpipeTypeEntry *entry = NULL;

  if (frame->header.size > 0 && frame->header.size <= MPIPE_TYPE_STRING_MAX)
    {
      string = g_strndup ((const char *) frame->payload, frame->header.size);
      if (strlen (string) == frame->header.size)
        entry = handles ? mpipe_type_table_add_any (types, string)
                        : mpipe_type_table_add (types, string);
    }
  if (entry == NULL)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                 "named a type that cannot be sent, or too many types");
  return entry;
}
