/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

G_BEGIN_DECLS

/* The engine's side of a channel, acted by a test; a thread runs the worker's loop at the other side. The
 * worker does what its tasks, which are texts, tell it:
 *
 *   echo TEXT     returns the text
 *   none          returns nothing
 *   fail TEXT     fails, saying the text
 *   both          fails, and returns something
 *   put N TEXT    puts N results of that text, then returns nothing
 *   put+ N TEXT   the same, then returns "last"
 *   describe      returns its stage's name, its index and its parameters
 *   number        returns an int64
 *   put number    puts an int64, and says how that failed
 *   handle        returns a handle
 *   wait          returns when it is told to
 *
 * Any other value is returned as it is. The stop task returns, or does, what `stop_task` says. */
typedef struct
{
  gboolean with_page;
  gboolean do_stop_task;
  gboolean disable_result;
  const char *result_type;
  const char *parameters;
  const char *stop_task;   /* NULL: returns nothing */
  const char *start_fails; /* the reason; "" for none */
  gboolean puts_at_start_and_stop;
} MpipeUnitWays;

typedef struct
{
  MpipeUnitWays ways;
  GIOStream *near; /* the test's end */
  GIOStream *far;
  MpipeChannel *channel;
  MpipeTypeTable *types;
  MpipeTypeMap *sending;
  MpipeTypeMap *receiving;
  MpipePage *page; /* NULL without */
  GThread *thread;
  GAsyncQueue *told; /* what “wait” waits for */

  /* written by the loop's thread, to be read after mpipe_unit_engine_join() */
  gboolean greeted;
  gboolean stopped; /* what the loop returned */
  GError *error;
  guint n_starts, n_tasks, n_stops;
  guint n_refused_puts; /* outside of a task */
} MpipeUnitEngine;

/* Everything that a test says is sent at once; what it expects fails the test after a while. */
void mpipe_unit_engine_start (MpipeUnitEngine *self, const MpipeUnitWays *ways);
void mpipe_unit_engine_say_hello (MpipeUnitEngine *self);
void mpipe_unit_engine_get_ready (MpipeUnitEngine *self); /* start, hello, HELLO, READY */
void mpipe_unit_engine_join (MpipeUnitEngine *self);      /* waits for the end of the loop */
void mpipe_unit_engine_clear (MpipeUnitEngine *self);

void mpipe_unit_engine_say (MpipeUnitEngine *self, guint8 kind, guint64 sequence);
void mpipe_unit_engine_say_bytes (MpipeUnitEngine *self, guint8 kind, guint16 type,
                                  guint64 sequence, const void *data, gsize size);
void mpipe_unit_engine_give (MpipeUnitEngine *self, guint64 sequence, GVariant *task);
void mpipe_unit_engine_give_text (MpipeUnitEngine *self, guint64 sequence, const char *text);
void mpipe_unit_engine_flush (MpipeUnitEngine *self);

void mpipe_unit_engine_receive (MpipeUnitEngine *self, MpipeFrame *out_frame);
void mpipe_unit_engine_expect (MpipeUnitEngine *self, guint8 kind, guint64 sequence);
void mpipe_unit_engine_expect_begun (MpipeUnitEngine *self, guint64 sequence);
void mpipe_unit_engine_expect_result (MpipeUnitEngine *self, guint64 sequence, GVariant *value,
                                      gboolean last);
void mpipe_unit_engine_expect_text (MpipeUnitEngine *self, guint64 sequence, const char *text,
                                    gboolean last);
void mpipe_unit_engine_expect_failure (MpipeUnitEngine *self, guint64 sequence,
                                       const char *pattern);
void mpipe_unit_engine_expect_end (MpipeUnitEngine *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MpipeUnitEngine, mpipe_unit_engine_clear)

G_END_DECLS
