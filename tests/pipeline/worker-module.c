/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A module with workers, as a plug-in would have them. */

#include <gmodule.h>
#include <mpipe-glib.h>

G_MODULE_EXPORT GVariant *module_double (MpipeWorker *worker, GVariant *task, gpointer user_data,
                                         GError **error);
G_MODULE_EXPORT GType module_doubler_get_type (void);
G_MODULE_EXPORT GType not_a_worker_get_type (void);

GVariant *
module_double (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (2 * g_variant_get_int64 (task));
}

typedef struct
{
  MpipeWorker parent_instance;
} ModuleDoubler;

typedef struct
{
  MpipeWorkerClass parent_class;
} ModuleDoublerClass;

G_DEFINE_TYPE (ModuleDoubler, module_doubler, MPIPE_TYPE_WORKER)

static GVariant *
module_doubler_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  return module_double (worker, task, NULL, error);
}

static void
module_doubler_class_init (ModuleDoublerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task = module_doubler_task;
}

static void
module_doubler_init (ModuleDoubler *self)
{
}

GType
not_a_worker_get_type (void)
{
  return G_TYPE_OBJECT;
}
