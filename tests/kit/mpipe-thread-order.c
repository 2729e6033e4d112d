/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* ThreadSanitizer sees what compiled code and the C library do. GLib's locks, conditions and reference counts are
 * neither: they are system calls and atomics inside of GLib, and whatever they guard looks like a race. These functions
 * are found before GLib's own; they do the same, and say what it means for the order of things. So nothing of the
 * library has to be excused, and a lock that is missing is seen.
 *
 * Linked into tests when they are compiled for ThreadSanitizer. */

#include "config.h"

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <gio/gio.h>

/* GLib has macros of these names that spare a type check. */
#undef g_object_ref
#undef g_object_unref
#undef g_atomic_ref_count_dec

/* The function that would have been called. Looked up each time: a static variable would be a race of its own. */
#define NEXT(name) ((__typeof__ (name) *) dlsym (RTLD_NEXT, #name))

/* What was done before by others that have left this object comes before what is done now, and so on. */
static void
pass_through (gpointer object)
{
  __tsan_release (object);
  __tsan_acquire (object);
}

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  NEXT (g_mutex_lock) (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  NEXT (g_mutex_unlock) (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

void
g_mutex_clear (GMutex *mutex)
{
  __tsan_mutex_destroy (mutex, 0);
  NEXT (g_mutex_clear) (mutex);
}

/* The mutex is left and taken again inside. */
void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  NEXT (g_cond_wait) (cond, mutex);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean in_time;

  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
  in_time = NEXT (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
  return in_time;
}

gpointer
g_object_ref (gpointer object)
{
  pass_through (object);
  return NEXT (g_object_ref) (object);
}

void
g_object_unref (gpointer object)
{
  pass_through (object);
  NEXT (g_object_unref) (object);
}

void
g_variant_unref (GVariant *value)
{
  pass_through (value);
  NEXT (g_variant_unref) (value);
}

void
g_bytes_unref (GBytes *bytes)
{
  if (bytes != NULL)
    pass_through (bytes);
  NEXT (g_bytes_unref) (bytes);
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean was_last;

  __tsan_release (count);
  was_last = NEXT (g_atomic_ref_count_dec) (count);
  __tsan_acquire (count);
  return was_last;
}

gboolean
g_cancellable_is_cancelled (GCancellable *cancellable)
{
  gboolean cancelled = NEXT (g_cancellable_is_cancelled) (cancellable);

  if (cancellable != NULL)
    pass_through (cancellable);
  return cancelled;
}

void
g_cancellable_cancel (GCancellable *cancellable)
{
  if (cancellable != NULL)
    pass_through (cancellable);
  NEXT (g_cancellable_cancel) (cancellable);
}

/* A handler that runs in another thread has ended when this returns. */
void
g_cancellable_disconnect (GCancellable *cancellable, gulong handler)
{
  NEXT (g_cancellable_disconnect) (cancellable, handler);
  if (cancellable != NULL)
    pass_through (cancellable);
}

/* A source is dispatched after it was attached, by whichever thread. */
guint
g_source_attach (GSource *source, GMainContext *context)
{
  if (context != NULL)
    pass_through (context);
  return NEXT (g_source_attach) (source, context);
}

gboolean
g_main_context_iteration (GMainContext *context, gboolean may_block)
{
  if (context != NULL)
    pass_through (context);
  return NEXT (g_main_context_iteration) (context, may_block);
}
