/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What stands behind a stream, in place of another process; all on the stream's thread. */
typedef struct
{
  gboolean (*can_read) (gpointer user_data);
  /* after can_read() said so, or on a stream that may wait; 0 is the end */
  gsize (*read) (gpointer user_data, guint8 *bytes, gsize size);
  /* how many it takes; 0 when it takes none now */
  gsize (*write) (gpointer user_data, const guint8 *bytes, gsize size);
  void (*closed) (gpointer user_data); /* once; may be NULL */
} MpipeFuzzStreamFuncs;

/* A pollable stream without descriptor. Its sources look again at each iteration of their context. */
GIOStream *mpipe_fuzz_stream_new (const MpipeFuzzStreamFuncs *funcs, gpointer user_data);

G_END_DECLS
