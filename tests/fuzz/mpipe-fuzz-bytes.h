/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

#include "mpipe-fuzz.h"

G_BEGIN_DECLS

/* The other end of a stream that says what is in an input, in pieces, and keeps what it is told. */
typedef struct
{
  MpipeFuzzInput unread;
  guint32 pieces; /* where their sizes come from; 0: everything at once */
  GByteArray *told;
  void (*closed) (gpointer user_data); /* NULL, or what is to be done when the stream is closed */
  gpointer user_data;
} MpipeFuzzBytes;

/* @pieces says how what is read and written is cut into pieces. */
GIOStream *mpipe_fuzz_bytes_init (MpipeFuzzBytes *self, MpipeFuzzInput input, guint8 pieces);
void mpipe_fuzz_bytes_clear (MpipeFuzzBytes *self);

/* The next size of a piece of at most @size bytes, if there are any. */
gsize mpipe_fuzz_cut (guint32 *pieces, gsize size);

G_END_DECLS
