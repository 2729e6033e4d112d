/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* mpipe_init() after g_test_init(), and after the program has printed: what workers print before they are
 * workers goes nowhere, so that the test's output stays whole. */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include <mpipe-glib.h>

static GVariant *
print_and_echo (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_print ("# a worker prints\n");
  return g_variant_ref (task);
}

static void
test_a_program_may_do_things_before_the_library (void)
{
  g_autoptr (MpipeStage) stage = mpipe_stage_new_ordered ("print", 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipePipeline) pipeline = mpipe_pipeline_new (stage, &error);

  g_assert_no_error (error);
  for (int i = 0; i < 10; i++)
    mpipe_pipeline_put (pipeline, g_variant_new_int64 (i), NULL, NULL);
  for (int i = 0; i < 10; i++)
    g_variant_unref (mpipe_pipeline_get (pipeline, NULL, NULL));
  mpipe_pipeline_stop (pipeline);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  printf ("# printed before mpipe_init() by one process\n");
  fflush (stdout);
  mpipe_worker_register_func ("print", print_and_echo, NULL, NULL);
  mpipe_init (&argc, &argv);
  alarm (60);
  g_test_add_func ("/mpipe/worker/init/a-program-may-do-things-before-the-library",
                   test_a_program_may_do_things_before_the_library);
  return g_test_run ();
}
