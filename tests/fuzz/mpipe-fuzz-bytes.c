/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz-bytes.h"

#include <string.h>

#include "mpipe-fuzz-stream.h"

gsize
mpipe_fuzz_cut (guint32 *pieces, gsize size)
{
  gsize longest;

  if (*pieces == 0 || size == 0)
    return size;
  *pieces = *pieces * 1664525u + 1013904223u;
  *pieces |= 1;
  longest = (gsize) 1 << (*pieces >> 16) % 18; /* from a byte to more than a channel reads at once */
  return MIN (size, 1 + (*pieces >> 8) % longest);
}

static gboolean
bytes_can_read (gpointer user_data)
{
  return TRUE;
}

static gsize
bytes_read (gpointer user_data, guint8 *bytes, gsize size)
{
  MpipeFuzzBytes *self = user_data;
  gsize n = mpipe_fuzz_cut (&self->pieces, MIN (size, self->unread.size));

  if (n > 0)
    memcpy (bytes, mpipe_fuzz_take_bytes (&self->unread, n).data, n);
  return n;
}

static gsize
bytes_write (gpointer user_data, const guint8 *bytes, gsize size)
{
  MpipeFuzzBytes *self = user_data;
  gsize n = mpipe_fuzz_cut (&self->pieces, size);

  g_byte_array_append (self->told, bytes, (guint) n);
  return n;
}

static void
bytes_closed (gpointer user_data)
{
  MpipeFuzzBytes *self = user_data;

  if (self->closed != NULL)
    self->closed (self->user_data);
}

static const MpipeFuzzStreamFuncs bytes_funcs = {
  .can_read = bytes_can_read,
  .read = bytes_read,
  .write = bytes_write,
  .closed = bytes_closed,
};

GIOStream *
mpipe_fuzz_bytes_init (MpipeFuzzBytes *self, MpipeFuzzInput input, guint8 pieces)
{
  *self = (MpipeFuzzBytes){
    .unread = input,
    .pieces = pieces,
    .told = g_byte_array_new (),
  };
  return mpipe_fuzz_stream_new (&bytes_funcs, self);
}

void
mpipe_fuzz_bytes_clear (MpipeFuzzBytes *self)
{
  g_clear_pointer (&self->told, g_byte_array_unref);
}
