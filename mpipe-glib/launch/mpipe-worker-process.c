/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* STARTING → READY → STOPPING → ENDING → ENDED; each may be skipped but the last two.
 *
 * The end is judged on the last of two events, the end of the process and the end of the channel, after the
 * channel was read empty: what the worker had sent counts. Only GOODBYE after STOP is an end in order,
 * whatever the exit status says. Closing the channel is how a worker is ended, or a signal, when it may have
 * something to tidy up; the kill comes if it is still there a little later.
 *
 * The owner holds a reference until `ended`; each pending callback of a source holds one. Engine's thread
 * only. Every byte received is untrusted. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-worker-process-private.h"

#include <unistd.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

/* Descriptors that may not travel now, since too many do. */
#define CHOKED_MS 5
#define CHOKED_MAX 2000 /* so often it is tried, then they are given up */

static const char *
state_to_string (MpipeWorkerProcessState state)
{
  static const char *const names[] = { "starting", "ready", "stopping", "ending", "ended" };

  return names[state];
}

/* States are passed through in one direction only. */
static void
set_state (MpipeWorkerProcess *self, MpipeWorkerProcessState from, MpipeWorkerProcessState to)
{
  g_assert (self->state == from && to > from);
  g_debug ("worker process %d: %s -> %s", mpipe_worker_process_get_pid (self),
           state_to_string (from), state_to_string (to));
  self->state = to;
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
mpipe_worker_process_begin_ready (MpipeWorkerProcess *self)
{
  drop_source (&self->timer_source);
  set_state (self, MPIPE_WORKER_PROCESS_STARTING, MPIPE_WORKER_PROCESS_READY);
}

void
mpipe_worker_process_begin_stopping (MpipeWorkerProcess *self)
{
  set_state (self, MPIPE_WORKER_PROCESS_READY, MPIPE_WORKER_PROCESS_STOPPING);
}

static MpipeWorkerProcess *
worker_process_ref (MpipeWorkerProcess *self)
{
  g_ref_count_inc (&self->n_refs);
  return self;
}

static void
stop_reading (MpipeWorkerProcess *self)
{
  g_clear_pointer (&self->watch, mpipe_watch_free);
  drop_source (&self->in_source);
}

void
mpipe_worker_process_unref (MpipeWorkerProcess *self)
{
  if (!g_ref_count_dec (&self->n_refs))
    return;
  stop_reading (self);
  drop_source (&self->out_source);
  drop_source (&self->timer_source);
  g_clear_object (&self->child);
  mpipe_error_output_free (self->error_output);
  mpipe_channel_free (self->channel);
  mpipe_page_free (self->page);
  mpipe_worker_memory_free (self->memory);
  mpipe_type_map_free (self->type_map);
  mpipe_type_table_unref (self->types);
  g_free (self->exit_description);
  g_free (self->refusal);
  g_clear_error (&self->reason);
  g_free (self);
}

static GSource *
attach (MpipeWorkerProcess *self, GSource *source, GSourceFunc callback, const char *name)
{
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, worker_process_ref (self),
                         (GDestroyNotify) mpipe_worker_process_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* The end */

/* Returns: why the worker ended, NULL when it was stopped in order. */
static GError *
judge_end (MpipeWorkerProcess *self)
{
  if (self->reason != NULL)
    return g_error_copy (self->reason);
  if (self->refusal != NULL)
    return g_error_new (MPIPE_ERROR, MPIPE_ERROR_LAUNCH, "did not start: %s", self->refusal);
  if (self->said_goodbye)
    return NULL;
  if (self->killed)
    return g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED,
                        "closed its channel, stayed, and was killed");
  return g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED, "%s", self->exit_description);
}

static void
end_if_over (MpipeWorkerProcess *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->channel_ended || self->exit_description == NULL
      || self->state == MPIPE_WORKER_PROCESS_ENDED)
    return;
  set_state (self, self->state, MPIPE_WORKER_PROCESS_ENDED);
  drop_source (&self->timer_source);
  if (self->error_output != NULL)
    mpipe_error_output_end (self->error_output);
  error = judge_end (self);
  self->events->ended (self->owner, error);
}

static gboolean
grace_over_cb (gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  g_clear_pointer (&self->timer_source, g_source_unref);
  self->killed = TRUE;
  mpipe_child_kill (self->child);
  return G_SOURCE_REMOVE;
}

