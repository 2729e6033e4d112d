/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * Is the end of a picture file there? Decoders are made to show what they can of a file that is cut
 * short, grey where the rest should be, and report nothing. A sheet should rather say so.
 *
 * Only the two formats that are met most are looked through, from mark to mark; no pixel is
 * decoded.
 */

#include "whole-file.h"

#include <string.h>

#define JPEG_STUFFED 0x00
#define JPEG_TEM 0x01
#define JPEG_RST0 0xd0
#define JPEG_SOI 0xd8
#define JPEG_EOI 0xd9

static const guchar JPEG_BEGIN[] = { 0xff, JPEG_SOI, 0xff };
static const guchar PNG_BEGIN[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

/* Whether a marker stands alone, without a length and a segment behind it. */
static gboolean
jpeg_marker_is_bare (guchar marker)
{
  return marker == JPEG_STUFFED || marker == JPEG_TEM
         || (marker >= JPEG_RST0 && marker <= JPEG_SOI);
}

/* A thumbnail inside a segment has its own end mark: segments are skipped as a whole. Between them
 * is compressed data, in which a 0xff is always followed by a marker that stands alone. */
static gboolean
jpeg_is_whole (const guchar *data, gsize size)
{
  gsize at = sizeof JPEG_BEGIN - 1;

  while (at < size)
    {
      const guchar *mark = memchr (data + at, 0xff, size - at);

      if (mark == NULL)
        return FALSE;
      at = mark - data + 1;
      if (at >= size || data[at] == JPEG_EOI)
        return at < size;
      if (data[at] == 0xff) /* filling */
        continue;
      if (jpeg_marker_is_bare (data[at]))
        at += 1;
      else if (size - at < 3)
        return FALSE;
      else
        at += 1 + MAX (data[at + 1] << 8 | data[at + 2], 2);
    }
  return FALSE;
}

static gboolean
png_is_whole (const guchar *data, gsize size)
{
  const gsize chunk_frame = 12; /* length, type and checksum */
  gsize at = sizeof PNG_BEGIN;

  while (size - at >= chunk_frame)
    {
      guint32 length;

      memcpy (&length, data + at, sizeof length);
      length = GUINT32_FROM_BE (length);
      if (length > size - at - chunk_frame)
        return FALSE;
      if (memcmp (data + at + 4, "IEND", 4) == 0)
        return TRUE;
      at += chunk_frame + length;
    }
  return FALSE;
}

/**
 * whole_file_check:
 *
 * Returns: FALSE for a JPEG or PNG file whose end is missing, TRUE for any other
 */
gboolean
whole_file_check (const guchar *data, gsize size)
{
  if (size >= sizeof JPEG_BEGIN && memcmp (data, JPEG_BEGIN, sizeof JPEG_BEGIN) == 0)
    return jpeg_is_whole (data, size);
  if (size >= sizeof PNG_BEGIN && memcmp (data, PNG_BEGIN, sizeof PNG_BEGIN) == 0)
    return png_is_whole (data, size);
  return TRUE;
}
