/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* States: greeted → started → working → stopped; straight on, on one thread, the worker's. Working is one task
 * after the other here, and another loop where tasks end later.
 *
 * What comes from the channel was passed on from another worker as it was: it is checked before the
 * worker's code sees it. */

#include "config.h"

#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-glib/worker/mpipe-begin-loop-private.h"

struct _MpipeWorkerLoop
{
  MpipeChannel *receiving; /* one channel each way: the guard sends while this side waits to receive */
  MpipeChannel *sending;
  MpipeOutbox *outbox;
  MpipePage *page;   /* owned; NULL when there is none to share */
  MpipeLoans *loans; /* tasks in shared memory; NULL when there is none */
  MpipeTray *tray;   /* owned; NULL when there is none */
  MpipeTypeTable *types;
  MpipeTypeMap *incoming;
  MpipeWorkerSetup *setup;
  MpipeWorker *worker; /* while it runs */
  guint64 sequence;    /* of the current task, 0 outside of one */
  gboolean was_ready;
  gboolean has_put;    /* the current task has put results */
  gint64 now;          /* end of the last task, or of the last wait */
};

/* Takes @page over. */
MpipeWorkerLoop *
mpipe_worker_loop_new (GIOStream *stream, MpipePage *page)
{
  MpipeWorkerLoop *self = g_new0 (MpipeWorkerLoop, 1);

  self->receiving = mpipe_channel_new (stream, TRUE);
  self->sending = mpipe_channel_new (stream, TRUE);
  self->types = mpipe_type_table_new ();
  self->outbox = mpipe_outbox_new (self->sending, self->types);
  self->incoming = mpipe_type_map_new (self->types);
  mpipe_type_map_allow_handles (self->incoming);
  mpipe_channel_accept_fds (self->receiving);
  self->page = page;
  return self;
}

/* Before anything else; takes both over, each may be NULL. */
void
mpipe_worker_loop_share_memory (MpipeWorkerLoop *self, MpipeArenaView *view, MpipeTray *tray)
{
  self->loans = view != NULL ? mpipe_loans_new (view) : NULL;
  self->tray = tray;
  mpipe_outbox_share_memory (self->outbox, self->loans, tray);
}

void
mpipe_worker_loop_free (MpipeWorkerLoop *self)
{
  if (self == NULL)
    return;
  mpipe_outbox_free (self->outbox);
  mpipe_channel_free (self->sending);
  mpipe_channel_free (self->receiving);
  mpipe_type_map_free (self->incoming);
  mpipe_type_table_unref (self->types);
  mpipe_page_free (self->page);
  g_clear_pointer (&self->loans, mpipe_loans_unref);
  g_clear_pointer (&self->tray, mpipe_tray_unref);
  mpipe_worker_setup_free (self->setup);
  g_free (self);
}

MpipeOutbox *
mpipe_worker_loop_get_outbox (MpipeWorkerLoop *self)
{
  return self->outbox;
}

/* Whether the pipeline was told that the worker is ready; what ends it later, nobody is told. */
gboolean
mpipe_worker_loop_was_ready (MpipeWorkerLoop *self)
{
  return self->was_ready;
}

static gboolean
put_result_cb (gpointer user_data, GVariant *result, GError **error)
{
  MpipeWorkerLoop *self = user_data;

  if (self->sequence == 0)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                   "A result can be put only while a task is being done");
      return FALSE;
    }
  self->has_put = TRUE;
  return mpipe_outbox_add_value (self->outbox, self->sequence, result, FALSE, error)
         && mpipe_outbox_flush (self->outbox, error);
}

static void
do_task (MpipeWorkerLoop *self, GVariant *task)
{
  g_autoptr (GError) error = NULL;
  GVariant *returned = mpipe_worker_task (self->worker, task, &error);
  g_autoptr (GVariant) result = returned != NULL ? g_variant_take_ref (returned) : NULL;

  if (error == NULL && result != NULL && !self->setup->disable_result
      && mpipe_outbox_add_value (self->outbox, self->sequence, result, TRUE, &error))
    return;
  if (error != NULL)
    mpipe_outbox_add_failure (self->outbox, self->sequence, error);
  else
    mpipe_outbox_add (self->outbox, MPIPE_FRAME_DONE, self->sequence);
}

/* Results that were put have gone already: the word that the task has ended goes as well before another
 * task may be to blame for the end of the worker, or this one would be done again. */
static void
end_task (MpipeWorkerLoop *self)
{
  gint64 begun = self->now;

  if (self->has_put)
    mpipe_outbox_flush (self->outbox, NULL);
  self->has_put = FALSE;
  self->now = g_get_monotonic_time ();
  if (self->page != NULL)
    mpipe_page_end (self->page, self->now - begun);
  self->sequence = 0;
}

