/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The pipeline: decode → scale → compose.
 *
 * Every file ends up as a tile, whatever happens to it. When the task of a file fails, be it that
 * the worker reports an error or that a hostile file kills it, another task takes its place that
 * says why, and which the workers pass on without opening the file. The last stage gives one small
 * result for each tile; when all tiles are placed the pipeline is stopped, and its last worker does
 * its stop task: the PNG.
 *
 * Everything here is called by the main loop, in signal handlers; nothing of it waits.
 */

#include "sheet-run.h"

#include <string.h>

#include "file-list.h"
#include "steps.h"

#define MAX_TASK_TIME_MS (60 * 1000)
#define PROGRESS_INTERVAL_MS 100

/* Decoded pixels that wait for a free scaler. Where this is reached the decoders pause, each with the
 * picture it has ready; and so the memory of this process does not depend on how many pictures there
 * are, nor on which stage is slower. */
#define MAX_PIXEL_BYTES_WAITING (128u * 1024 * 1024)

/* What a decoder may need for the largest picture that is not refused. */
#define MAX_DECODER_BYTES ((guint64) 4 << 30)

/* Pictures come from strangers, and decoders have their faults: those who decode see the folder, and nothing else of
 * the user's. */
static MpipeSandbox *
make_sandbox (const Options *options)
{
  MpipeSandbox *sandbox = mpipe_sandbox_new (options->no_sandbox ? MPIPE_SANDBOX_POLICY_NONE
                                                                 : MPIPE_SANDBOX_POLICY_PREFERRED);

  mpipe_sandbox_add_read_only_path (sandbox, options->folder);
  mpipe_sandbox_add_variable (sandbox, "GDK_PIXBUF_MODULE_FILE"); /* which formats are there */
  g_object_set (sandbox, "max-memory", MAX_DECODER_BYTES, NULL);
  return sandbox;
}

static void
make_stages (SheetRun *self, const char *title, const Options *options)
{
  guint n_jobs = (guint) options->jobs;
  g_autoptr (GVariant) parameters
      = g_variant_ref_sink (g_variant_new_parsed ("{%s: <%u>, %s: <%s>}", STEP_N_PICTURES,
                                                  self->files->len, STEP_TITLE, title));
  MpipeStage *decode = mpipe_stage_new_unordered (STEP_DECODE, n_jobs);
  MpipeStage *scale = mpipe_stage_new_unordered (STEP_SCALE, n_jobs);
  MpipeStage *compose = mpipe_stage_new_ordered (STEP_COMPOSE, 1);

  mpipe_stage_set_task_type (decode, G_VARIANT_TYPE (STEP_FILE_TYPE));
  mpipe_stage_set_result_type (decode, G_VARIANT_TYPE_BYTESTRING);
  mpipe_stage_set_task_timeout (decode, MAX_TASK_TIME_MS);
  mpipe_stage_set_sandbox (decode, self->sandbox);

  mpipe_stage_set_name (scale, "scale");
  mpipe_stage_set_task_type (scale, G_VARIANT_TYPE_BYTESTRING);
  mpipe_stage_set_result_type (scale, G_VARIANT_TYPE_BYTESTRING);
  mpipe_stage_set_parameters (scale, parameters);
  mpipe_stage_set_task_timeout (scale, MAX_TASK_TIME_MS);
  mpipe_stage_set_max_backlog_bytes (scale, MAX_PIXEL_BYTES_WAITING);

  mpipe_stage_set_name (compose, "compose");
  mpipe_stage_set_task_type (compose, G_VARIANT_TYPE_BYTESTRING);
  mpipe_stage_set_parameters (compose, parameters);
  mpipe_stage_set_do_stop_task (compose, TRUE);

  self->stages[SHEET_STAGE_DECODE] = decode;
  self->stages[SHEET_STAGE_SCALE] = scale;
  self->stages[SHEET_STAGE_COMPOSE] = compose;
  mpipe_stage_link (decode, mpipe_stage_link (scale, compose));
}

SheetRun *
sheet_run_new (GPtrArray *files, const char *title, const Options *options)
{
  SheetRun *self = g_new0 (SheetRun, 1);

  self->files = files;
  self->reasons = g_new0 (char *, files->len);
  self->files_of_tasks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->sandbox = make_sandbox (options);
  make_stages (self, title, options);
  return self;
}

