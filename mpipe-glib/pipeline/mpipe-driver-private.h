/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which thread runs an engine: its own, or for a while one of the application that waits for a result. Only
 * that thread touches what belongs to the engine. */
typedef struct _MpipeDriver MpipeDriver;

MpipeDriver *mpipe_driver_new (GMainContext *context);
void mpipe_driver_free (MpipeDriver *self);

/* the engine's own thread */
void mpipe_driver_set_own (MpipeDriver *self);
void mpipe_driver_run_own (MpipeDriver *self);

/* the thread that runs the engine now */
gboolean mpipe_driver_is_own (MpipeDriver *self);
void mpipe_driver_call_own (MpipeDriver *self);
void mpipe_driver_end (MpipeDriver *self);

/* any thread */
void mpipe_driver_wake (MpipeDriver *self);
gboolean mpipe_driver_take (MpipeDriver *self, gboolean insist);
gboolean mpipe_driver_iterate (MpipeDriver *self);
void mpipe_driver_give_back (MpipeDriver *self, gboolean linger);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeDriver, mpipe_driver_free)

G_END_DECLS