static GVariant *
open_value (MpipeWorkerLoop *self, const MpipeFrame *frame, const MpipePayload *payload,
            GUnixFDList *fds, GError **error)
{
  int n_fds = fds != NULL ? g_unix_fd_list_get_length (fds) : 0;

  if (payload->type == 0)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "The task is of a type that was not named");
      return NULL;
    }
  if (!mpipe_frame_check_fds (&frame->header, (guint) n_fds, error))
    return NULL;
  return mpipe_payload_to_variant_with_handles (payload, self->types, n_fds, error);
}

/* Clears @payload as soon as it can: what lies in shared memory is to be given back. */
static void
run_task (MpipeWorkerLoop *self, const MpipeFrame *frame, MpipePayload *payload, GUnixFDList *fds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) task = open_value (self, frame, payload, fds, &error);

  mpipe_payload_clear (payload);
  if (task != NULL)
    {
      mpipe_worker_set_fd_list (self->worker, fds);
      do_task (self, task);
      mpipe_worker_set_fd_list (self->worker, NULL);
    }
  else
    mpipe_outbox_add_failure (self->outbox, self->sequence, error);
}

/* The same for a value without descriptors. */
static void
run_value (MpipeWorkerLoop *self, const MpipePayload *payload)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) task = mpipe_payload_to_variant (payload, self->types, &error);

  if (task != NULL)
    do_task (self, task);
  else
    mpipe_outbox_add_failure (self->outbox, self->sequence, error);
}

static gboolean
begin_task (MpipeWorkerLoop *self, guint64 sequence, GError **error)
{
  if (self->page != NULL)
    {
      if (mpipe_page_begin (self->page, sequence, self->now))
        return TRUE;
      mpipe_outbox_add (self->outbox, MPIPE_FRAME_SKIPPED, sequence);
      return FALSE;
    }
  mpipe_outbox_add (self->outbox, MPIPE_FRAME_START, sequence);
  return mpipe_outbox_flush (self->outbox, error);
}

/* Returns: whether the task is to be done; FALSE without an error when it was taken back. */
static gboolean
begin_in_turn (MpipeWorkerLoop *self, guint64 sequence, GError **error)
{
  if (!mpipe_outbox_flush_if_due (self->outbox, self->now, error)
      || !begin_task (self, sequence, error))
    return FALSE;
  self->sequence = sequence;
  return TRUE;
}

static gboolean
handle_task (MpipeWorkerLoop *self, const MpipeFrame *frame, GError **error)
{
  g_autoptr (GUnixFDList) fds = mpipe_channel_take_fds (self->receiving);
  guint16 type = mpipe_type_map_translate (self->incoming, frame->header.type);
  g_autoptr (GError) local_error = NULL;
  MpipePayload payload;

  if (!mpipe_loans_open (self->loans, frame, type, &payload, error))
    return FALSE;
  if (begin_in_turn (self, frame->header.sequence, &local_error))
    {
      run_task (self, frame, &payload, fds);
      end_task (self);
      return TRUE;
    }
  mpipe_payload_clear (&payload);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Rows of tasks */

static gboolean
do_each (MpipeWorkerLoop *self, guint64 first, const MpipePayload *row, guint n, GError **error)
{
  const gsize unit = row->size / n;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) local_error = NULL;
      MpipePayload payload;

      if (begin_in_turn (self, first + i, &local_error))
        {
          mpipe_payload_init_slice (&payload, row, i * unit, unit);
          run_value (self, &payload);
          end_task (self);
        }
      else if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}

/* Returns: whether the tasks have been answered. */
static gboolean
do_array (MpipeWorkerLoop *self, guint64 first, const MpipePayload *row, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) tasks = mpipe_payload_to_array (row, self->types);
  GVariant *returned = mpipe_worker_task_array (self->worker, tasks, &error);
  g_autoptr (GVariant) results = returned != NULL ? g_variant_take_ref (returned) : NULL;

  if (error != NULL)
    return FALSE;
  if (results != NULL && !self->setup->disable_result)
    return mpipe_outbox_add_array (self->outbox, first, results, n, NULL);
  for (guint i = 0; i < n; i++)
    mpipe_outbox_add (self->outbox, MPIPE_FRAME_DONE, first + i);
  return TRUE;
}

