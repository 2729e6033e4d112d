/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a worker is told, and what it can be told. It leaves with the next flush. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-worker-process-private.h"

#include <gio/gunixfdlist.h>

G_STATIC_ASSERT (MPIPE_PAYLOAD_FDS_MAX == MPIPE_TASK_FDS_MAX);

/* Whether descriptors can be sent with a task. */
gboolean
mpipe_worker_process_takes_fds (MpipeWorkerProcess *self)
{
  return (self->features & MPIPE_FEATURE_FDS) != 0 && mpipe_channel_carries_fds (self->channel);
}

/* Whether tasks that are numbers can be sent many at once. */
gboolean
mpipe_worker_process_takes_rows (MpipeWorkerProcess *self)
{
  const guint needed = MPIPE_FEATURE_ROWS | MPIPE_FEATURE_PAGE;

  return (self->features & needed) == needed && self->page != NULL
         && (self->features & MPIPE_FEATURE_CONCURRENT) == 0;
}

/* Whether the worker may do those in one go. */
gboolean
mpipe_worker_process_does_arrays (MpipeWorkerProcess *self)
{
  return (self->features & MPIPE_FEATURE_ARRAYS) != 0;
}

/* Queues tasks with numbers from @first on, to a worker that takes them so; they may go together with those before
 * them. Returns: FALSE when their values are no numbers */
gboolean
mpipe_worker_process_send_row (MpipeWorkerProcess *self, guint64 first, const MpipePayload *tasks)
{
  const MpipeTypeEntry *type = mpipe_type_table_get (self->types, tasks->type);
  MpipeFrameHeader header = {
    .kind = MPIPE_FRAME_TASKS,
    .type = tasks->type,
    .sequence = first,
    .size = tasks->size,
  };

  if (mpipe_frame_count_row (&header, type) == 0)
    return FALSE;
  g_assert (self->state == MPIPE_WORKER_PROCESS_READY);
  mpipe_type_map_announce (self->type_map, self->channel, tasks->type);
  mpipe_channel_send_row (self->channel, &header, type->unit, mpipe_payload_get_data (tasks),
                          mpipe_payload_get_buffer (tasks));
  return TRUE;
}

/* Queues a task, with its descriptors or NULL; the value may move to where the worker can read it. It leaves with the
 * next flush. */
void
mpipe_worker_process_send_task (MpipeWorkerProcess *self, guint64 sequence, MpipePayload *task,
                                GUnixFDList *fds)
{
  MpipeSharedPlace place;
  MpipeFrameHeader header = {
    .kind = MPIPE_FRAME_TASK,
    .type = task->type,
    .sequence = sequence,
    .size = task->size,
  };

  g_assert (self->state == MPIPE_WORKER_PROCESS_READY);
  mpipe_type_map_announce (self->type_map, self->channel, task->type);
  if (fds != NULL)
    {
      header.flags = (guint8) (g_unix_fd_list_get_length (fds) << MPIPE_FRAME_FDS_SHIFT);
      mpipe_channel_attach_fds (self->channel, fds);
    }
  if (mpipe_worker_memory_lend (self->memory, sequence,
                                (self->features & MPIPE_FEATURE_SHARED) != 0, task, &place))
    {
      header.flags |= MPIPE_FRAME_FLAG_SHARED;
      header.size = sizeof place;
      mpipe_channel_send (self->channel, &header, &place, NULL);
    }
  else
    mpipe_channel_send (self->channel, &header, mpipe_payload_get_data (task),
                        mpipe_payload_get_buffer (task));
}

/* Tells the worker to stop after what it was sent; its last answer will have this number. */
void
mpipe_worker_process_send_stop (MpipeWorkerProcess *self, guint64 sequence)
{
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_STOP, .sequence = sequence };

  mpipe_worker_process_begin_stopping (self);
  mpipe_channel_send (self->channel, &header, NULL, NULL);
}

/* Whether the worker can be told to give up a single task. */
gboolean
mpipe_worker_process_can_cancel (MpipeWorkerProcess *self)
{
  return (self->features & MPIPE_FEATURE_CANCEL) != 0
         && (self->state == MPIPE_WORKER_PROCESS_READY
             || self->state == MPIPE_WORKER_PROCESS_STOPPING);
}

/* Asks the worker to end a task soon, in whatever way; leaves with the next flush. */
void
mpipe_worker_process_send_cancel (MpipeWorkerProcess *self, guint64 sequence)
{
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_CANCEL, .sequence = sequence };

  g_assert (mpipe_worker_process_can_cancel (self));
  mpipe_channel_send (self->channel, &header, NULL, NULL);
}
