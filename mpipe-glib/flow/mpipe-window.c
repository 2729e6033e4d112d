/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/flow/mpipe-window-private.h"

#define SERVICE_US_MIN 0.05 /* below this the clock says nothing */

/* @n_done tasks took @elapsed_us together. Slower is believed at once, since too large a window makes tasks
 * wait; faster bit by bit. */
void
mpipe_window_update (MpipeWindow *self, guint n_done, gint64 elapsed_us)
{
  double measured;

  if (n_done == 0)
    return;
  measured = MAX ((double) elapsed_us / n_done, SERVICE_US_MIN);
  if (self->service_us == 0 || measured > 2 * self->service_us)
    self->service_us = measured;
  else
    self->service_us += (measured - self->service_us) / 2;
}

guint
mpipe_window_get_credit (const MpipeWindow *self)
{
  if (self->service_us == 0)
    return MPIPE_WINDOW_MIN; /* before the first measurement */
  return (guint) CLAMP (MPIPE_WINDOW_WORK_US / self->service_us, MPIPE_WINDOW_MIN,
                        MPIPE_WINDOW_MAX);
}
