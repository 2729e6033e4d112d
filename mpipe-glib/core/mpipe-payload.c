/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-payload-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"

#define TRIED_SIZE_MIN                                                                             \
  (64u << 20) /* memory below this is taken for granted; above it, trying costs malloc no pages */
#define ELEMENT_BYTES                                                                              \
  (sizeof (MpipePayload) + 128) /* of an array that is taken apart, and what is put around it */

static gboolean
is_inline (const MpipePayload *self)
{
  return self->size <= MPIPE_PAYLOAD_INLINE;
}

/* A payload that claims to be of a type is not one before its bytes were looked at. */
static gboolean
has_possible_size (const MpipeTypeEntry *type, gsize size)
{
  if (type->unit == 0)
    return TRUE;
  return type->is_array ? size % type->unit == 0 : size == type->unit;
}

static GVariant *
new_number (const MpipeTypeEntry *type, const void *data)
{
  switch (type->string[0])
    {
    case 'x':
      return g_variant_new_int64 (*(const gint64 *) data);
    case 't':
      return g_variant_new_uint64 (*(const guint64 *) data);
    case 'd':
      return g_variant_new_double (*(const gdouble *) data);
    case 'i':
      return g_variant_new_int32 (*(const gint32 *) data);
    case 'u':
      return g_variant_new_uint32 (*(const guint32 *) data);
    default:
      return NULL;
    }
}

/* With a byte to spare: GLib 2.74 reads one behind the end of some values that are none. */
static GBytes *
copy_small (const MpipePayload *self)
{
  guint8 *data = g_malloc (self->size + 1u);

  memcpy (data, self->in.words, self->size);
  data[self->size] = 0;
  return g_bytes_new_take (data, self->size);
}

/* Returns: (transfer full): the bytes, which stay where they are if they are many */
static GBytes *
to_bytes (const MpipePayload *self)
{
  if (is_inline (self))
    return copy_small (self);
  return g_bytes_new_with_free_func (self->in.shared.data, self->size,
                                     (GDestroyNotify) mpipe_buffer_unref,
                                     mpipe_buffer_ref (self->in.shared.buffer));
}

static GVariant *
wrap (const MpipePayload *self, const MpipeTypeEntry *type, gboolean trusted)
{
  g_autoptr (GBytes) bytes = to_bytes (self);
  /* no G_VARIANT_TYPE(): the string was found to be a type when it came into the table */
  const GVariantType *variant_type = (const GVariantType *) type->string;

  return g_variant_ref_sink (g_variant_new_from_bytes (variant_type, bytes, trusted));
}

/* Whether all handles in a value are among the first @n_handles; with MPIPE_PAYLOAD_NO_HANDLES there may not even be a
 * type of handles in it. */
static gboolean
check_handles_below (GVariant *value, int n_handles)
{
  const char *type = g_variant_get_type_string (value);
  gsize n_children;

  if (g_str_equal (type, "h"))
    return g_variant_get_handle (value) >= 0 && g_variant_get_handle (value) < n_handles;
  if (n_handles == MPIPE_PAYLOAD_NO_HANDLES && strchr (type, 'h') != NULL)
    return FALSE;
  if (strpbrk (type, "hv") == NULL)
    return TRUE;
  n_children = g_variant_n_children (value);
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!check_handles_below (child, n_handles))
        return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): the value, after the bytes were found to be one; NULL with
 * MPIPE_ERROR_PROTOCOL when they are not. Where that matters, a value is re-wrapped as trusted once it was
 * checked: reading an array of strings that is not is quadratic. Handles in it must be less than @n_handles. */
