/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <cairo.h>
#include <gdk-pixbuf/gdk-pixbuf.h>

#include "picture.h"
#include "sheet-layout.h"

void tile_get_print_size (const SheetLayout *layout, guint *out_width, guint *out_height);
void tile_draw (cairo_t *cr, const SheetLayout *layout, const Picture *picture, GdkPixbuf *print);
