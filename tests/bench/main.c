/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * Measures how fast pipelines are, beside what the machine allows in the same run.
 *
 * catalogue.c says what is measured; the files with "bounds" and "start" have the bounds, those with "runs"
 * the pipelines, those with "rival" what else one could use; report.c takes the medians. The program is its
 * own worker, and its rivals' as well.
 */

#include <locale.h>
#include <stdlib.h>

#include <mpipe-glib.h>

#include "options.h"
#include "report.h"
#include "roles.h"
#include "task-kind.h"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  BenchOptions options;
  gboolean success;

  bench_register_workers ();
  mpipe_init (&argc, &argv); /* a worker process stays in here */
  bench_roles_play_if_asked (argc, argv);

  setlocale (LC_CTYPE, "");
  success = bench_options_parse (&options, &argc, &argv, &error);
  if (!success)
    g_printerr ("mpipe-bench: %s\n", error->message);
  else if (options.list)
    bench_report_list ();
  else
    bench_report_run (&options);
  bench_options_clear (&options);
  return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
