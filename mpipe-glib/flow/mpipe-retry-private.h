/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a task is tried again, and when a worker is started again. */

static inline gboolean
mpipe_retry_task (guint n_attempts, guint max_attempts)
{
  return n_attempts < max_attempts;
}

#define MPIPE_RETRY_AT_HAND_MAX 3

/* Whether a task is charged with the end of a worker that was on none, but would have begun this one
 * next; it was so @n_before times before. Once is chance; a task that cannot even be read takes one
 * worker after the other. It is charged before a place is given up, which is so after @restart_limit
 * such ends. */
static inline gboolean
mpipe_retry_is_suspect (guint n_before, guint restart_limit)
{
  return n_before + 1 >= MIN (MPIPE_RETRY_AT_HAND_MAX, restart_limit);
}

#define MPIPE_RETRY_DELAY_MAX_MS 60000 /* unless the first one is longer */

/* Returns: milliseconds before a task is tried again that was @n_attempts times. The delay doubles each time; of the
 * result, @random, any number, takes up to a half away. */
static inline guint
mpipe_retry_get_delay (guint delay_ms, guint n_attempts, guint32 random)
{
  guint64 longest = MAX (delay_ms, MPIPE_RETRY_DELAY_MAX_MS);
  guint64 delay = delay_ms;

  for (guint i = 1; i < n_attempts && delay < longest && delay > 0; i++)
    delay *= 2;
  delay = MIN (delay, longest);
  return (guint) (delay - (delay / 2 * random >> 32));
}

#define MPIPE_RESTART_LIMIT_DEFAULT 5
#define MPIPE_RESTART_LIMIT_MAX 32
#define MPIPE_RESTART_FIRST_MS 20    /* the wait after the first end; doubled each time, */
#define MPIPE_RESTART_MAX_MS 30000   /* up to this */
#define MPIPE_RESTART_GIVE_UP (-1)

/* Ends of the workers in one place that no task is to blame for. */
typedef struct
{
  gint64 ends[MPIPE_RESTART_LIMIT_MAX]; /* when, the first one first; with no task answered in between */
  guint n_ends;
} MpipeRestart;

static inline void
mpipe_restart_note_progress (MpipeRestart *self)
{
  self->n_ends = 0;
}

static inline void
mpipe_restart_forget_first (MpipeRestart *self)
{
  self->n_ends--;
  for (guint i = 0; i < self->n_ends; i++)
    self->ends[i] = self->ends[i + 1];
}

/* At @now, in microseconds; @limit ends within @period_us, or 0 for any time, are too many. Returns: milliseconds to
 * wait before the worker is started again, or MPIPE_RESTART_GIVE_UP. A worker that ended on a task is replaced at
 * once: the task has its own limit of attempts. */
static inline int
mpipe_restart_note_end (MpipeRestart *self, gboolean on_task, gint64 now, guint limit,
                        gint64 period_us)
{
  int wait_ms = MPIPE_RESTART_FIRST_MS;

  if (on_task)
    return 0;
  while (self->n_ends > 0
         && (self->n_ends == MPIPE_RESTART_LIMIT_MAX
             || (period_us > 0 && now - self->ends[0] > period_us)))
    mpipe_restart_forget_first (self);
  self->ends[self->n_ends++] = now;
  if (self->n_ends >= limit)
    return MPIPE_RESTART_GIVE_UP;
  for (guint i = 1; i < self->n_ends && wait_ms < MPIPE_RESTART_MAX_MS; i++)
    wait_ms *= 2;
  return MIN (wait_ms, MPIPE_RESTART_MAX_MS);
}

G_END_DECLS
