/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A fuzz target: anything may be in @data, and nothing may happen but what the target asserts. Returns: 0 */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Called once before the first input. */
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* What is left of an input. The targets take decisions off its front; at its end they are all 0. */
typedef struct
{
  const guint8 *data;
  gsize size;
} MpipeFuzzInput;

guint8 mpipe_fuzz_take_byte (MpipeFuzzInput *self);
guint16 mpipe_fuzz_take_number (MpipeFuzzInput *self);
MpipeFuzzInput mpipe_fuzz_take_bytes (MpipeFuzzInput *self, gsize size);

/* A context that is not the default one; the same for all inputs, since to make one takes long. */
GMainContext *mpipe_fuzz_get_context (void);

G_END_DECLS
