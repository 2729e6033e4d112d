/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <pango/pangocairo.h>

/* How a text is set; where it does not fit it ends in dots. */
typedef struct
{
  double size; /* in pixels, as the next */
  double width;
  unsigned colour; /* of palette.h */
  PangoWeight weight;
  PangoAlignment alignment;
  PangoEllipsizeMode ellipsize;
  int n_lines;
} TextStyle;

double text_draw (cairo_t *cr, const char *text, double x, double y, const TextStyle *style);
void text_warm_up (void);
