/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The same pictures through the same steps, one after the other in one process: what the pipeline
 * is measured against. The program calls itself for it, so that the memory of the one is no matter
 * of the other.
 */

#include "one-process.h"

#include <stdio.h>

#include "decode.h"
#include "file-list.h"
#include "progress.h"
#include "scale.h"
#include "sheet.h"
#include "text.h"

#define FORMAT_OUT "parallel-us %" G_GINT64_FORMAT "\ntotal-us %" G_GINT64_FORMAT "\nsha256 %s\n"
#define FORMAT_IN "parallel-us %" G_GINT64_FORMAT "\ntotal-us %" G_GINT64_FORMAT "\nsha256 %64s"

static gboolean
do_file (Sheet *sheet, const SheetLayout *layout, guint index, const ListedFile *file,
         ProgressCounts *counts, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) picture = decode_file (index, file->path, &reason);
  g_autoptr (GBytes) tile = NULL;

  if (picture == NULL)
    {
      counts->n_failed++;
      picture = decode_refused (index, file->path, reason->message);
    }
  counts->n_decoded++;
  tile = scale_picture (layout, picture, error);
  if (tile == NULL)
    return FALSE;
  counts->n_scaled++;
  counts->n_placed++;
  return sheet_place (sheet, tile, &index, error);
}

static gboolean
do_files (Sheet *sheet, GPtrArray *files, GError **error)
{
  ProgressCounts counts = { 0 };
  Progress progress;
  SheetLayout layout;

  sheet_layout_init (&layout, files->len);
  progress_begin (&progress, "one process", files->len);
  for (guint i = 0; i < files->len; i++)
    {
      if (!do_file (sheet, &layout, i, g_ptr_array_index (files, i), &counts, error))
        return FALSE;
      progress_show (&progress, &counts);
    }
  progress_end (&progress);
  return TRUE;
}

/**
 * one_process_do:
 *
 * Makes the sheet and prints what one_process_measure() reads.
 */
gboolean
one_process_do (GPtrArray *files, const char *title, GError **error)
{
  gint64 begun = g_get_monotonic_time (), first, placed, encoded;
  g_autoptr (Sheet) sheet = sheet_new (files->len, title);
  g_autoptr (GBytes) png = NULL;
  g_autofree char *checksum = NULL;

  text_warm_up ();
  first = g_get_monotonic_time ();
  if (!do_files (sheet, files, error))
    return FALSE;
  placed = g_get_monotonic_time ();
  png = sheet_encode (sheet, error);
  if (png == NULL)
    return FALSE;
  encoded = g_get_monotonic_time ();
  checksum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, png);
  g_print (FORMAT_OUT, placed - first, encoded - begun, checksum);
  return TRUE;
}

/**
 * one_process_measure:
 * @program: the path of this program
 *
 * Has the work done again, in one process that is started for it, and waits for its end.
 */
gboolean
one_process_measure (OneProcess *self, const char *program, const Options *options, GError **error)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *text = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, program, "--one-process",
                              "--output", options->output, "--", options->folder, NULL);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL, error)
      || !g_subprocess_wait_check (process, NULL, error))
    return FALSE;
  if (sscanf (text, FORMAT_IN, &self->parallel_time, &self->total_time, self->checksum) == 3)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it said nothing of use");
  return FALSE;
}
