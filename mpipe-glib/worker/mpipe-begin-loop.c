/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The working part of a worker's life where tasks end later: instead of one task after the other, what the worker
 * started in its main context. Frames are read in a source of that context; tasks are begun between its
 * iterations, in the order of their numbers, as many as may be open. Those beyond wait here: they can still be
 * taken back, or cancelled.
 *
 * The worker's main thread only; but answers may come from any (mpipe-open-tasks.c). */

#include "config.h"

#include "mpipe-glib/worker/mpipe-begin-loop-private.h"

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/worker/mpipe-open-tasks-private.h"
#include "mpipe-glib/worker/mpipe-task-private.h"

typedef struct
{
  const MpipeBeginLoopParts *parts;
  GMainContext *context;
  MpipeOpenTasks *open_tasks;
  GQueue waiting;        /* of WaitingTask, in the order of their numbers */
  gboolean stop_received; /* no task may come behind it */
  gboolean stop_begun;   /* the last task; when it has ended all is done */
  gboolean channel_over; /* ended, or useless: `error` says why */
  GError *error;
} BeginLoop;

typedef struct
{
  guint64 sequence;
  gboolean is_stop;
  MpipeFrameHeader header;
  MpipePayload payload;
  GUnixFDList *fds; /* owned; NULL for none */
  GError *refusal; /* why there is no payload; NULL */
} WaitingTask;

static void
waiting_task_free (gpointer data)
{
  WaitingTask *task = data;

  if (!task->is_stop)
    mpipe_payload_clear (&task->payload);
  g_clear_object (&task->fds);
  g_clear_error (&task->refusal);
  g_free (task);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WaitingTask, waiting_task_free)

/* Incoming */

static gboolean
add_waiting (BeginLoop *self, const MpipeFrame *frame, GError **error)
{
  g_autoptr (WaitingTask) task = g_new0 (WaitingTask, 1);
  guint16 type = mpipe_type_map_translate (self->parts->incoming, frame->header.type);

  task->sequence = frame->header.sequence;
  task->is_stop = frame->header.kind == MPIPE_FRAME_STOP;
  task->header = frame->header;
  task->fds = mpipe_channel_take_fds (self->parts->receiving);
  if (!task->is_stop
      && !mpipe_loans_open (self->parts->loans, frame, type, &task->payload, error))
    return FALSE;
  self->stop_received = task->is_stop;
  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  return TRUE;
}

/* One for which there was no memory. Takes @refusal over. */
static void
add_refused (BeginLoop *self, guint64 sequence, GError *refusal)
{
  WaitingTask *task = g_new0 (WaitingTask, 1);

  task->sequence = sequence;
  task->refusal = refusal;
  g_queue_push_tail (&self->waiting, task);
}

static gboolean
refuse (const MpipeFrame *frame, GError **error)
{
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "received an unexpected %s frame",
               mpipe_frame_kind_to_string (frame->header.kind));
  return FALSE;
}

/* One that waits has failed before it was begun; one that has ended meanwhile was not cancelled in time. */
static void
cancel (BeginLoop *self, guint64 sequence)
{
  g_autoptr (GError) reason = NULL;

  if (mpipe_open_tasks_cancel (self->open_tasks, sequence))
    return;
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      WaitingTask *task = link->data;

      if (task->sequence != sequence || task->is_stop)
        continue;
      g_queue_delete_link (&self->waiting, link);
      waiting_task_free (task);
      reason = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the task was cancelled");
      mpipe_outbox_add_failure (self->parts->outbox, sequence, reason);
      return;
    }
}

static gboolean
handle_frame (BeginLoop *self, const MpipeFrame *frame, GError **error)
{
  switch (frame->header.kind)
    {
    case MPIPE_FRAME_TASK:
    case MPIPE_FRAME_STOP:
      return self->stop_received ? refuse (frame, error) : add_waiting (self, frame, error);
    case MPIPE_FRAME_TYPE:
      return mpipe_type_map_learn (self->parts->incoming, frame, error);
    case MPIPE_FRAME_CANCEL:
      cancel (self, frame->header.sequence);
      return TRUE;
    default:
      return refuse (frame, error);
    }
}

/* Handles the whole frames that are there. */
static void
handle_frames (BeginLoop *self)
{
  MpipeFrame frame;

  for (;;)
    switch (mpipe_channel_next (self->parts->receiving, &frame, &self->error))
      {
      case MPIPE_CHANNEL_OK:
        if (handle_frame (self, &frame, &self->error))
          continue;
        self->channel_over = TRUE;
        return;
      case MPIPE_CHANNEL_WOULD_BLOCK:
        return;
      case MPIPE_CHANNEL_END:
      case MPIPE_CHANNEL_CHOKED:
      case MPIPE_CHANNEL_FAILED:
      default:
        self->channel_over = TRUE;
        return;
      }
}

/* A task for which there is no memory will fail, and the worker goes on. */
static void
handle_receive_error (BeginLoop *self)
{
  MpipeFrameHeader header;

  if (g_error_matches (self->error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE)
      && mpipe_channel_skip (self->parts->receiving, &header) && header.kind == MPIPE_FRAME_TASK)
    add_refused (self, header.sequence, g_steal_pointer (&self->error));
  else
    self->channel_over = TRUE;
}

