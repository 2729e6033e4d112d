/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Three stages, and everything goes wrong: some tasks are poison, each of some other kind, and meanwhile somebody kills
 * and stops workers. In the end each task has ended once, as its result or as a failure
 * that says why, in order where that was promised, and nothing is left.
 *
 * What happens comes from a seed, which is printed; MPIPE_CHAOS_SEED gives another, MPIPE_CHAOS_ROUNDS so many that
 * follow it, MPIPE_CHAOS_TASKS more tasks. */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mpipe-test-kit.h"

#define FIRST_SEED 20261
#define N_ROUNDS 2
#define N_TASKS 3000
#define N_WORKERS 3
#define POISON_EVERY 40      /* tasks, on average */
#define DISTURB_EVERY_US 3000
#define TIMEOUT_MS 1000
#define GRACE_MS 50
#define MEMORY_LIMIT (64 << 20)
#define GROWTH_MAX_KIB (128 << 10) /* of the application, with all tasks and errors it holds */

/* The last four bits of a task say what is wrong with it: in the first stage 1 to 6, in the second, a program that
 * knows them as well, 7 to 11, in the third 12 to 14. */
enum
{
  HARMLESS,
  KILL,
  EXIT,
  ERROR,
  FLOOD,
  STOP,
  WRONG_TYPE,
  FIRST_OF_SECOND,
  LAST_OF_SECOND = FIRST_OF_SECOND + 4,
  KILL_LATE,
  CRASH_LATE,
  EXIT_LATE,
  N_FAULTS,
};

static GVariant *
suffer (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gboolean is_first = strcmp (mpipe_worker_get_stage_name (worker), "first") == 0;
  int fault = (int) (g_variant_get_int64 (task) & 15);

  if (is_first != (fault < FIRST_OF_SECOND))
    return g_variant_ref (task);
  switch (fault)
    {
    case KILL:
    case KILL_LATE:
      raise (SIGKILL);
      break;
    case EXIT:
      _exit (0);
    case EXIT_LATE:
      _exit (1);
    case CRASH_LATE:
      signal (SIGSEGV, SIG_DFL);
      raise (SIGSEGV);
      break;
    case ERROR:
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "No such thing");
      return NULL;
    case FLOOD:
      for (int i = 0; i < 5000; i++)
        fprintf (stderr, "flood %d\n", i);
      raise (SIGKILL);
      break;
    case STOP:
      raise (SIGSTOP);
      break;
    case WRONG_TYPE:
      return g_variant_new_string ("no number");
    default:
      break;
    }
  return g_variant_ref (task);
}

/* Who disturbs */

typedef struct
{
  GRand *random;
  MpipePipeline *pipeline;
  gboolean done; /* any thread */
  guint n_kills, n_stops, n_pauses;
} Disturber;

static int
pick_pid (Disturber *self)
{
  GListModel *stages = mpipe_pipeline_get_stages (self->pipeline);
  g_autoptr (MpipeStage) stage
      = g_list_model_get_item (stages, (guint) g_rand_int_range (self->random, 0, 3));
  g_autoptr (MpipeWorkerInfo) info
      = g_list_model_get_item (mpipe_stage_get_workers (stage),
                               (guint) g_rand_int_range (self->random, 0, N_WORKERS));

  return mpipe_worker_info_get_pid (info);
}

static void
disturb (Disturber *self)
{
  int what = g_rand_int_range (self->random, 0, 100);
  int pid = pick_pid (self);

  if (pid <= 1)
    return;
  if (what < 60)
    {
      self->n_kills++;
      kill (pid, SIGKILL);
    }
  else if (what < 98)
    {
      self->n_pauses++;
      kill (pid, SIGSTOP);
      g_usleep (DISTURB_EVERY_US);
      kill (pid, SIGCONT);
    }
  else
    {
      self->n_stops++;
      kill (pid, SIGSTOP);
    }
}

static gpointer
disturber_thread (gpointer data)
{
  Disturber *self = data;

  while (!g_atomic_int_get (&self->done))
    {
      disturb (self);
      g_usleep ((gulong) g_rand_int_range (self->random, 0, 2 * DISTURB_EVERY_US));
    }
  return NULL;
}

/* The pipeline */

static void
make_resilient (MpipeStage *stage, const char *name, gboolean ordered)
{
  mpipe_stage_set_name (stage, name);
  mpipe_stage_set_ordered (stage, ordered);
  mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
  mpipe_stage_set_task_timeout (stage, TIMEOUT_MS);
  mpipe_stage_set_grace_time (stage, GRACE_MS);
  mpipe_stage_set_max_attempts (stage, 2);
  mpipe_stage_set_retry_delay (stage, 2);
  mpipe_stage_set_restart_limit (stage, 32);
  mpipe_stage_set_max_backlog (stage, 500);
}

static MpipePipeline *
new_pipeline (gboolean ordered)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "kit", "misbehaving-worker", NULL);
  const char *argv[] = { program, "chaos", NULL };
  MpipeStage *first = mpipe_stage_new_ordered ("suffer", N_WORKERS);
  g_autoptr (MpipeStage) second = mpipe_stage_new_command (argv, N_WORKERS);
  g_autoptr (MpipeStage) third = mpipe_stage_new_ordered ("suffer", N_WORKERS);

  make_resilient (first, "first", ordered);
  make_resilient (second, "second", ordered);
  make_resilient (third, "third", ordered);
  mpipe_stage_set_worker_lifespan (first, 200);
  mpipe_stage_set_worker_memory_limit (second, MEMORY_LIMIT);
  mpipe_stage_link (first, mpipe_stage_link (second, third));
  return mpipe_test_pipeline (first);
}

