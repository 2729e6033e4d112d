/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

#include "mpipe-glib/core/mpipe-poller-private.h"

G_BEGIN_DECLS

/* What a worker writes to its standard error: it is passed on to that of the application, and the last of it is
 * kept, for the message that tells of the worker's end. Engine's thread. */
typedef struct _MpipeErrorOutput MpipeErrorOutput;

#define MPIPE_ERROR_OUTPUT_TAIL 2048     /* bytes that are kept, */
#define MPIPE_ERROR_OUTPUT_TAIL_LINES 10 /* and lines that are told of them */

gboolean mpipe_error_output_make_pipe (int fds[2], GError **error);
MpipeErrorOutput *mpipe_error_output_new (int fd, int target_fd, MpipePoller *poller);
void mpipe_error_output_end (MpipeErrorOutput *self);
void mpipe_error_output_free (MpipeErrorOutput *self);
char *mpipe_error_output_dup_tail (MpipeErrorOutput *self);
char *mpipe_error_output_quote (const char *bytes, gsize size, gboolean is_whole);

G_END_DECLS