static gboolean
readable_cb (GObject *stream, gpointer user_data)
{
  BeginLoop *self = user_data;

  switch (mpipe_channel_receive (self->parts->receiving, &self->error))
    {
    case MPIPE_CHANNEL_OK:
      handle_frames (self);
      break;
    case MPIPE_CHANNEL_WOULD_BLOCK:
      break;
    case MPIPE_CHANNEL_FAILED:
      handle_receive_error (self);
      break;
    case MPIPE_CHANNEL_END:
    case MPIPE_CHANNEL_CHOKED:
    default:
      self->channel_over = TRUE;
    }
  return self->channel_over ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* Tasks that begin */

/* What comes from the channel was passed on from another worker as it was: it is checked here. */
static GVariant *
open_value (BeginLoop *self, const WaitingTask *waiting, GError **error)
{
  int n_fds = waiting->fds != NULL ? g_unix_fd_list_get_length (waiting->fds) : 0;

  if (waiting->refusal != NULL)
    {
      g_propagate_error (error, g_error_copy (waiting->refusal));
      return NULL;
    }
  if (waiting->payload.type == 0)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "The task is of type number %u, which was not named", waiting->header.type);
      return NULL;
    }
  if (!mpipe_frame_check_fds (&waiting->header, (guint) n_fds, error))
    return NULL;
  return mpipe_payload_to_variant_with_handles (&waiting->payload, self->parts->types, n_fds,
                                                error);
}

static void
hand_over (BeginLoop *self, const WaitingTask *waiting, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MpipeTask) task = NULL;

  if (!waiting->is_stop)
    value = open_value (self, waiting, &error);
  task = mpipe_task_new (self->parts->worker, self->open_tasks, waiting->sequence, cancellable,
                         value);
  mpipe_task_set_fd_list (task, waiting->fds);
  if (error != NULL)
    mpipe_task_fail (task, error);
  else
    mpipe_worker_begin (self->parts->worker, task);
}

static gboolean
begin (BeginLoop *self, const WaitingTask *waiting)
{
  g_autoptr (GCancellable) cancellable = NULL;

  if (waiting->is_stop)
    self->stop_begun = TRUE;
  if (waiting->is_stop && !self->parts->setup->do_stop_task)
    {
      mpipe_outbox_add (self->parts->outbox, MPIPE_FRAME_DONE, waiting->sequence);
      return TRUE;
    }
  cancellable = g_cancellable_new ();
  if (mpipe_open_tasks_begin (self->open_tasks, waiting->sequence, cancellable, &self->error))
    hand_over (self, waiting, cancellable);
  return self->error == NULL;
}

/* The stop comes after everything else has ended. */
static gboolean
may_begin (BeginLoop *self)
{
  const WaitingTask *first = g_queue_peek_head (&self->waiting);
  guint n_open;

  if (first == NULL || self->channel_over)
    return FALSE;
  n_open = mpipe_open_tasks_get_n (self->open_tasks);
  return first->is_stop ? n_open == 0 : n_open < self->parts->setup->concurrency;
}

static gboolean
begin_waiting (BeginLoop *self)
{
  while (may_begin (self))
    {
      g_autoptr (WaitingTask) waiting = g_queue_pop_head (&self->waiting);

      if (!begin (self, waiting))
        return FALSE;
    }
  return TRUE;
}

/* Answers leave also when nothing useful comes any more, which is why the loop ends then. */
static gboolean
flush (BeginLoop *self)
{
  return mpipe_outbox_flush (self->parts->outbox, self->error == NULL ? &self->error : NULL);
}

/* Returns: whether the worker was stopped, and has ended everything. */
static gboolean
work (BeginLoop *self)
{
  handle_frames (self); /* what came with the last thing that was read */
  while (begin_waiting (self) && flush (self))
    {
      if (self->stop_begun && mpipe_open_tasks_get_n (self->open_tasks) == 0)
        return TRUE;
      if (self->channel_over)
        return FALSE;
      g_main_context_iteration (self->context, TRUE);
    }
  return FALSE;
}

static GSource *
attach_channel (BeginLoop *self)
{
  GSource *source = mpipe_channel_create_source (self->parts->receiving, G_IO_IN);

  g_source_set_static_name (source, "[mpipe] tasks from the pipeline");
  g_source_set_can_recurse (source, FALSE);
  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (source, self->context);
  return source;
}

/* Begins and ends tasks until the worker is told to stop. Returns: whether it was; FALSE without an error when
 * the channel has ended. */
gboolean
mpipe_begin_loop_run (const MpipeBeginLoopParts *parts, GError **error)
{
  BeginLoop self = { .parts = parts, .waiting = G_QUEUE_INIT };
  const MpipeOpenTasksOptions options = {
    .several = parts->setup->concurrency > 1,
    .disable_result = parts->setup->disable_result,
  };
  GSource *source;
  gboolean stopped;

  self.context = g_main_context_ref_thread_default ();
  self.open_tasks = mpipe_open_tasks_new (parts->outbox, parts->page, self.context, &options);
  mpipe_channel_set_blocking (parts->receiving, FALSE);
  source = attach_channel (&self);
  stopped = work (&self);
  g_source_destroy (source);
  g_source_unref (source);
  mpipe_open_tasks_close (self.open_tasks);
  mpipe_open_tasks_unref (self.open_tasks);
  g_queue_clear_full (&self.waiting, waiting_task_free);
  g_main_context_unref (self.context);
  if (self.error != NULL)
    g_propagate_error (error, self.error);
  return stopped;
}
