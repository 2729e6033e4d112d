/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <gio/gio.h>

#include "mpipe-glib/pipeline/mpipe-driver-private.h"

#define N_ROUNDS 2000

/* An engine that counts what it is asked for, and by whom it was run. */
typedef struct
{
  GMainContext *context;
  MpipeDriver *driver;
  GThread *thread;
  GThread *last; /* who has counted last */
  guint n;       /* only by who runs the engine */
  GMutex lock;
  GCond counted;
  guint n_seen; /* under the lock */
} Engine;

static gboolean
count_cb (gpointer user_data)
{
  Engine *engine = user_data;

  engine->n++;
  engine->last = g_thread_self ();
  g_mutex_lock (&engine->lock);
  engine->n_seen++;
  g_cond_broadcast (&engine->counted);
  g_mutex_unlock (&engine->lock);
  return G_SOURCE_REMOVE;
}

static gboolean
end_cb (gpointer user_data)
{
  Engine *engine = user_data;

  mpipe_driver_end (engine->driver);
  return G_SOURCE_REMOVE;
}

static gpointer
engine_thread (gpointer data)
{
  Engine *engine = data;

  g_main_context_push_thread_default (engine->context);
  mpipe_driver_set_own (engine->driver);
  g_assert_true (mpipe_driver_is_own (engine->driver));
  mpipe_driver_run_own (engine->driver);
  g_main_context_pop_thread_default (engine->context);
  return NULL;
}

static void
set_up (Engine *engine, gconstpointer data)
{
  engine->context = g_main_context_new ();
  engine->driver = mpipe_driver_new (engine->context);
  g_mutex_init (&engine->lock);
  g_cond_init (&engine->counted);
  engine->thread = g_thread_new ("engine", engine_thread, engine);
}

static void
ask (Engine *engine, GSourceFunc func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, engine, NULL);
  g_source_attach (source, engine->context);
  mpipe_driver_wake (engine->driver);
}

static void
wait_until_counted (Engine *engine, guint n)
{
  g_mutex_lock (&engine->lock);
  while (engine->n_seen < n)
    g_cond_wait (&engine->counted, &engine->lock);
  g_mutex_unlock (&engine->lock);
}

static void
tear_down (Engine *engine, gconstpointer data)
{
  ask (engine, end_cb);
  g_thread_join (engine->thread);
  g_assert_false (mpipe_driver_take (engine->driver, TRUE));
  mpipe_driver_free (engine->driver);
  g_main_context_unref (engine->context);
  g_cond_clear (&engine->counted);
  g_mutex_clear (&engine->lock);
}

static void
test_its_own_thread_runs_it (Engine *engine, gconstpointer data)
{
  ask (engine, count_cb);
  wait_until_counted (engine, 1);
  g_assert_true (engine->last == engine->thread);
  g_assert_false (mpipe_driver_is_own (engine->driver));
}

static void
test_nobody_takes_it_without_insisting (Engine *engine, gconstpointer data)
{
  ask (engine, count_cb);
  wait_until_counted (engine, 1);
  g_assert_false (mpipe_driver_take (engine->driver, FALSE));
}

static void
drive_until (Engine *engine, guint n)
{
  while (engine->n < n)
    g_assert_true (mpipe_driver_iterate (engine->driver));
}

static void
test_who_insists_runs_it (Engine *engine, gconstpointer data)
{
  g_assert_true (mpipe_driver_take (engine->driver, TRUE));
  g_assert_true (g_main_context_get_thread_default () == engine->context);
  g_assert_false (mpipe_driver_take (engine->driver, TRUE));
  ask (engine, count_cb);
  drive_until (engine, 1);
  g_assert_true (engine->last == g_thread_self ());
  mpipe_driver_give_back (engine->driver, FALSE);
  g_assert_true (g_main_context_get_thread_default () != engine->context);
  ask (engine, count_cb);
  wait_until_counted (engine, 2);
  g_assert_true (engine->last == engine->thread);
}

/* Nothing is left lying, whether the own thread stands by or has taken over again. */
static void
test_who_lingers_is_called_back (Engine *engine, gconstpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (mpipe_driver_take (engine->driver, i % 2 == 0))
        mpipe_driver_give_back (engine->driver, TRUE);
      ask (engine, count_cb);
      wait_until_counted (engine, i + 1);
    }
}

static void
test_what_only_its_own_thread_may_do_ends_the_drive (Engine *engine, gconstpointer data)
{
  g_assert_true (mpipe_driver_take (engine->driver, TRUE));
  mpipe_driver_call_own (engine->driver);
  g_assert_false (mpipe_driver_iterate (engine->driver));
  mpipe_driver_give_back (engine->driver, TRUE);
  ask (engine, count_cb);
  wait_until_counted (engine, 1);
  g_assert_true (engine->last == engine->thread);
}

/* So long that the own thread does not look by itself any more. */
static void
test_a_drive_may_take_long (Engine *engine, gconstpointer data)
{
  g_autoptr (GSource) source = g_timeout_source_new (20);

  g_source_set_callback (source, count_cb, engine, NULL);
  g_source_attach (source, engine->context);
  g_assert_true (mpipe_driver_take (engine->driver, TRUE));
  drive_until (engine, 1);
  mpipe_driver_give_back (engine->driver, TRUE);
  ask (engine, count_cb);
  wait_until_counted (engine, 2);
}

static gpointer
compete_thread (gpointer data)
{
  Engine *engine = data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (!mpipe_driver_take (engine->driver, i % 3 != 0))
        continue;
      engine->n += 2;
      mpipe_driver_give_back (engine->driver, i % 2 == 0);
      ask (engine, count_cb);
    }
  return NULL;
}

/* At most one thread at a time has it; a sanitizer for threads sees more here than this test. */
static void
test_threads_compete_for_it (Engine *engine, gconstpointer data)
{
  GThread *threads[3];
  guint n_seen;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("compete", compete_thread, engine);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  while (!mpipe_driver_take (engine->driver, TRUE))
    g_thread_yield ();
  n_seen = engine->n / 3;
  while (engine->n_seen < n_seen || engine->n % 3 != 0)
    g_assert_true (mpipe_driver_iterate (engine->driver));
  g_assert_cmpuint (engine->n, ==, 3 * engine->n_seen);
  mpipe_driver_give_back (engine->driver, FALSE);
}

#define ADD(sentence, func)                                                                        \
  g_test_add ("/driver/" sentence, Engine, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("its-own-thread-runs-it", test_its_own_thread_runs_it);
  ADD ("nobody-takes-it-without-insisting", test_nobody_takes_it_without_insisting);
  ADD ("who-insists-runs-it", test_who_insists_runs_it);
  ADD ("who-lingers-is-called-back", test_who_lingers_is_called_back);
  ADD ("what-only-its-own-thread-may-do-ends-the-drive",
       test_what_only_its_own_thread_may_do_ends_the_drive);
  ADD ("a-drive-may-take-long", test_a_drive_may_take_long);
  ADD ("threads-compete-for-it", test_threads_compete_for_it);
  return g_test_run ();
}
