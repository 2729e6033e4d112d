/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The worker program of stages whose worker is a symbol of a module:
 *
 *   mpipe-worker-host FILE SYMBOL
 *
 * SYMBOL is the name of a function like MpipeTaskFunc or, when it ends in `_get_type`, of one that gives the
 * type of a subclass of MpipeWorker. */

#include "config.h"

#include <gmodule.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/worker/mpipe-init.h"

#define TYPE_SYMBOL_SUFFIX "_get_type"

/* A worker whose task is a function of the module; without one, why there is none. */
#define HOST_TYPE_WORKER (host_worker_get_type ())
G_DECLARE_FINAL_TYPE (HostWorker, host_worker, HOST, WORKER, MpipeWorker)

struct _HostWorker
{
  MpipeWorker parent_instance;
  MpipeTaskFunc func;
  char *problem;
};

G_DEFINE_FINAL_TYPE (HostWorker, host_worker, MPIPE_TYPE_WORKER)

static gboolean
host_worker_start (MpipeWorker *worker, GError **error)
{
  HostWorker *self = HOST_WORKER (worker);

  if (self->func != NULL)
    return TRUE;
  g_set_error_literal (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH, self->problem);
  return FALSE;
}

static GVariant *
host_worker_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  return HOST_WORKER (worker)->func (worker, task, NULL, error);
}

static void
host_worker_finalize (GObject *object)
{
  g_free (HOST_WORKER (object)->problem);
  G_OBJECT_CLASS (host_worker_parent_class)->finalize (object);
}

static void
host_worker_class_init (HostWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = host_worker_finalize;
  MPIPE_WORKER_CLASS (klass)->start = host_worker_start;
  MPIPE_WORKER_CLASS (klass)->task = host_worker_task;
}

static void
host_worker_init (HostWorker *self)
{
}

static MpipeWorker *
worker_for_problem (char *problem)
{
  HostWorker *self = g_object_new (HOST_TYPE_WORKER, NULL);

  self->problem = problem;
  return MPIPE_WORKER (self);
}

static MpipeWorker *
worker_for_type (const char *symbol, GType (*get_type) (void))
{
  GType type = get_type ();

  if (!g_type_is_a (type, MPIPE_TYPE_WORKER) || G_TYPE_IS_ABSTRACT (type))
    return worker_for_problem (
        g_strdup_printf ("“%s” gives the type “%s”, which is no worker", symbol,
                         type != G_TYPE_INVALID ? g_type_name (type) : "invalid"));
  return g_object_new (type, NULL);
}

static MpipeWorker *
load_worker (const char *file, const char *symbol)
{
  GModule *module = g_module_open (file, G_MODULE_BIND_LOCAL); /* stays */
  HostWorker *self;
  gpointer address;

  if (module == NULL)
    return worker_for_problem (g_strdup_printf ("cannot load the module: %s", g_module_error ()));
  if (!g_module_symbol (module, symbol, &address) || address == NULL)
    return worker_for_problem (
        g_strdup_printf ("the module “%s” has no symbol “%s”", file, symbol));
  g_module_make_resident (module);
  if (g_str_has_suffix (symbol, TYPE_SYMBOL_SUFFIX))
    return worker_for_type (symbol, (GType (*) (void)) address);
  self = g_object_new (HOST_TYPE_WORKER, NULL);
  self->func = (MpipeTaskFunc) address;
  return MPIPE_WORKER (self);
}

int
main (int argc, char **argv)
{
  g_autoptr (MpipeWorker) worker = NULL;

  if (argc != 3)
    {
      g_printerr ("Usage: %s FILE SYMBOL\n", argv[0]);
      return 2;
    }
  worker = load_worker (argv[1], argv[2]);
  return mpipe_worker_run (worker, argc, argv);
}