static void
begin_grace (MpipeWorkerProcess *self)
{
  if (self->exit_description == NULL)
    self->timer_source = attach (self, g_timeout_source_new (self->grace_time_ms), grace_over_cb,
                                 "[mpipe] grace of a worker");
}

static void
close_channel (MpipeWorkerProcess *self)
{
  if (self->channel_ended)
    return;
  self->channel_ended = TRUE;
  if (self->state < MPIPE_WORKER_PROCESS_ENDING)
    set_state (self, self->state, MPIPE_WORKER_PROCESS_ENDING);
  stop_reading (self);
  drop_source (&self->out_source);
  drop_source (&self->timer_source);
  mpipe_channel_close (self->channel);
  begin_grace (self);
}

/* Ends the worker, for @reason, which is taken over; NULL when the end itself will tell. `ended` follows
 * when the process is gone. */
void
mpipe_worker_process_end (MpipeWorkerProcess *self, GError *reason)
{
  if (self->state >= MPIPE_WORKER_PROCESS_ENDING)
    {
      g_clear_error (&reason);
      return;
    }
  self->reason = reason;
  close_channel (self);
}

/* The same, but the worker is asked by a signal: its channel, whose end it would not survive, stays. Nothing is read
 * from it any more. */
void
mpipe_worker_process_terminate (MpipeWorkerProcess *self, GError *reason)
{
  if (self->state >= MPIPE_WORKER_PROCESS_ENDING || !mpipe_child_terminate (self->child))
    {
      mpipe_worker_process_end (self, reason);
      return;
    }
  self->reason = reason;
  set_state (self, self->state, MPIPE_WORKER_PROCESS_ENDING);
  stop_reading (self);
  drop_source (&self->out_source);
  drop_source (&self->timer_source);
  begin_grace (self);
}

static gboolean
end_cb (gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  g_clear_pointer (&self->timer_source, g_source_unref);
  mpipe_worker_process_end (self, g_error_new (MPIPE_ERROR, MPIPE_ERROR_TIMED_OUT,
                                               "did not end in time when it was stopped"));
  return G_SOURCE_REMOVE;
}

/* Ends a worker that was stopped, unless it goes by itself before; 0 gives it any time. */
void
mpipe_worker_process_end_in (MpipeWorkerProcess *self, guint ms)
{
  if (self->state != MPIPE_WORKER_PROCESS_STOPPING)
    return;
  drop_source (&self->timer_source);
  if (ms > 0)
    self->timer_source
        = attach (self, g_timeout_source_new (ms), end_cb, "[mpipe] goodbye of a worker");
}

static void
end_for_protocol (MpipeWorkerProcess *self, GError *error)
{
  g_prefix_error (&error, "broke the protocol: ");
  mpipe_worker_process_end (self, error);
}

/* A channel that fails while the worker is there is of no more use to either. */
static void
end_for_channel (MpipeWorkerProcess *self, const GError *error)
{
  mpipe_worker_process_end (self, g_error_new (MPIPE_ERROR, MPIPE_ERROR_WORKER_DIED,
                                               "lost its channel: %s", error->message));
}

/* Incoming */

/* Handles the whole frames that are there. Returns: whether the worker goes on. */
static gboolean
handle_frames (MpipeWorkerProcess *self)
{
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;

  while (self->state < MPIPE_WORKER_PROCESS_ENDING && error == NULL
         && mpipe_channel_next (self->channel, &frame, &error) == MPIPE_CHANNEL_OK)
    mpipe_worker_process_handle_frame (self, &frame, &error);
  if (error != NULL)
    end_for_protocol (self, g_steal_pointer (&error));
  return self->state < MPIPE_WORKER_PROCESS_ENDING;
}

/* A result for which there is no memory fails its task, and the worker goes on; unless it has more to say about the
 * task. Returns: whether there may be more */
static gboolean
handle_receive_error (MpipeWorkerProcess *self, GError *error)
{
  gboolean too_large = g_error_matches (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE);
  MpipeFrame frame;

  if (too_large && mpipe_channel_skip (self->channel, &frame.header)
      && frame.header.kind == MPIPE_FRAME_RESULT
      && (frame.header.flags & MPIPE_FRAME_FLAG_LAST) != 0 && mpipe_worker_process_check_may_answer (self, &frame, NULL)
      && self->events->failed (self->owner, frame.header.sequence, error->message))
    return TRUE;
  if (too_large)
    mpipe_worker_process_end (self, g_error_new (MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
                                                 "sent too much: %s", error->message));
  else
    end_for_channel (self, error);
  return FALSE;
}