GVariant *
mpipe_payload_to_variant_with_handles (const MpipePayload *self, MpipeTypeTable *types,
                                       int n_handles, GError **error)
{
  const MpipeTypeEntry *type = mpipe_type_table_get (types, self->type);
  GVariant *value;

  g_assert (type != NULL);
  if (!has_possible_size (type, self->size))
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "%u bytes are no value of type “%s”",
                   self->size, type->string);
      return NULL;
    }
  if (type->always_valid && !type->is_array)
    {
      GVariant *number = new_number (type, self->in.words);

      if (number != NULL)
        return g_variant_ref_sink (number);
    }
  if (!type->always_valid)
    {
      g_autoptr (GVariant) candidate = wrap (self, type, FALSE);

      if (!g_variant_is_normal_form (candidate))
        {
          g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                       "%u bytes that claim to be of type “%s” are not a value in normal form",
                       self->size, type->string);
          return NULL;
        }
      if (!type->is_slow_untrusted)
        return g_steal_pointer (&candidate);
    }
  value = wrap (self, type, TRUE);
  if ((!type->has_variant && !type->has_handle) || check_handles_below (value, n_handles))
    return value;
  g_variant_unref (value);
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
               "a value of type “%s” holds a handle that refers to nothing", type->string);
  return NULL;
}

/* The same for values without handles. */
GVariant *
mpipe_payload_to_variant (const MpipePayload *self, MpipeTypeTable *types, GError **error)
{
  return mpipe_payload_to_variant_with_handles (self, types, MPIPE_PAYLOAD_NO_HANDLES, error);
}

static void
set_bytes (MpipePayload *self, guint16 type, const void *data, gsize size)
{
  self->type = type;
  self->size = (guint32) size;
  if (size > 0)
    memcpy (self->in.words, data, size);
}

/* A value that was made of others is not serialised for it once and for all, with memory of its own. */
static void
store (MpipePayload *self, guint16 type, GVariant *variant, gsize size)
{
  self->type = type;
  self->size = (guint32) size;
  if (size > 0)
    g_variant_store (variant, self->in.words);
}

/* Whether the receiver will accept what was serialised: it reads no deeper than GLib does. */
static gboolean
check_depth (const MpipePayload *self, const MpipeTypeEntry *type, GError **error)
{
  g_autoptr (GVariant) candidate = NULL;

  if (!type->may_be_deep)
    return TRUE;
  candidate = wrap (self, type, FALSE);
  if (g_variant_is_normal_form (candidate))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "The value of type “%s” is nested too deeply to be sent", type->string);
  return FALSE;
}

static gboolean
is_normal (GVariant *variant, const MpipeTypeEntry *type)
{
  gsize size = g_variant_get_size (variant);

  if (type->always_valid)
    return has_possible_size (type, size) && (size == 0 || g_variant_get_data (variant) != NULL);
  return g_variant_is_normal_form (variant);
}

static gboolean
check_sendable (GVariant *variant, const MpipeTypeEntry *type, GError **error)
{
  if (type != NULL)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
               "A value of type “%s” cannot be sent to another process",
               g_variant_get_type_string (variant));
  return FALSE;
}

/* @variant must be in normal form. It is looked at through a copy that is trusted: reading the children of one
 * that was not when it was made takes quadratic time. */
static gboolean
check_handles (GVariant *variant, const MpipeTypeEntry *type, int n_handles, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) trusted = NULL;

  if (!type->has_variant && !type->has_handle)
    return TRUE;
  bytes = g_variant_get_data_as_bytes (variant);
  trusted = g_variant_ref_sink (
      g_variant_new_from_bytes (g_variant_get_type (variant), bytes, TRUE));
  if (check_handles_below (trusted, n_handles))
    return TRUE;
  if (n_handles != MPIPE_PAYLOAD_NO_HANDLES)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                 "A value of type “%s” holds a handle that is none of its %d descriptors",
                 type->string, n_handles);
  else
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                 "A value of type “%s” that holds a handle cannot be sent to another process",
                 type->string);
  return FALSE;
}

/* GLib ends the program when it finds no memory. How much a value takes is up to who made it, so it is tried first;
 * others may take it in this moment, but what is far too much is always refused. */
