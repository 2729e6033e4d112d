/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a worker says, from its HELLO on, as the pipeline's side of the channel takes it. Only numbers that the worker
 * holds reach the owner, only after READY; the worker ends exactly once, after everything else, and in order only with
 * GOODBYE after STOP. */

#include "config.h"

#include "mpipe-func-launcher.h"
#include "mpipe-fuzz-bytes.h"
#include "mpipe-fuzz-child.h"
#include "mpipe-fuzz-value.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/launch/mpipe-worker-process-private.h"

#define N_TASKS 5
#define STOP_NUMBER (N_TASKS + 1)

#define WITH_PAGE 1
#define EXITS_FIRST 2 /* before what it has said was read */
#define CANCELS 4
#define SHARES_MEMORY 8
#define WALKED_MAX (64u << 10) /* larger results, out of shared memory, would take most of the time */
#define LARGE_SIZE 20000 /* of a task that is to lie in shared memory */

typedef struct
{
  MpipeFuzzInput said;
  guint8 ways;
  guint8 pieces;
  MpipeFuzzBytes worker;
  MpipeChild *child;
  MpipeWorkerProcess *process;
  MpipeTypeTable *types;
  gboolean holds[STOP_NUMBER + 1];
  guint n_held;
  gboolean is_ready, is_stopped, has_ended;
} Owner;

/* The launcher: it starts what the input says. */

static void
worker_closed (gpointer user_data)
{
  Owner *self = user_data;

  mpipe_fuzz_child_exit (self->child);
}

static MpipeChild *
start_worker (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
              MpipeLaunchMemory *out_memory, GError **error)
{
  Owner *self = user_data;

  self->child = mpipe_fuzz_child_new (NULL, NULL);
  *out_stream = mpipe_fuzz_bytes_init (&self->worker, self->said, self->pieces);
  self->worker.closed = worker_closed;
  self->worker.user_data = self;
  if ((self->ways & WITH_PAGE) != 0)
    out_memory->page = mpipe_page_new (NULL);
  if (spec->arena != NULL)
    {
      out_memory->arena = mpipe_arena_ref (spec->arena);
      out_memory->tray = mpipe_tray_new (NULL);
    }
  if ((self->ways & EXITS_FIRST) != 0)
    mpipe_fuzz_child_exit (self->child);
  return self->child;
}

/* What the worker tells */

static void
check_life (Owner *self)
{
  MpipeWorkerProcessState state = mpipe_worker_process_get_state (self->process);

  g_assert_true (self->is_ready && !self->has_ended);
  g_assert_true (state == MPIPE_WORKER_PROCESS_READY || state == MPIPE_WORKER_PROCESS_STOPPING);
}

static void
stop_if_done (Owner *self)
{
  if (self->n_held > 0 || self->is_stopped)
    return;
  self->is_stopped = TRUE;
  mpipe_worker_process_send_stop (self->process, STOP_NUMBER);
  mpipe_worker_process_flush (self->process);
  self->holds[STOP_NUMBER] = TRUE;
  self->n_held++;
}

static gboolean
holds (Owner *self, guint64 number)
{
  check_life (self);
  return number <= STOP_NUMBER && self->holds[number];
}

static gboolean
release (Owner *self, guint64 number)
{
  if (!holds (self, number))
    return FALSE;
  self->holds[number] = FALSE;
  self->n_held--;
  stop_if_done (self);
  return TRUE;
}

static void
ready_cb (gpointer owner)
{
  Owner *self = owner;
  gboolean is_large = (self->ways & SHARES_MEMORY) != 0;
  g_autoptr (GVariant) task = g_variant_ref_sink (
      g_variant_new_take_string (g_strnfill (is_large ? LARGE_SIZE : 4, 't')));
  MpipePayload payload;

  g_assert_false (self->is_ready);
  self->is_ready = TRUE;
  g_assert_true (mpipe_payload_init_from_variant (&payload, task, self->types, NULL));
  for (guint64 number = 1; number <= N_TASKS; number++)
    {
      mpipe_worker_process_send_task (self->process, number, &payload, NULL);
      self->holds[number] = TRUE;
      self->n_held++;
    }
  mpipe_payload_clear (&payload);
  mpipe_worker_process_flush (self->process);
  if ((self->ways & CANCELS) != 0 && mpipe_worker_process_can_cancel (self->process))
    mpipe_worker_process_send_cancel (self->process, 2);
}