/* All at once, up to the first that was taken back; if that fails, each alone. */
static gboolean
do_all (MpipeWorkerLoop *self, guint64 first, const MpipePayload *row, guint n, GError **error)
{
  const gsize unit = row->size / n;
  MpipePayload begun, others;
  guint n_begun;
  gboolean done = TRUE;

  if (!mpipe_outbox_flush_if_due (self->outbox, self->now, error))
    return FALSE;
  n_begun = mpipe_page_begin_row (self->page, first, n, self->now);
  if (n_begun > 0)
    {
      mpipe_payload_init_slice (&begun, row, 0, unit * n_begun);
      done = do_array (self, first, &begun, n_begun);
      end_task (self);
      done = done || do_each (self, first, &begun, n_begun, error);
      mpipe_payload_clear (&begun);
    }
  if (done && n_begun < n)
    {
      mpipe_payload_init_slice (&others, row, unit * n_begun, unit * (n - n_begun));
      done = do_each (self, first + n_begun, &others, n - n_begun, error);
      mpipe_payload_clear (&others);
    }
  return done;
}

static gboolean
handle_row (MpipeWorkerLoop *self, const MpipeFrame *frame, GError **error)
{
  guint16 type = mpipe_type_map_translate (self->incoming, frame->header.type);
  guint n = mpipe_frame_count_row (&frame->header, mpipe_type_table_get (self->types, type));
  guint64 first = frame->header.sequence;
  MpipePayload row;
  gboolean goes_on;

  if (n == 0 || first == 0 || first > G_MAXUINT64 - n)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "received %u bytes of type number %u, which are no numbers", frame->header.size,
                   frame->header.type);
      return FALSE;
    }
  mpipe_payload_init_from_buffer (&row, type, frame->buffer, frame->payload, frame->header.size);
  if (n > 1 && self->page != NULL && mpipe_worker_does_arrays (self->worker))
    goes_on = do_all (self, first, &row, n, error);
  else
    goes_on = do_each (self, first, &row, n, error);
  mpipe_payload_clear (&row);
  return goes_on;
}

