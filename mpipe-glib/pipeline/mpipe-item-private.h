/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/flow/mpipe-fifo-private.h"
#include "mpipe-glib/pipeline/mpipe-lineage-private.h"
#include "mpipe-glib/pipeline/mpipe-stage.h"

G_BEGIN_DECLS

/* Which worker made a value, to call it to account when the value turns out to be none. */
typedef struct
{
  MpipeStage *stage; /* borrowed; NULL when the application made the value */
  guint index;
  int pid;
} MpipeProducer;

/* What moves through a pipeline: a task, a result that becomes a task, or a failure that keeps its place in
 * the order. One owner at a time; it crosses threads only through the mailboxes.
 *
 * It may stand for a row of tasks, of which nothing is to be told but their numbers: their ids, places and numbers
 * follow each other. Whatever is done to one of them alone is done to an item that was split off. */
typedef struct
{
  /* what every thread looks at, close together */
  MpipeFifoLink link;
  MpipePayload payload; /* empty in a failure */
  guint64 id;           /* of the task that was put, from which it comes; 0 for the stop task */
  guint n_tasks;        /* 1, or those in the row; the id is that of the first, the place and number as well */
  MpipeLoad read;       /* what was read of it, and is said to be */
  GError *error;        /* set in a failure */
  MpipeStage *stage;    /* borrowed: where it failed, or the leaf it came out of */
  gboolean reported;    /* a failure that a signal handler has seen */
  GUnixFDList *fds;     /* owned: what handles in the value refer to; only of a task that was put, or NULL */

  guint32 n_counted;     /* bytes that the lineage counts for it */
  MpipeLineage *lineage; /* NULL before the engine took it */
  guint64 place;          /* in the order of the stage it is in; 0 before it has one */
  guint64 number;         /* under which its worker holds it */
  guint n_attempts;       /* of the stage it is in */
  guint n_at_hand;        /* workers of that stage that ended on no task, and this was next */
  gint64 begun_at;        /* when its worker said that it began, or was told to give it up; 0 before */
  gint64 due_at;          /* when it may be tried again */
  gboolean has_passed_on : 1; /* some of its results are on their way: it must not be done again */
  gboolean is_stop : 1;       /* no task: the last call of a worker */
  gboolean is_begun : 1;      /* its worker has said so */
  gboolean is_cancelled : 1;  /* its results do not count */
  gboolean is_counted : 1;    /* split off by its reader: counted with the rest of its row */
  gboolean is_sole : 1;       /* delivered; where it is counted it is not any more when it was read */
  gboolean is_growing : 1;    /* a row in the mailbox, to which more may be put */
  gboolean goes_alone : 1;    /* a worker that had it among others died */
  gboolean in_array : 1;      /* given to a worker that may do it together with others */
  MpipeProducer producer;
  MpipeFifo held; /* results kept back until the task has ended */
} MpipeItem;

/* A result out of a row. */
typedef struct
{
  MpipePayload value; /* needs no clearing */
  guint64 id;
  MpipeStage *leaf; /* borrowed */
} MpipeNumber;

MpipeItem *mpipe_item_new (guint64 id);
MpipeItem *mpipe_item_new_stop (void);
MpipeItem *mpipe_item_new_row (const MpipePayload *payload, guint n_tasks);
MpipeItem *mpipe_item_split (MpipeItem *self, guint n_tasks);
MpipeItem *mpipe_item_read (MpipeItem *self, guint n_tasks);
void mpipe_item_read_number (MpipeItem *self, MpipeNumber *out_number);
void mpipe_item_read_rest (MpipeItem *self);
MpipeItem *mpipe_item_new_child (const MpipeItem *parent, const MpipePayload *payload);
void mpipe_item_free (MpipeItem *self);
void mpipe_item_free_all (MpipeFifo *items);

void mpipe_item_set_lineage (MpipeItem *self, MpipeLineage *lineage);
void mpipe_item_set_payload (MpipeItem *self, const MpipePayload *payload);
void mpipe_item_drop_payload (MpipeItem *self);
void mpipe_item_drop_held (MpipeItem *self);
void mpipe_item_fail (MpipeItem *self, MpipeStage *stage, GError *error);

G_END_DECLS
