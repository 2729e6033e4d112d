/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz-value.h"

#include <string.h>

void
mpipe_fuzz_payload_init (MpipePayload *self, const MpipeTypeEntry *type, MpipeFuzzInput bytes)
{
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (MAX (bytes.size, 1));

  g_assert_nonnull (buffer);
  if (bytes.size > 0)
    memcpy (mpipe_buffer_get_data (buffer), bytes.data, bytes.size);
  mpipe_payload_init_from_buffer (self, type->number, buffer, mpipe_buffer_get_data (buffer),
                                  (guint32) bytes.size);
}

static void
walk_children (GVariant *value)
{
  GVariantIter iter;
  GVariant *child;

  g_variant_iter_init (&iter, value);
  while ((child = g_variant_iter_next_value (&iter)) != NULL)
    {
      mpipe_fuzz_walk (child);
      g_variant_unref (child);
    }
}

static void
walk_text (GVariant *value)
{
  gsize size;
  const char *text = g_variant_get_string (value, &size);

  g_assert_cmpuint (strlen (text), ==, size);
  g_assert_true (g_utf8_validate (text, (gssize) size, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    g_assert_true (g_variant_is_object_path (text));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_SIGNATURE))
    g_assert_true (g_variant_is_signature (text));
}

void
mpipe_fuzz_walk (GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_HANDLE:
      g_error ("a handle has got through");
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      walk_text (value);
      break;
    case G_VARIANT_CLASS_BOOLEAN:
      g_assert_cmpuint (*(const guint8 *) g_variant_get_data (value), <=, 1);
      break;
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      walk_children (value);
      break;
    case G_VARIANT_CLASS_BYTE:
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_UINT32:
    case G_VARIANT_CLASS_INT64:
    case G_VARIANT_CLASS_UINT64:
    case G_VARIANT_CLASS_DOUBLE:
    default:
      g_assert_cmpuint (g_variant_get_size (value), >, 0);
      g_assert_nonnull (g_variant_get_data (value));
      break;
    }
}

/* The elements of an array are tasks of their own. */
static void
check_split (GVariant *array, MpipeTypeTable *types)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) payloads = mpipe_payload_split (array, types, 1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (payloads->len, ==, g_variant_n_children (array));
  for (guint i = 0; i < payloads->len; i++)
    {
      g_autoptr (GVariant) element = g_variant_get_child_value (array, i);
      g_autoptr (GVariant) split = mpipe_payload_to_variant (
          &g_array_index (payloads, MpipePayload, i), types, &error);

      g_assert_no_error (error);
      g_assert_cmpmem (g_variant_get_data (split), g_variant_get_size (split),
                       g_variant_get_data (element), g_variant_get_size (element));
    }
}

void
mpipe_fuzz_check_value (GVariant *value, const MpipePayload *payload, MpipeTypeTable *types)
{
  const MpipeTypeEntry *type = mpipe_type_table_get (types, payload->type);
  g_autoptr (GError) error = NULL;
  MpipePayload again;

  g_assert_false (g_variant_is_floating (value));
  g_assert_cmpstr (g_variant_get_type_string (value), ==, type->string);
  mpipe_fuzz_walk (value);
  g_assert_true (mpipe_payload_init_from_variant (&again, value, types, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (again.type, ==, payload->type);
  g_assert_cmpmem (mpipe_payload_get_data (&again), again.size, mpipe_payload_get_data (payload),
                   payload->size);
  mpipe_payload_clear (&again);
  if (type->string[0] == 'a')
    check_split (value, types);
}
