/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The number ↔ type string table that frames refer to. One for each pipeline, and one in each worker.
 * Types are only ever added; looking up by number takes no lock. Any thread. */
typedef struct _MpipeTypeTable MpipeTypeTable;

#define MPIPE_TYPE_TABLE_MAX 4096 /* types in one table; 0 is no type */
#define MPIPE_TYPE_STRING_MAX 255 /* bytes in one type string */

/* What a type says about the values that claim to be of it. */
typedef struct
{
  guint16 number;
  gboolean always_valid; /* every byte pattern of the right size is a value: needs no check */
  gboolean has_handle;   /* its values refer to descriptors: only tasks may be of it */
  gboolean has_variant;  /* may hold values of any type, and of any depth */
  gboolean may_be_deep;  /* may be nested more deeply than a receiver reads */
  gboolean is_slow_untrusted; /* has arrays that GLib reads in quadratic time unless they are trusted */
  gsize unit;            /* the size must be this (fixed) or a multiple (array); 0: any size */
  gboolean is_array;     /* of fixed-size elements */
  char *string;
  GVariant *example; /* while there is a value of a type, GLib need not find out again what the type is; may be NULL */
} MpipeTypeEntry;

/* Whether any bytes of the right size are a value, and that size is fixed: so a row of values needs no check either. */
static inline gboolean
mpipe_type_entry_is_number (const MpipeTypeEntry *self)
{
  return self->always_valid && !self->is_array;
}

MpipeTypeTable *mpipe_type_table_new (void);
MpipeTypeTable *mpipe_type_table_ref (MpipeTypeTable *self);
void mpipe_type_table_unref (MpipeTypeTable *self);

const MpipeTypeEntry *mpipe_type_table_add (MpipeTypeTable *self, const char *string);
const MpipeTypeEntry *mpipe_type_table_add_any (MpipeTypeTable *self, const char *string);
const MpipeTypeEntry *mpipe_type_table_get (MpipeTypeTable *self, guint16 number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeTypeTable, mpipe_type_table_unref)

G_END_DECLS
