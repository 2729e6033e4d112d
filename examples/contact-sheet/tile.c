/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * One tile: a print with a white frame and a soft shadow, its name and its size in pixels beneath;
 * or, where there is no picture, a card that says why.
 *
 * All lengths are those of a tile of full size; the drawing is scaled by the layout's unit, except
 * for the pixels of the print.
 */

#include "tile.h"

#include <math.h>

#include "palette.h"
#include "text.h"

#define PRINT_WIDTH 290.0 /* at most, as the next */
#define PRINT_HEIGHT 200.0
#define FRAME 7.0
#define BOX_BOTTOM 226.0 /* where the frame ends: all prints stand on one line */
#define CAPTION_TOP 237.0
#define N_SHADOWS 7
#define CHECK 10 /* pixels: a square of what shines through transparent pictures */

typedef struct
{
  double x;
  double y;
  double width;
  double height;
} Box;

/**
 * tile_get_print_size:
 *
 * Tells how large a picture may become, in pixels.
 */
void
tile_get_print_size (const SheetLayout *layout, guint *out_width, guint *out_height)
{
  *out_width = MAX (floor (PRINT_WIDTH * layout->unit), 1);
  *out_height = MAX (floor (PRINT_HEIGHT * layout->unit), 1);
}

static void
round_box (cairo_t *cr, Box box, double grow, double radius)
{
  double left = box.x - grow + radius, right = box.x + box.width + grow - radius;
  double top = box.y - grow + radius, bottom = box.y + box.height + grow - radius;

  cairo_new_sub_path (cr);
  cairo_arc (cr, right, top, radius, -G_PI_2, 0);
  cairo_arc (cr, right, bottom, radius, 0, G_PI_2);
  cairo_arc (cr, left, bottom, radius, G_PI_2, G_PI);
  cairo_arc (cr, left, top, radius, G_PI, 3 * G_PI_2);
  cairo_close_path (cr);
}

/* A blur for little money: a few boxes over one another, each larger and hardly there. */
static void
draw_card (cairo_t *cr, Box box, unsigned colour)
{
  Box shadow = { box.x, box.y + 2.5, box.width, box.height };

  for (int i = N_SHADOWS; i > 0; i--)
    {
      round_box (cr, shadow, i - 1.5, 1.5 + i);
      palette_use (cr, PALETTE_INK, 0.035);
      cairo_fill (cr);
    }
  round_box (cr, box, 0, 2);
  palette_use (cr, colour, 1);
  cairo_fill (cr);
}

/* gdk-pixbuf has bytes red, green, blue, alpha; cairo has 32-bit numbers, multiplied by their
 * alpha. */
static void
copy_row (guint32 *to, const guchar *from, guint width, guint n_channels)
{
  for (guint i = 0; i < width; i++, from += n_channels)
    {
      guint32 alpha = n_channels == 4 ? from[3] : 255;
      guint32 red = (from[0] * alpha + 127) / 255;
      guint32 green = (from[1] * alpha + 127) / 255;
      guint32 blue = (from[2] * alpha + 127) / 255;

      to[i] = alpha << 24 | red << 16 | green << 8 | blue;
    }
}

static cairo_surface_t *
surface_of (GdkPixbuf *pixbuf)
{
  guint width = gdk_pixbuf_get_width (pixbuf);
  guint height = gdk_pixbuf_get_height (pixbuf);
  const guchar *pixels = gdk_pixbuf_read_pixels (pixbuf);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  guchar *data = cairo_image_surface_get_data (surface);

  for (guint y = 0; y < height; y++)
    copy_row ((gpointer) (data + (gsize) y * cairo_image_surface_get_stride (surface)),
              pixels + (gsize) y * gdk_pixbuf_get_rowstride (pixbuf), width,
              gdk_pixbuf_get_n_channels (pixbuf));
  cairo_surface_mark_dirty (surface);
  return surface;
}

/* Drawings made for a coloured desktop are often white on nothing: on paper they would not be
 * seen. */
static void
draw_checks (cairo_t *cr, int left, int top, int width, int height)
{
  palette_use (cr, PALETTE_CHECK, 1);
  cairo_rectangle (cr, left, top, width, height);
  cairo_fill (cr);
  palette_use (cr, PALETTE_CHECK_2, 1);
  for (int y = 0; y < height; y += CHECK)
    for (int x = y / CHECK % 2 * CHECK; x < width; x += 2 * CHECK)
      cairo_rectangle (cr, left + x, top + y, MIN (CHECK, width - x), MIN (CHECK, height - y));
  cairo_fill (cr);
}

