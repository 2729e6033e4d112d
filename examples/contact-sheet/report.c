/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What is printed at the end. */

#include "report.h"

#include <stdio.h>
#include <string.h>

#include "file-list.h"

#define MAX_FAILURES_SHOWN 20

static double
seconds (gint64 microseconds)
{
  return microseconds / (double) G_USEC_PER_SEC;
}

/**
 * report_failures:
 *
 * Prints the files that are on the sheet without a picture.
 */
void
report_failures (const SheetRun *run)
{
  guint n_left = MAX_FAILURES_SHOWN;

  if (run->n_failed == 0)
    return;
  g_print ("\nwithout a picture:\n");
  for (guint i = 0; i < run->files->len && n_left > 0; i++)
    if (run->reasons[i] != NULL)
      {
        g_print ("  %s: %s\n", ((ListedFile *) g_ptr_array_index (run->files, i))->name,
                 run->reasons[i]);
        n_left--;
      }
  if (run->n_failed > MAX_FAILURES_SHOWN)
    g_print ("  and %u more\n", run->n_failed - MAX_FAILURES_SHOWN);
}

static void
print_worker (MpipeStage *stage, MpipeWorkerInfo *worker)
{
  gint64 busy = mpipe_worker_info_get_busy_time (worker);
  gint64 up = MAX (mpipe_worker_info_get_up_time (worker), 1);

  g_print ("%-8s %6u %7" G_GUINT64_FORMAT " %7" G_GUINT64_FORMAT " %7.2f s %5.0f %%\n",
           mpipe_stage_get_name (stage), mpipe_worker_info_get_index (worker),
           mpipe_worker_info_get_n_tasks (worker), mpipe_worker_info_get_n_failed (worker),
           seconds (busy), 100.0 * busy / up);
}

/**
 * report_workers:
 *
 * Prints what each worker of each stage did. The share is that of the time it was there.
 */
void
report_workers (const SheetRun *run)
{
  g_print ("\n%-8s %6s %7s %7s %9s %7s\n", "stage", "worker", "tasks", "failed", "busy", "share");
  for (guint i = 0; i < SHEET_N_STAGES; i++)
    {
      GListModel *workers = mpipe_stage_get_workers (run->stages[i]);
      guint n_workers = g_list_model_get_n_items (workers);

      for (guint j = 0; j < n_workers; j++)
        {
          g_autoptr (MpipeWorkerInfo) worker = g_list_model_get_item (workers, j);

          print_worker (run->stages[i], worker);
        }
    }
}

/* The most memory this process ever had, in megabytes. The kernel's other figure, ru_maxrss, may be
 * that of the program which started this one. */
static double
peak_megabytes (void)
{
  g_autofree char *status = NULL;
  const char *line;
  unsigned long kilobytes = 0;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  line = strstr (status, "VmHWM:");
  if (line == NULL || sscanf (line, "VmHWM: %lu kB", &kilobytes) != 1)
    return 0;
  return kilobytes * 1024 / 1e6;
}

static void
print_comparison (const char *what, gint64 time, gint64 time_of_one)
{
  g_print ("%-20s %6.2f s in the pipeline, %6.2f s in one process: %.2f times faster\n", what,
           seconds (time), seconds (time_of_one), (double) time_of_one / time);
}

/**
 * report_times:
 * @one: (nullable): what the same took in one process, if it was measured
 *
 * Prints how long it took, and the whole in one line.
 */
void
report_times (const SheetRun *run, const OneProcess *one)
{
  gint64 parallel = run->all_placed - run->first_put;
  g_autofree char *sandbox = mpipe_sandbox_describe (run->sandbox);
  guint n_processes
      = g_list_model_get_n_items (mpipe_stage_get_workers (run->stages[SHEET_STAGE_DECODE]));

  g_print ("\n");
  if (one != NULL)
    {
      g_autofree char *checksum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, run->png);

      print_comparison ("up to the last tile", parallel, one->parallel_time);
      print_comparison ("with start and PNG", run->encoded - run->begun, one->total_time);
      g_print ("the two sheets are %s\n",
               strcmp (checksum, one->checksum) == 0 ? "the same, byte for byte" : "not the same");
    }
  g_print ("%u picture%s, %u failure%s, %.2f s with %u process%s a stage", run->files->len,
           run->files->len == 1 ? "" : "s", run->n_failed, run->n_failed == 1 ? "" : "s",
           seconds (parallel), n_processes, n_processes == 1 ? "" : "es");
  if (one != NULL)
    g_print ("; %.2f s in one process: %.2f times faster", seconds (one->parallel_time),
             (double) one->parallel_time / parallel);
  g_print ("; decoded %s (%s)",
           mpipe_sandbox_get_parts (run->sandbox) != 0 ? "in a sandbox" : "outside", sandbox);
  g_print ("; peak memory of the parent %.0f MB\n", peak_megabytes ());
}
