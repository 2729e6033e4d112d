/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

#include "mpipe-glib/core/mpipe-type-table-private.h"
#include "mpipe-glib/wire/mpipe-frame-private.h"

G_BEGIN_DECLS

/* What a worker is told before it starts. */
typedef struct
{
  char *stage_name;
  char *worker_name; /* of a registered worker; NULL for a worker program */
  char *result_type; /* NULL for any */
  guint index;
  guint concurrency; /* how many tasks it may have open; 0 is sent and means 1 */
  gboolean do_stop_task;
  gboolean disable_result;
  GVariant *parameters; /* a{sv} */
} MpipeWorkerSetup;

MpipeWorkerSetup *mpipe_worker_setup_new (void);
void mpipe_worker_setup_free (MpipeWorkerSetup *self);

GBytes *mpipe_worker_setup_to_bytes (const MpipeWorkerSetup *self);
MpipeWorkerSetup *mpipe_worker_setup_parse (const MpipeFrame *frame, GError **error);

/* What a worker says about itself first. */
typedef struct
{
  guint32 version;
  guint32 features;
  guint32 pid;
  guint32 reserved;
} MpipeWorkerHello;

gboolean mpipe_worker_hello_parse (const MpipeFrame *frame, MpipeWorkerHello *out_hello,
                                   GError **error);

GBytes *mpipe_message_error_to_bytes (const GError *error);
char *mpipe_message_parse_error (const MpipeFrame *frame);

GBytes *mpipe_message_progress_to_bytes (double fraction, const char *text);
gboolean mpipe_message_parse_progress (const MpipeFrame *frame, double *out_fraction,
                                       char **out_text, GError **error);

const MpipeTypeEntry *mpipe_message_parse_type (const MpipeFrame *frame, MpipeTypeTable *types,
                                                gboolean handles, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeWorkerSetup, mpipe_worker_setup_free)

G_END_DECLS
