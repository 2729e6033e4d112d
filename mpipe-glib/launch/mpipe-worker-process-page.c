/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Where a worker is in its tasks, as the shared page tells, or the frames of a worker that has none; and taking back
 * what it has not begun, which goes by the page alone. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-worker-process-private.h"

gint64
mpipe_worker_process_get_busy_us (MpipeWorkerProcess *self)
{
  return self->page != NULL ? MAX (mpipe_page_get_busy (self->page), 0) : 0;
}

/* Returns: the number up to which the worker says that it has begun its tasks, 0 when it does not say. */
guint64
mpipe_worker_process_get_begun (MpipeWorkerProcess *self)
{
  if ((self->features & MPIPE_FEATURE_PAGE) == 0 || self->page == NULL)
    return 0;
  return mpipe_page_get_begun (self->page);
}

/* Returns: whether the worker tells which task it is on; then @out_sequence is set, to 0 when it says that
 * it is on none. */
gboolean
mpipe_worker_process_get_current (MpipeWorkerProcess *self, guint64 *out_sequence,
                                  gint64 *out_since)
{
  if ((self->features & MPIPE_FEATURE_PAGE) != 0 && self->page != NULL)
    *out_sequence = mpipe_page_get_current (self->page, out_since);
  else if ((self->features & MPIPE_FEATURE_START_FRAMES) != 0)
    {
      *out_sequence = self->started;
      *out_since = self->started_at;
    }
  else
    return FALSE;
  return TRUE;
}

gboolean
mpipe_worker_process_can_recall (MpipeWorkerProcess *self)
{
  return self->state == MPIPE_WORKER_PROCESS_READY && (self->features & MPIPE_FEATURE_PAGE) != 0
         && self->page != NULL;
}

/* Returns: the first number, up to @until, that the worker will certainly not begin; for those before
 * it, it says that it skipped them, or does them. */
guint64
mpipe_worker_process_recall (MpipeWorkerProcess *self, guint64 from, guint64 until)
{
  g_assert (mpipe_worker_process_can_recall (self));
  return mpipe_page_recall (self->page, from, until);
}

void
mpipe_worker_process_end_recall (MpipeWorkerProcess *self)
{
  mpipe_page_end_recall (self->page);
}
