/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * Puts all pictures of a folder on one sheet: a pipeline of three stages, in which tens of
 * megabytes go from process to process for each picture.
 *
 * sheet-run.c builds and runs the pipeline; steps.c has the workers, and decode.c, scale.c and
 * sheet.c what they do.
 */

#include <locale.h>
#include <malloc.h>
#include <stdlib.h>

#include <gio/gio.h>
#include <mpipe-glib.h>

#include "file-list.h"
#include "one-process.h"
#include "options.h"
#include "report.h"
#include "sheet-run.h"
#include "steps.h"

/* Blocks of tens of megabytes come and go here, in every process. Left alone, malloc() gives each back
 * to the kernel, which then has to find and clear new pages for the next: a good part of the time that
 * it takes to bring a picture to another process. */
static void
keep_freed_memory (void)
{
#ifdef __GLIBC__
  mallopt (M_MMAP_MAX, 0);
  mallopt (M_TRIM_THRESHOLD, G_MAXINT);
#endif
}

static char *
title_of (const char *folder)
{
  g_autofree char *path = g_canonicalize_filename (folder, NULL);

  return g_filename_display_basename (path);
}

static void
compare (const SheetRun *run, const char *program, const Options *options)
{
  g_autoptr (GError) error = NULL;
  OneProcess one;

  if (!options->no_comparison && one_process_measure (&one, program, options, &error))
    {
      report_times (run, &one);
      return;
    }
  report_times (run, NULL);
  if (error != NULL)
    g_printerr ("The comparison with one process failed: %s\n", error->message);
}

static gboolean
make_sheet (GPtrArray *files, const char *title, const char *program, const Options *options,
            GError **error)
{
  g_autoptr (SheetRun) run = sheet_run_new (files, title, options);

  if (!sheet_run_do (run, error))
    return FALSE;
  if (!g_file_set_contents (options->output, g_bytes_get_data (run->png, NULL),
                            g_bytes_get_size (run->png), error))
    return FALSE;
  g_print ("%s: %u tiles, %.1f MB\n", options->output, files->len,
           g_bytes_get_size (run->png) / 1e6);
  report_failures (run);
  report_workers (run);
  compare (run, program, options);
  return TRUE;
}

static gboolean
run_with_options (const Options *options, const char *program, GError **error)
{
  g_autofree char *title = title_of (options->folder);
  g_autoptr (GPtrArray) files = file_list_read (options->folder, options->output, error);

  if (files == NULL)
    return FALSE;
  if (options->one_process)
    return one_process_do (files, title, error);
  return make_sheet (files, title, program, options, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = NULL;
  Options options;
  gboolean success;

  setlocale (LC_ALL, "");
  keep_freed_memory ();
  steps_register ();
  mpipe_init (&argc, &argv); /* a worker process stays in here */

  program = g_file_read_link ("/proc/self/exe", &error);
  success = program != NULL && options_parse (&options, &argc, &argv, &error)
            && run_with_options (&options, program, &error);
  if (error != NULL)
    g_printerr ("contact-sheet: %s\n", error->message);
  options_clear (&options);
  return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
