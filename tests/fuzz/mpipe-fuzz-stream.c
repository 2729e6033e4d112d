/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz-stream.h"

/* Its source */

typedef struct
{
  GSource source;
  GObject *stream; /* owned */
  gboolean (*is_ready) (GObject *stream);
} StreamSource;

static gboolean
stream_source_prepare (GSource *source, int *timeout)
{
  StreamSource *self = (StreamSource *) source;

  *timeout = -1;
  return self->is_ready (self->stream);
}

static gboolean
stream_source_check (GSource *source)
{
  StreamSource *self = (StreamSource *) source;

  return self->is_ready (self->stream);
}

static gboolean
stream_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  StreamSource *self = (StreamSource *) source;

  return ((GPollableSourceFunc) (void (*) (void)) callback) (self->stream, user_data);
}

static void
stream_source_finalize (GSource *source)
{
  StreamSource *self = (StreamSource *) source;

  g_object_unref (self->stream);
}

static GSourceFuncs stream_source_funcs = {
  .prepare = stream_source_prepare,
  .check = stream_source_check,
  .dispatch = stream_source_dispatch,
  .finalize = stream_source_finalize,
};

static GSource *
stream_source_new (gpointer stream, gboolean (*is_ready) (GObject *stream))
{
  GSource *source = g_source_new (&stream_source_funcs, sizeof (StreamSource));

  ((StreamSource *) source)->stream = g_object_ref (stream);
  ((StreamSource *) source)->is_ready = is_ready;
  return source;
}

/* What its two halves are told */

typedef struct
{
  const MpipeFuzzStreamFuncs *funcs;
  gpointer user_data;
} Behind;

/* Incoming */

#define FUZZ_TYPE_INPUT (fuzz_input_get_type ())
G_DECLARE_FINAL_TYPE (FuzzInput, fuzz_input, FUZZ, INPUT, GInputStream)

struct _FuzzInput
{
  GInputStream parent_instance;
  Behind behind;
};

static void fuzz_input_pollable_init (GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FuzzInput, fuzz_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      fuzz_input_pollable_init))

static gssize
fuzz_input_read (GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable,
                 GError **error)
{
  Behind *behind = &FUZZ_INPUT (stream)->behind;

  return (gssize) behind->funcs->read (behind->user_data, buffer, size);
}

static gboolean
input_is_ready (GObject *stream)
{
  Behind *behind = &FUZZ_INPUT (stream)->behind;

  return behind->funcs->can_read (behind->user_data);
}

static gboolean
fuzz_input_is_readable (GPollableInputStream *stream)
{
  return input_is_ready (G_OBJECT (stream));
}

static GSource *
fuzz_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  return stream_source_new (stream, input_is_ready);
}

static void
fuzz_input_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = fuzz_input_is_readable;
  interface->create_source = fuzz_input_create_source;
}

static void
fuzz_input_class_init (FuzzInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = fuzz_input_read;
}

static void
fuzz_input_init (FuzzInput *self)
{
}

/* Outgoing: always writable, but what is written may be taken in pieces, and sometimes not at once. */

#define FUZZ_TYPE_OUTPUT (fuzz_output_get_type ())
G_DECLARE_FINAL_TYPE (FuzzOutput, fuzz_output, FUZZ, OUTPUT, GOutputStream)

struct _FuzzOutput
{
  GOutputStream parent_instance;
  Behind behind;
};

static void fuzz_output_pollable_init (GPollableOutputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FuzzOutput, fuzz_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      fuzz_output_pollable_init))

static gssize
fuzz_output_write (GOutputStream *stream, const void *buffer, gsize size,
                   GCancellable *cancellable, GError **error)
{
  Behind *behind = &FUZZ_OUTPUT (stream)->behind;
  gsize n = behind->funcs->write (behind->user_data, buffer, size);

  if (n > 0 || size == 0)
    return (gssize) n;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "not now");
  return -1;
}

static gboolean
output_is_ready (GObject *stream)
{
  return TRUE;
}

static gboolean
fuzz_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
fuzz_output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  return stream_source_new (stream, output_is_ready);
}

static void
fuzz_output_pollable_init (GPollableOutputStreamInterface *interface)
{
  interface->is_writable = fuzz_output_is_writable;
  interface->create_source = fuzz_output_create_source;
}

static void
fuzz_output_class_init (FuzzOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = fuzz_output_write;
}

static void
fuzz_output_init (FuzzOutput *self)
{
}

/* Both */

#define FUZZ_TYPE_STREAM (fuzz_stream_get_type ())
G_DECLARE_FINAL_TYPE (FuzzStream, fuzz_stream, FUZZ, STREAM, GIOStream)

struct _FuzzStream
{
  GIOStream parent_instance;
  FuzzInput *input;
  FuzzOutput *output;
  gboolean closed;
};

G_DEFINE_FINAL_TYPE (FuzzStream, fuzz_stream, G_TYPE_IO_STREAM)

static GInputStream *
fuzz_stream_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (FUZZ_STREAM (stream)->input);
}

static GOutputStream *
fuzz_stream_get_output (GIOStream *stream)
{
  return G_OUTPUT_STREAM (FUZZ_STREAM (stream)->output);
}

static gboolean
fuzz_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  FuzzStream *self = FUZZ_STREAM (stream);
  Behind *behind = &self->input->behind;

  if (!self->closed && behind->funcs->closed != NULL)
    behind->funcs->closed (behind->user_data);
  self->closed = TRUE;
  return TRUE;
}

static void
fuzz_stream_finalize (GObject *object)
{
  FuzzStream *self = FUZZ_STREAM (object);

  g_object_unref (self->input);
  g_object_unref (self->output);
  G_OBJECT_CLASS (fuzz_stream_parent_class)->finalize (object);
}

static void
fuzz_stream_class_init (FuzzStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = fuzz_stream_finalize;
  stream_class->get_input_stream = fuzz_stream_get_input;
  stream_class->get_output_stream = fuzz_stream_get_output;
  stream_class->close_fn = fuzz_stream_close;
}

static void
fuzz_stream_init (FuzzStream *self)
{
}

GIOStream *
mpipe_fuzz_stream_new (const MpipeFuzzStreamFuncs *funcs, gpointer user_data)
{
  FuzzStream *self = g_object_new (FUZZ_TYPE_STREAM, NULL);

  self->input = g_object_new (FUZZ_TYPE_INPUT, NULL);
  self->output = g_object_new (FUZZ_TYPE_OUTPUT, NULL);
  self->input->behind = self->output->behind = (Behind){ funcs, user_data };
  return G_IO_STREAM (self);
}