static gboolean
check_memory (gsize size, GError **error)
{
  gpointer memory;

  if (size < TRIED_SIZE_MIN)
    return TRUE;
  memory = g_try_malloc (size);
  g_free (memory);
  if (memory != NULL)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
               "There is no memory for a value of %" G_GSIZE_FORMAT " bytes", size);
  return FALSE;
}

static gboolean
check_size (gsize size, GError **error)
{
  if (size > MPIPE_PAYLOAD_MAX)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                   "A value of %" G_GSIZE_FORMAT " bytes is larger than the %u that one may have",
                   size, MPIPE_PAYLOAD_MAX);
      return FALSE;
    }
  return check_memory (size, error);
}

/* Returns: whether @variant is a number, and was set. One that was made of bytes of the wrong size has none. */
static gboolean
set_number (MpipePayload *self, GVariant *variant, const MpipeTypeEntry *type)
{
  const void *data;

  if (!mpipe_type_entry_is_number (type) || g_variant_get_size (variant) != type->unit)
    return FALSE;
  data = g_variant_get_data (variant);
  if (data == NULL)
    return FALSE;
  set_bytes (self, type->number, data, type->unit);
  return TRUE;
}

/* Serialises @variant, which must not be floating and is kept when it is large. Handles in it must be less than
 * @n_handles. On failure @self is not set: MPIPE_ERROR_TYPE, MPIPE_ERROR_TOO_LARGE. */
gboolean
mpipe_payload_init_with_handles (MpipePayload *self, GVariant *variant, MpipeTypeTable *types,
                                 int n_handles, GError **error)
{
  const char *string = g_variant_get_type_string (variant);
  const MpipeTypeEntry *type = n_handles != MPIPE_PAYLOAD_NO_HANDLES
                                   ? mpipe_type_table_add_any (types, string)
                                   : mpipe_type_table_add (types, string);
  g_autoptr (GVariant) normal = NULL;
  gsize size;

  if (!check_sendable (variant, type, error))
    return FALSE;
  if (set_number (self, variant, type))
    return TRUE;
  if (!check_size (g_variant_get_size (variant), error))
    return FALSE;
  if (!is_normal (variant, type))
    variant = normal = g_variant_get_normal_form (variant);
  if (!check_handles (variant, type, n_handles, error))
    return FALSE;

  size = g_variant_get_size (variant);
  if (size <= MPIPE_PAYLOAD_INLINE)
    store (self, type->number, variant, size);
  else
    {
      g_autoptr (MpipeBuffer) buffer = mpipe_buffer_new_for_variant (variant);

      mpipe_payload_init_from_buffer (self, type->number, buffer, mpipe_buffer_get_data (buffer),
                                      (guint32) size);
    }
  if (check_depth (self, type, error))
    return TRUE;
  mpipe_payload_clear (self);
  return FALSE;
}

/* The same for values without handles. */
gboolean
mpipe_payload_init_from_variant (MpipePayload *self, GVariant *variant, MpipeTypeTable *types,
                                 GError **error)
{
  return mpipe_payload_init_with_handles (self, variant, types, MPIPE_PAYLOAD_NO_HANDLES, error);
}

static void
clear_element (gpointer payload)
{
  mpipe_payload_clear (payload);
}

static gboolean
check_memory_for_elements (GVariant *array, GError **error)
{
  gsize n = g_variant_n_children (array);
  gpointer memory;

  if (!check_memory (g_variant_get_size (array), error))
    return FALSE;
  if (n < TRIED_SIZE_MIN / ELEMENT_BYTES)
    return TRUE;
  memory = n <= G_MAXUINT / 2 ? g_try_malloc (n * ELEMENT_BYTES) : NULL;
  g_free (memory);
  if (memory != NULL)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
               "There is no memory for %" G_GSIZE_FORMAT " tasks at once", n);
  return FALSE;
}

