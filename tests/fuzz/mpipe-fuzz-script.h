/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-fuzz.h"
#include "mpipe-glib/launch/mpipe-launcher-private.h"

G_BEGIN_DECLS

/* Workers that do what a script says. All workers of a pipeline share one script: whoever is asked for bytes takes the
 * next step. When the script is over they are honest: they answer what they hold, and stop when they are told to. They
 * run in the engine's thread, without processes, threads or descriptors of their own. */
typedef struct _MpipeFuzzScript MpipeFuzzScript;

typedef struct
{
  guint8 features;   /* that workers say they have */
  gboolean greets;   /* HELLO and READY come by themselves; otherwise they are steps as well */
  gboolean has_page;
  gboolean shares_memory;
  gboolean may_hang; /* there are time limits */
  guint8 pieces;
} MpipeFuzzScriptOptions;

MpipeFuzzScript *mpipe_fuzz_script_new (MpipeFuzzInput steps, const MpipeFuzzScriptOptions *options);
void mpipe_fuzz_script_free (MpipeFuzzScript *self);
MpipeLauncher *mpipe_fuzz_script_launcher_new (MpipeFuzzScript *self);

/* Ready workers wait for this, on any thread: so that the tasks are there when the script goes on. */
void mpipe_fuzz_script_go_on (MpipeFuzzScript *self);

/* Afterwards: whether a worker may have said that the task, a value that begins with this number, has ended without a
 * result. */
gboolean mpipe_fuzz_script_was_dropped (MpipeFuzzScript *self, gint64 task);
guint mpipe_fuzz_script_count_living (MpipeFuzzScript *self);

#define MPIPE_FUZZ_TASKS_MAX 16

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeFuzzScript, mpipe_fuzz_script_free)

G_END_DECLS
