/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Fixed pieces of work whose instructions can be counted: each does the same on every run, on one thread.
 *
 *   mpipe-instructions WORKLOAD N [EXTRA]
 *
 * does the workload for N tasks; with EXTRA, that many additions more for each task, so that a test of the count has
 * something to find. Without arguments it names the workloads. */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/flow/mpipe-fifo-private.h"
#include "mpipe-glib/flow/mpipe-leases-private.h"
#include "mpipe-glib/flow/mpipe-reorder-private.h"
#include "mpipe-glib/flow/mpipe-scheduler-private.h"
#include "mpipe-glib/flow/mpipe-window-private.h"
#include "mpipe-glib/wire/mpipe-channel-private.h"
#include "mpipe-glib/wire/mpipe-message-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-glib/worker/mpipe-func-worker-private.h"
#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

#define BATCH 50 /* tasks that travel together */

/* The clock of the library, as far as it is linked here: what is done must not depend on how fast it goes. */
gint64
g_get_monotonic_time (void)
{
  static gint64 now;

  return ++now;
}

static guint extra;

static void
do_extra (void)
{
  volatile guint sum = 0;

  for (guint i = 0; i < extra; i++)
    sum += i;
}

static void
open_channels (MpipeChannel **out_near, GIOStream **out_far)
{
  int fds[2];
  g_autoptr (GSocket) near = NULL;
  g_autoptr (GSocket) far = NULL;
  g_autoptr (GIOStream) near_stream = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  near = g_socket_new_from_fd (fds[0], NULL);
  far = g_socket_new_from_fd (fds[1], NULL);
  near_stream = G_IO_STREAM (g_socket_connection_factory_create_connection (near));
  *out_near = mpipe_channel_new (near_stream, FALSE);
  *out_far = G_IO_STREAM (g_socket_connection_factory_create_connection (far));
}

static void
next_frame (MpipeChannel *channel, MpipeFrame *out_frame)
{
  while (mpipe_channel_next (channel, out_frame, NULL) != MPIPE_CHANNEL_OK)
    g_assert_cmpint (mpipe_channel_receive (channel, NULL), ==, MPIPE_CHANNEL_OK);
}

/* A value becomes bytes, and these become a value. */

static void
convert (guint n, GVariant *(*make) (guint i))
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (make (i));
      g_autoptr (GVariant) again = NULL;
      MpipePayload payload;

      g_assert_true (mpipe_payload_init_from_variant (&payload, value, types, NULL));
      again = mpipe_payload_to_variant (&payload, types, NULL);
      g_assert_nonnull (again);
      mpipe_payload_clear (&payload);
      do_extra ();
    }
}

static GVariant *
make_int64 (guint i)
{
  return g_variant_new_int64 (i);
}

static GVariant *
make_text (guint i)
{
  return g_variant_new_string (i % 2 ? "a short text" : "another text, a little longer than the one before");
}

static GVariant *
make_pair (guint i)
{
  return g_variant_new ("(xs)", (gint64) i, "a short text");
}

static void
convert_int64 (guint n)
{
  convert (n, make_int64);
}

static void
convert_text (guint n)
{
  convert (n, make_text);
}

static void
convert_pair (guint n)
{
  convert (n, make_pair);
}

/* Frames are sent in batches, and received. */

static void
send_frames (guint n, gsize size)
{
  MpipeChannel *near;
  g_autoptr (GIOStream) stream = NULL;
  MpipeChannel *far;
  g_autofree guint8 *payload = g_malloc0 (size);

  open_channels (&near, &stream);
  far = mpipe_channel_new (stream, FALSE);
  for (guint i = 0; i < n; i += BATCH)
    {
      for (guint j = 0; j < BATCH; j++)
        {
          MpipeFrameHeader header = { .kind = MPIPE_FRAME_TASK, .type = 1, .sequence = i + j + 1, .size = size };

          mpipe_channel_send (near, &header, payload, NULL);
          do_extra ();
        }
      g_assert_cmpint (mpipe_channel_flush (near, NULL), ==, MPIPE_CHANNEL_OK);
      for (guint j = 0; j < BATCH; j++)
        {
          MpipeFrame frame;

          next_frame (far, &frame);
          g_assert_cmpuint (frame.header.sequence, ==, i + j + 1);
        }
    }
  mpipe_channel_free (far);
  mpipe_channel_free (near);
}