/* As many numbers in each payload as it may hold. */
static gboolean
split_numbers (GArray *payloads, GVariant *array, const MpipeTypeEntry *type, guint max_numbers,
               GError **error)
{
  g_autoptr (MpipeBuffer) buffer = NULL;
  gsize size = g_variant_get_size (array), step = (gsize) max_numbers * type->unit;

  if (size / type->unit > G_MAXUINT)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                   "An array of %" G_GSIZE_FORMAT " tasks is longer than the %u that one may have",
                   size / type->unit, G_MAXUINT);
      return FALSE;
    }
  buffer = mpipe_buffer_new_for_variant (array);
  g_array_set_size (payloads, (guint) ((size + step - 1) / step));
  for (guint i = 0; i < payloads->len; i++)
    mpipe_payload_init_from_buffer (&g_array_index (payloads, MpipePayload, i), type->number,
                                    buffer, mpipe_buffer_get_data (buffer) + i * step,
                                    (guint32) MIN (step, size - i * step));
  return TRUE;
}

/* Each element of @array, of any type `a…`, as a payload of its own, but up to @max_numbers numbers in one; large ones
 * share its memory. Returns: (nullable): of MpipePayload, which are cleared with it; NULL with MPIPE_ERROR_TYPE or
 * MPIPE_ERROR_TOO_LARGE. */
GArray *
mpipe_payload_split (GVariant *array, MpipeTypeTable *types, guint max_numbers, GError **error)
{
  const char *type_string = g_variant_get_type_string (array);
  g_autoptr (GArray) payloads = g_array_new (FALSE, TRUE, sizeof (MpipePayload));
  g_autoptr (GVariant) normal = NULL;
  g_autoptr (GVariant) trusted = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const MpipeTypeEntry *type;
  gsize n;

  g_array_set_clear_func (payloads, clear_element);
  if (type_string[0] != 'a')
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                   "A value of type “%s” is no array of tasks", type_string);
      return NULL;
    }
  type = mpipe_type_table_add (types, type_string + 1);
  if (type == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE,
                   "A value of type “%s” cannot be sent to another process", type_string + 1);
      return NULL;
    }
  if (!check_memory_for_elements (array, error))
    return NULL;
  normal = g_variant_get_normal_form (array);
  bytes = g_variant_get_data_as_bytes (normal);
  trusted = g_variant_ref_sink (
      g_variant_new_from_bytes (g_variant_get_type (array), bytes, TRUE));
  if (mpipe_type_entry_is_number (type))
    return split_numbers (payloads, trusted, type, max_numbers, error)
               ? g_steal_pointer (&payloads)
               : NULL;
  n = g_variant_n_children (trusted);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) element = g_variant_get_child_value (trusted, i);
      MpipePayload payload;

      if (!mpipe_payload_init_from_variant (&payload, element, types, error))
        {
          g_prefix_error (error, "task %" G_GSIZE_FORMAT " of the array: ", i);
          return NULL;
        }
      g_array_append_val (payloads, payload);
    }
  return g_steal_pointer (&payloads);
}

/* A row of numbers, or one, appended to @bytes as an array holds it. Returns: FALSE when it is of another type than
 * @type, or that is no number. */
gboolean
mpipe_payload_append_numbers (const MpipePayload *self, const MpipeTypeEntry *type,
                              GByteArray *bytes)
{
  if (self->type != type->number || !mpipe_type_entry_is_number (type)
      || self->size % type->unit != 0)
    return FALSE;
  g_byte_array_append (bytes, mpipe_payload_get_data (self), self->size);
  return TRUE;
}

/* Returns: (transfer full): a row of numbers as an array */
GVariant *
mpipe_payload_to_array (const MpipePayload *self, MpipeTypeTable *types)
{
  const MpipeTypeEntry *type = mpipe_type_table_get (types, self->type);
  g_autoptr (GVariantType) array_type = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert (type != NULL && mpipe_type_entry_is_number (type) && self->size % type->unit == 0);
  array_type = g_variant_type_new_array (G_VARIANT_TYPE (type->string));
  bytes = to_bytes (self);
  return g_variant_ref_sink (g_variant_new_from_bytes (array_type, bytes, TRUE));
}

