/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-buffer-private.h"
#include "mpipe-glib/core/mpipe-type-table-private.h"

G_BEGIN_DECLS

#define MPIPE_PAYLOAD_INLINE 48          /* bytes kept in the payload itself */
#define MPIPE_PAYLOAD_ROW_MAX 4096       /* bytes of numbers that are put together one by one */
#define MPIPE_PAYLOAD_MAX (1024u << 20) /* bytes in one value, unless set lower */

#define MPIPE_PAYLOAD_FDS_MAX 16 /* descriptors that go with one value */
#define MPIPE_PAYLOAD_NO_HANDLES (-1) /* of a value that is not put with descriptors, not even with none */

/* A serialised value on its way: what a task or a result is between two programs. Small ones are kept in
 * place, larger ones share a buffer. Not counted: copy it with mpipe_payload_copy(), clear it once.
 *
 * Where that is said, it is a row of numbers: values of one type of which any bytes are values, one behind the
 * other. */
typedef struct
{
  guint32 size;
  guint16 type; /* in the type table of the pipeline or worker */
  union
  {
    guint64 words[MPIPE_PAYLOAD_INLINE / 8];
    struct
    {
      const guint8 *data;
      MpipeBuffer *buffer;
    } shared;
  } in;
} MpipePayload;

gboolean mpipe_payload_init_from_variant (MpipePayload *self, GVariant *variant,
                                          MpipeTypeTable *types, GError **error);
gboolean mpipe_payload_init_with_handles (MpipePayload *self, GVariant *variant,
                                          MpipeTypeTable *types, int n_handles, GError **error);
void mpipe_payload_init_from_buffer (MpipePayload *self, guint16 type, MpipeBuffer *buffer,
                                     const guint8 *data, guint32 size);
gboolean mpipe_payload_append (MpipePayload *self, const MpipePayload *number);
void mpipe_payload_init_slice (MpipePayload *self, const MpipePayload *whole, gsize offset,
                               gsize size);
void mpipe_payload_drop_front (MpipePayload *self, gsize size);
GArray *mpipe_payload_split (GVariant *array, MpipeTypeTable *types, guint max_numbers,
                             GError **error);
gboolean mpipe_payload_append_numbers (const MpipePayload *self, const MpipeTypeEntry *type,
                                       GByteArray *bytes);
void mpipe_payload_copy (MpipePayload *self, const MpipePayload *other);
void mpipe_payload_clear (MpipePayload *self);

MpipeBuffer *mpipe_payload_get_buffer (const MpipePayload *self);
gboolean mpipe_payload_has_type (const MpipePayload *self, MpipeTypeTable *types,
                                 const GVariantType *type);
GVariant *mpipe_payload_to_variant (const MpipePayload *self, MpipeTypeTable *types,
                                    GError **error);
GVariant *mpipe_payload_to_array (const MpipePayload *self, MpipeTypeTable *types);
GVariant *mpipe_payload_to_variant_with_handles (const MpipePayload *self, MpipeTypeTable *types,
                                                 int n_handles, GError **error);

static inline const guint8 *
mpipe_payload_get_data (const MpipePayload *self)
{
  return self->size <= MPIPE_PAYLOAD_INLINE ? (const guint8 *) self->in.words
                                            : self->in.shared.data;
}

G_END_DECLS