static void
send_small_frames (guint n)
{
  send_frames (n, 8);
}

static void
send_middling_frames (guint n)
{
  send_frames (n, 1000);
}

/* Tasks are given to four workers as the scheduler says, answered in another order, and released in theirs. */

#define N_WORKERS 4
#define N_WAITING 64

typedef struct
{
  MpipeFifoLink link;
  guint64 place;
} Task;

typedef struct
{
  MpipeLeases *leases[N_WORKERS];
  MpipeWindow windows[N_WORKERS];
  MpipeSchedulerPlace places[N_WORKERS];
  MpipeReorder *order;
  MpipeFifo input;
} Stage;

static void
give_tasks (Stage *stage)
{
  for (;;)
    {
      guint picked, share;

      for (guint i = 0; i < N_WORKERS; i++)
        stage->places[i] = (MpipeSchedulerPlace){
          .available = TRUE,
          .n_leased = mpipe_leases_get_n (stage->leases[i]),
          .credit = mpipe_window_get_credit (&stage->windows[i]),
          .service_us = stage->windows[i].service_us,
        };
      picked = mpipe_scheduler_pick (stage->places, N_WORKERS);
      if (picked == MPIPE_SCHEDULER_NONE || mpipe_fifo_is_empty (&stage->input))
        return;
      share = mpipe_scheduler_share (stage->places, N_WORKERS, picked, stage->input.n);
      for (Task *task; share-- > 0 && (task = mpipe_fifo_pop (&stage->input)) != NULL;)
        {
          task->place = mpipe_reorder_open (stage->order, 1);
          mpipe_leases_add (stage->leases[picked], task, 1);
        }
    }
}

/* The last worker first. */
static guint
answer_all (Stage *stage)
{
  guint n = 0;

  for (guint i = N_WORKERS; i-- > 0;)
    {
      guint n_done = mpipe_leases_get_n (stage->leases[i]);

      while (mpipe_leases_get_n (stage->leases[i]) > 0)
        {
          guint64 number = mpipe_leases_get_oldest (stage->leases[i]);
          Task *task = mpipe_leases_get (stage->leases[i], number);

          mpipe_leases_remove (stage->leases[i], number, 1);
          mpipe_reorder_add (stage->order, task->place, task);
          mpipe_reorder_close (stage->order, task->place, 1);
          do_extra ();
        }
      mpipe_window_update (&stage->windows[i], n_done, (gint64) n_done * 10,
                           (gint64) n_done * 10);
    }
  while (mpipe_reorder_take (stage->order) != NULL)
    n++;
  return n;
}

static void
schedule (guint n)
{
  Stage stage = { .order = mpipe_reorder_new (TRUE) };
  Task tasks[N_WAITING] = { 0 };

  for (guint i = 0; i < N_WORKERS; i++)
    stage.leases[i] = mpipe_leases_new ();
  for (guint n_done = 0; n_done < n;)
    {
      for (guint i = 0; i < N_WAITING; i++)
        mpipe_fifo_push (&stage.input, &tasks[i]);
      while (!mpipe_fifo_is_empty (&stage.input))
        {
          give_tasks (&stage);
          n_done += answer_all (&stage);
        }
    }
  for (guint i = 0; i < N_WORKERS; i++)
    mpipe_leases_free (stage.leases[i]);
  mpipe_reorder_free (stage.order);
}

/* A worker's loop does tasks that have been sent to it, and stops. */

static GVariant *
echo (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  do_extra ();
  return g_variant_ref (task);
}

static GVariant *
echo_array (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  gsize n = g_variant_n_children (tasks);

  for (gsize i = 0; i < n; i++)
    do_extra ();
  return g_variant_ref (tasks);
}

