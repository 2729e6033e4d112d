/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-test-kit.h"

G_BEGIN_DECLS

/* What a user sees of a pipeline in which something may fail. */
typedef struct
{
  GError *refused; /* by mpipe_pipeline_new(); then nothing else happened */
  guint n_results;
  guint n_failures;
  GError *failure; /* the first */
} MpipeConversation;

/* Workers that give what they get; before mpipe_test_init(). */
void mpipe_conversation_register (void);

/* An ordered stage of these. */
MpipeStage *mpipe_conversation_stage (guint size);

/* With “talks” a worker writes a line to its standard error at the first task, with “talks-and-dies” it dies then. */
#define MPIPE_CONVERSATION_LINE "# a worker writes this, and no more"
void mpipe_conversation_set_parameter (MpipeStage *stage, const char *name);

/* Numbers and texts there and back, small and larger than what is copied. Each task must end once, a
 * result unchanged and in its place, a failure with a text. Takes @stage over. */
void mpipe_conversation_run (MpipeStage *stage, MpipeConversation *out);
void mpipe_conversation_clear (MpipeConversation *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MpipeConversation, mpipe_conversation_clear)

#define MPIPE_CONVERSATION_TASKS 14

G_END_DECLS
