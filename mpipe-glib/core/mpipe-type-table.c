/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-type-table-private.h"

#include <string.h>

#define EXAMPLES_MAX 64 /* so many are enough for those who mean well */
#define DEPTH_MAX 100 /* no type of so few characters is nested too deeply for GLib */

struct _MpipeTypeTable
{
  gatomicrefcount n_refs;
  GMutex lock;           /* for adding */
  GHashTable *by_string; /* entry string → entry */
  guint n_entries;
  MpipeTypeEntry *last; /* the entry found last: most programs send one type */
  MpipeTypeEntry *entries[MPIPE_TYPE_TABLE_MAX];
};

static void
entry_free (gpointer data)
{
  MpipeTypeEntry *entry = data;

  g_clear_pointer (&entry->example, g_variant_unref);
  g_free (entry->string);
  g_free (entry);
}

MpipeTypeTable *
mpipe_type_table_new (void)
{
  MpipeTypeTable *self = g_new0 (MpipeTypeTable, 1);

  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->by_string = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->n_entries = 1;
  return self;
}

MpipeTypeTable *
mpipe_type_table_ref (MpipeTypeTable *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
mpipe_type_table_unref (MpipeTypeTable *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  g_hash_table_unref (self->by_string);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gsize
fixed_size_of (const char *type)
{
  switch (type[0])
    {
    case 'b':
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

/* Whether a channel carries values of the type. */
static gboolean
is_allowed (const char *string)
{
  return strlen (string) <= MPIPE_TYPE_STRING_MAX && g_variant_type_string_is_valid (string)
         && strpbrk (string, "*?r") == NULL;
}

/* Whether the type may have arrays whose elements are not all of one size; says so too often. */
static gboolean
has_array_of_any_size (const char *string)
{
  const char *array = strchr (string, 'a');

  return array != NULL && strpbrk (array + 1, "asogm") != NULL;
}

/* A tuple of one member is serialised as the member is. Returns: what @string is of, but for such tuples; it is
 * not terminated. */
static const char *
skip_single_tuples (const char *string)
{
  const GVariantType *type = G_VARIANT_TYPE (string);

  while (g_variant_type_is_tuple (type) && g_variant_type_n_items (type) == 1)
    type = g_variant_type_first (type);
  return g_variant_type_peek_string (type);
}

static MpipeTypeEntry *
entry_new (const char *string, guint16 number)
{
  MpipeTypeEntry *entry = g_new0 (MpipeTypeEntry, 1);
  const char *inner = skip_single_tuples (string);

  entry->number = number;
  entry->string = g_strdup (string);
  entry->is_array = inner[0] == 'a';
  entry->unit = fixed_size_of (entry->is_array ? inner + 1 : inner);
  entry->always_valid = entry->unit > 0 && inner[entry->is_array ? 1 : 0] != 'b';
  entry->has_handle = strchr (string, 'h') != NULL;
  entry->has_variant = strchr (string, 'v') != NULL;
  entry->is_slow_untrusted
      = entry->has_variant || entry->has_handle || has_array_of_any_size (string);
  entry->may_be_deep = entry->has_variant || strlen (string) > DEPTH_MAX;
  if (number <= EXAMPLES_MAX)
    entry->example = g_variant_take_ref (
        g_variant_new_from_data (G_VARIANT_TYPE (string), NULL, 0, TRUE, NULL, NULL));
  return entry;
}

/* As mpipe_type_table_add(), but the type may have handles. */
const MpipeTypeEntry *
mpipe_type_table_add_any (MpipeTypeTable *self, const char *string)
{
  MpipeTypeEntry *entry = g_atomic_pointer_get (&self->last);

  if (entry != NULL && strcmp (entry->string, string) == 0)
    return entry;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->by_string, string);
  if (entry == NULL && self->n_entries < MPIPE_TYPE_TABLE_MAX && is_allowed (string))
    {
      entry = entry_new (string, (guint16) self->n_entries);
      g_hash_table_insert (self->by_string, entry->string, entry);
      g_atomic_pointer_set (&self->entries[self->n_entries], entry);
      self->n_entries++;
    }
  if (entry != NULL)
    g_atomic_pointer_set (&self->last, entry);
  g_mutex_unlock (&self->lock);
  return entry;
}

/* Returns: (nullable): the entry of the type, added when it is new; NULL when @string is no type that
 * can be sent (invalid, indefinite, too long, with handles) or the table is full. */
const MpipeTypeEntry *
mpipe_type_table_add (MpipeTypeTable *self, const char *string)
{
  const MpipeTypeEntry *entry = g_atomic_pointer_get (&self->last);

  if (entry == NULL || strcmp (entry->string, string) != 0)
    entry = strchr (string, 'h') == NULL ? mpipe_type_table_add_any (self, string) : NULL;
  return entry != NULL && !entry->has_handle ? entry : NULL;
}

/* Returns: (nullable): the entry of the number, NULL when there is none. */
const MpipeTypeEntry *
mpipe_type_table_get (MpipeTypeTable *self, guint16 number)
{
  if (number == 0 || number >= MPIPE_TYPE_TABLE_MAX)
    return NULL;
  return g_atomic_pointer_get (&self->entries[number]);
}
