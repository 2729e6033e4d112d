/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What workers of the first and third stage do with a task, in their processes. */

#include "config.h"

#include "workers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "task.h"

#define N_FLOOD_LINES 5000
#define LATER_MS_MAX 3

static void
end_itself (ChaosFault fault)
{
  switch ((int) fault)
    {
    case CHAOS_FLOOD:
      for (int i = 0; i < N_FLOOD_LINES; i++)
        fprintf (stderr, "flood %d\n", i);
      raise (SIGKILL);
      break;
    case CHAOS_KILL:
    case CHAOS_KILL_LATE:
    case CHAOS_KILL_AMID_RESULTS:
      raise (SIGKILL);
      break;
    case CHAOS_EXIT:
      _exit (0);
    case CHAOS_EXIT_LATE:
      _exit (1);
    case CHAOS_CRASH:
      signal (SIGSEGV, SIG_DFL); /* a sanitizer has its own */
      raise (SIGSEGV);
      break;
    case CHAOS_STOP:
      raise (SIGSTOP);
      break;
    case CHAOS_HANG:
      for (;;)
        pause ();
    default:
      break;
    }
}

static guint
get_own_stage (MpipeWorker *worker)
{
  const char *name = mpipe_worker_get_stage_name (worker);

  return strcmp (name, "first") == 0 ? 0 : strcmp (name, "second") == 0 ? 1 : 2;
}

/* Which fault is meant for this stage. */
static ChaosFault
get_own_fault (MpipeWorker *worker, GVariant *task)
{
  ChaosFault fault = chaos_task_get_fault (task);

  return chaos_fault_get_stage (fault) == get_own_stage (worker) ? fault : CHAOS_HARMLESS;
}

/* Returns: what is given for a task that does not end the process; NULL with an error. */
static GVariant *
answer (GVariant *task, ChaosFault fault, GError **error)
{
  if (fault == CHAOS_WRONG_TYPE)
    return g_variant_new_string ("no task");
  if (fault == CHAOS_ERROR)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "No such thing");
      return NULL;
    }
  /* both what came, as it is, and something new */
  return chaos_task_get_index (task) % 2 == 0 ? g_variant_ref (task) : chaos_task_copy (task);
}

static gboolean
check (GVariant *task, GError **error)
{
  if (chaos_task_is_intact (task))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The data have changed on their way");
  return FALSE;
}

static GVariant *
suffer (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  ChaosFault fault = get_own_fault (worker, task);

  if (!check (task, error))
    return NULL;
  if (fault == CHAOS_KILL_AMID_RESULTS)
    for (int i = 0; i < 2; i++)
      if (!mpipe_worker_put_result (worker, task, error))
        return NULL;
  end_itself (fault);
  return answer (task, fault, error);
}

/* Whole arrays */

static void
note_array (gsize length)
{
  static gboolean noted = FALSE;
  int fd;

  if (length < 2 || noted)
    return;
  noted = TRUE;
  fd = g_creat (g_getenv (CHAOS_ARRAY_MARK), 0600); /* at once: it may be killed at any moment */
  if (fd >= 0)
    close (fd);
}

static GVariant *
suffer_arrays (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);

  note_array (n);
  for (gsize i = 0; i < n; i++)
    {
      ChaosFault fault = chaos_number_get_fault (numbers[i]);

      if (!chaos_number_is_intact (numbers[i]))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "The data have changed on their way");
          return NULL;
        }
      if (fault == CHAOS_HARMLESS || chaos_fault_get_stage (fault) != get_own_stage (worker))
        continue;
      end_itself (fault);
      raise (SIGKILL); /* what only a program of its own can do wrong */
    }
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, n, sizeof *numbers);
}

/* Several at a time */

static gboolean
end_cb (gpointer user_data)
{
  g_autoptr (MpipeTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *value = mpipe_task_get_value (task);
  ChaosFault fault = get_own_fault (mpipe_task_get_worker (task), value);
  GVariant *result = answer (value, fault, &error);

  if (result != NULL)
    {
      g_autoptr (GVariant) owned = g_variant_take_ref (result);

      mpipe_task_return_value (task, owned);
    }
  else
    mpipe_task_fail (task, error);
  return G_SOURCE_REMOVE;
}

static void
begin (MpipeWorker *worker, MpipeTask *task, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = mpipe_task_get_value (task);
  ChaosFault fault = get_own_fault (worker, value);

  if (!check (value, &error))
    {
      mpipe_task_fail (task, error);
      return;
    }
  if (fault == CHAOS_KILL_AMID_RESULTS)
    for (int i = 0; i < 2; i++)
      mpipe_task_put_result (task, value, NULL);
  end_itself (fault);
  g_timeout_add (chaos_task_get_index (value) % (LATER_MS_MAX + 1), end_cb, g_object_ref (task));
}

void
chaos_workers_register (void)
{
  mpipe_worker_register_func (CHAOS_WORKER, suffer, NULL, NULL);
  mpipe_worker_register_array_func (CHAOS_ARRAY_WORKER, suffer_arrays, NULL, NULL);
  mpipe_worker_register_begin_func (CHAOS_LATER_WORKER, begin, NULL, NULL);
}