/* A task without a value: it fails in its turn. */
static gboolean
refuse_task (MpipeWorkerLoop *self, guint64 sequence, const GError *reason, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (begin_in_turn (self, sequence, &local_error))
    {
      mpipe_outbox_add_failure (self->outbox, sequence, reason);
      end_task (self);
    }
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* A task for which there is no memory fails, and the worker goes on. */
static gboolean
receive (MpipeWorkerLoop *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  MpipeChannelStatus status = mpipe_channel_receive (self->receiving, &local_error);
  MpipeFrameHeader header;

  self->now = g_get_monotonic_time ();
  if (g_error_matches (local_error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE)
      && mpipe_channel_skip (self->receiving, &header) && header.kind == MPIPE_FRAME_TASK)
    return refuse_task (self, header.sequence, local_error, error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return status == MPIPE_CHANNEL_OK;
}

/* FALSE without an error: the channel has ended. */
static gboolean
next_frame (MpipeWorkerLoop *self, MpipeFrame *out_frame, GError **error)
{
  for (;;)
    {
      MpipeChannelStatus status = mpipe_channel_next (self->receiving, out_frame, error);

      if (status == MPIPE_CHANNEL_OK)
        return TRUE;
      if (status == MPIPE_CHANNEL_FAILED || !mpipe_outbox_flush (self->outbox, error))
        return FALSE;
      if (!receive (self, error))
        return FALSE;
    }
}

/* Waits for the pipeline's HELLO. Returns: (nullable): what it says; NULL with an error, also when the
 * channel ended before. */
const MpipeWorkerSetup *
mpipe_worker_loop_greet (MpipeWorkerLoop *self, GError **error)
{
  MpipeFrame frame;
  g_autoptr (GError) local_error = NULL;

  if (!next_frame (self, &frame, &local_error))
    {
      if (local_error == NULL)
        g_set_error (&local_error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                     "the pipeline ended before this worker started");
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  self->setup = mpipe_worker_setup_parse (&frame, error);
  if (self->setup != NULL)
    mpipe_outbox_set_result_type (self->outbox, self->setup->result_type);
  return self->setup;
}

/* Tells the pipeline why there will be no worker here. */
void
mpipe_worker_loop_refuse (MpipeWorkerLoop *self, const GError *reason)
{
  mpipe_outbox_add_failure (self->outbox, 0, reason);
  mpipe_outbox_flush (self->outbox, NULL);
}

static void
handle_stop (MpipeWorkerLoop *self, const MpipeFrame *frame)
{
  if (self->setup->do_stop_task && begin_task (self, frame->header.sequence, NULL))
    {
      self->sequence = frame->header.sequence;
      do_task (self, NULL);
      end_task (self);
    }
  else
    mpipe_outbox_add (self->outbox, MPIPE_FRAME_DONE, frame->header.sequence);
  mpipe_outbox_flush (self->outbox, NULL);
}

static void
say_goodbye (MpipeWorkerLoop *self)
{
  mpipe_worker_stop (self->worker);
  mpipe_outbox_add (self->outbox, MPIPE_FRAME_GOODBYE, 0);
  mpipe_outbox_flush (self->outbox, NULL);
}

/* A worker that takes one task after the other writes into the page which it is on; where there is none, and where
 * several are open, it says so. */
static guint32
get_features (MpipeWorkerLoop *self)
{
  gboolean begins = mpipe_worker_begins (self->worker);
  gboolean concurrent = begins && self->setup->concurrency > 1;
  gboolean takes_rows = self->page != NULL && !begins;

  return (self->page != NULL ? MPIPE_FEATURE_PAGE : 0)
         | (self->page == NULL || concurrent ? MPIPE_FEATURE_START_FRAMES : 0)
         | (begins ? MPIPE_FEATURE_CANCEL : 0) | (concurrent ? MPIPE_FEATURE_CONCURRENT : 0)
         | (takes_rows ? MPIPE_FEATURE_ROWS : 0)
         | (takes_rows && mpipe_worker_does_arrays (self->worker) ? MPIPE_FEATURE_ARRAYS : 0)
         | (self->loans != NULL ? MPIPE_FEATURE_SHARED : 0)
         | (mpipe_channel_carries_fds (self->receiving) ? MPIPE_FEATURE_FDS : 0);
}

static gboolean
start (MpipeWorkerLoop *self, GError **error)
{
  MpipeWorkerHello hello = {
    .version = MPIPE_PROTOCOL_VERSION,
    .features = get_features (self),
    .pid = getpid (),
  };
  g_autoptr (GBytes) bytes = g_bytes_new_static (&hello, sizeof hello);
  g_autoptr (GError) local_error = NULL;

  mpipe_outbox_add_bytes (self->outbox, MPIPE_FRAME_HELLO, 0, bytes);
  if (!mpipe_outbox_flush (self->outbox, error))
    return FALSE;
  mpipe_worker_set_up (self->worker, self->setup);
  mpipe_worker_set_tray (self->worker, self->tray);
  if (!mpipe_worker_start (self->worker, &local_error))
    {
      if (local_error == NULL)
        g_set_error (&local_error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                     "the worker did not start and gave no reason");
      mpipe_worker_loop_refuse (self, local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  mpipe_outbox_add (self->outbox, MPIPE_FRAME_READY, 0);
  self->was_ready = TRUE;
  return TRUE;
}

static gboolean
work (MpipeWorkerLoop *self, GError **error)
{
  MpipeFrame frame;

  while (next_frame (self, &frame, error))
    switch (frame.header.kind)
      {
      case MPIPE_FRAME_TASK:
        if (!handle_task (self, &frame, error))
          return FALSE;
        break;
      case MPIPE_FRAME_TASKS:
        if (!handle_row (self, &frame, error))
          return FALSE;
        break;
      case MPIPE_FRAME_TYPE:
        if (!mpipe_type_map_learn (self->incoming, &frame, error))
          return FALSE;
        break;
      case MPIPE_FRAME_STOP:
        handle_stop (self, &frame);
        return TRUE;
      default:
        g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL, "received an unexpected %s frame",
                     mpipe_frame_kind_to_string (frame.header.kind));
        return FALSE;
      }
  return FALSE;
}

/* Where tasks end later. */
static gboolean
begin_and_end (MpipeWorkerLoop *self, GError **error)
{
  const MpipeBeginLoopParts parts = {
    .worker = self->worker,
    .setup = self->setup,
    .receiving = self->receiving,
    .outbox = self->outbox,
    .page = self->page,
    .types = self->types,
    .incoming = self->incoming,
    .loans = self->loans,
  };

  return mpipe_outbox_flush (self->outbox, error) && mpipe_begin_loop_run (&parts, error);
}

/* Runs @worker until it is stopped. Returns: whether it was stopped in order; FALSE without an error when
 * the channel ended. */
gboolean
mpipe_worker_loop_run (MpipeWorkerLoop *self, MpipeWorker *worker, GError **error)
{
  gboolean stopped;

  g_assert (self->setup != NULL);
  self->worker = worker;
  mpipe_worker_set_put_func (worker, put_result_cb, self);
  stopped = start (self, error)
            && (mpipe_worker_begins (worker) ? begin_and_end (self, error) : work (self, error));
  if (stopped)
    say_goodbye (self);
  mpipe_worker_set_put_func (worker, NULL, NULL);
  self->worker = NULL;
  return stopped;
}
