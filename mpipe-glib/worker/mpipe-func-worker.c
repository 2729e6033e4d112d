/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Workers that are functions: one that does a task, one that does several, or one that begins a task. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-func-worker-private.h"

struct _MpipeFuncWorker
{
  MpipeWorker parent_instance;
  MpipeTaskFunc func;
  gpointer user_data; /* owned by the registry */
};

G_DEFINE_FINAL_TYPE (MpipeFuncWorker, mpipe_func_worker, MPIPE_TYPE_WORKER)

static GVariant *
mpipe_func_worker_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  MpipeFuncWorker *self = MPIPE_FUNC_WORKER (worker);

  return self->func (worker, task, self->user_data, error);
}

static void
mpipe_func_worker_class_init (MpipeFuncWorkerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task = mpipe_func_worker_task;
}

static void
mpipe_func_worker_init (MpipeFuncWorker *self)
{
}

MpipeWorker *
mpipe_func_worker_new (MpipeTaskFunc func, gpointer user_data)
{
  MpipeFuncWorker *self = g_object_new (MPIPE_TYPE_FUNC_WORKER, NULL);

  self->func = func;
  self->user_data = user_data;
  return MPIPE_WORKER (self);
}

/* The one that does several tasks at once */

struct _MpipeArrayFuncWorker
{
  MpipeWorker parent_instance;
  MpipeArrayFunc func;
  gpointer user_data;
  GDestroyNotify notify; /* NULL where the registry owns the data */
};

G_DEFINE_FINAL_TYPE (MpipeArrayFuncWorker, mpipe_array_func_worker, MPIPE_TYPE_WORKER)

static GVariant *
mpipe_array_func_worker_task_array (MpipeWorker *worker, GVariant *tasks, GError **error)
{
  MpipeArrayFuncWorker *self = MPIPE_ARRAY_FUNC_WORKER (worker);

  return self->func (worker, tasks, self->user_data, error);
}

static void
mpipe_array_func_worker_finalize (GObject *object)
{
  MpipeArrayFuncWorker *self = MPIPE_ARRAY_FUNC_WORKER (object);

  if (self->notify != NULL)
    self->notify (self->user_data);
  G_OBJECT_CLASS (mpipe_array_func_worker_parent_class)->finalize (object);
}

static void
mpipe_array_func_worker_class_init (MpipeArrayFuncWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mpipe_array_func_worker_finalize;
  MPIPE_WORKER_CLASS (klass)->task_array = mpipe_array_func_worker_task_array;
}

static void
mpipe_array_func_worker_init (MpipeArrayFuncWorker *self)
{
}

MpipeWorker *
mpipe_array_func_worker_new (MpipeArrayFunc func, gpointer user_data, GDestroyNotify notify)
{
  MpipeArrayFuncWorker *self = g_object_new (MPIPE_TYPE_ARRAY_FUNC_WORKER, NULL);

  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  return MPIPE_WORKER (self);
}

/* The one that begins tasks */

struct _MpipeBeginFuncWorker
{
  MpipeWorker parent_instance;
  MpipeBeginFunc func;
  gpointer user_data;
  GDestroyNotify notify; /* NULL where the registry owns the data */
};

G_DEFINE_FINAL_TYPE (MpipeBeginFuncWorker, mpipe_begin_func_worker, MPIPE_TYPE_WORKER)

static void
mpipe_begin_func_worker_begin (MpipeWorker *worker, MpipeTask *task)
{
  MpipeBeginFuncWorker *self = MPIPE_BEGIN_FUNC_WORKER (worker);

  self->func (worker, task, self->user_data);
}

static void
mpipe_begin_func_worker_finalize (GObject *object)
{
  MpipeBeginFuncWorker *self = MPIPE_BEGIN_FUNC_WORKER (object);

  if (self->notify != NULL)
    self->notify (self->user_data);
  G_OBJECT_CLASS (mpipe_begin_func_worker_parent_class)->finalize (object);
}

static void
mpipe_begin_func_worker_class_init (MpipeBeginFuncWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mpipe_begin_func_worker_finalize;
  MPIPE_WORKER_CLASS (klass)->begin = mpipe_begin_func_worker_begin;
}

static void
mpipe_begin_func_worker_init (MpipeBeginFuncWorker *self)
{
}

MpipeWorker *
mpipe_begin_func_worker_new (MpipeBeginFunc func, gpointer user_data, GDestroyNotify notify)
{
  MpipeBeginFuncWorker *self = g_object_new (MPIPE_TYPE_BEGIN_FUNC_WORKER, NULL);

  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  return MPIPE_WORKER (self);
}
