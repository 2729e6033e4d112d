/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * Six columns, as long as that makes a page somebody would look at; from there on, more columns of
 * smaller tiles, so that ten thousand pictures still make a sheet that cairo can hold (32767 pixels
 * a side) and a viewer can open.
 */

#include "sheet-layout.h"

#include <math.h>

#define FULL_TILE_WIDTH 336.0
#define FULL_TILE_HEIGHT 288.0
#define MIN_COLUMNS 3u /* leaves room for the header */
#define N_COLUMNS 6u
#define N_ROWS 10u /* with N_COLUMNS; more pictures make a sheet of about this shape */
#define MAX_PIXELS 48e6

static void
set_tile_size (SheetLayout *self, double unit)
{
  self->unit = unit;
  self->tile_width = floor (FULL_TILE_WIDTH * unit);
  self->tile_height = floor (FULL_TILE_HEIGHT * unit);
  self->width = self->n_columns * self->tile_width + 2 * self->margin;
  self->height = self->header_height + self->n_rows * self->tile_height + self->margin;
}

/* The margin and the header keep their size: they belong to the page, not to the tiles. */
void
sheet_layout_init (SheetLayout *self, guint n_pictures)
{
  double n_tiles;

  g_assert (n_pictures > 0 && n_pictures <= SHEET_MAX_PICTURES);

  *self = (SheetLayout){ .n_pictures = n_pictures, .margin = 36, .header_height = 114 };
  if (n_pictures <= N_COLUMNS * N_ROWS)
    self->n_columns = CLAMP (n_pictures, MIN_COLUMNS, N_COLUMNS);
  else
    self->n_columns = ceil (sqrt (n_pictures * (double) N_COLUMNS / N_ROWS));
  self->n_rows = (n_pictures + self->n_columns - 1) / self->n_columns;
  n_tiles = (double) self->n_columns * self->n_rows;
  set_tile_size (self, MIN (1, sqrt (MAX_PIXELS / (n_tiles * FULL_TILE_WIDTH * FULL_TILE_HEIGHT))));
}

void
sheet_layout_get_place (const SheetLayout *self, guint index, guint *out_x, guint *out_y)
{
  *out_x = self->margin + index % self->n_columns * self->tile_width;
  *out_y = self->header_height + index / self->n_columns * self->tile_height;
}
