/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "text.h"

#include "palette.h"

#define FONT_FAMILY "DejaVu Sans, Sans"
#define LEGIBLE 5.0 /* pixels: smaller letters are left out */

static PangoLayout *
lay_out (cairo_t *cr, const char *text, const TextStyle *style)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string (FONT_FAMILY);

  pango_font_description_set_absolute_size (font, style->size * PANGO_SCALE);
  pango_font_description_set_weight (font, style->weight);
  pango_layout_set_font_description (layout, font);
  pango_layout_set_text (layout, text, -1);
  pango_layout_set_width (layout, style->width * PANGO_SCALE);
  pango_layout_set_height (layout, -style->n_lines);
  pango_layout_set_alignment (layout, style->alignment);
  pango_layout_set_ellipsize (layout, style->ellipsize);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_font_description_free (font);
  return layout;
}

/**
 * text_draw:
 *
 * Sets a text into a column that begins at @x and @y.
 *
 * Returns: the height it took
 */
double
text_draw (cairo_t *cr, const char *text, double x, double y, const TextStyle *style)
{
  g_autoptr (PangoLayout) layout = NULL;
  int height;

  if (style->size < LEGIBLE)
    return 0;
  layout = lay_out (cr, text, style);
  pango_layout_get_pixel_size (layout, NULL, &height);
  palette_use (cr, style->colour, 1);
  cairo_move_to (cr, x, y);
  pango_cairo_show_layout (cr, layout);
  return height;
}

/**
 * text_warm_up:
 *
 * Finds and opens the fonts, which takes longer than the first tile should.
 */
void
text_warm_up (void)
{
  const TextStyle style = { .size = 12, .width = 100, .weight = PANGO_WEIGHT_NORMAL, .n_lines = 1 };
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 1, 1);
  cairo_t *cr = cairo_create (surface);

  text_draw (cr, "Ag 0123", 0, 0, &style);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}
