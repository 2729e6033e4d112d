/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What workers write to their standard error comes to that of the application, and the last of it into the message
 * that tells of their end. */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

#define CULPRIT 3

/* Returns: a stage of a program that breaks the protocol */
static MpipeStage *
new_raw_stage (const MpipeTestWay *way, const char *mode, guint size)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, mode, NULL };
  MpipeStage *stage = mpipe_stage_new_command (argv, size);

  mpipe_stage_set_ordered (stage, way->ordered);
  return stage;
}

/* What takes the place of standard error for the time of a test. */
typedef struct
{
  int fds[2]; /* of a pipe, or -1 and a file */
  int real;
} Standin;

static void
standin_begin (Standin *standin, gboolean as_pipe)
{
  standin->real = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
  if (as_pipe)
    g_assert_no_errno (pipe2 (standin->fds, O_CLOEXEC));
  else
    {
      g_autofree char *name = NULL;

      standin->fds[0] = g_file_open_tmp ("mpipe-test-XXXXXX", &name, NULL);
      standin->fds[1] = fcntl (standin->fds[0], F_DUPFD_CLOEXEC, 10);
      g_unlink (name);
    }
  g_assert_no_errno (dup2 (standin->fds[1], STDERR_FILENO));
}

static void
standin_end (Standin *standin)
{
  g_assert_no_errno (dup2 (standin->real, STDERR_FILENO));
  close (standin->real);
  close (standin->fds[0]);
  close (standin->fds[1]);
}

static char *
standin_read_file (Standin *standin)
{
  GString *text = g_string_new (NULL);
  char bytes[65536];
  gssize n;

  lseek (standin->fds[0], 0, SEEK_SET);
  while ((n = read (standin->fds[0], bytes, sizeof bytes)) > 0)
    g_string_append_len (text, bytes, n);
  return g_string_free (text, FALSE);
}

static void
test_a_death_is_told_with_all_that_is_known (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "last-words", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GRegex) regex = g_regex_new (
      "^stage “misbehaving-worker”: worker 0 \\(pid \\d+\\) died of signal 6 \\(Aborted\\) on task 1 "
      "after \\d+\\.\\d\\d\\d s; its standard error ended with:\nline 21\nline 22\nline 23\nline 24\nline "
      "25\nline 26\nline 27\nline 28\nline 29\nnot \xef\xbf\xbd text, \\?\\[31mnot red$",
      G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  Standin standin;

  g_assert_nonnull (regex);
  standin_begin (&standin, FALSE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  mpipe_test_finish (pipeline);
  standin_end (&standin);
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_true (g_regex_match (regex, error->message, G_REGEX_MATCH_DEFAULT, NULL));
}

static void
test_a_signal_under_a_wrapper_is_told (const MpipeTestWay *way)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  g_autofree char *script = g_strdup_printf ("'%s' segv; exit $?", program);
  const char *argv[] = { "sh", "-c", script, NULL };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_stage_new_command (argv, 1));
  g_autoptr (GError) error = NULL;

  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  mpipe_test_finish (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (error->message, "status 139"));
  g_assert_nonnull (strstr (error->message, "died of signal 11 (Segmentation fault)"));
}

static void
test_the_time_of_a_task_is_told (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  const char *after;
  double seconds;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'loop'>}"));
  mpipe_stage_set_task_timeout (stage, 300);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 0, 1);
  mpipe_test_get_int64 (pipeline);
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  mpipe_test_finish (pipeline);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT);
  after = strstr (error->message, " after ");
  g_assert_nonnull (after);
  seconds = g_ascii_strtod (after + 7, NULL);
  g_assert_cmpfloat (seconds, >=, 0.3);
  g_assert_cmpfloat (seconds, <, 60);
}