void
sheet_run_free (SheetRun *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->pipeline);
  for (guint i = 0; i < SHEET_N_STAGES; i++)
    g_clear_object (&self->stages[i]);
  g_clear_object (&self->sandbox);
  for (guint i = 0; i < self->files->len; i++)
    g_free (self->reasons[i]);
  g_free (self->reasons);
  g_hash_table_unref (self->files_of_tasks);
  g_main_loop_unref (self->loop);
  g_clear_pointer (&self->png, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
give_up (SheetRun *self, const GError *error)
{
  if (self->error == NULL)
    self->error = g_error_copy (error);
  mpipe_pipeline_terminate (self->pipeline);
}

static gboolean
put_file (SheetRun *self, guint index, const char *reason, GError **error)
{
  ListedFile *file = g_ptr_array_index (self->files, index);
  GVariant *task = g_variant_new ("(u^ays)", index, file->path, reason);
  guint64 id = mpipe_pipeline_put (self->pipeline, task, NULL, error);

  if (id == 0)
    return FALSE;
  g_hash_table_insert (self->files_of_tasks, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (index));
  return TRUE;
}

static void
show_progress (SheetRun *self)
{
  ProgressCounts counts = {
    .n_decoded = mpipe_stage_get_n_results (self->stages[SHEET_STAGE_DECODE]),
    .n_scaled = mpipe_stage_get_n_results (self->stages[SHEET_STAGE_SCALE]),
    .n_placed = self->n_placed,
    .n_failed = self->n_failed,
  };

  progress_show (&self->progress, &counts);
}

static gboolean
show_progress_cb (gpointer user_data)
{
  show_progress (user_data);
  return G_SOURCE_CONTINUE;
}

/* The worker's own message begins with the name of the file, see decode_task(), and ends with the
 * domain and the code of its error, which nobody wants to read on a sheet. */
static char *
reason_of (const ListedFile *file, const GError *error)
{
  g_autofree char *prefix = g_strdup_printf ("“%s”: ", file->name);
  const char *own = strstr (error->message, prefix);
  const char *end = g_strrstr (error->message, " (");

  if (own == NULL || end == NULL || end <= own + strlen (prefix))
    return g_utf8_make_valid (error->message, -1);
  own += strlen (prefix);
  return g_utf8_make_valid (own, end - own);
}

static gboolean
task_failed_cb (MpipePipeline *pipeline, guint64 task_id, MpipeStage *stage, const GError *error,
                gpointer user_data)
{
  SheetRun *self = user_data;
  g_autoptr (GError) local_error = NULL;
  gpointer value;
  guint index;

  if (self->error != NULL)
    return TRUE;
  if (!g_hash_table_lookup_extended (self->files_of_tasks, &task_id, NULL, &value)
      || self->reasons[GPOINTER_TO_UINT (value)] != NULL)
    {
      give_up (self, error);
      return TRUE;
    }
  index = GPOINTER_TO_UINT (value);
  self->reasons[index] = reason_of (g_ptr_array_index (self->files, index), error);
  self->n_failed++;
  if (!put_file (self, index, self->reasons[index], &local_error))
    give_up (self, local_error);
  return TRUE;
}

static void
result_cb (MpipePipeline *pipeline, GVariant *value, guint64 task_id, MpipeStage *leaf,
           gpointer user_data)
{
  SheetRun *self = user_data;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      self->png = g_variant_get_data_as_bytes (value);
      self->encoded = g_get_monotonic_time ();
      return;
    }
  self->n_placed++;
  if (self->n_placed < self->files->len)
    return;
  self->all_placed = g_get_monotonic_time ();
  show_progress (self);
  mpipe_pipeline_stop (pipeline);
}

static void
completed_cb (MpipePipeline *pipeline, gpointer user_data)
{
  SheetRun *self = user_data;

  g_main_loop_quit (self->loop);
}

static gboolean
put_all (SheetRun *self, GError **error)
{
  g_autofree guint *order = file_list_largest_first (self->files);

  self->first_put = g_get_monotonic_time ();
  for (guint i = 0; i < self->files->len; i++)
    if (!put_file (self, order[i], "", error))
      return FALSE;
  return TRUE;
}

static void
run_loop (SheetRun *self)
{
  guint timer = g_timeout_add (PROGRESS_INTERVAL_MS, show_progress_cb, self);

  g_main_loop_run (self->loop);
  g_source_remove (timer);
  progress_end (&self->progress);
}

/**
 * sheet_run_do:
 *
 * Makes the sheet. Returns when all workers are gone.
 */
gboolean
sheet_run_do (SheetRun *self, GError **error)
{
  self->begun = g_get_monotonic_time ();
  progress_begin (&self->progress, "pipeline", self->files->len);
  self->pipeline = mpipe_pipeline_new (self->stages[SHEET_STAGE_DECODE], error);
  if (self->pipeline == NULL)
    return FALSE;
  g_signal_connect (self->pipeline, "result", G_CALLBACK (result_cb), self);
  g_signal_connect (self->pipeline, "task-failed", G_CALLBACK (task_failed_cb), self);
  g_signal_connect (self->pipeline, "completed", G_CALLBACK (completed_cb), self);
  if (!put_all (self, error))
    return FALSE;
  run_loop (self);
  if (self->error == NULL && self->png == NULL)
    g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_FAILED, "the pipeline gave no sheet");
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return self->png != NULL;
}