void
mpipe_payload_init_from_buffer (MpipePayload *self, guint16 type, MpipeBuffer *buffer,
                                const guint8 *data, guint32 size)
{
  if (size <= MPIPE_PAYLOAD_INLINE)
    {
      set_bytes (self, type, data, size);
      return;
    }
  self->type = type;
  self->size = size;
  self->in.shared.data = data;
  self->in.shared.buffer = mpipe_buffer_ref (buffer);
}

/* Appends a number to others, to which alone this is done. Returns: FALSE when it is of another type, or they are
 * enough */
gboolean
mpipe_payload_append (MpipePayload *self, const MpipePayload *number)
{
  gsize size = (gsize) self->size + number->size;

  if (self->type != number->type || size > MPIPE_PAYLOAD_ROW_MAX)
    return FALSE;
  if (is_inline (self) && size > MPIPE_PAYLOAD_INLINE)
    {
      MpipeBuffer *buffer = mpipe_buffer_try_new (MPIPE_PAYLOAD_ROW_MAX);

      if (buffer == NULL)
        return FALSE;
      memcpy (mpipe_buffer_get_data (buffer), self->in.words, self->size);
      self->in.shared.data = mpipe_buffer_get_data (buffer);
      self->in.shared.buffer = buffer;
    }
  self->size = (guint32) size;
  memcpy ((guint8 *) mpipe_payload_get_data (self) + size - number->size, number->in.words,
          number->size);
  return TRUE;
}

/* A part of another payload, whose memory it shares if it is large. */
void
mpipe_payload_init_slice (MpipePayload *self, const MpipePayload *whole, gsize offset, gsize size)
{
  g_assert (offset <= whole->size && size <= whole->size - offset);
  mpipe_payload_init_from_buffer (self, whole->type, mpipe_payload_get_buffer (whole),
                                  mpipe_payload_get_data (whole) + offset, (guint32) size);
}

/* Takes the first @size bytes away, which are not all. */
void
mpipe_payload_drop_front (MpipePayload *self, gsize size)
{
  gsize rest = self->size - size;

  g_assert (size < self->size);
  if (is_inline (self))
    memmove (self->in.words, (const guint8 *) self->in.words + size, rest);
  else if (rest > MPIPE_PAYLOAD_INLINE)
    self->in.shared.data += size;
  else
    {
      MpipeBuffer *buffer = self->in.shared.buffer;

      memcpy (self->in.words, self->in.shared.data + size, rest);
      mpipe_buffer_unref (buffer);
    }
  self->size = (guint32) rest;
}

void
mpipe_payload_copy (MpipePayload *self, const MpipePayload *other)
{
  *self = *other;
  if (!is_inline (self))
    mpipe_buffer_ref (self->in.shared.buffer);
}

void
mpipe_payload_clear (MpipePayload *self)
{
  if (!is_inline (self))
    mpipe_buffer_unref (self->in.shared.buffer);
  self->size = 0;
  self->type = 0;
}

/* Returns: (nullable): the memory that the payload shares, NULL when it holds its own. */
MpipeBuffer *
mpipe_payload_get_buffer (const MpipePayload *self)
{
  return is_inline (self) ? NULL : self->in.shared.buffer;
}

/* Whether the payload says it is of the type, which may be indefinite. */
gboolean
mpipe_payload_has_type (const MpipePayload *self, MpipeTypeTable *types, const GVariantType *type)
{
  const MpipeTypeEntry *entry = mpipe_type_table_get (types, self->type);

  return entry != NULL && g_variant_type_is_subtype_of (G_VARIANT_TYPE (entry->string), type);
}