static gboolean
result_cb (gpointer owner, guint64 number, const MpipePayload *result, gboolean last)
{
  Owner *self = owner;
  g_autoptr (GVariant) value = NULL;

  if (!holds (self, number))
    return FALSE;
  value = mpipe_payload_to_variant (result, self->types, NULL);
  if (value != NULL && result->size <= WALKED_MAX)
    mpipe_fuzz_walk (value);
  return !last || release (self, number);
}

static gboolean
row_cb (gpointer owner, guint64 first, const MpipePayload *results, guint n)
{
  Owner *self = owner;
  g_autoptr (GVariant) values = mpipe_payload_to_array (results, self->types);

  g_assert_cmpuint (g_variant_n_children (values), ==, n);
  for (guint i = 0; i < n; i++)
    if (!holds (self, first + i) || !release (self, first + i))
      return FALSE;
  return TRUE;
}

static gboolean
done_cb (gpointer owner, guint64 number)
{
  return release (owner, number);
}

static gboolean
failed_cb (gpointer owner, guint64 number, const char *reason)
{
  g_assert_true (g_utf8_validate (reason, -1, NULL));
  return release (owner, number);
}

static void
begun_cb (gpointer owner, guint64 number)
{
  check_life (owner);
}

static gboolean
progress_cb (gpointer owner, guint64 number, double fraction, const char *text)
{
  g_assert_true (fraction >= 0 && fraction <= 1);
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
  return holds (owner, number);
}

static void
received_cb (gpointer owner)
{
  Owner *self = owner;
  guint64 number;
  gint64 since;

  g_assert_false (self->has_ended);
  mpipe_worker_process_get_current (self->process, &number, &since);
}

static void
ended_cb (gpointer owner, const GError *error)
{
  Owner *self = owner;

  g_assert_false (self->has_ended);
  g_assert_true (error != NULL || self->is_stopped);
  self->has_ended = TRUE;
}

static const MpipeWorkerProcessEvents events = {
  .ready = ready_cb,
  .result = result_cb,
  .row = row_cb,
  .done = done_cb,
  .failed = failed_cb,
  .begun = begun_cb,
  .skipped = done_cb,
  .progress = progress_cb,
  .received = received_cb,
  .ended = ended_cb,
};

static void
live (Owner *self)
{
  static const MpipeFuncLauncherFuncs funcs = { .launch = start_worker };
  g_autoptr (MpipeLauncher) launcher = mpipe_func_launcher_new (&funcs, self, NULL);
  g_autoptr (MpipeArena) arena
      = (self->ways & SHARES_MEMORY) != 0 ? mpipe_arena_new (1 << 20, NULL) : NULL;
  const MpipeLaunchSpec spec = { .stage_name = "stage", .arena = arena };
  MpipeWorkerStatistics statistics = { 0 };
  const MpipeWorkerProcessOptions options
      = { .grace_time_ms = 1000, .concurrency = 2, .statistics = &statistics };
  g_autoptr (GError) error = NULL;

  self->process = mpipe_worker_process_new (launcher, &spec, &options, self->types, &events, self,
                                            &error);
  g_assert_no_error (error);
  while (!self->has_ended)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  mpipe_worker_process_unref (self->process);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  MpipeFuzzInput input = { data, size };
  GMainContext *context = mpipe_fuzz_get_context ();
  Owner owner = { .types = mpipe_type_table_new () };

  owner.ways = mpipe_fuzz_take_byte (&input);
  owner.pieces = mpipe_fuzz_take_byte (&input);
  owner.said = input;
  g_main_context_push_thread_default (context);
  live (&owner);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  mpipe_fuzz_bytes_clear (&owner.worker);
  mpipe_type_table_unref (owner.types);
  return 0;
}
