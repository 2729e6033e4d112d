/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The bound: as many bare child processes of the same program, each until it has said one byte. GLib starts
 * them without a copy of this process, since all is inherited. */

#include "start.h"

#include <string.h>

#include "bounds.h"
#include "pipelines.h"
#include "roles.h"

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

double
bench_bound_start (const BenchShape *shape, gsize n_tasks)
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

double
bench_start_pipeline (const BenchShape *shape, gsize n_tasks)
{
  gint64 begun = g_get_monotonic_time ();
  g_autoptr (MpipePipeline) pipeline = bench_pipeline_new (shape);
  double ms = (g_get_monotonic_time () - begun) / 1e3;

  bench_pipeline_end (pipeline);
  return ms;
}

/* Memory of @n_mib that this process has touched. */
static guint8 *
new_ballast (gsize n_mib)
{
  guint8 *ballast = g_malloc (n_mib << 20);

  memset (ballast, 1, n_mib << 20);
  return ballast;
}

double
bench_bound_start_in_large (const BenchShape *shape, gsize n_mib)
{
  g_autofree guint8 *ballast = new_ballast (n_mib);

  return bench_bound_start (shape, 1);
}

double
bench_start_pipeline_in_large (const BenchShape *shape, gsize n_mib)
{
  g_autofree guint8 *ballast = new_ballast (n_mib);

  return bench_start_pipeline (shape, 1);
}
