/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The workers that this program can become, by name. Any thread. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-registry-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/worker/mpipe-func-worker-private.h"

typedef struct
{
  GType type; /* G_TYPE_INVALID for a function, one of these: */
  MpipeTaskFunc func;
  MpipeArrayFunc array_func;
  MpipeBeginFunc begin_func;
  gpointer user_data;
  GDestroyNotify notify;
} Registration;

static GMutex lock;
static GHashTable *registrations; /* name → Registration; lives as long as the program */

static void
registration_free (gpointer data)
{
  Registration *registration = data;

  if (registration->notify != NULL)
    registration->notify (registration->user_data);
  g_free (registration);
}

static void
add (const char *name, Registration registration)
{
  g_mutex_lock (&lock);
  if (registrations == NULL)
    registrations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, registration_free);
  g_hash_table_replace (registrations, g_strdup (name),
                        g_memdup2 (&registration, sizeof registration));
  g_mutex_unlock (&lock);
  mpipe_program_add_worker (name);
}

/**
 * mpipe_worker_register:
 * @worker_type: a subclass of [class@Mpipe.Worker] that is not abstract
 *
 * Makes a class known as a worker, under the name of its type.
 *
 * Everything is registered before [func@Mpipe.init] is called, since in a worker process that function
 * is where the worker runs. Registering a name again replaces what was there.
 *
 * Since: 1.0
 */
void
mpipe_worker_register (GType worker_type)
{
  g_return_if_fail (g_type_is_a (worker_type, MPIPE_TYPE_WORKER));
  g_return_if_fail (!G_TYPE_IS_ABSTRACT (worker_type));
  g_return_if_fail (!mpipe_program_is_initialised ());

  add (g_type_name (worker_type), (Registration){ .type = worker_type });
}

/**
 * mpipe_worker_register_func:
 * @name: the name that stages refer to; not empty
 * @func: (scope notified) (closure user_data) (destroy notify): does one task
 * @user_data: data for @func
 * @notify: (nullable): frees @user_data when the name is registered anew
 *
 * Makes a function known as a worker.
 *
 * Everything is registered before [func@Mpipe.init] is called, since in a worker process that function
 * is where the worker runs. @user_data is what the program made of it in that process, before that
 * call: nothing is sent there but the tasks and the stage's [property@Mpipe.Stage:parameters].
 *
 * Since: 1.0
 */
void
mpipe_worker_register_func (const char *name, MpipeTaskFunc func, gpointer user_data,
                            GDestroyNotify notify)
{
  g_return_if_fail (name != NULL && name[0] != '\0');
  g_return_if_fail (func != NULL);
  g_return_if_fail (!mpipe_program_is_initialised ());

  add (name, (Registration){
                 .type = G_TYPE_INVALID, .func = func, .user_data = user_data, .notify = notify });
}

/**
 * mpipe_worker_register_array_func:
 * @name: the name that stages refer to; not empty
 * @func: (scope notified) (closure user_data) (destroy notify): does several tasks at once
 * @user_data: data for @func
 * @notify: (nullable): frees @user_data when the name is registered anew
 *
 * Makes a function known as a worker that does several tasks at once.
 *
 * What [func@Mpipe.Worker.register_func] says holds here as well. How tasks come together,
 * [vfunc@Mpipe.Worker.task_array] tells; a task that comes alone is an array of one. With
 * [method@Mpipe.Pipeline.put_array] and [method@Mpipe.Pipeline.get_array] on the other side, numbers cost next to
 * nothing on their way.
 *
 * Since: 1.0
 */
void
mpipe_worker_register_array_func (const char *name, MpipeArrayFunc func, gpointer user_data,
                                  GDestroyNotify notify)
{
  g_return_if_fail (name != NULL && name[0] != '\0');
  g_return_if_fail (func != NULL);
  g_return_if_fail (!mpipe_program_is_initialised ());

  add (name, (Registration){ .type = G_TYPE_INVALID,
                             .array_func = func,
                             .user_data = user_data,
                             .notify = notify });
}

/**
 * mpipe_worker_from_array_func:
 * @func: (scope notified) (closure user_data) (destroy notify): does several tasks at once
 * @user_data: data for @func
 * @notify: (nullable): frees @user_data when the worker is gone
 *
 * Makes a worker of a function that does several tasks at once, for the `main()` of a worker program, which hands it
 * to [method@Mpipe.Worker.run].
 *
 * It is the way for languages that cannot override [vfunc@Mpipe.Worker.task_array]. Programs that are their own workers
 * call [func@Mpipe.Worker.register_array_func] instead.
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
MpipeWorker *
mpipe_worker_from_array_func (MpipeArrayFunc func, gpointer user_data, GDestroyNotify notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return mpipe_array_func_worker_new (func, user_data, notify);
}

/**
 * mpipe_worker_register_begin_func:
 * @name: the name that stages refer to; not empty
 * @func: (scope notified) (closure user_data) (destroy notify): begins one task
 * @user_data: data for @func
 * @notify: (nullable): frees @user_data when the name is registered anew
 *
 * Makes a function known as a worker whose tasks end later than the call that begins them.
 *
 * What [func@Mpipe.Worker.register_func] says holds here as well; what such a worker is for,
 * [class@Mpipe.Task] tells.
 *
 * Since: 1.0
 */
void
mpipe_worker_register_begin_func (const char *name, MpipeBeginFunc func, gpointer user_data,
                                  GDestroyNotify notify)
{
  g_return_if_fail (name != NULL && name[0] != '\0');
  g_return_if_fail (func != NULL);
  g_return_if_fail (!mpipe_program_is_initialised ());

  add (name, (Registration){ .type = G_TYPE_INVALID,
                             .begin_func = func,
                             .user_data = user_data,
                             .notify = notify });
}

/**
 * mpipe_worker_from_begin_func:
 * @func: (scope notified) (closure user_data) (destroy notify): begins one task
 * @user_data: data for @func
 * @notify: (nullable): frees @user_data when the worker is gone
 *
 * Makes a worker of a function, for the `main()` of a worker program, which hands it to [method@Mpipe.Worker.run].
 *
 * It is the way for languages that cannot override [vfunc@Mpipe.Worker.begin]. Programs that are their own workers
 * call [func@Mpipe.Worker.register_begin_func] instead.
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
MpipeWorker *
mpipe_worker_from_begin_func (MpipeBeginFunc func, gpointer user_data, GDestroyNotify notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return mpipe_begin_func_worker_new (func, user_data, notify);
}

/* Returns: (transfer full) (nullable): a new worker */
MpipeWorker *
mpipe_registry_create (const char *name, GError **error)
{
  Registration registration = { G_TYPE_INVALID };
  const Registration *found = NULL;

  g_mutex_lock (&lock);
  if (registrations != NULL && name != NULL)
    found = g_hash_table_lookup (registrations, name);
  if (found != NULL)
    registration = *found;
  g_mutex_unlock (&lock);

  if (found == NULL)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "no worker “%s” is registered",
                   name != NULL ? name : "");
      return NULL;
    }
  if (registration.func != NULL)
    return mpipe_func_worker_new (registration.func, registration.user_data);
  if (registration.array_func != NULL)
    return mpipe_array_func_worker_new (registration.array_func, registration.user_data, NULL);
  if (registration.begin_func != NULL)
    return mpipe_begin_func_worker_new (registration.begin_func, registration.user_data, NULL);
  return g_object_new (registration.type, NULL);
}
