/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-retry-private.h"

static const struct
{
  guint n_attempts;
  guint max_attempts;
  gboolean again;
} task_cases[] = {
  { 1, 1, FALSE }, { 1, 2, TRUE },         { 2, 2, FALSE },
  { 3, 2, FALSE }, { 1, G_MAXUINT, TRUE }, { G_MAXUINT, G_MAXUINT, FALSE },
};

static void
test_tries_a_task_as_often_as_it_may (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (task_cases); i++)
    g_assert_true (mpipe_retry_task (task_cases[i].n_attempts, task_cases[i].max_attempts)
                   == task_cases[i].again);
}

static const struct
{
  guint n_before;
  guint restart_limit;
  gboolean suspect;
} at_hand_cases[] = {
  { 0, 5, FALSE }, { 1, 5, FALSE }, { 2, 5, TRUE }, { 3, 5, TRUE },
  { 0, 2, FALSE }, { 1, 2, TRUE },  { 0, 1, TRUE }, { 1, 32, FALSE },
};

static void
test_suspects_a_task_that_was_at_hand_again_and_again (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (at_hand_cases); i++)
    g_assert_true (
        mpipe_retry_is_suspect (at_hand_cases[i].n_before, at_hand_cases[i].restart_limit)
        == at_hand_cases[i].suspect);
}

static const struct
{
  guint delay_ms;
  guint n_attempts;
  guint least, most;
} delay_cases[] = {
  { 0, 1, 0, 0 },
  { 0, 100, 0, 0 },
  { 100, 1, 50, 100 },
  { 100, 2, 100, 200 },
  { 100, 5, 800, 1600 },
  { 1, 1, 1, 1 },
  { 100, 100, 30000, 60000 },
  { 100, G_MAXUINT, 30000, 60000 },
  { 50000, 2, 30000, 60000 },
  { 3600000, 1, 1800000, 3600000 },
  { 3600000, 9, 1800000, 3600000 },
  { G_MAXINT, 3, G_MAXINT / 2 + 1, G_MAXINT },
};

static void
test_waits_longer_for_each_attempt (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (delay_cases); i++)
    {
      guint delay_ms = delay_cases[i].delay_ms, n = delay_cases[i].n_attempts;

      g_assert_cmpuint (mpipe_retry_get_delay (delay_ms, n, 0), ==, delay_cases[i].most);
      g_assert_cmpuint (mpipe_retry_get_delay (delay_ms, n, G_MAXUINT32), >=, delay_cases[i].least);
      g_assert_cmpuint (mpipe_retry_get_delay (delay_ms, n, G_MAXUINT32), <=,
                        delay_cases[i].least + 1);
      g_assert_cmpuint (mpipe_retry_get_delay (delay_ms, n, 1u << 31), <=, delay_cases[i].most);
    }
}

/* "t" is an end on a task, "i" one that no task is to blame for, "p" a task that was answered, "." a second. */
typedef struct
{
  const char *sentence;
  const char *script;
  int waits[12]; /* one for each end */
  guint limit;   /* 0 for the default */
  gint64 period_s;
} Case;

#define GIVE_UP MPIPE_RESTART_GIVE_UP

static const Case cases[] = {
  { "replaces-a-worker-at-once-that-ended-on-a-task", "t", { 0 } },
  { "replaces-at-once-however-often-tasks-kill", "tttttttttt", { 0 } },
  { "waits-longer-each-time", "iiii", { 20, 40, 80, 160 } },
  { "gives-up-in-the-end", "iiiii", { 20, 40, 80, 160, GIVE_UP } },
  { "stays-given-up", "iiiiiii", { 20, 40, 80, 160, GIVE_UP, GIVE_UP, GIVE_UP } },
  { "begins-anew-after-an-answer", "iiiipii", { 20, 40, 80, 160, 20, 40 } },
  { "never-gives-up-while-answers-come", "iipiipiipii", { 20, 40, 20, 40, 20, 40, 20, 40 } },
  { "does-not-begin-anew-after-an-end-on-a-task", "iitiiti", { 20, 40, 0, 80, 160, 0, GIVE_UP } },
  { "begins-anew-after-an-answer-before-an-end-on-a-task", "iipti", { 20, 40, 0, 20 } },
  { "gives-up-at-once-if-it-is-said-so", "i", { GIVE_UP }, 1 },
  { "has-another-limit", "iii", { 20, 40, GIVE_UP }, 3 },
  { "has-patience", "iiiiiiiiiiii",
    { 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 30000 }, 20 },
  { "counts-ends-within-a-period", "ii.i.i", { 20, 40, 80, GIVE_UP }, 4, 2 },
  { "forgets-ends-before-a-period", "ii...iii", { 20, 40, 20, 40, 80 }, 4, 2 },
  { "counts-over-a-window-that-moves", "i.i.i.i.i.i", { 20, 40, 80, 80, 80, 80 }, 4, 2 },
  { "counts-for-ever-without-a-period", "i....i....i", { 20, 40, GIVE_UP }, 3 },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  MpipeRestart restart = { 0 };
  guint n_ends = 0, limit = test->limit > 0 ? test->limit : MPIPE_RESTART_LIMIT_DEFAULT;
  gint64 now = 1000000;

  for (const char *step = test->script; *step != '\0'; step++)
    if (*step == 'p')
      mpipe_restart_note_progress (&restart);
    else if (*step == '.')
      now += G_USEC_PER_SEC;
    else
      g_assert_cmpint (mpipe_restart_note_end (&restart, *step == 't', now, limit,
                                               test->period_s * G_USEC_PER_SEC),
                       ==, test->waits[n_ends++]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpipe/flow/retry/tries-a-task-as-often-as-it-may",
                   test_tries_a_task_as_often_as_it_may);
  g_test_add_func ("/mpipe/flow/retry/suspects-a-task-that-was-at-hand-again-and-again",
                   test_suspects_a_task_that_was_at_hand_again_and_again);
  g_test_add_func ("/mpipe/flow/retry/waits-longer-for-each-attempt",
                   test_waits_longer_for_each_attempt);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/retry/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  return g_test_run ();
}
