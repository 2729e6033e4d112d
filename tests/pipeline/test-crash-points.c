/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Every fault at every point of a worker's life. Eight tasks, two workers, one fault: seven results and an error that
 * names the guilty task, the worker and what happened to it; or eight results, where the fault is nobody's.
 *
 * A cell is a fault at a point, and has its own test; doc/failures.md has the table. Paths:
 *
 *   /mpipe/pipeline/crash-points/{local,sandboxed}/{ordered,unordered}/POINT/FAULT/TELLS
 *
 * TELLS is how the worker says which task it is on; that has nothing to do with a sandbox or the order, so most ways
 * have one of them. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"
#include "mpipe-test-mark.h"

#define N_TASKS 8
#define N_WORKERS 2
#define CULPRIT 3       /* the value; its id is one more */
#define TIMEOUT_MS 700  /* for what does not go on; others need less by far on a busy machine */
#define PATIENCE_MS 100 /* where being late for another reason has the same outcome */
#define GRACE_MS 50

typedef enum
{
  SEGFAULT,
  EXIT_0,
  EXIT_1,
  ERROR,
  HANG,
  SIGSTOP_,
  N_FAULTS,
} Fault;

static const char *const fault_names[N_FAULTS]
    = { "segfault", "exit-0", "exit-1", "error", "hang", "sigstop" };

/* What is said of a worker that ended so; of one that goes on, or does not, it depends on the point. */
static const char *const deaths[N_FAULTS]
    = { "died of signal 11", "exited with status 0", "exited with status 1" };

/* What becomes of the eight tasks. */
typedef enum
{
  NO_PIPELINE, /* mpipe_pipeline_new() fails */
  EIGHT,
  SEVEN_AND_ERROR,
  EIGHT_AND_STOP_ERROR, /* the ninth, the stop task, fails */
} Outcome;

typedef enum
{
  BY_PAGE,
  BY_FRAMES,
  BY_NOTHING,
  N_TELLS,
} Tells;

static const char *const tells_names[N_TELLS] = { "page", "frames", "nothing" };

typedef struct
{
  const char *name;
  const char *worker; /* the point as the worker knows it */
  Outcome outcome;
  gboolean once; /* only one worker has the fault */
  gboolean do_stop_task;
  guint tells;    /* the ways of telling for which it is so, a mask */
  int error_code; /* what an error is at this point; MPIPE_ERROR_WORKER_DIED: nobody sees it */
  const char *error;
  int late_code;
  const char *late;
} Point;

#define ALL (1 << BY_PAGE | 1 << BY_FRAMES | 1 << BY_NOTHING)
#define ONE (1 << BY_FRAMES) /* where it cannot make a difference */

static const Point points[] = {
  { "before-ready", "before-ready", NO_PIPELINE, FALSE, FALSE, ONE, MPIPE_ERROR_LAUNCH,
    "an error at its point", MPIPE_ERROR_LAUNCH, "did not get ready in time" },
  { "before-ready-once", "before-ready", EIGHT, TRUE, FALSE, ONE },
  { "reading-a-task", "reading-a-task", SEVEN_AND_ERROR, FALSE, FALSE, ALL, MPIPE_ERROR_TASK_FAILED,
    "an error at its point", MPIPE_ERROR_TIMED_OUT, "time limit of 700 ms" },
  { "running", "running", SEVEN_AND_ERROR, FALSE, FALSE, ALL, MPIPE_ERROR_TASK_FAILED,
    "an error at its point", MPIPE_ERROR_TIMED_OUT, "time limit of 700 ms" },
  /* what follows half a frame is no frame */
  { "result-half-written", "result-half-written", SEVEN_AND_ERROR, FALSE, FALSE, ALL,
    MPIPE_ERROR_PROTOCOL, "broke the protocol", MPIPE_ERROR_TIMED_OUT, "time limit of 700 ms" },
  /* of one that tells nothing, the task that is next would be charged */
  { "after-the-result", "after-the-result", EIGHT, FALSE, FALSE, 1 << BY_PAGE | 1 << BY_FRAMES },
  { "during-stop", "during-stop", EIGHT, FALSE, FALSE, ALL },
  { "before-the-stop-task", "during-stop", EIGHT_AND_STOP_ERROR, TRUE, TRUE, ALL,
    MPIPE_ERROR_TASK_FAILED, "an error at its point", MPIPE_ERROR_TIMED_OUT,
    "time limit of 700 ms" },
  { "in-the-stop-task", "stop-task", EIGHT_AND_STOP_ERROR, TRUE, TRUE, ALL, MPIPE_ERROR_TASK_FAILED,
    "an error at its point", MPIPE_ERROR_TIMED_OUT, "time limit of 700 ms" },
  { "tidying-up", "tidying-up", EIGHT, FALSE, FALSE, ONE },
};

typedef struct
{
  const Point *point;
  Fault fault;
  Tells tells;
  gboolean ordered;
  gboolean sandboxed;
} Cell;

static gboolean
is_late (const Cell *cell)
{
  return cell->fault == HANG || cell->fault == SIGSTOP_;
}

static int
get_code (const Cell *cell)
{
  if (is_late (cell))
    return cell->point->late_code;
  if (cell->fault == ERROR)
    return cell->point->error_code;
  return cell->point->outcome == NO_PIPELINE ? MPIPE_ERROR_LAUNCH : MPIPE_ERROR_WORKER_DIED;
}

