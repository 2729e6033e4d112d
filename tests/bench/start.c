/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The bound: as many bare child processes of the same program, each until it has said one byte. */

#include "start.h"

#include <stdlib.h>
#include <unistd.h>

#include <gio/gio.h>

#include "bounds.h"
#include "pipelines.h"

#define ANSWER "--answer" /* makes this program such a child */

/* Says that the process is there, and stays until it is no longer wanted. */
void
bench_start_answer_if_asked (int argc, char **argv)
{
  char byte = '.';

  if (argc != 2 || !g_str_equal (argv[1], ANSWER))
    return;
  if (write (STDOUT_FILENO, &byte, 1) != 1)
    exit (EXIT_FAILURE);
  while (read (STDIN_FILENO, &byte, 1) > 0)
    continue;
  exit (EXIT_SUCCESS);
}

static GSubprocess *
start_child (const char *program)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_INHERIT_FDS | G_SUBPROCESS_FLAGS_STDIN_PIPE
                              | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                          &error, program, ANSWER, NULL);

  if (child == NULL)
    g_error ("%s", error->message);
  return child;
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
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GPtrArray) children = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 begun = g_get_monotonic_time ();
  double ms;

  for (guint i = 0; i < shape->n_workers; i++)
    g_ptr_array_add (children, start_child (program));
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