/* Reads once. Returns: whether there may be more. */
static gboolean
read_channel (MpipeWorkerProcess *self)
{
  g_autoptr (GError) error = NULL;

  mpipe_worker_memory_begin_batch (self->memory);
  switch (mpipe_channel_receive (self->channel, &error))
    {
    case MPIPE_CHANNEL_OK:
      return handle_frames (self);
    case MPIPE_CHANNEL_WOULD_BLOCK:
      return FALSE;
    case MPIPE_CHANNEL_FAILED:
      return handle_receive_error (self, error);
    case MPIPE_CHANNEL_END:
    case MPIPE_CHANNEL_CHOKED:
    default:
      close_channel (self);
      return FALSE;
    }
}

static gboolean
readable_cb (GObject *stream, gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  worker_process_ref (self);
  read_channel (self);
  self->events->received (self->owner);
  end_if_over (self);
  mpipe_worker_process_unref (self);
  return G_SOURCE_CONTINUE; /* a source that was destroyed meanwhile stays so */
}

static void
watch_cb (gpointer user_data)
{
  readable_cb (NULL, user_data);
}

/* A paused worker is not read, so that what it makes waits with it; and its end is not seen before its
 * process ends. */
void
mpipe_worker_process_set_reading (MpipeWorkerProcess *self, gboolean reading)
{
  if (self->state >= MPIPE_WORKER_PROCESS_ENDING
      || reading == (self->watch != NULL || self->in_source != NULL))
    return;
  if (!reading)
    {
      stop_reading (self);
      return;
    }
  if (self->poller != NULL && mpipe_channel_get_fd (self->channel) >= 0)
    self->watch = mpipe_poller_watch (self->poller, mpipe_channel_get_fd (self->channel), watch_cb,
                                      self);
  if (self->watch == NULL)
    self->in_source
        = attach (self, mpipe_channel_create_source (self->channel, G_IO_IN),
                  G_SOURCE_FUNC (readable_cb), "[mpipe] answers of a worker");
}

static void
exited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  self->exit_description = mpipe_child_wait_finish (MPIPE_CHILD (source), result);
  g_debug ("worker process %d %s", mpipe_worker_process_get_pid (self), self->exit_description);
  while (self->state < MPIPE_WORKER_PROCESS_ENDING && read_channel (self))
    ;
  close_channel (self);
  self->events->received (self->owner);
  end_if_over (self);
  mpipe_worker_process_unref (self);
}

/* Outgoing */

static gboolean
writable_cb (GObject *stream, gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  drop_source (&self->out_source);
  mpipe_worker_process_flush (self);
  return G_SOURCE_REMOVE;
}

static gboolean
choked_cb (gpointer user_data)
{
  return writable_cb (NULL, user_data);
}

/* Sends what is queued, as far as the worker takes it, the rest by and by. A worker that is gone is noticed
 * on the other side of the channel. */
