/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "rivals.h"

static void
increase (gpointer task, gpointer results)
{
  g_async_queue_push (results, GSIZE_TO_POINTER (GPOINTER_TO_SIZE (task) + 1));
}

double
bench_rival_thread_pool (const BenchShape *shape, gsize n_tasks)
{
  g_autoptr (GAsyncQueue) results = g_async_queue_new ();
  GThreadPool *pool = g_thread_pool_new (increase, results, (int) shape->n_workers, TRUE, NULL);
  gint64 begun = g_get_monotonic_time ();
  gsize sum = 0;
  double seconds;

  /* a task of 0 would be no pointer */
  for (gsize i = 1; i <= n_tasks; i++)
    g_thread_pool_push (pool, GSIZE_TO_POINTER (i), NULL);
  for (gsize i = 1; i <= n_tasks; i++)
    sum += GPOINTER_TO_SIZE (g_async_queue_pop (results));
  seconds = (g_get_monotonic_time () - begun) / 1e6;
  g_thread_pool_free (pool, FALSE, TRUE);
  if (sum != n_tasks * (n_tasks + 1) / 2 + n_tasks)
    g_error ("a thread pool has lost tasks");
  return n_tasks / seconds;
}
