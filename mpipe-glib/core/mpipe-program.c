/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-program-private.h"

static GMutex lock;
static GHashTable *worker_names; /* a set; lives as long as the program */
static gboolean initialised;

void
mpipe_program_add_worker (const char *name)
{
  g_mutex_lock (&lock);
  if (worker_names == NULL)
    worker_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (worker_names, g_strdup (name));
  g_mutex_unlock (&lock);
}

gboolean
mpipe_program_has_worker (const char *name)
{
  gboolean found;

  g_mutex_lock (&lock);
  found = worker_names != NULL && g_hash_table_contains (worker_names, name);
  g_mutex_unlock (&lock);
  return found;
}

void
mpipe_program_set_initialised (void)
{
  g_atomic_int_set (&initialised, TRUE);
}

gboolean
mpipe_program_is_initialised (void)
{
  return g_atomic_int_get (&initialised);
}
