/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The border where bytes become a value: a type string up to a zero, then the bytes. What is accepted can be read to
 * its last element, holds no handle, and is sent as the same bytes. */

#include "config.h"

#include <string.h>

#include "mpipe-fuzz-value.h"
#include "mpipe-glib/core/mpipe-error.h"

static void
open_payload (const MpipeTypeEntry *type, MpipeFuzzInput bytes, MpipeTypeTable *types)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  MpipePayload payload;

  mpipe_fuzz_payload_init (&payload, type, bytes);
  value = mpipe_payload_to_variant (&payload, types, &error);
  g_assert_true ((value == NULL) == (error != NULL));
  if (value != NULL)
    mpipe_fuzz_check_value (value, &payload, types);
  else
    g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  mpipe_payload_clear (&payload);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *zero = size > 0 ? memchr (data, '\0', size) : NULL;
  MpipeTypeTable *types;
  const MpipeTypeEntry *type;
  MpipeFuzzInput bytes;

  if (zero == NULL)
    return 0;
  types = mpipe_type_table_new ();
  type = mpipe_type_table_add (types, (const char *) data);
  bytes = (MpipeFuzzInput){ zero + 1, size - (gsize) (zero + 1 - data) };
  if (type != NULL)
    open_payload (type, bytes, types);
  mpipe_type_table_unref (types);
  return 0;
}
