/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is between an entrance and the end, in tasks and in bytes, against the limits set for it. */
typedef struct
{
  guint64 n;
  guint64 bytes;
  guint64 max_n;     /* 0: no limit */
  guint64 max_bytes; /* 0: no limit */
} MpipeBacklog;

static inline gboolean
mpipe_backlog_is_limited (const MpipeBacklog *self)
{
  return self->max_n > 0 || self->max_bytes > 0;
}

static inline gboolean
mpipe_backlog_is_over_bytes (const MpipeBacklog *self)
{
  return self->max_bytes > 0 && self->bytes >= self->max_bytes;
}

/* Whether there is room for one more task of @size bytes. An empty one has room for any, so that a task
 * larger than the limit is done alone. */
static inline gboolean
mpipe_backlog_admits (const MpipeBacklog *self, guint64 size)
{
  if (self->n == 0)
    return TRUE;
  if (self->max_n > 0 && self->n >= self->max_n)
    return FALSE;
  return self->max_bytes == 0 || self->bytes + size <= self->max_bytes;
}

G_END_DECLS
