/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* To whom the main context of an engine belongs. A thread that waits for a result can run the engine itself: then a
 * task that is alone goes to its worker and back with two wake-ups, and not with four. Afterwards the
 * engine's own thread takes over, but not at once: another such call may follow, and then it need not be
 * woken at all. Until then it stands by; whatever else needs the engine calls it back.
 *
 * States: own (the engine's thread runs it) → wanted (it is asked to stand by) → standing by, driven or not → own. All
 * under the lock; the context is pushed and popped by who owns it. */

#include "config.h"

#include "mpipe-glib/pipeline/mpipe-driver-private.h"

#define LINGER_US 1000 /* the own thread stands by so long after the last call */

struct _MpipeDriver
{
  GMainContext *context;
  GThread *own; /* only to be compared */

  GMutex lock;
  GCond changed;
  gboolean wanted;      /* a thread waits for the own one to stand by */
  gboolean standing_by; /* the own thread has left the context */
  gboolean driven;      /* another thread has it */
  gboolean called;      /* the own thread is to take it as soon as it can */
  gboolean asleep;      /* the own thread does not look by itself */
  gboolean over;        /* nobody runs it any more */
  gint64 driven_since;
  gint64 linger_until;
};

MpipeDriver *
mpipe_driver_new (GMainContext *context)
{
  MpipeDriver *self = g_new0 (MpipeDriver, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->context = g_main_context_ref (context);
  return self;
}

void
mpipe_driver_free (MpipeDriver *self)
{
  if (self == NULL)
    return;
  g_main_context_unref (self->context);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The engine's own thread */

static gboolean
must_stand_by (MpipeDriver *self, gint64 now)
{
  return self->driven
         || (!self->over && (self->wanted || (!self->called && now < self->linger_until)));
}

/* Looks once in a while, so that a call that ends soon need not wake it. */
static void
wait_for_change (MpipeDriver *self, gint64 now)
{
  self->asleep = self->driven && now - self->driven_since > LINGER_US;
  if (self->asleep)
    g_cond_wait (&self->changed, &self->lock);
  else
    g_cond_wait_until (&self->changed, &self->lock, now + LINGER_US);
  self->asleep = FALSE;
}

static void
stand_by (MpipeDriver *self)
{
  gint64 now = g_get_monotonic_time ();

  g_main_context_pop_thread_default (self->context);
  self->standing_by = TRUE;
  g_cond_broadcast (&self->changed);
  while (must_stand_by (self, now))
    {
      wait_for_change (self, now);
      now = g_get_monotonic_time ();
    }
  self->standing_by = FALSE;
  g_main_context_push_thread_default (self->context);
}

/* Before anything else, by the thread that has pushed the context. */
void
mpipe_driver_set_own (MpipeDriver *self)
{
  self->own = g_thread_self ();
}

/* Runs the context until it is over. */
void
mpipe_driver_run_own (MpipeDriver *self)
{
  gboolean over = FALSE;

  while (!over)
    {
      g_mutex_lock (&self->lock);
      if (must_stand_by (self, g_get_monotonic_time ()))
        stand_by (self);
      self->called = FALSE;
      self->linger_until = 0;
      over = self->over;
      g_mutex_unlock (&self->lock);
      if (!over)
        g_main_context_iteration (self->context, TRUE);
    }
}

/* Whether the engine's own thread runs it. */
gboolean
mpipe_driver_is_own (MpipeDriver *self)
{
  return g_thread_self () == self->own;
}

/* Something cannot be done by any other thread than the engine's own. */
void
mpipe_driver_call_own (MpipeDriver *self)
{
  g_mutex_lock (&self->lock);
  self->called = TRUE;
  g_mutex_unlock (&self->lock);
}

/* There is nothing left to run. */
void
mpipe_driver_end (MpipeDriver *self)
{
  g_mutex_lock (&self->lock);
  self->over = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Any thread */

/* There is something to do for who runs the engine. */
void
mpipe_driver_wake (MpipeDriver *self)
{
  gboolean stands_by_alone;

  g_mutex_lock (&self->lock);
  stands_by_alone = self->standing_by && !self->driven;
  if (stands_by_alone)
    {
      self->called = TRUE;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  if (!stands_by_alone)
    g_main_context_wakeup (self->context);
}

/* Makes the calling thread the one that runs the engine, if no other does or wants to; when the own
 * thread does, only if one @insists. Returns: whether it is. Then the context is its thread default
 * until it is given back. */
gboolean
mpipe_driver_take (MpipeDriver *self, gboolean insist)
{
  gboolean taken = FALSE;

  g_mutex_lock (&self->lock);
  if (!self->driven && !self->wanted && !self->called && !self->over
      && (self->standing_by || insist))
    {
      self->wanted = TRUE;
      if (!self->standing_by)
        g_main_context_wakeup (self->context);
      while (!self->standing_by && !self->over)
        g_cond_wait (&self->changed, &self->lock);
      self->wanted = FALSE;
      taken = self->standing_by && !self->over;
      self->driven = taken;
      self->driven_since = g_get_monotonic_time ();
    }
  g_mutex_unlock (&self->lock);
  if (taken)
    g_main_context_push_thread_default (self->context);
  return taken;
}

/* Does what there is to do, and waits for it. Returns: FALSE when the engine is to be given back. */
gboolean
mpipe_driver_iterate (MpipeDriver *self)
{
  gboolean goes_on;

  g_mutex_lock (&self->lock);
  goes_on = !self->called && !self->over;
  g_mutex_unlock (&self->lock);
  if (goes_on)
    g_main_context_iteration (self->context, TRUE);
  return goes_on;
}

/* The own thread takes over: now, or, if one may @linger, when no other call has followed for a while. */
void
mpipe_driver_give_back (MpipeDriver *self, gboolean linger)
{
  g_main_context_pop_thread_default (self->context);
  g_mutex_lock (&self->lock);
  self->driven = FALSE;
  self->linger_until = g_get_monotonic_time () + LINGER_US;
  self->called |= !linger;
  if (self->called || self->asleep || self->over)
    g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
