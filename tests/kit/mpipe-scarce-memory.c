/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The functions are found here before GLib's own; theirs is the next. */

#include "config.h"

#include "mpipe-scarce-memory.h"

#include <dlfcn.h>

static gsize limit; /* atomic, as all here */
static gsize largest;
static guint n_failed;

/* Returns: whether there is to be memory. */
static gboolean
note_request (gsize n_bytes)
{
  gsize before = __atomic_load_n (&largest, __ATOMIC_RELAXED);
  gsize n_max = __atomic_load_n (&limit, __ATOMIC_RELAXED);

  while (n_bytes > before
         && !__atomic_compare_exchange_n (&largest, &before, n_bytes, FALSE, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED))
    ;
  if (n_max == 0 || n_bytes <= n_max)
    return TRUE;
  __atomic_add_fetch (&n_failed, 1, __ATOMIC_RELAXED);
  return FALSE;
}

gpointer
g_try_malloc (gsize n_bytes)
{
  static gpointer (*next) (gsize n_bytes);

  if (next == NULL)
    next = (gpointer (*) (gsize)) dlsym (RTLD_NEXT, "g_try_malloc");
  return note_request (n_bytes) ? next (n_bytes) : NULL;
}

gpointer
g_try_realloc (gpointer memory, gsize n_bytes)
{
  static gpointer (*next) (gpointer memory, gsize n_bytes);

  if (next == NULL)
    next = (gpointer (*) (gpointer, gsize)) dlsym (RTLD_NEXT, "g_try_realloc");
  return note_request (n_bytes) ? next (memory, n_bytes) : NULL;
}

void
mpipe_test_memory_set_limit (gsize n_bytes)
{
  __atomic_store_n (&limit, n_bytes, __ATOMIC_RELAXED);
}

gsize
mpipe_test_memory_take_largest (void)
{
  return __atomic_exchange_n (&largest, 0, __ATOMIC_RELAXED);
}

guint
mpipe_test_memory_take_n_failed (void)
{
  return __atomic_exchange_n (&n_failed, 0, __ATOMIC_RELAXED);
}
