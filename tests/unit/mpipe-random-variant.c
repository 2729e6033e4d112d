/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-random-variant.h"

#include <string.h>

#define N_CHILDREN_MAX 4

static void
append_type (GRand *rand, guint depth, gboolean basic, GString *string)
{
  static const char basics[] = "bynqiuxtdsog";

  switch (basic || depth == 0 ? 0 : g_rand_int_range (rand, 0, 7))
    {
    case 1:
      g_string_append_c (string, 'v');
      break;
    case 2:
      g_string_append_c (string, 'm');
      append_type (rand, depth - 1, FALSE, string);
      break;
    case 3:
    case 4:
      g_string_append_c (string, 'a');
      append_type (rand, depth - 1, FALSE, string);
      break;
    case 5:
      g_string_append_c (string, '(');
      for (guint n = g_rand_int_range (rand, 0, N_CHILDREN_MAX); n > 0; n--)
        append_type (rand, depth - 1, FALSE, string);
      g_string_append_c (string, ')');
      break;
    case 6:
      g_string_append (string, "a{");
      append_type (rand, depth - 1, TRUE, string);
      append_type (rand, depth - 1, FALSE, string);
      g_string_append_c (string, '}');
      break;
    default:
      g_string_append_c (string, basics[g_rand_int_range (rand, 0, sizeof basics - 1)]);
    }
}

/* Returns: a definite type without handles, containers nested up to @depth */
char *
mpipe_random_type (GRand *rand, guint depth)
{
  GString *string = g_string_new (NULL);

  append_type (rand, depth, FALSE, string);
  return g_string_free (string, FALSE);
}

static GVariant *
new_basic (GRand *rand, char type)
{
  guint64 bits = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
  char text[20] = { 0 };

  switch (type)
    {
    case 'b':
      return g_variant_new_boolean (bits & 1);
    case 'y':
      return g_variant_new_byte (bits & G_MAXUINT8);
    case 'n':
      return g_variant_new_int16 ((gint16) bits);
    case 'q':
      return g_variant_new_uint16 ((guint16) bits);
    case 'i':
      return g_variant_new_int32 ((gint32) bits);
    case 'u':
      return g_variant_new_uint32 ((guint32) bits);
    case 'x':
      return g_variant_new_int64 ((gint64) bits);
    case 't':
      return g_variant_new_uint64 (bits);
    case 'd':
      return g_variant_new_double ((double) bits);
    case 'g':
      return g_variant_new_signature (bits & 1 ? "a{sv}" : "");
    case 'o':
      return g_variant_new_object_path (bits & 1 ? "/" : "/one/two");
    case 's':
    default:
      for (guint i = 0; i < bits % sizeof text; i++)
        text[i] = (char) g_rand_int_range (rand, ' ', '~');
      return g_variant_new_string (text);
    }
}

static GVariant *
new_container (GRand *rand, const GVariantType *type, guint depth)
{
  GVariantBuilder builder;
  guint n = g_rand_int_range (rand, 0, N_CHILDREN_MAX);

  g_variant_builder_init (&builder, type);
  if (g_variant_type_is_array (type))
    while (n-- > 0)
      g_variant_builder_add_value (&builder,
                                   mpipe_random_variant (rand, g_variant_type_element (type),
                                                         depth));
  else if (!g_variant_type_is_maybe (type))
    for (const GVariantType *child = g_variant_type_first (type); child != NULL;
         child = g_variant_type_next (child))
      g_variant_builder_add_value (&builder, mpipe_random_variant (rand, child, depth));
  else if (n > 0)
    g_variant_builder_add_value (&builder,
                                 mpipe_random_variant (rand, g_variant_type_element (type), depth));
  return g_variant_builder_end (&builder);
}

/* Returns: (transfer floating): a value of @type; what is in a “v” is nested up to @depth */
GVariant *
mpipe_random_variant (GRand *rand, const GVariantType *type, guint depth)
{
  if (g_variant_type_is_variant (type))
    {
      g_autofree char *inner = mpipe_random_type (rand, depth);

      return g_variant_new_variant (
          mpipe_random_variant (rand, G_VARIANT_TYPE (inner), depth > 0 ? depth - 1 : 0));
    }
  if (g_variant_type_is_basic (type))
    return new_basic (rand, g_variant_type_peek_string (type)[0]);
  return new_container (rand, type, depth);
}

GBytes *
mpipe_random_damage (GRand *rand, GVariant *variant)
{
  GByteArray *bytes = g_byte_array_new ();
  gsize size = g_variant_get_size (variant);

  if (size > 0)
    g_byte_array_append (bytes, g_variant_get_data (variant), size);
  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      g_byte_array_set_size (bytes, g_rand_int_range (rand, 0, size + 1));
      break;
    case 1:
      g_byte_array_set_size (bytes, g_rand_int_range (rand, 0, 70));
      for (guint i = 0; i < bytes->len; i++)
        bytes->data[i] = g_rand_int_range (rand, 0, 256);
      break;
    case 2:
      for (guint n = g_rand_int_range (rand, 1, 20); n > 0; n--)
        {
          guint8 byte = g_rand_boolean (rand) ? 0 : g_rand_int_range (rand, 0, 256);

          g_byte_array_append (bytes, &byte, 1);
        }
      break;
    default:
      for (guint n = g_rand_int_range (rand, 0, 4); n > 0 && size > 0; n--)
        bytes->data[g_rand_int_range (rand, 0, size)] ^= 1 << g_rand_int_range (rand, 0, 8);
    }
  return g_byte_array_free_to_bytes (bytes);
}

gboolean
mpipe_variant_has_handle (GVariant *variant)
{
  gboolean found = strchr (g_variant_get_type_string (variant), 'h') != NULL;

  for (gsize i = 0;
       !found && g_variant_is_container (variant) && i < g_variant_n_children (variant); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      found = mpipe_variant_has_handle (child);
    }
  return found;
}
