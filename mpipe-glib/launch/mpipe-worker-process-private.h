/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-glib/core/mpipe-poller-private.h"
#include "mpipe-glib/core/mpipe-statistics-private.h"
#include "mpipe-glib/launch/mpipe-error-output-private.h"
#include "mpipe-glib/launch/mpipe-launcher-private.h"
#include "mpipe-glib/launch/mpipe-worker-memory-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"

G_BEGIN_DECLS

/* One worker from its start to its end, as the engine sees it. */
typedef struct _MpipeWorkerProcess MpipeWorkerProcess;

typedef enum
{
  MPIPE_WORKER_PROCESS_STARTING, /* not ready yet */
  MPIPE_WORKER_PROCESS_READY,
  MPIPE_WORKER_PROCESS_STOPPING, /* was told to stop */
  MPIPE_WORKER_PROCESS_ENDING,   /* the channel is closed; the process goes, or is killed */
  MPIPE_WORKER_PROCESS_ENDED,
} MpipeWorkerProcessState;

/* What a worker tells its owner; all on the engine's thread. Numbers are those of the tasks that the owner
 * sent; who returns FALSE says that there is no such task, and the worker is ended. Each of them may end
 * the worker; only `ended`, the last, may drop it. */
typedef struct
{
  void (*ready) (gpointer owner);
  gboolean (*result) (gpointer owner, guint64 sequence, const MpipePayload *result, gboolean last);
  gboolean (*row) (gpointer owner, guint64 first, const MpipePayload *results,
                   guint n); /* the last of @n tasks, numbers one behind the other */
  gboolean (*done) (gpointer owner, guint64 sequence);
  gboolean (*failed) (gpointer owner, guint64 sequence, const char *reason);
  void (*begun) (gpointer owner, guint64 sequence); /* of those workers that say so */
  gboolean (*skipped) (gpointer owner, guint64 sequence);
  gboolean (*progress) (gpointer owner, guint64 sequence, double fraction, const char *text);
  void (*received) (gpointer owner); /* after a batch of the above */
  void (*ended) (gpointer owner, const GError *error); /* NULL: stopped in order */
} MpipeWorkerProcessEvents;

/* What the worker is told, beyond what it takes to start it. */
typedef struct
{
  GVariant *parameters; /* a{sv}; NULL for none */
  const char *result_type;
  gboolean do_stop_task;
  gboolean disable_result;
  guint start_timeout_ms; /* 0: for ever */
  guint grace_time_ms;    /* for one that is to go, before it is made to */
  guint concurrency;      /* how many tasks it may have open at a time */
  MpipePoller *poller; /* of the thread's main context; NULL when there is none */
  MpipeWorkerStatistics *statistics; /* of its place; how large payloads went */
} MpipeWorkerProcessOptions;

MpipeWorkerProcess *mpipe_worker_process_new (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                                              const MpipeWorkerProcessOptions *options,
                                              MpipeTypeTable *types,
                                              const MpipeWorkerProcessEvents *events,
                                              gpointer owner, GError **error);
void mpipe_worker_process_set_events (MpipeWorkerProcess *self,
                                      const MpipeWorkerProcessEvents *events);
void mpipe_worker_process_unref (MpipeWorkerProcess *self);

MpipeWorkerProcessState mpipe_worker_process_get_state (MpipeWorkerProcess *self);
int mpipe_worker_process_get_pid (MpipeWorkerProcess *self);
gint64 mpipe_worker_process_get_busy_us (MpipeWorkerProcess *self);
guint mpipe_worker_process_get_concurrency (MpipeWorkerProcess *self);
guint64 mpipe_worker_process_get_begun (MpipeWorkerProcess *self);
gboolean mpipe_worker_process_get_current (MpipeWorkerProcess *self, guint64 *out_sequence,
                                           gint64 *out_since);
char *mpipe_worker_process_dup_last_words (MpipeWorkerProcess *self);

gboolean mpipe_worker_process_takes_fds (MpipeWorkerProcess *self);
gboolean mpipe_worker_process_takes_rows (MpipeWorkerProcess *self);
gboolean mpipe_worker_process_does_arrays (MpipeWorkerProcess *self);
void mpipe_worker_process_send_task (MpipeWorkerProcess *self, guint64 sequence,
                                     MpipePayload *task, GUnixFDList *fds);
gboolean mpipe_worker_process_send_row (MpipeWorkerProcess *self, guint64 first,
                                        const MpipePayload *tasks);
void mpipe_worker_process_send_stop (MpipeWorkerProcess *self, guint64 sequence);
gboolean mpipe_worker_process_can_cancel (MpipeWorkerProcess *self);
void mpipe_worker_process_send_cancel (MpipeWorkerProcess *self, guint64 sequence);
void mpipe_worker_process_flush (MpipeWorkerProcess *self);
void mpipe_worker_process_set_reading (MpipeWorkerProcess *self, gboolean reading);
gboolean mpipe_worker_process_can_recall (MpipeWorkerProcess *self);
guint64 mpipe_worker_process_recall (MpipeWorkerProcess *self, guint64 from, guint64 until);
void mpipe_worker_process_end_recall (MpipeWorkerProcess *self);
void mpipe_worker_process_end (MpipeWorkerProcess *self, GError *reason);
void mpipe_worker_process_terminate (MpipeWorkerProcess *self, GError *reason);
void mpipe_worker_process_end_in (MpipeWorkerProcess *self, guint ms);

/* What its files share. */

struct _MpipeWorkerProcess
{
  grefcount n_refs;
  MpipeWorkerProcessState state;
  MpipeTypeTable *types;
  const MpipeWorkerProcessEvents *events;
  gpointer owner;

  MpipeChild *child;
  MpipeChannel *channel;
  MpipePage *page; /* NULL when the launcher gave none */
  MpipeWorkerMemory *memory;
  MpipeTypeMap *type_map;
  MpipeErrorOutput *error_output; /* NULL when it is not captured */

  MpipePoller *poller;   /* borrowed; NULL when there is none */
  MpipeWatch *watch;     /* while it is read; or a source: */
  GSource *in_source;    /* both NULL while reading is paused */
  GSource *out_source;   /* NULL unless the channel is full, or choked */
  guint n_choked;        /* how often in a row */
  GSource *timer_source; /* of the start, then of the end */

  guint features;    /* of the worker's HELLO; 0 before */
  guint concurrency; /* that it was allowed */
  guint grace_time_ms;
  gboolean said_hello;
  gboolean said_goodbye;
  gboolean channel_ended;
  gboolean killed;        /* it did not go when its channel had ended */
  char *exit_description; /* NULL while the process runs */
  char *refusal;          /* why the worker said it cannot start */
  GError *reason;         /* why the engine ends it */
  guint64 started;        /* sequence of the last START frame */
  gint64 started_at;
};

/* mpipe-worker-process.c */
void mpipe_worker_process_begin_ready (MpipeWorkerProcess *self);
void mpipe_worker_process_begin_stopping (MpipeWorkerProcess *self);

/* mpipe-worker-process-frames.c */
gboolean mpipe_worker_process_handle_frame (MpipeWorkerProcess *self, const MpipeFrame *frame,
                                            GError **error);
gboolean mpipe_worker_process_check_may_answer (MpipeWorkerProcess *self, const MpipeFrame *frame,
                                                GError **error);

G_END_DECLS