static void
test_why_a_worker_does_not_start_is_told (const MpipeTestWay *way)
{
  const char *argv[] = { "sh", "-c", "echo 'no such module: numpty' >&2; exit 3", NULL };
  g_autoptr (MpipeStage) stage = mpipe_stage_new_command (argv, 1);
  g_autoptr (GError) error = NULL;
  Standin standin;

  standin_begin (&standin, FALSE);
  g_assert_null (mpipe_pipeline_new (stage, &error));
  standin_end (&standin);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
  g_assert_nonnull (strstr (error->message, "exited with status 3; its standard error ended with:\n"
                                            "no such module: numpty"));
}

static guint
count_lines (const char *text, const char *line)
{
  guint n = 0;

  for (const char *at = text; (at = strstr (at, line)) != NULL; at++)
    n++;
  return n;
}

static void
test_all_that_is_written_comes_out (const MpipeTestWay *way)
{
  g_autoptr (GArray) values = NULL;
  g_autofree char *text = NULL;
  Standin standin;
  MpipePipeline *pipeline;

  standin_begin (&standin, FALSE);
  pipeline = mpipe_test_pipeline (new_raw_stage (way, "complain", 2));
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_object_unref (pipeline);
  text = standin_read_file (&standin);
  standin_end (&standin);
  mpipe_test_assert_range (values, 0, 1000, 1);
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *line = g_strdup_printf ("complaint %d.\n", i);

      g_assert_cmpuint (count_lines (text, line), ==, 1);
    }
}

/* One worker writes megabytes, the other answers as if nothing were. */
static void
test_a_flood_does_not_delay_others (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;
  Standin standin;

  standin_begin (&standin, FALSE);
  pipeline = mpipe_test_pipeline (new_raw_stage (way, "flood", 2));
  mpipe_test_put (pipeline, 0, 1000);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  standin_end (&standin);
  mpipe_test_assert_range (values, 0, 1000, 1);
}

static void
test_nobody_hangs_when_nobody_reads_standard_error (const MpipeTestWay *way)
{
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GArray) values = NULL;
  Standin standin;

  standin_begin (&standin, TRUE);
  pipeline = mpipe_test_pipeline (new_raw_stage (way, "flood", 2));
  mpipe_test_put (pipeline, 0, 100);
  mpipe_pipeline_stop (pipeline);
  values = mpipe_test_get_all (pipeline, way);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  standin_end (&standin);
  mpipe_test_assert_range (values, 0, 100, 1);
}

static void
test_it_can_be_switched_off (const MpipeTestWay *way)
{
  MpipeStage *stage = new_raw_stage (way, "last-words", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  Standin standin;

  g_assert_true (mpipe_stage_get_capture_stderr (stage));
  mpipe_stage_set_capture_stderr (stage, FALSE);
  standin_begin (&standin, FALSE);
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, CULPRIT, 1);
  error = mpipe_test_get_error (pipeline);
  mpipe_test_finish (pipeline);
  text = standin_read_file (&standin);
  standin_end (&standin);
  g_assert_null (strstr (error->message, "line 29"));
  g_assert_nonnull (strstr (text, "line 29"));
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

#define ADD(function, path) mpipe_test_add_process_ways ("/mpipe/pipeline/last-words/" path, function)
  ADD (test_a_death_is_told_with_all_that_is_known, "a-death-is-told-with-all-that-is-known");
  ADD (test_a_signal_under_a_wrapper_is_told, "a-signal-under-a-wrapper-is-told");
  ADD (test_the_time_of_a_task_is_told, "the-time-of-a-task-is-told");
  ADD (test_why_a_worker_does_not_start_is_told, "why-a-worker-does-not-start-is-told");
  ADD (test_all_that_is_written_comes_out, "all-that-is-written-comes-out");
  ADD (test_a_flood_does_not_delay_others, "a-flood-does-not-delay-others");
  ADD (test_nobody_hangs_when_nobody_reads_standard_error,
       "nobody-hangs-when-nobody-reads-standard-error");
  ADD (test_it_can_be_switched_off, "it-can-be-switched-off");
#undef ADD

  return g_test_run ();
}
