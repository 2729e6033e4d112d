/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Which tasks the end of a worker's process is charged to, and what becomes of the others. Engine's thread. */

#include "config.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/pipeline/mpipe-stage-private.h"
#include "mpipe-glib/pipeline/mpipe-worker-slot-private.h"

/* Returns: the number of the task that the end of the process is charged to, 0 for none. */
guint64
mpipe_worker_slot_find_culprit (MpipeWorkerSlot *self)
{
  guint64 number = 0;
  gint64 since;

  if (!mpipe_worker_process_get_current (self->process, &number, &since))
    number = mpipe_leases_get_oldest (self->leases);
  return mpipe_leases_get (self->leases, number) != NULL ? number : 0;
}

/* Whether the process is on several tasks at once, up to the culprit. */
gboolean
mpipe_worker_slot_is_on_array (MpipeWorkerSlot *self)
{
  guint64 culprit = mpipe_worker_slot_find_culprit (self);

  return culprit != 0 && ((MpipeItem *) mpipe_leases_get (self->leases, culprit))->in_array;
}

/* Whether the process has begun a task that it holds, as far as is known. */
gboolean
mpipe_worker_slot_has_open (MpipeWorkerSlot *self, guint64 number)
{
  const MpipeItem *task = mpipe_leases_get (self->leases, number);

  return task != NULL
         && (task->is_begun || number <= mpipe_worker_process_get_begun (self->process));
}

static guint
count_open (MpipeWorkerSlot *self)
{
  guint n = 0;

  for (guint64 number = mpipe_leases_get_oldest (self->leases);
       number < mpipe_leases_get_next (self->leases); number++)
    n += mpipe_worker_slot_has_open (self, number);
  return n;
}

/* The process was on no task. Whether the one that it would have begun next is to blame shows when it is so again. */
static void
suspect_next (MpipeWorkerSlot *self, MpipeWorkerSlotCharge *charge)
{
  guint64 number = mpipe_leases_get_oldest (self->leases);
  MpipeItem *task = mpipe_worker_slot_part (self, number);

  if (task == NULL || task->is_stop)
    return;
  charge->at_hand = TRUE;
  if (mpipe_retry_is_suspect (task->n_at_hand++, self->stage->restart_limit))
    charge->culprit = number;
}

MpipeWorkerSlotCharge
mpipe_worker_slot_find_charge (MpipeWorkerSlot *self)
{
  MpipeWorkerSlotCharge charge = { .on_task = self->accused || self->condemned != 0 };

  if (self->accused)
    return charge;
  if (self->condemned != 0)
    charge.culprit = mpipe_leases_get (self->leases, self->condemned) != NULL ? self->condemned : 0;
  else if (mpipe_worker_slot_is_concurrent (self))
    charge.n_suspects = count_open (self);
  else if (mpipe_worker_slot_is_on_array (self))
    {
      charge.array_until = mpipe_worker_slot_find_culprit (self);
      charge.on_task = TRUE;
    }
  else
    charge.culprit = mpipe_worker_slot_find_culprit (self);
  if (!charge.on_task && charge.culprit == 0 && charge.n_suspects == 0)
    suspect_next (self, &charge);
  charge.on_task |= charge.culprit != 0 || charge.n_suspects != 0;
  return charge;
}

static gboolean
is_charged (MpipeWorkerSlot *self, const MpipeWorkerSlotCharge *charge, guint64 number)
{
  return charge->n_suspects > 0 ? mpipe_worker_slot_has_open (self, number)
                                : number == charge->culprit;
}

/* Says what a process had to do with a task: “on task 41 after 0.012 s”, “on task 41 or one of 2 others after …”, or
 * “before it began task 41, as 2 had before it”. */
static char *
relate_to_task (const MpipeItem *task, const MpipeWorkerSlotCharge *charge, gboolean names_others,
                gint64 running_us)
{
  g_autofree char *name = task->is_stop ? g_strdup ("its stop task")
                                        : g_strdup_printf ("task %" G_GUINT64_FORMAT, task->id);
  g_autofree char *others = NULL;
  guint n_suspects = names_others ? charge->n_suspects : 0;

  if (charge->at_hand && task->n_at_hand < 2)
    return g_strdup_printf ("before it began %s", name);
  if (charge->at_hand)
    return g_strdup_printf ("before it began %s, as %u had before it", name, task->n_at_hand - 1);
  if (n_suspects > 1)
    others = g_strdup_printf (n_suspects == 2 ? " or another" : " or one of %u others",
                              n_suspects - 1);
  return g_strdup_printf ("on %s%s after %.3f s", name, others != NULL ? others : "",
                          (double) running_us / G_USEC_PER_SEC);
}

