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
  guint64 n_ahead;   /* atomic: of those in n, what was read of rows that are not read to their end */
} MpipeBacklog;

/* Any thread: a reader has taken the first @n results of a row. */
static inline void
mpipe_backlog_read_ahead (MpipeBacklog *self, guint n)
{
  __atomic_fetch_add (&self->n_ahead, n, __ATOMIC_RELAXED);
}

/* The rest of that row was read as well. */
static inline void
mpipe_backlog_read_behind (MpipeBacklog *self, guint n)
{
  __atomic_fetch_sub (&self->n_ahead, n, __ATOMIC_RELAXED);
}

/* Any thread. Returns: how many of @n are still there for the reader */
static inline guint64
mpipe_backlog_get_unread (const MpipeBacklog *self, guint64 n)
{
  return n - MIN (n, __atomic_load_n (&self->n_ahead, __ATOMIC_RELAXED));
}

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
