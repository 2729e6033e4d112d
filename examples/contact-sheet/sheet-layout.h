/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

#define SHEET_MAX_PICTURES 20000u

/* Where everything is on the sheet, in pixels; it follows from the number of pictures alone. */
typedef struct
{
  guint n_pictures;
  guint n_columns;
  guint n_rows;
  guint tile_width;
  guint tile_height;
  guint margin;
  guint header_height;
  guint width;
  guint height;
  double unit; /* 1 for tiles of full size: what pens and letters are scaled by */
} SheetLayout;

void sheet_layout_init (SheetLayout *self, guint n_pictures);
void sheet_layout_get_place (const SheetLayout *self, guint index, guint *out_x, guint *out_y);