void
mpipe_worker_process_flush (MpipeWorkerProcess *self)
{
  g_autoptr (GError) error = NULL;
  MpipeChannelStatus status;

  if (self->state >= MPIPE_WORKER_PROCESS_ENDING || self->out_source != NULL)
    return;
  if (self->n_choked >= CHOKED_MAX)
    mpipe_channel_give_up_fds (self->channel);
  status = mpipe_channel_flush (self->channel, &error);
  self->n_choked = status == MPIPE_CHANNEL_CHOKED ? self->n_choked + 1 : 0;
  if (status == MPIPE_CHANNEL_WOULD_BLOCK)
    self->out_source = attach (self, mpipe_channel_create_source (self->channel, G_IO_OUT),
                               G_SOURCE_FUNC (writable_cb), "[mpipe] tasks to a worker");
  else if (status == MPIPE_CHANNEL_CHOKED)
    self->out_source = attach (self, g_timeout_source_new (CHOKED_MS), choked_cb,
                               "[mpipe] descriptors to a worker");
  else if (status == MPIPE_CHANNEL_FAILED
           && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    end_for_channel (self, error);
}

/* Who is told of what happens stays the same, but not what is done about it. */
void
mpipe_worker_process_set_events (MpipeWorkerProcess *self, const MpipeWorkerProcessEvents *events)
{
  self->events = events;
}

/* What is known */

MpipeWorkerProcessState
mpipe_worker_process_get_state (MpipeWorkerProcess *self)
{
  return self->state;
}

int
mpipe_worker_process_get_pid (MpipeWorkerProcess *self)
{
  return mpipe_child_get_pid (self->child);
}

/* Returns: how many tasks the worker has open at a time, if it is given so many. */
guint
mpipe_worker_process_get_concurrency (MpipeWorkerProcess *self)
{
  const guint needed = MPIPE_FEATURE_CONCURRENT | MPIPE_FEATURE_START_FRAMES;

  return (self->features & needed) == needed ? self->concurrency : 1;
}

/* Returns: (nullable): the last lines that the worker wrote to its standard error */
char *
mpipe_worker_process_dup_last_words (MpipeWorkerProcess *self)
{
  return self->error_output != NULL ? mpipe_error_output_dup_tail (self->error_output) : NULL;
}

/* The start */

static void
capture_stderr (MpipeWorkerProcess *self)
{
  int fd = mpipe_child_steal_error_fd (self->child);

  if (fd >= 0)
    self->error_output = mpipe_error_output_new (fd, STDERR_FILENO, self->poller);
}

static gboolean
start_timed_out_cb (gpointer user_data)
{
  MpipeWorkerProcess *self = user_data;

  g_clear_pointer (&self->timer_source, g_source_unref);
  mpipe_worker_process_end (self, g_error_new (MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
                                               "did not get ready in time"));
  return G_SOURCE_REMOVE;
}

static void
send_hello (MpipeWorkerProcess *self, const MpipeLaunchSpec *spec,
            const MpipeWorkerProcessOptions *options)
{
  MpipeWorkerSetup setup = {
    .stage_name = (char *) spec->stage_name,
    .worker_name = (char *) spec->worker_name,
    .result_type = (char *) options->result_type,
    .index = spec->index,
    .do_stop_task = options->do_stop_task,
    .disable_result = options->disable_result,
    .concurrency = options->concurrency,
    .parameters = options->parameters,
  };
  g_autoptr (GBytes) bytes = mpipe_worker_setup_to_bytes (&setup);
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_HELLO, .size = g_bytes_get_size (bytes) };

  mpipe_channel_send (self->channel, &header, g_bytes_get_data (bytes, NULL), NULL);
  mpipe_worker_process_flush (self);
}

/* Starts a worker; `ready` or `ended` follows. Returns: (nullable): NULL with an error when not even a
 * process could be made */
MpipeWorkerProcess *
mpipe_worker_process_new (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                          const MpipeWorkerProcessOptions *options, MpipeTypeTable *types,
                          const MpipeWorkerProcessEvents *events, gpointer owner, GError **error)
{
  g_autoptr (GIOStream) stream = NULL;
  MpipeLaunchMemory memory = { NULL };
  MpipeChild *child = mpipe_launcher_launch (launcher, spec, &stream, &memory, error);
  MpipeWorkerProcess *self;

  if (child == NULL)
    return NULL;
  self = g_new0 (MpipeWorkerProcess, 1);
  g_ref_count_init (&self->n_refs);
  self->state = MPIPE_WORKER_PROCESS_STARTING;
  self->types = mpipe_type_table_ref (types);
  self->events = events;
  self->owner = owner;
  self->child = child;
  self->page = memory.page;
  self->memory = mpipe_worker_memory_new (memory.arena, memory.tray, spec->arena,
                                          options->statistics);
  self->channel = mpipe_channel_new (stream, FALSE);
  self->type_map = mpipe_type_map_new (types);
  self->concurrency = options->concurrency;
  self->poller = options->poller;
  self->grace_time_ms = options->grace_time_ms;
  mpipe_type_map_set_limit (self->type_map, MPIPE_TYPE_MAP_WORKER_MAX);
  mpipe_counter_set (&options->statistics->memory_limit, mpipe_child_get_memory_limit (child));

  capture_stderr (self);
  mpipe_child_wait_async (child, exited_cb, worker_process_ref (self));
  mpipe_worker_process_set_reading (self, TRUE);
  if (options->start_timeout_ms > 0)
    self->timer_source = attach (self, g_timeout_source_new (options->start_timeout_ms),
                                 start_timed_out_cb, "[mpipe] start of a worker");
  send_hello (self, spec, options);
  return self;
}