typedef struct
{
  GRand *random;
  MpipePipeline *pipeline;
  guint n_tasks;
  guint8 *faults; /* of n_tasks */
} Feeder;

static gpointer
feeder_thread (gpointer data)
{
  Feeder *self = data;

  for (guint i = 0; i < self->n_tasks; i++)
    {
      gboolean is_poison = g_rand_int_range (self->random, 0, POISON_EVERY) == 0;

      self->faults[i] = is_poison ? (guint8) g_rand_int_range (self->random, 1, N_FAULTS) : HARMLESS;
      mpipe_test_put (self->pipeline, (gint64) i << 4 | self->faults[i], 1);
    }
  mpipe_pipeline_stop (self->pipeline);
  return NULL;
}

/* Each task must end once. Returns: how many have failed without being poison */
static guint
read_all (MpipePipeline *pipeline, const Feeder *feeder, gboolean ordered)
{
  g_autofree guint8 *ended = g_new0 (guint8, feeder->n_tasks);
  guint64 last_id = 0;
  guint n_unlucky = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      guint64 id = 0;
      g_autoptr (GVariant) result = mpipe_pipeline_get_full (pipeline, &id, NULL, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      g_assert_cmpuint (id, >=, 1);
      g_assert_cmpuint (id, <=, feeder->n_tasks);
      g_assert_cmpuint (ended[id - 1]++, ==, 0);
      if (ordered)
        g_assert_cmpuint (id, ==, last_id + 1);
      last_id = id;
      if (result != NULL)
        {
          g_assert_cmpint (g_variant_get_int64 (result) >> 4, ==, (gint64) (id - 1));
          continue;
        }
      if (error->domain != MPIPE_ERROR || g_strstr_len (error->message, -1, "stage “") == NULL)
        g_error ("task %u failed with: %s", (guint) id, error->message);
      n_unlucky += feeder->faults[id - 1] == HARMLESS;
    }
  for (guint i = 0; i < feeder->n_tasks; i++)
    g_assert_cmpuint (ended[i], ==, 1);
  return n_unlucky;
}

static glong
get_peak_kib (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static guint
get_setting (const char *name, guint otherwise)
{
  const char *text = g_getenv (name);

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : otherwise;
}

static void
run (guint32 seed, gboolean ordered)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed), other = g_rand_new_with_seed (seed + 1);
  g_autoptr (MpipePipeline) pipeline = new_pipeline (ordered);
  guint n_tasks = get_setting ("MPIPE_CHAOS_TASKS", N_TASKS);
  g_autofree guint8 *faults = g_new0 (guint8, n_tasks);
  Feeder feeder = { random, pipeline, n_tasks, faults };
  Disturber disturber = { other, pipeline };
  glong peak_before = get_peak_kib ();
  GThread *feeding = g_thread_new ("feeder", feeder_thread, &feeder);
  GThread *disturbing = g_thread_new ("disturber", disturber_thread, &disturber);
  guint n_unlucky;

  alarm (100 + n_tasks / 20);
  n_unlucky = read_all (pipeline, &feeder, ordered);
  g_atomic_int_set (&disturber.done, TRUE);
  g_thread_join (feeding);
  g_thread_join (disturbing);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpuint (mpipe_pipeline_get_n_results (pipeline)
                        + mpipe_pipeline_get_n_failed (pipeline),
                    ==, n_tasks);
  g_assert_cmpint (get_peak_kib () - peak_before, <, GROWTH_MAX_KIB);
  g_test_message ("seed %u, %s: %u tasks, %u failed, %u of them by bad luck; %u kills, %u stops, %u "
                  "pauses",
                  seed, ordered ? "ordered" : "unordered", n_tasks,
                  (guint) mpipe_pipeline_get_n_failed (pipeline), n_unlucky, disturber.n_kills,
                  disturber.n_stops, disturber.n_pauses);
}

static void
test_each_task_ends_once (const MpipeTestWay *way)
{
  guint seed = get_setting ("MPIPE_CHAOS_SEED", FIRST_SEED);
  guint n_rounds = get_setting ("MPIPE_CHAOS_ROUNDS", N_ROUNDS);
  int quiet = g_open ("/dev/null", O_WRONLY | O_CLOEXEC), real = fcntl (2, F_DUPFD_CLOEXEC, 10);

  for (guint i = 0; i < n_rounds; i++)
    {
      g_print ("# seed %u\n", seed + i);
      dup2 (quiet, STDERR_FILENO);
      run (seed + i, way->ordered);
      dup2 (real, STDERR_FILENO);
    }
  close (quiet);
  close (real);
}

int
main (int argc, char **argv)
{
  mpipe_worker_register_func ("suffer", suffer, NULL, NULL);
  mpipe_test_init (&argc, &argv);
  mpipe_test_add_process_ways ("/mpipe/chaos/each-task-ends-once", test_each_task_ends_once);
  return g_test_run ();
}
