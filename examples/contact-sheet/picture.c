/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * How pixels travel from process to process: one block of bytes, made with one copy and read with
 * none.
 *
 *     header | name | NUL | reason | NUL | zeros up to a multiple of 16 | pixels
 *
 * Why not a tuple of numbers, strings and bytes? Nothing can be wrong with the form of an array of
 * bytes, so that the library need not look through tens of megabytes for it; what is in it is
 * checked here, in picture_unpack(), where each length is compared with what really arrived.
 *
 * Numbers are in the byte order of the machine: both ends run on the same one.
 */

#include "picture.h"

#include <string.h>

#include <gio/gio.h>

#define PICTURE_MAGIC 0x74636970u /* "pict" */
#define PICTURE_MAX_SIDE 1000000u
#define PICTURE_MAX_ROWSTRIDE (8u * PICTURE_MAX_SIDE)
#define PIXELS_ALIGNMENT 16u

typedef struct
{
  guint32 magic;
  guint32 index;
  guint32 width;
  guint32 height;
  guint32 rowstride;
  guint32 n_channels;
  guint32 orientation;
  guint32 source_width;
  guint32 source_height;
  guint32 name_size; /* with the NUL, like the next */
  guint32 reason_size;
  guint32 reserved;
} PackedHeader;

G_STATIC_ASSERT (sizeof (PackedHeader) == 48);

/**
 * picture_is_lying:
 *
 * Returns: whether width and height change places when the picture is put upright
 */
gboolean
picture_is_lying (const Picture *self)
{
  return self->orientation >= 5 && self->orientation <= 8;
}

static guint64
pixels_offset (const PackedHeader *header)
{
  guint64 end = sizeof *header + (guint64) header->name_size + header->reason_size;

  return (end + PIXELS_ALIGNMENT - 1) / PIXELS_ALIGNMENT * PIXELS_ALIGNMENT;
}

/* The last row may end before its stride does; gdk-pixbuf never touches what would follow. */
static guint64
pixels_size (const PackedHeader *header)
{
  if (header->height == 0)
    return 0;
  return (guint64) header->rowstride * (header->height - 1)
         + (guint64) header->width * header->n_channels;
}

static PackedHeader
header_of (const Picture *self)
{
  PackedHeader header = {
    .magic = PICTURE_MAGIC,
    .index = self->index,
    .width = self->width,
    .height = self->height,
    .rowstride = self->rowstride,
    .n_channels = self->n_channels,
    .orientation = self->orientation,
    .source_width = self->source_width,
    .source_height = self->source_height,
    .name_size = strlen (self->name) + 1,
    .reason_size = strlen (self->reason) + 1,
  };

  return header;
}

GBytes *
picture_pack (const Picture *self)
{
  PackedHeader header = header_of (self);
  gsize offset = pixels_offset (&header);
  gsize n_pixel_bytes = pixels_size (&header);
  guchar *block = g_malloc (offset + n_pixel_bytes);
  guchar *name = block + sizeof header;
  guchar *reason = name + header.name_size;

  memcpy (block, &header, sizeof header);
  memcpy (name, self->name, header.name_size);
  memcpy (reason, self->reason, header.reason_size);
  memset (reason + header.reason_size, 0, block + offset - (reason + header.reason_size));
  if (n_pixel_bytes > 0)
    memcpy (block + offset, self->pixels, n_pixel_bytes);
  return g_bytes_new_take (block, offset + n_pixel_bytes);
}

static gboolean
header_is_sound (const PackedHeader *header, gsize size)
{
  if (header->magic != PICTURE_MAGIC || header->name_size == 0 || header->reason_size == 0)
    return FALSE;
  if (header->width > PICTURE_MAX_SIDE || header->height > PICTURE_MAX_SIDE)
    return FALSE;
  if ((header->width == 0) != (header->height == 0))
    return FALSE;
  if (header->height > 0 ? header->n_channels != 3 && header->n_channels != 4
                         : header->n_channels != 0)
    return FALSE;
  if (header->rowstride > PICTURE_MAX_ROWSTRIDE
      || header->rowstride < header->width * header->n_channels)
    return FALSE;
  return size >= pixels_offset (header) && size - pixels_offset (header) == pixels_size (header);
}

/* A string of @size bytes with its NUL: ended where it says, and text. */
static gboolean
text_is_sound (const char *text, gsize size)
{
  return text[size - 1] == '\0' && g_utf8_validate_len (text, size - 1, NULL);
}

/**
 * picture_unpack:
 *
 * Looks at a packed picture in place: what @self points to is part of @packed and lives as long.
 */
gboolean
picture_unpack (Picture *self, GBytes *packed, GError **error)
{
  gsize size;
  const char *block = g_bytes_get_data (packed, &size);
  PackedHeader header = { 0 };

  if (size >= sizeof header)
    memcpy (&header, block, sizeof header);
  if (!header_is_sound (&header, size) || !text_is_sound (block + sizeof header, header.name_size)
      || !text_is_sound (block + sizeof header + header.name_size, header.reason_size))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "not a packed picture");
      return FALSE;
    }
  *self = (Picture){
    .index = header.index,
    .width = header.width,
    .height = header.height,
    .rowstride = header.rowstride,
    .n_channels = header.n_channels,
    .orientation = header.orientation,
    .source_width = header.source_width,
    .source_height = header.source_height,
    .name = block + sizeof header,
    .reason = block + sizeof header + header.name_size,
    .pixels = header.height > 0 ? (const guchar *) block + pixels_offset (&header) : NULL,
  };
  return TRUE;
}
