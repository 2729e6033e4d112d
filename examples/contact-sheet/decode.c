/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The first step: a file becomes a picture with all its pixels (see picture.c for the form it
 * takes).
 *
 * Files come from anywhere. One that claims a monstrous size is refused before its pixels are
 * allocated; one that is merely large is read at a reduced size, so that no single picture is
 * larger than the pipeline's limit of what may wait.
 */

#include "decode.h"

#include <errno.h>
#include <math.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "picture.h"
#include "whole-file.h"

#define MAX_FILE_BYTES (512 * 1024 * 1024)
#define MAX_PIXELS 250e6        /* more are refused */
#define MAX_PIXELS_TO_SEND 25e6 /* more are read at a reduced size */

typedef struct
{
  int width; /* what the file says */
  int height;
  gboolean refused;
} Decoding;

static void
set_file_error (GError **error, int saved_errno)
{
  g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno),
                       g_strerror (saved_errno));
}

/* Reads the file instead of mapping it: a mapped file that somebody shortens kills its reader. */
static GBytes *
read_file (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize size;
  GStatBuf status;

  if (g_stat (path, &status) != 0 || g_access (path, R_OK) != 0)
    {
      set_file_error (error, errno);
      return NULL;
    }
  if (status.st_size > MAX_FILE_BYTES)
    {
      set_file_error (error, EFBIG);
      return NULL;
    }
  if (!g_file_get_contents (path, &data, &size, error))
    return NULL;
  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the file is empty");
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static void
size_prepared_cb (GdkPixbufLoader *loader, int width, int height, gpointer user_data)
{
  Decoding *self = user_data;
  double n_pixels = (double) width * height;

  self->width = width;
  self->height = height;
  self->refused = n_pixels > MAX_PIXELS;
  if (self->refused)
    gdk_pixbuf_loader_set_size (loader, 0, 0); /* stops it before it allocates */
  else if (n_pixels > MAX_PIXELS_TO_SEND)
    {
      double scale = sqrt (MAX_PIXELS_TO_SEND / n_pixels);

      gdk_pixbuf_loader_set_size (loader, MAX (width * scale, 1), MAX (height * scale, 1));
    }
}

static GdkPixbuf *
load_pixbuf (GBytes *file, Decoding *decoding, GError **error)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  g_autoptr (GError) local_error = NULL;
  GdkPixbuf *pixbuf = NULL;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (size_prepared_cb), decoding);
  if (!gdk_pixbuf_loader_write_bytes (loader, file, &local_error))
    gdk_pixbuf_loader_close (loader, NULL);
  else if (gdk_pixbuf_loader_close (loader, &local_error))
    pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (decoding->refused)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%d × %d pixels are too many",
                 decoding->width, decoding->height);
  else if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (pixbuf == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "there is no picture in it");
  else
    return g_object_ref (pixbuf);
  return NULL;
}

static GBytes *
pack_pixbuf (guint index, const char *path, GdkPixbuf *pixbuf, const Decoding *decoding)
{
  const char *orientation = gdk_pixbuf_get_option (pixbuf, "orientation");
  g_autofree char *name = g_filename_display_basename (path);
  Picture picture = {
    .index = index,
    .width = gdk_pixbuf_get_width (pixbuf),
    .height = gdk_pixbuf_get_height (pixbuf),
    .rowstride = gdk_pixbuf_get_rowstride (pixbuf),
    .n_channels = gdk_pixbuf_get_n_channels (pixbuf),
    .orientation = orientation != NULL ? g_ascii_strtoull (orientation, NULL, 10) : 1,
    .name = name,
    .reason = "",
    .pixels = gdk_pixbuf_read_pixels (pixbuf),
  };

  picture.source_width = picture_is_lying (&picture) ? decoding->height : decoding->width;
  picture.source_height = picture_is_lying (&picture) ? decoding->width : decoding->height;
  return picture_pack (&picture);
}

/**
 * decode_file:
 *
 * Reads and decodes a file.
 *
 * Returns: a packed picture
 */
GBytes *
decode_file (guint index, const char *path, GError **error)
{
  Decoding decoding = { 0 };
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  gsize size;
  const guchar *data;

  file = read_file (path, error);
  if (file == NULL)
    return NULL;
  data = g_bytes_get_data (file, &size);
  if (!whole_file_check (data, size))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "the file is cut short");
      return NULL;
    }
  pixbuf = load_pixbuf (file, &decoding, error);
  if (pixbuf == NULL)
    return NULL;
  return pack_pixbuf (index, path, pixbuf, &decoding);
}

/**
 * decode_refused:
 *
 * Stands in for decode_file() when that failed: a picture without pixels that says why.
 *
 * Returns: a packed picture
 */
GBytes *
decode_refused (guint index, const char *path, const char *reason)
{
  g_autofree char *name = g_filename_display_basename (path);
  Picture picture = { .index = index, .orientation = 1, .name = name, .reason = reason };

  return picture_pack (&picture);
}
