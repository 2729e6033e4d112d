/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-thread-launcher.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-func-launcher.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/worker/mpipe-registry-private.h"
#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

/* The child: a thread that ends when its worker does. */

#define TEST_TYPE_THREAD_CHILD (test_thread_child_get_type ())
G_DECLARE_FINAL_TYPE (TestThreadChild, test_thread_child, TEST, THREAD_CHILD, MpipeChild)

struct _TestThreadChild
{
  MpipeChild parent_instance;
  MpipeWorkerLoop *loop; /* of the thread */
  GThread *thread;
  GMutex lock;
  gboolean ended;
  gboolean in_order;
  GTask *waiting;
};

G_DEFINE_FINAL_TYPE (TestThreadChild, test_thread_child, MPIPE_TYPE_CHILD)

static gpointer
worker_thread (gpointer data)
{
  g_autoptr (TestThreadChild) self = data;
  g_autoptr (GError) error = NULL;
  const MpipeWorkerSetup *setup = mpipe_worker_loop_greet (self->loop, &error);
  g_autoptr (MpipeWorker) worker
      = setup != NULL ? mpipe_registry_create (setup->worker_name, &error) : NULL;
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean in_order = FALSE;

  g_main_context_push_thread_default (context);
  if (worker != NULL)
    in_order = mpipe_worker_loop_run (self->loop, worker, &error);
  else if (setup != NULL)
    mpipe_worker_loop_refuse (self->loop, error);
  g_main_context_pop_thread_default (context);
  g_clear_object (&worker);
  g_clear_pointer (&self->loop, mpipe_worker_loop_free);

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  self->in_order = in_order;
  if (self->waiting != NULL)
    g_task_return_boolean (self->waiting, TRUE);
  g_clear_object (&self->waiting);
  g_mutex_unlock (&self->lock);
  return NULL;
}

static int
test_thread_child_get_pid (MpipeChild *child)
{
  return 0;
}

static void
test_thread_child_kill (MpipeChild *child)
{
  g_error ("a worker thread does not end although its channel has");
}

static void
test_thread_child_wait_async (MpipeChild *child, GAsyncReadyCallback callback, gpointer user_data)
{
  TestThreadChild *self = TEST_THREAD_CHILD (child);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_mutex_lock (&self->lock);
  if (self->ended)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  else
    self->waiting = task;
  g_mutex_unlock (&self->lock);
}

static char *
test_thread_child_wait_finish (MpipeChild *child, GAsyncResult *result)
{
  TestThreadChild *self = TEST_THREAD_CHILD (child);

  g_task_propagate_boolean (G_TASK (result), NULL);
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
  return g_strdup (self->in_order ? "ended in order" : "ended");
}

static void
test_thread_child_finalize (GObject *object)
{
  TestThreadChild *self = TEST_THREAD_CHILD (object);

  if (self->thread != NULL)
    g_thread_unref (self->thread);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (test_thread_child_parent_class)->finalize (object);
}

static void
test_thread_child_class_init (TestThreadChildClass *klass)
{
  MpipeChildClass *child_class = MPIPE_CHILD_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_thread_child_finalize;
  child_class->get_pid = test_thread_child_get_pid;
  child_class->kill = test_thread_child_kill;
  child_class->wait_async = test_thread_child_wait_async;
  child_class->wait_finish = test_thread_child_wait_finish;
}

static void
test_thread_child_init (TestThreadChild *self)
{
  g_mutex_init (&self->lock);
}

/* The launcher */

static gboolean
check (gpointer user_data, const MpipeLaunchSpec *spec, GError **error)
{
  if (spec->worker_name != NULL && mpipe_program_has_worker (spec->worker_name))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "No such worker");
  return FALSE;
}

static GIOStream *
stream_for (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
share_memory (MpipeWorkerLoop *loop, MpipeArena *arena, MpipeLaunchMemory *memory)
{
  g_autoptr (GError) error = NULL;
  MpipeArenaView *view;
  MpipeTray *tray;

  memory->arena = mpipe_arena_ref (arena);
  view = mpipe_arena_view_new_for_fd (mpipe_arena_dup_fd (arena, NULL), &error);
  g_assert_no_error (error);
  memory->tray = mpipe_tray_new (&error);
  g_assert_no_error (error);
  tray = mpipe_tray_new_for_fd (mpipe_tray_dup_fd (memory->tray, NULL), &error);
  g_assert_no_error (error);
  mpipe_worker_loop_share_memory (loop, view, tray);
}

static MpipeChild *
launch (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
        MpipeLaunchMemory *out_memory, GError **error)
{
  gboolean with_page = GPOINTER_TO_INT (user_data);
  TestThreadChild *child = g_object_new (TEST_TYPE_THREAD_CHILD, NULL);
  g_autoptr (GIOStream) theirs = NULL;
  MpipePage *their_page = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  if (with_page)
    {
      out_memory->page = mpipe_page_new (NULL);
      their_page = mpipe_page_new_for_fd (mpipe_page_dup_fd (out_memory->page, NULL), NULL);
    }
  *out_stream = stream_for (fds[0]);
  theirs = stream_for (fds[1]);
  child->loop = mpipe_worker_loop_new (theirs, their_page);
  if (with_page && spec->arena != NULL)
    share_memory (child->loop, spec->arena, out_memory);
  child->thread = g_thread_new ("test-worker", worker_thread, g_object_ref (child));
  return MPIPE_CHILD (child);
}

static const MpipeFuncLauncherFuncs launcher_funcs = {
  .check = check,
  .launch = launch,
};

MpipeLauncher *
mpipe_thread_launcher_new (gboolean with_page)
{
  return mpipe_func_launcher_new (&launcher_funcs, GINT_TO_POINTER (with_page), NULL);
}
