/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The bound: as many bare child processes of the same program, each until it has said one byte. GLib starts
 * them without a copy of this process, since all is inherited. One start takes some milliseconds, as long as many a
 * thing that disturbs it; so each figure is the median of several. */

#include "start.h"

#include <string.h>

#include "bounds.h"
#include "pipelines.h"
#include "roles.h"
#include "samples.h"

#define N_STARTS 9

typedef double (*StartFunc) (const BenchShape *shape); /* milliseconds */

static GSubprocess *
start_child (void)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS | G_SUBPROCESS_FLAGS_STDIN_PIPE
                                   | G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  return bench_roles_start (launcher, BENCH_ROLE_ANSWER, NULL, NULL);
}

static void
wait_for_answer (GSubprocess *child)
{
  char byte;

  if (g_input_stream_read (g_subprocess_get_stdout_pipe (child), &byte, 1, NULL, NULL) != 1)
    g_error ("a child did not answer");
}

static void
end_child (GSubprocess *child)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (child), NULL, NULL);
  g_subprocess_wait (child, NULL, NULL);
}

static double
start_children (const BenchShape *shape)
{
  g_autoptr (GPtrArray) children = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 begun = g_get_monotonic_time ();
  double ms;

  for (guint i = 0; i < shape->n_workers; i++)
    g_ptr_array_add (children, start_child ());
  for (guint i = 0; i < children->len; i++)
    wait_for_answer (g_ptr_array_index (children, i));
  ms = (g_get_monotonic_time () - begun) / 1e3;
  for (guint i = 0; i < children->len; i++)
    end_child (g_ptr_array_index (children, i));
  return ms;
}

static double
start_pipeline (const BenchShape *shape)
{
  gint64 begun = g_get_monotonic_time ();
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  double ms = (g_get_monotonic_time () - begun) / 1e3;

  bench_pipeline_end (pipeline);
  return ms;
}

static double
start_often (const BenchShape *shape, StartFunc start)
{
  BenchSamples samples = { 0 };
  double median;

  for (guint i = 0; i < N_STARTS; i++)
    bench_samples_add (&samples, start (shape));
  median = bench_samples_get_median (&samples);
  bench_samples_clear (&samples);
  return median;
}

/* In a process that has touched @n_mib of memory. */
static double
start_in_large (const BenchShape *shape, gsize n_mib, StartFunc start)
{
  g_autofree guint8 *ballast = g_malloc (n_mib << 20);

  memset (ballast, 1, n_mib << 20);
  return start_often (shape, start);
}

double
bench_bound_start (const BenchShape *shape, gsize n_tasks)
{
  return start_often (shape, start_children);
}

double
bench_start_pipeline (const BenchShape *shape, gsize n_tasks)
{
  return start_often (shape, start_pipeline);
}

double
bench_bound_start_in_large (const BenchShape *shape, gsize n_mib)
{
  return start_in_large (shape, n_mib, start_children);
}

double
bench_start_pipeline_in_large (const BenchShape *shape, gsize n_mib)
{
  return start_in_large (shape, n_mib, start_pipeline);
}
