/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The third step: the sheet, on which tiles are placed as they come, each where its index says. It
 * is written when the last one is in its place.
 */

#include "sheet.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>

#include "palette.h"
#include "picture.h"
#include "sheet-layout.h"
#include "text.h"

/* Of zlib: half the time of the default for a file a tenth larger. */
#define PNG_COMPRESSION "3"

struct _Sheet
{
  SheetLayout layout;
  char *title;
  cairo_surface_t *surface;
  cairo_t *cr;
  guint n_placed;
  guint n_without_picture;
};

Sheet *
sheet_new (guint n_pictures, const char *title)
{
  Sheet *self = g_new0 (Sheet, 1);

  sheet_layout_init (&self->layout, n_pictures);
  self->title = g_strdup (title);
  self->surface
      = cairo_image_surface_create (CAIRO_FORMAT_RGB24, self->layout.width, self->layout.height);
  self->cr = cairo_create (self->surface);
  palette_use (self->cr, PALETTE_PAGE, 1);
  cairo_paint (self->cr);
  return self;
}

void
sheet_free (Sheet *self)
{
  if (self == NULL)
    return;
  cairo_destroy (self->cr);
  cairo_surface_destroy (self->surface);
  g_free (self->title);
  g_free (self);
}

/* A tile is untrusted input, like everything that comes from another process. */
static gboolean
check_tile (Sheet *self, const Picture *tile, GError **error)
{
  const SheetLayout *layout = &self->layout;

  if (tile->index < layout->n_pictures && tile->pixels != NULL && tile->width == layout->tile_width
      && tile->height == layout->tile_height && tile->n_channels == 4 && tile->rowstride % 4 == 0
      && (gsize) tile->pixels % 4 == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "tile %u does not fit", tile->index);
  return FALSE;
}

/**
 * sheet_place:
 *
 * Places a packed tile.
 */
gboolean
sheet_place (Sheet *self, GBytes *packed, guint *out_index, GError **error)
{
  Picture tile;
  cairo_surface_t *surface;
  guint x, y;

  if (!picture_unpack (&tile, packed, error) || !check_tile (self, &tile, error))
    return FALSE;
  sheet_layout_get_place (&self->layout, tile.index, &x, &y);
  surface = cairo_image_surface_create_for_data ((guchar *) tile.pixels, CAIRO_FORMAT_RGB24,
                                                 tile.width, tile.height, tile.rowstride);
  cairo_set_source_surface (self->cr, surface, x, y);
  cairo_rectangle (self->cr, x, y, tile.width, tile.height);
  cairo_fill (self->cr);
  cairo_surface_destroy (surface);
  self->n_placed++;
  self->n_without_picture += tile.reason[0] != '\0';
  *out_index = tile.index;
  return TRUE;
}

static char *
describe_count (Sheet *self)
{
  if (self->n_without_picture > 0)
    return g_strdup_printf ("%u files, %u without a picture", self->n_placed,
                            self->n_without_picture);
  return g_strdup_printf (self->n_placed == 1 ? "%u picture" : "%u pictures", self->n_placed);
}

static void
draw_header (Sheet *self)
{
  const SheetLayout *layout = &self->layout;
  g_autofree char *count = NULL;
  double left = 2.0 * layout->margin - 13, width = layout->width - 2 * left;
  TextStyle style = {
    .size = 34,
    .width = width * 0.6,
    .colour = PALETTE_INK,
    .weight = PANGO_WEIGHT_SEMIBOLD,
    .alignment = PANGO_ALIGN_LEFT,
    .ellipsize = PANGO_ELLIPSIZE_END,
    .n_lines = 1,
  };

  text_draw (self->cr, self->title, left, 36, &style);
  count = describe_count (self);
  style.size = 17;
  style.width = width * 0.4;
  style.colour = PALETTE_PALE_INK;
  style.weight = PANGO_WEIGHT_NORMAL;
  style.alignment = PANGO_ALIGN_RIGHT;
  text_draw (self->cr, count, left + width * 0.6, 52, &style);
  palette_use (self->cr, PALETTE_RULE, 1);
  cairo_rectangle (self->cr, left, 92, width, 2);
  cairo_fill (self->cr);
}

/* The sheet in the pixels of gdk-pixbuf, whose writer lets us choose how hard to compress. */
static GdkPixbuf *
copy_to_pixbuf (Sheet *self)
{
  guint width = self->layout.width, height = self->layout.height;
  int stride = cairo_image_surface_get_stride (self->surface);
  const guchar *from = cairo_image_surface_get_data (self->surface);
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);

  for (guint y = 0; pixbuf != NULL && y < height; y++)
    {
      const guint32 *row = (gconstpointer) (from + (gsize) y * stride);
      guchar *to = gdk_pixbuf_get_pixels (pixbuf) + (gsize) y * gdk_pixbuf_get_rowstride (pixbuf);

      for (guint x = 0; x < width; x++, to += 3)
        {
          to[0] = row[x] >> 16 & 0xff;
          to[1] = row[x] >> 8 & 0xff;
          to[2] = row[x] & 0xff;
        }
    }
  return pixbuf;
}

/**
 * sheet_encode:
 *
 * Finishes the sheet, once every tile is in its place.
 *
 * Returns: the bytes of a PNG file
 */
GBytes *
sheet_encode (Sheet *self, GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  char *png;
  gsize size;

  if (self->n_placed != self->layout.n_pictures)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "only %u of %u tiles are on the sheet",
                   self->n_placed, self->layout.n_pictures);
      return NULL;
    }
  draw_header (self);
  cairo_surface_flush (self->surface);
  pixbuf = copy_to_pixbuf (self);
  if (pixbuf == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no memory to write the sheet");
      return NULL;
    }
  if (!gdk_pixbuf_save_to_buffer (pixbuf, &png, &size, "png", error, "compression", PNG_COMPRESSION,
                                  NULL))
    return NULL;
  return g_bytes_new_take (png, size);
}
