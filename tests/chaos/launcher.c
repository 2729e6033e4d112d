/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The lock is held while a process is started, so that descriptors are short before that or not at all: GLib does not
 * survive it when they get short in the midst. */

#include "config.h"

#include "launcher.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mpipe-func-launcher.h"

#define EXHAUSTION_US 30000
#define EXHAUSTION_FAILURES 3
#define DESCRIPTORS_MAX 4096 /* numbers that are looked at */

typedef struct
{
  MpipeLauncher *real;
  GMutex lock;
  GCond failed; /* signalled with the lock held */
  guint n_to_refuse;
  guint n_to_mislead;
  ChaosLaunches launches;
} ChaosLauncher;

static gboolean
check (gpointer user_data, const MpipeLaunchSpec *spec, GError **error)
{
  ChaosLauncher *self = user_data;

  return mpipe_launcher_check (self->real, spec, error);
}

static MpipeChild *
launch_or_not (ChaosLauncher *self, const MpipeLaunchSpec *spec, GIOStream **out_stream,
               MpipeLaunchMemory *memory, GError **error)
{
  static const char *const nothing[] = { "/nonexistent/worker", NULL };
  MpipeLaunchSpec misled = *spec;

  if (self->n_to_refuse > 0)
    {
      self->n_to_refuse--;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "there is no process to be had");
      return NULL;
    }
  if (self->n_to_mislead > 0)
    {
      self->n_to_mislead--;
      misled.worker_name = NULL;
      misled.command = nothing;
    }
  return mpipe_launcher_launch (self->real, &misled, out_stream, memory, error);
}

static MpipeChild *
launch (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
        MpipeLaunchMemory *memory, GError **error)
{
  ChaosLauncher *self = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  MpipeChild *child = launch_or_not (self, spec, out_stream, memory, error);

  if (child != NULL)
    self->launches.n_launches++;
  else
    {
      self->launches.n_failed++;
      g_cond_signal (&self->failed);
    }
  return child;
}

static void
chaos_launcher_free (gpointer data)
{
  ChaosLauncher *self = data;

  g_object_unref (self->real);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->failed);
  g_free (self);
}

static const MpipeFuncLauncherFuncs launcher_funcs = {
  .has_sandbox = TRUE,
  .check = check,
  .launch = launch,
};

MpipeLauncher *
chaos_launcher_new (void)
{
  ChaosLauncher *self = g_new0 (ChaosLauncher, 1);

  self->real = mpipe_subprocess_launcher_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->failed);
  return mpipe_func_launcher_new (&launcher_funcs, self, chaos_launcher_free);
}

void
chaos_launcher_refuse (MpipeLauncher *launcher, guint n)
{
  ChaosLauncher *self = mpipe_func_launcher_get_user_data (launcher);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->n_to_refuse = n;
}

void
chaos_launcher_mislead (MpipeLauncher *launcher, guint n)
{
  ChaosLauncher *self = mpipe_func_launcher_get_user_data (launcher);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->n_to_mislead = n;
}

static int
find_highest_descriptor (int limit)
{
  int highest = limit - 1;

  while (fcntl (highest, F_GETFD) < 0)
    highest--;
  return highest;
}

static void
close_last (GArray *descriptors, guint n)
{
  for (n = MIN (n, descriptors->len); n > 0; n--)
    {
      close (g_array_index (descriptors, int, descriptors->len - 1));
      g_array_set_size (descriptors, descriptors->len - 1);
    }
}

/* Takes all descriptors but @n_left; the limit is lowered first, but not below any that is open. */
static void
take_descriptors (GArray *taken, const struct rlimit *usual, guint n_left)
{
  struct rlimit tight = *usual;
  int fd;

  tight.rlim_cur
      = MIN ((rlim_t) find_highest_descriptor (DESCRIPTORS_MAX) + 1 + n_left, usual->rlim_cur);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &tight));
  while ((fd = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
    g_array_append_val (taken, fd);
  close_last (taken, n_left);
}

void
chaos_launcher_exhaust (MpipeLauncher *launcher, guint n_left)
{
  ChaosLauncher *self = mpipe_func_launcher_get_user_data (launcher);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  gint64 end = g_get_monotonic_time () + EXHAUSTION_US;
  guint enough = self->launches.n_failed + EXHAUSTION_FAILURES;
  struct rlimit usual;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &usual));
  take_descriptors (taken, &usual, n_left);
  while (self->launches.n_failed < enough && g_cond_wait_until (&self->failed, &self->lock, end))
    ;
  close_last (taken, taken->len);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &usual));
}

ChaosLaunches
chaos_launcher_get_launches (MpipeLauncher *launcher)
{
  ChaosLauncher *self = mpipe_func_launcher_get_user_data (launcher);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->launches;
}
