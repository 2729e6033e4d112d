/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

/* A picture (or a tile of the sheet, or why there is none) and what the next step must know of
 * it. */
typedef struct
{
  guint32 index; /* its place in the sheet */
  guint32 width;
  guint32 height;
  guint32 rowstride;
  guint32 n_channels;
  guint32 orientation;  /* as EXIF counts: 1 is upright, 5 to 8 lie on their side */
  guint32 source_width; /* of the picture in the file, upright */
  guint32 source_height;
  const char *name;     /* UTF-8, to be shown */
  const char *reason;   /* UTF-8: why there are no pixels; "" when there are */
  const guchar *pixels; /* NULL when there are none */
} Picture;

gboolean picture_is_lying (const Picture *self);
GBytes *picture_pack (const Picture *self);
gboolean picture_unpack (Picture *self, GBytes *packed, GError **error);