static void
send_one_by_one (MpipeChannel *channel, guint n)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (MpipeTypeMap) map = mpipe_type_map_new (types);

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (make_int64 (i));
      MpipePayload payload;
      MpipeFrameHeader task = { .kind = MPIPE_FRAME_TASK, .sequence = i };

      g_assert_true (mpipe_payload_init_from_variant (&payload, value, types, NULL));
      task.type = payload.type;
      task.size = payload.size;
      mpipe_type_map_announce (map, channel, payload.type);
      mpipe_channel_send (channel, &task, mpipe_payload_get_data (&payload), NULL);
      mpipe_payload_clear (&payload);
    }
}

static void
send_rows (MpipeChannel *channel, guint n)
{
  g_autoptr (MpipeTypeTable) types = mpipe_type_table_new ();
  g_autoptr (MpipeTypeMap) map = mpipe_type_map_new (types);
  guint16 type = mpipe_type_table_add (types, "x")->number;
  gint64 numbers[BATCH] = { 0 };

  mpipe_type_map_announce (map, channel, type);
  for (guint i = 0; i < n; i += BATCH)
    {
      MpipeFrameHeader row = {
        .kind = MPIPE_FRAME_TASKS,
        .type = type,
        .sequence = i + 1,
        .size = MIN (BATCH, n - i) * sizeof *numbers,
      };

      mpipe_channel_send (channel, &row, numbers, NULL);
    }
}

static void
send_tasks (MpipeChannel *channel, guint n, void (*send) (MpipeChannel *channel, guint n))
{
  MpipeWorkerSetup setup = { .stage_name = (char *) "stage", .worker_name = (char *) "echo" };
  g_autoptr (GBytes) bytes = mpipe_worker_setup_to_bytes (&setup);
  MpipeFrameHeader hello = { .kind = MPIPE_FRAME_HELLO, .size = g_bytes_get_size (bytes) };
  MpipeFrameHeader stop = { .kind = MPIPE_FRAME_STOP, .sequence = n + 1 };

  mpipe_channel_send (channel, &hello, g_bytes_get_data (bytes, NULL), NULL);
  send (channel, n);
  mpipe_channel_send (channel, &stop, NULL, NULL);
  g_assert_cmpint (mpipe_channel_flush (channel, NULL), ==, MPIPE_CHANNEL_OK);
}

/* Takes @worker over. */
static void
run_worker_loop (guint n, MpipeWorker *worker, void (*send) (MpipeChannel *channel, guint n))
{
  MpipeChannel *channel;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (MpipeWorkerLoop) loop = NULL;

  open_channels (&channel, &stream);
  send_tasks (channel, n, send);
  loop = mpipe_worker_loop_new (stream, mpipe_page_new (NULL));
  g_assert_nonnull (mpipe_worker_loop_greet (loop, NULL));
  g_assert_true (mpipe_worker_loop_run (loop, worker, NULL));
  mpipe_channel_free (channel);
  g_object_unref (worker);
}

static void
do_tasks (guint n)
{
  run_worker_loop (n, mpipe_func_worker_new (echo, NULL), send_one_by_one);
}

static void
do_rows (guint n)
{
  run_worker_loop (n, mpipe_func_worker_new (echo, NULL), send_rows);
}

static void
do_arrays (guint n)
{
  run_worker_loop (n, mpipe_array_func_worker_new (echo_array, NULL, NULL), send_rows);
}

typedef struct
{
  const char *name;
  void (*run) (guint n);
} Workload;

static const Workload workloads[] = {
  { "convert-int64", convert_int64 },
  { "convert-text", convert_text },
  { "convert-pair", convert_pair },
  { "small-frames", send_small_frames },
  { "1000-byte-frames", send_middling_frames },
  { "schedule-and-reorder", schedule },
  { "worker-loop", do_tasks },
  { "worker-loop-rows", do_rows },
  { "worker-loop-arrays", do_arrays },
};

int
main (int argc, char **argv)
{
  if (argc > 3)
    extra = (guint) atoi (argv[3]);
  for (guint i = 0; i < G_N_ELEMENTS (workloads); i++)
    if (argc == 1)
      g_print ("%s\n", workloads[i].name);
    else if (argc > 2 && strcmp (workloads[i].name, argv[1]) == 0)
      {
        workloads[i].run ((guint) atoi (argv[2]));
        return 0;
      }
  return argc == 1 ? 0 : 2;
}
