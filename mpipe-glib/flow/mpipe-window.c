/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/flow/mpipe-window-private.h"

#define SERVICE_US_MIN 0.05 /* below this the clock says nothing */

/* @n_done tasks took @elapsed_us together. For @busy_us of that, they say, the worker was on them (0 when nobody
 * says so); the rest it waited for a processor or for its turn, which fewer tasks would not shorten.
 *
 * Slower is believed at once, since too large a window makes tasks wait; faster bit by bit, and what is much
 * faster when it is seen twice in a row. */
void
mpipe_window_update (MpipeWindow *self, guint n_done, gint64 elapsed_us, gint64 busy_us)
{
  double measured, faster_us;

  if (n_done == 0)
    return;
  if (busy_us > 0 && busy_us < elapsed_us)
    elapsed_us = busy_us;
  measured = MAX ((double) elapsed_us / n_done, SERVICE_US_MIN);
  faster_us = measured < self->service_us / 2 ? measured : 0;
  if (self->service_us == 0 || measured > 2 * self->service_us)
    self->service_us = measured;
  else if (faster_us > 0 && self->faster_us > 0)
    self->service_us = MAX (faster_us, self->faster_us);
  else
    self->service_us += (measured - self->service_us) / 2;
  self->faster_us = faster_us;
}

guint
mpipe_window_get_credit (const MpipeWindow *self)
{
  if (self->service_us == 0)
    return MPIPE_WINDOW_MIN; /* before the first measurement */
  return (guint) CLAMP (MPIPE_WINDOW_WORK_US / self->service_us, MPIPE_WINDOW_MIN,
                        MPIPE_WINDOW_MAX);
}
