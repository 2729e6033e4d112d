/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is between an entrance and the end, in tasks and in bytes, against the limits set for it. A task that was read is
 * counted until the engine has it back; and one of a row, until it has the row. Until then it is known to be read. */
typedef struct
{
  guint64 n;
  guint64 bytes;
  guint64 max_n;     /* 0: no limit */
  guint64 max_bytes; /* 0: no limit */
  guint64 n_read;    /* atomic: what readers have said to be read, from the beginning */
  guint64 n_settled; /* of those, what has come back, and is counted no more */
  guint64 n_ahead;   /* the others, when it was looked last: counted, and not there any more */
} MpipeBacklog;

/* Any thread: @n of those that are counted were read. Whoever waits for it looks at the number after he has said
 * so. */
static inline void
mpipe_backlog_read (MpipeBacklog *self, guint64 n)
{
  __atomic_fetch_add (&self->n_read, n, __ATOMIC_SEQ_CST);
}

/* Any thread. Returns: what was read, from the beginning */
static inline guint64
mpipe_backlog_get_n_read (const MpipeBacklog *self)
{
  return __atomic_load_n (&self->n_read, __ATOMIC_SEQ_CST);
}

/* Takes note of what was read until now. */
static inline void
mpipe_backlog_look (MpipeBacklog *self)
{
  self->n_ahead = mpipe_backlog_get_n_read (self) - self->n_settled;
}

/* Returns: what was read when it was looked last, from the beginning */
static inline guint64
mpipe_backlog_get_n_seen (const MpipeBacklog *self)
{
  return self->n_settled + self->n_ahead;
}

/* @n of those that were read have come back, and are about to leave. */
static inline void
mpipe_backlog_settle (MpipeBacklog *self, guint64 n)
{
  self->n_settled += n;
  mpipe_backlog_look (self);
}

/* Returns: how many there are, as far as it was looked. */
static inline guint64
mpipe_backlog_get_n (const MpipeBacklog *self)
{
  return self->n - MIN (self->n, self->n_ahead);
}

/* Returns: all that are counted, and all that were before and are known to be read: what was read is to be taken off
 * this. */
static inline guint64
mpipe_backlog_get_gross (const MpipeBacklog *self)
{
  return self->n + self->n_settled;
}

/* Any thread. Returns: how many of @gross are still there for the reader */
static inline guint64
mpipe_backlog_get_unread (const MpipeBacklog *self, guint64 gross)
{
  return gross - MIN (gross, mpipe_backlog_get_n_read (self));
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

/* Returns: for how many tasks there is room; G_MAXUINT64 for any */
static inline guint64
mpipe_backlog_get_room (const MpipeBacklog *self)
{
  if (self->max_n == 0)
    return G_MAXUINT64;
  return self->max_n - MIN (mpipe_backlog_get_n (self), self->max_n);
}

/* Whether there is room for one more task of @size bytes. An empty one has room for any, so that a task
 * larger than the limit is done alone. */
static inline gboolean
mpipe_backlog_admits (const MpipeBacklog *self, guint64 size)
{
  if (mpipe_backlog_get_n (self) == 0)
    return TRUE;
  if (mpipe_backlog_get_room (self) == 0)
    return FALSE;
  return self->max_bytes == 0 || self->bytes + size <= self->max_bytes;
}

G_END_DECLS
