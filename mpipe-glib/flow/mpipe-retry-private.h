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

/* Ends of the workers in one place that no task is to blame for. */
typedef struct
{
  guint n_idle_ends; /* in a row, with no task answered in between */
} MpipeRestart;

#define MPIPE_RESTART_MAX 5        /* ends in a row before the place is given up */
#define MPIPE_RESTART_FIRST_MS 20  /* the wait after the first; doubled each time */
#define MPIPE_RESTART_GIVE_UP (-1)

static inline void
mpipe_restart_note_progress (MpipeRestart *self)
{
  self->n_idle_ends = 0;
}

/* Returns: milliseconds to wait before the worker is started again, or MPIPE_RESTART_GIVE_UP. A worker that
 * ended on a task is replaced at once: the task has its own limit of attempts. */
static inline int
mpipe_restart_note_end (MpipeRestart *self, gboolean on_task)
{
  if (on_task)
    return 0;
  if (++self->n_idle_ends >= MPIPE_RESTART_MAX)
    return MPIPE_RESTART_GIVE_UP;
  return MPIPE_RESTART_FIRST_MS << (self->n_idle_ends - 1);
}

G_END_DECLS