static const char *
get_words (const Cell *cell)
{
  if (is_late (cell))
    return cell->point->late;
  return cell->fault == ERROR ? cell->point->error : deaths[cell->fault];
}

static MpipeStage *
new_stage (const Cell *cell, const MpipeTestMark *mark)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "crashing-worker", NULL);
  const char *argv[] = { program,
                         cell->point->worker,
                         fault_names[cell->fault],
                         tells_names[cell->tells],
                         cell->point->once ? mark->path : NULL,
                         NULL };
  const MpipeTestWay way = { .sandboxed = cell->sandboxed };
  MpipeStage *stage = mpipe_stage_new_command (argv, N_WORKERS);

  mpipe_stage_set_name (stage, "crashing");
  mpipe_stage_set_ordered (stage, cell->ordered);
  mpipe_stage_set_do_stop_task (stage, cell->point->do_stop_task);
  mpipe_stage_set_restart_limit (stage, cell->point->outcome == NO_PIPELINE ? 2 : 5);
  if (is_late (cell))
    {
      mpipe_stage_set_grace_time (stage, GRACE_MS);
      mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
      mpipe_stage_set_start_timeout (stage, cell->point->outcome == NO_PIPELINE ? PATIENCE_MS
                                                                                : TIMEOUT_MS);
    }
  mpipe_test_keep_in_sandbox (&way, stage, mark->directory);
  return stage;
}

static void
assert_names_it (const Cell *cell, const GError *error)
{
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, get_code (cell));
  g_assert_nonnull (strstr (error->message, "stage “crashing”: worker "));
  if (cell->point->outcome != NO_PIPELINE) /* a process that ends at once may be gone before GLib tells its number */
    g_assert_nonnull (strstr (error->message, "(pid "));
  g_assert_nonnull (strstr (error->message, get_words (cell)));
}

/* Reads to the end. Returns: the values, a bit for each */
static guint
read_all (const Cell *cell, MpipePipeline *pipeline, GError **out_error, guint64 *out_failed)
{
  guint mask = 0, n = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        return mask;
      if (cell->ordered && id != 0)
        g_assert_cmpuint (id, ==, ++n);
      if (result != NULL)
        {
          g_assert_cmpint (g_variant_get_int64 (result), ==, id - 1);
          g_assert_cmpuint (mask & 1u << (id - 1), ==, 0);
          mask |= 1u << (id - 1);
          continue;
        }
      if (*out_error != NULL)
        g_error ("another failure: %s", error->message);
      *out_failed = id;
      *out_error = g_steal_pointer (&error);
    }
}

static void
assert_no_pipeline (const Cell *cell, MpipeStage *first)
{
  g_autoptr (MpipeStage) stage = first;
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_pipeline_new (stage, &error));
  assert_names_it (cell, error);
}

static void
assert_outcome (const Cell *cell, MpipeStage *stage)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (stage);
  g_autoptr (GError) error = NULL;
  guint64 failed = 0;
  guint values;

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  values = read_all (cell, pipeline, &error, &failed);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  if (cell->point->outcome == EIGHT)
    {
      g_assert_no_error (error);
      g_assert_cmphex (values, ==, 0xff);
      return;
    }
  g_assert_nonnull (error);
  assert_names_it (cell, error);
  if (cell->point->outcome == SEVEN_AND_ERROR)
    {
      g_assert_nonnull (strstr (error->message, "task 4"));
      g_assert_cmpuint (failed, ==, CULPRIT + 1);
      g_assert_cmphex (values, ==, 0xff & ~(1u << CULPRIT));
    }
  else
    {
      g_assert_cmpuint (failed, ==, 0);
      g_assert_cmphex (values, ==, 0xff);
    }
}

static void
test_cell (gconstpointer data)
{
  const Cell *cell = data;
  MpipeTestMark mark;
  MpipeStage *stage;

  mpipe_test_mark_init (&mark, "marker");
  stage = new_stage (cell, &mark);
  if (cell->point->outcome == NO_PIPELINE)
    assert_no_pipeline (cell, stage);
  else
    assert_outcome (cell, stage);
  mpipe_test_mark_clear (&mark);
}

static void
add_cell (const Cell *cell)
{
  g_autofree char *path
      = g_strdup_printf ("/mpipe/pipeline/crash-points/%s/%s/%s/%s/%s",
                         cell->sandboxed ? "sandboxed" : "local",
                         cell->ordered ? "ordered" : "unordered", cell->point->name,
                         fault_names[cell->fault], tells_names[cell->tells]);

  mpipe_test_add_data (path, test_cell, cell, sizeof *cell, cell->sandboxed);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

  for (guint way = 0; way < 4; way++)
    for (guint i = 0; i < G_N_ELEMENTS (points); i++)
      for (guint fault = 0; fault < N_FAULTS; fault++)
        for (guint tells = 0; tells < N_TELLS; tells++)
          {
            const Cell cell = { &points[i], fault, tells, (way & 1) == 0, (way & 2) != 0 };

            if (points[i].tells & (way == 0 ? ALL : ONE) & 1 << tells)
              add_cell (&cell);
          }
  return g_test_run ();
}
