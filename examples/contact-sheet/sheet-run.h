/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>
#include <mpipe-glib.h>

#include "options.h"
#include "progress.h"

typedef enum
{
  SHEET_STAGE_DECODE,
  SHEET_STAGE_SCALE,
  SHEET_STAGE_COMPOSE,
  SHEET_N_STAGES,
} SheetStage;

/* One sheet, made by a pipeline. */
typedef struct
{
  GPtrArray *files; /* of ListedFile; not owned */
  char **reasons;   /* for each file: why it is not on the sheet, or NULL */
  guint n_failed;
  guint n_placed;
  GBytes *png; /* NULL until the end */
  gint64 begun;
  gint64 first_put;
  gint64 all_placed;
  gint64 encoded;
  MpipeStage *stages[SHEET_N_STAGES]; /* with what they did */
  MpipeSandbox *sandbox;              /* of those that decode */

  /* while it runs */
  MpipePipeline *pipeline;
  GHashTable *files_of_tasks; /* task id → index of its file */
  GMainLoop *loop;
  GError *error;
  Progress progress;
} SheetRun;

SheetRun *sheet_run_new (GPtrArray *files, const char *title, const Options *options);
void sheet_run_free (SheetRun *self);
gboolean sheet_run_do (SheetRun *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SheetRun, sheet_run_free)
