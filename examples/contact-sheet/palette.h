/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <cairo.h>

/* The colours of the sheet, as 0xrrggbb. */
#define PALETTE_PAGE 0xf3f1ec
#define PALETTE_PRINT 0xffffff
#define PALETTE_CHECK 0x7f8a96 /* shines through transparent pictures, with the next */
#define PALETTE_CHECK_2 0x77828e
#define PALETTE_RULE 0xd5d0c6
#define PALETTE_INK 0x2b2a28
#define PALETTE_PALE_INK 0x85807a
#define PALETTE_ALARM 0xb3402f
#define PALETTE_ALARM_PRINT 0xfbeeea

static inline void
palette_use (cairo_t *cr, unsigned colour, double alpha)
{
  cairo_set_source_rgba (cr, (colour >> 16) / 255.0, (colour >> 8 & 0xff) / 255.0,
                         (colour & 0xff) / 255.0, alpha);
}
