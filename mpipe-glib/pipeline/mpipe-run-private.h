/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/core/mpipe-poller-private.h"
#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/flow/mpipe-backlog-private.h"
#include "mpipe-glib/pipeline/mpipe-item-private.h"

G_BEGIN_DECLS

/* A stage at work: its input, its output, and where the output goes. What happens in between is a matter of
 * its class. Engine's thread. */
typedef struct _MpipeRun MpipeRun;
typedef struct _MpipeRunContext MpipeRunContext;

#define MPIPE_RUN_WAITING_MAX 1024 /* tasks that wait in a run without a limit, when another has one */

/* What runs tell the engine. */
typedef struct
{
  void (*deliver) (gpointer owner, MpipeRun *run, MpipeItem *item); /* from a leaf; takes @item */
  void (*progress) (gpointer owner, MpipeStage *stage, guint64 id, double fraction,
                    const char *text);
  gboolean (*may_launch) (gpointer owner); /* FALSE: not now, but if it is tried again soon */
  void (*settle) (gpointer owner); /* things have changed: do what can be done now */
  void (*worker_started) (gpointer owner, MpipeStage *stage, guint index);
  void (*worker_exited) (gpointer owner, MpipeStage *stage, guint index, const GError *error);
} MpipeRunEvents;

/* What all runs of a pipeline share. */
struct _MpipeRunContext
{
  MpipeTypeTable *types;
  MpipeArena *arena; /* for large payloads; NULL when there is no such memory */
  MpipePoller *poller; /* for the channels of all workers; NULL when there is none */
  const MpipeRunEvents *events;
  gpointer owner;
  gboolean limited;          /* some stage has a limit */
  gboolean terminating;      /* all that has not ended fails */
  GHashTable *cancelled;     /* ids of tasks that are to fail; NULL for none */
  guint64 n_unread;          /* results and failures that have not come back from the reader */
  const MpipeBacklog *backlog; /* of the pipeline */
  MpipeRun *first_dirty;     /* runs that have something to look at */
};

typedef struct
{
  void (*work) (MpipeRun *run);                 /* does what can be done now */
  gboolean (*is_starting) (MpipeRun *run);      /* some worker is neither ready nor given up */
  const GError *(*get_problem) (MpipeRun *run); /* why it has no workers at all; NULL when it has */
  gboolean (*is_drained) (MpipeRun *run); /* input ended, and nothing is left but the output */
  gboolean (*is_over) (MpipeRun *run);    /* no process is left */
  void (*flush) (MpipeRun *run);
  void (*start) (MpipeRun *run);
  void (*terminate) (MpipeRun *run, const GError *reason);
  void (*cancel) (MpipeRun *run, guint64 id);
  void (*accuse) (MpipeRun *run, const MpipeProducer *producer, const GError *reason);
  void (*free) (MpipeRun *run);
} MpipeRunClass;

struct _MpipeRun
{
  const MpipeRunClass *klass;
  MpipeRunContext *context;
  MpipeStage *stage; /* owned */
  MpipeStageStatistics *statistics;

  GPtrArray *next;        /* runs that take the results; empty for a leaf */
  guint n_open_upstreams; /* that may still give tasks; at 0 the input has ended */
  gboolean output_ended;  /* the next ones were told */
  gboolean dirty;
  MpipeRun *next_dirty;

  MpipeBacklog backlog; /* from here to the reader, if there is a limit */
  GPtrArray *byte_limits; /* backlogs limited in bytes that count what is here: this one and upstream */
  MpipeFifo input;      /* tasks that no worker has, and failures on their way */
  gsize n_waiting;      /* in the input, each of a row counted */
  MpipeFifo output;     /* released, and not taken by all of next */

  /* where results of a leaf go, when not to the reader of the pipeline */
  void (*collect) (gpointer collector, MpipeRun *run, MpipeItem *item);
  void (*collect_ended) (gpointer collector, MpipeRun *run);
  gpointer collector;
};

void mpipe_run_init (MpipeRun *self, const MpipeRunClass *klass, MpipeRunContext *context,
                     MpipeStage *stage);
void mpipe_run_clear (MpipeRun *self);
void mpipe_run_link (MpipeRun *self, MpipeRun *next);
void mpipe_run_mark (MpipeRun *self);

void mpipe_run_accept (MpipeRun *self, MpipeItem *item);
void mpipe_run_put_back (MpipeRun *self, MpipeItem *item);
MpipeItem *mpipe_run_take (MpipeRun *self, guint max);
void mpipe_run_end_input (MpipeRun *self);
gboolean mpipe_run_is_closed (MpipeRun *self);
gboolean mpipe_run_is_open_to (MpipeRun *self, guint64 size);

void mpipe_run_release (MpipeRun *self, MpipeItem *item);
void mpipe_run_move_output (MpipeRun *self);
gboolean mpipe_run_is_blocked (MpipeRun *self);
gboolean mpipe_run_is_over_bytes (MpipeRun *self);
void mpipe_run_end_output_if_drained (MpipeRun *self);
void mpipe_run_cancel_input (MpipeRun *self, guint64 id);
GError *mpipe_run_find_refusal (MpipeRun *self, const MpipeItem *item);
GError *mpipe_run_new_cancelled_error (MpipeRun *self, const MpipeItem *item);

G_END_DECLS
