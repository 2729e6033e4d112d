/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker program. */

#include <mpipe-glib.h>

#define TYPE_TRIPLER (tripler_get_type ())
G_DECLARE_FINAL_TYPE (Tripler, tripler, TEST, TRIPLER, MpipeWorker)

struct _Tripler
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (Tripler, tripler, MPIPE_TYPE_WORKER)

static GVariant *
tripler_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  return g_variant_new_int64 (3 * g_variant_get_int64 (task));
}

static void
tripler_class_init (TriplerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task = tripler_task;
}

static void
tripler_init (Tripler *self)
{
}

int
main (int argc, char **argv)
{
  g_autoptr (MpipeWorker) worker = g_object_new (TYPE_TRIPLER, NULL);

  return mpipe_worker_run (worker, argc, argv);
}