/* Places the print on whole pixels, or it would be blurred. */
static void
draw_print (cairo_t *cr, const SheetLayout *layout, GdkPixbuf *print)
{
  double unit = layout->unit;
  int width = gdk_pixbuf_get_width (print), height = gdk_pixbuf_get_height (print);
  int x = (layout->tile_width - width) / 2;
  int y = (BOX_BOTTOM - FRAME) * unit - height;
  Box card
      = { x / unit - FRAME, y / unit - FRAME, width / unit + 2 * FRAME, height / unit + 2 * FRAME };
  cairo_surface_t *surface = surface_of (print);

  draw_card (cr, card, PALETTE_PRINT);
  cairo_save (cr);
  cairo_identity_matrix (cr);
  if (gdk_pixbuf_get_has_alpha (print))
    draw_checks (cr, x, y, width, height);
  cairo_set_source_surface (cr, surface, x, y);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (surface);
}

static void
draw_warning_sign (cairo_t *cr, double x, double y)
{
  palette_use (cr, PALETTE_ALARM, 1);
  cairo_set_line_width (cr, 3.5);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  cairo_arc (cr, x, y, 20, 0, 2 * G_PI);
  cairo_move_to (cr, x, y - 10);
  cairo_line_to (cr, x, y + 3);
  cairo_stroke (cr);
  cairo_arc (cr, x, y + 9.5, 2.2, 0, 2 * G_PI);
  cairo_fill (cr);
}

static void
draw_reason (cairo_t *cr, const SheetLayout *layout, const char *reason)
{
  const TextStyle style = {
    .size = 14,
    .width = PRINT_WIDTH - 40,
    .colour = PALETTE_ALARM,
    .weight = PANGO_WEIGHT_NORMAL,
    .alignment = PANGO_ALIGN_CENTER,
    .ellipsize = PANGO_ELLIPSIZE_END,
    .n_lines = 5,
  };
  double width = PRINT_WIDTH + 2 * FRAME, height = 180 + 2 * FRAME;
  Box card
      = { (layout->tile_width / layout->unit - width) / 2, BOX_BOTTOM - height, width, height };

  draw_card (cr, card, PALETTE_ALARM_PRINT);
  draw_warning_sign (cr, card.x + width / 2, card.y + 52);
  text_draw (cr, reason, card.x + (width - style.width) / 2, card.y + 88, &style);
}

static void
draw_caption (cairo_t *cr, const SheetLayout *layout, const Picture *picture)
{
  g_autofree char *note = NULL;
  TextStyle style = {
    .size = 13.5,
    .width = PRINT_WIDTH,
    .colour = PALETTE_INK,
    .weight = PANGO_WEIGHT_NORMAL,
    .alignment = PANGO_ALIGN_CENTER,
    .ellipsize = PANGO_ELLIPSIZE_MIDDLE, /* keeps the ending */
    .n_lines = 1,
  };
  double x = (layout->tile_width / layout->unit - style.width) / 2;
  double y = CAPTION_TOP;

  y += text_draw (cr, picture->name, x, y, &style) + 1;
  if (picture->pixels != NULL)
    note = g_strdup_printf ("%u × %u", picture->source_width, picture->source_height);
  style.size = 11;
  style.colour = note != NULL ? PALETTE_PALE_INK : PALETTE_ALARM;
  text_draw (cr, note != NULL ? note : "no picture", x, y, &style);
}

/**
 * tile_draw:
 * @print: (nullable): the picture, scaled to the size of a print; NULL if @picture has none
 *
 * Draws a tile at the origin.
 */
void
tile_draw (cairo_t *cr, const SheetLayout *layout, const Picture *picture, GdkPixbuf *print)
{
  palette_use (cr, PALETTE_PAGE, 1);
  cairo_paint (cr);
  cairo_scale (cr, layout->unit, layout->unit);
  if (print != NULL)
    draw_print (cr, layout, print);
  else
    draw_reason (cr, layout, picture->reason);
  draw_caption (cr, layout, picture);
}
