/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So much, in tasks and in bytes. */
typedef struct
{
  guint64 n;
  guint64 bytes;
} MpipeLoad;

/* What is between an entrance and the end, in tasks and in bytes, against the limits set for it. A task that was read is
 * counted until the engine has it back; and one of a row, until it has the row. Until then it is known to be read. */
typedef struct
{
  guint64 n;
  guint64 bytes;
  guint64 max_n;     /* 0: no limit */
  guint64 max_bytes; /* 0: no limit */
  MpipeLoad read;    /* atomic: what readers have said to be read, from the beginning */
  MpipeLoad settled; /* of that, what has come back, and is counted no more */
  MpipeLoad ahead;   /* the rest, when it was looked last: counted, and not there any more */
} MpipeBacklog;

/* Any thread: something that is counted was read. Whoever waits for it looks at the numbers after he has said
 * so. */
static inline void
mpipe_backlog_read (MpipeBacklog *self, MpipeLoad load)
{
  __atomic_fetch_add (&self->read.bytes, load.bytes, __ATOMIC_SEQ_CST);
  __atomic_fetch_add (&self->read.n, load.n, __ATOMIC_SEQ_CST);
}

/* Any thread. Returns: what was read, from the beginning; each number by itself */
static inline MpipeLoad
mpipe_backlog_get_read (const MpipeBacklog *self)
{
  return (MpipeLoad){ __atomic_load_n (&self->read.n, __ATOMIC_SEQ_CST),
                      __atomic_load_n (&self->read.bytes, __ATOMIC_SEQ_CST) };
}

/* Takes note of what was read until now. */
static inline void
mpipe_backlog_look (MpipeBacklog *self)
{
  MpipeLoad read = mpipe_backlog_get_read (self);

  self->ahead.n = read.n - self->settled.n;
  self->ahead.bytes = read.bytes - self->settled.bytes;
}

/* Returns: what was read when it was looked last, from the beginning */
static inline MpipeLoad
mpipe_backlog_get_seen (const MpipeBacklog *self)
{
  return (MpipeLoad){ self->settled.n + self->ahead.n, self->settled.bytes + self->ahead.bytes };
}

/* Something that was read has come back, and is about to leave. */
static inline void
mpipe_backlog_settle (MpipeBacklog *self, MpipeLoad load)
{
  self->settled.n += load.n;
  self->settled.bytes += load.bytes;
  mpipe_backlog_look (self);
}

/* Returns: how many there are, as far as it was looked. */
static inline guint64
mpipe_backlog_get_n (const MpipeBacklog *self)
{
  return self->n - MIN (self->n, self->ahead.n);
}

static inline guint64
mpipe_backlog_get_bytes (const MpipeBacklog *self)
{
  return self->bytes - MIN (self->bytes, self->ahead.bytes);
}

/* Returns: all that are counted, and all that were before and are known to be read: what was read is to be taken off
 * this. */
static inline guint64
mpipe_backlog_get_gross (const MpipeBacklog *self)
{
  return self->n + self->settled.n;
}

/* Any thread. Returns: how many of @gross are still there for the reader */
static inline guint64
mpipe_backlog_get_unread (const MpipeBacklog *self, guint64 gross)
{
  return gross - MIN (gross, mpipe_backlog_get_read (self).n);
}

static inline gboolean
mpipe_backlog_is_limited (const MpipeBacklog *self)
{
  return self->max_n > 0 || self->max_bytes > 0;
}

static inline gboolean
mpipe_backlog_is_over_bytes (const MpipeBacklog *self)
{
  return self->max_bytes > 0 && mpipe_backlog_get_bytes (self) >= self->max_bytes;
}

/* Returns: for how many more tasks there is room, as far as their bytes do not matter; G_MAXUINT64 for any */
static inline guint64
mpipe_backlog_get_room (const MpipeBacklog *self)
{
  if (self->max_n == 0)
    return G_MAXUINT64;
  return self->max_n - MIN (mpipe_backlog_get_n (self), self->max_n);
}

/* Returns: for how many more bytes there is room, less than 0 where there are too many; G_MAXINT64 for any */
static inline gint64
mpipe_backlog_get_room_in_bytes (const MpipeBacklog *self)
{
  if (self->max_bytes == 0)
    return G_MAXINT64;
  return (gint64) MIN (self->max_bytes, G_MAXINT64 - 1) - (gint64) mpipe_backlog_get_bytes (self);
}

/* Returns: how many tasks of @size bytes each may come where there is room for @n and for @n_bytes. Where there are none
 * (@n_there) the bytes do not matter for one, so that a task larger than the limit is done alone. */
static inline guint64
mpipe_backlog_divide_room (guint64 n, gint64 n_bytes, guint64 n_there, guint64 size)
{
  guint64 n_by_bytes = G_MAXUINT64;

  if (n_bytes < 0)
    n_by_bytes = 0;
  else if (size > 0)
    n_by_bytes = (guint64) n_bytes / size;
  if (n_by_bytes == 0 && n_there == 0)
    n_by_bytes = 1;
  return MIN (n, n_by_bytes);
}

/* Returns: for how many more tasks of @size bytes each there is room. */
static inline guint64
mpipe_backlog_count_admitted (const MpipeBacklog *self, guint64 size)
{
  return mpipe_backlog_divide_room (mpipe_backlog_get_room (self), mpipe_backlog_get_room_in_bytes (self),
                                    mpipe_backlog_get_n (self), size);
}

G_END_DECLS