/* Says which task an end is charged to: “… died of signal 11 on task 41 after 0.012 s”. */
static char *
name_task (const GError *error, const MpipeItem *task, const MpipeWorkerSlotCharge *charge,
           gint64 running_us)
{
  gboolean is_sentence
      = error->domain == MPIPE_ERROR
        && (error->code == MPIPE_ERROR_WORKER_DIED || error->code == MPIPE_ERROR_TIMED_OUT);
  g_autofree char *relation
      = relate_to_task (task, charge, error->domain == MPIPE_ERROR, running_us);

  return g_strdup_printf (is_sentence ? "%s %s" : "%s (%s)", error->message, relation);
}

/* For how long the process was on the task. What it says is believed as far as it can be true. */
static gint64
get_running_us (MpipeWorkerSlot *self, const MpipeItem *task)
{
  gint64 now = g_get_monotonic_time ();
  gint64 ready_at = (gint64) mpipe_counter_get (&self->statistics->started_us);
  gint64 since = task->begun_at;
  guint64 number;

  if (since == 0)
    mpipe_worker_process_get_current (self->process, &number, &since);
  if (since == 0)
    since = self->measured_from;
  return MAX (now - MAX (since, ready_at), 0);
}

/* What the process wrote last to its standard error comes behind all else. */
void
mpipe_worker_slot_add_last_words (MpipeWorkerSlot *self, GError *error)
{
  g_autofree char *last_words = mpipe_worker_process_dup_last_words (self->process);
  g_autofree char *message = NULL;

  if (last_words == NULL)
    return;
  message = g_steal_pointer (&error->message);
  error->message = g_strconcat (message, "; its standard error ended with:\n", last_words, NULL);
}

static void
charge_task (MpipeWorkerSlot *self, MpipeItem *task, const GError *error,
             const MpipeWorkerSlotCharge *charge)
{
  GError *charged = g_error_copy (error);

  g_free (charged->message);
  charged->message = name_task (error, task, charge, get_running_us (self, task));
  mpipe_worker_slot_add_last_words (self, charged);
  if (!task->is_stop)
    mpipe_counter_add (&self->statistics->n_failed, 1);
  self->events->ended (self->owner, task, charged, TRUE);
}

/* A stop task is not done by anybody else. */
static void
give_up_stop (MpipeWorkerSlot *self, MpipeItem *task, const GError *error)
{
  const MpipeWorkerSlotCharge not_begun = { .at_hand = TRUE };

  if (error != NULL && error->domain == MPIPE_ERROR)
    charge_task (self, task, error, &not_begun);
  else
    self->events->ended (self->owner, task, NULL, FALSE);
}

/* Goes back as if nothing had happened; unless it may be the one that has ended the process. */
static void
give_back (MpipeWorkerSlot *self, MpipeItem *task, const MpipeWorkerSlotCharge *charge)
{
  if (task->number <= charge->array_until)
    task->goes_alone = TRUE;
  self->events->returned (self->owner, task);
}

/* Tasks that were not begun, or are innocent, go back. The last one goes first: those
 * that are done again are in front of others, in their order. */
void
mpipe_worker_slot_give_up_all (MpipeWorkerSlot *self, const MpipeWorkerSlotCharge *charge,
                               const GError *error)
{
  if (charge->culprit != 0)
    mpipe_worker_slot_part (self, charge->culprit);
  for (guint64 number = mpipe_leases_get_next (self->leases); number-- > 1;)
    {
      gboolean charged;
      MpipeItem *task;

      if (mpipe_leases_get_n (self->leases) == 0)
        break;
      task = mpipe_leases_get (self->leases, number);
      if (task == NULL)
        continue;
      charged = is_charged (self, charge, number);
      number = task->number;
      mpipe_worker_slot_remove (self, task);
      if (charged)
        charge_task (self, task, error, charge);
      else if (task->is_stop)
        give_up_stop (self, task, error);
      else
        give_back (self, task, charge);
    }
}
