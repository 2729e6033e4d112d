/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The second step: a picture becomes a tile, the same for all: framed, with its caption.
 *
 * The large pixels are looked at where they arrived and read once. The orientation is put right on
 * the small copy.
 */

#include "scale.h"

#include <math.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>

#include "picture.h"
#include "tile.h"

static GdkPixbuf *
turn_upright (GdkPixbuf *pixbuf, const Picture *picture)
{
  char orientation[12];

  g_snprintf (orientation, sizeof orientation, "%u", picture->orientation);
  gdk_pixbuf_set_option (pixbuf, "orientation", orientation);
  return gdk_pixbuf_apply_embedded_orientation (pixbuf);
}

/* As large as the tile allows, but never larger than it is. */
static GdkPixbuf *
make_print (const SheetLayout *layout, const Picture *picture)
{
  g_autoptr (GdkPixbuf) whole = NULL;
  g_autoptr (GdkPixbuf) print = NULL;
  guint max_width, max_height;
  double scale;

  if (picture_is_lying (picture))
    tile_get_print_size (layout, &max_height, &max_width);
  else
    tile_get_print_size (layout, &max_width, &max_height);
  scale = MIN ((double) max_width / picture->width, (double) max_height / picture->height);
  scale = MIN (scale, 1);
  whole
      = gdk_pixbuf_new_from_data (picture->pixels, GDK_COLORSPACE_RGB, picture->n_channels == 4, 8,
                                  picture->width, picture->height, picture->rowstride, NULL, NULL);
  print = gdk_pixbuf_scale_simple (whole, MAX (round (picture->width * scale), 1),
                                   MAX (round (picture->height * scale), 1), GDK_INTERP_BILINEAR);
  return print != NULL ? turn_upright (print, picture) : NULL;
}

/* A tile travels as a picture does. */
static GBytes *
pack_tile (const Picture *picture, cairo_surface_t *surface)
{
  Picture tile = *picture;

  cairo_surface_flush (surface);
  tile.width = cairo_image_surface_get_width (surface);
  tile.height = cairo_image_surface_get_height (surface);
  tile.rowstride = cairo_image_surface_get_stride (surface);
  tile.n_channels = 4;
  tile.pixels = cairo_image_surface_get_data (surface);
  return picture_pack (&tile);
}

/**
 * scale_picture:
 * @packed: a packed picture, with pixels or without
 *
 * Scales and frames a picture.
 *
 * Returns: a packed picture of the tile, in the pixels of cairo
 */
GBytes *
scale_picture (const SheetLayout *layout, GBytes *packed, GError **error)
{
  Picture picture;
  g_autoptr (GdkPixbuf) print = NULL;
  cairo_surface_t *surface;
  cairo_t *cr;
  GBytes *tile;

  if (!picture_unpack (&picture, packed, error))
    return NULL;
  if (picture.pixels != NULL)
    {
      print = make_print (layout, &picture);
      if (print == NULL)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no memory to scale it");
          return NULL;
        }
    }
  surface
      = cairo_image_surface_create (CAIRO_FORMAT_RGB24, layout->tile_width, layout->tile_height);
  cr = cairo_create (surface);
  tile_draw (cr, layout, &picture, print);
  cairo_destroy (cr);
  tile = pack_tile (&picture, surface);
  cairo_surface_destroy (surface);
  return tile;
}
