/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A sealed memfd of one page: neither side can shrink it under the other. What the worker writes is
 * believed only as far as it harms nobody but its own tasks.
 *
 * Taking back: the worker announces a task and then looks whether it is recalled; the engine recalls and
 * then looks which task is announced. All four are sequentially consistent, so at least one of the two sees
 * the other. When both do, the worker has skipped the task and says so in a SKIPPED frame. */

#include "config.h"

#include "mpipe-glib/wire/mpipe-page-private.h"

#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-memory-file-private.h"

#define PAGE_SIZE 4096
#define WHAT "the page shared with a worker"

typedef struct
{
  guint64 begun;        /* worker: sequence of the last task it began */
  guint64 since;        /* worker: when it began that task, monotonic µs; 0 when it is on none */
  guint64 busy;         /* worker: µs spent in tasks that ended */
  guint64 unused[5];    /* the engine's words on a cache line of their own */
  guint64 recall_from;  /* engine: tasks from here … 0 when none */
  guint64 recall_until; /* engine: … to before here must not be begun */
} Words;

struct _MpipePage
{
  Words *words;
  int fd;
};

static MpipePage *
page_map (int fd, GError **error)
{
  Words *words = mpipe_memory_file_map (fd, PAGE_SIZE, PROT_READ | PROT_WRITE, WHAT, error);
  MpipePage *self;

  if (words == NULL)
    {
      close (fd);
      return NULL;
    }
  self = g_new0 (MpipePage, 1);
  self->words = words;
  self->fd = fd;
  return self;
}

MpipePage *
mpipe_page_new (GError **error)
{
  int fd = mpipe_memory_file_new ("mpipe-worker-page", PAGE_SIZE, WHAT, error);

  if (fd < 0)
    return NULL;
  if (mpipe_memory_file_seal (fd, 0, WHAT, error))
    return page_map (fd, error);
  close (fd);
  return NULL;
}

/* Takes @fd over, also on failure: it may be anything. */
MpipePage *
mpipe_page_new_for_fd (int fd, GError **error)
{
  gsize size;

  if (mpipe_memory_file_check (fd, &size) && size == PAGE_SIZE)
    return page_map (fd, error);
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "what should be a page shared with the pipeline is none");
  return NULL;
}

void
mpipe_page_free (MpipePage *self)
{
  if (self == NULL)
    return;
  munmap (self->words, PAGE_SIZE);
  close (self->fd);
  g_free (self);
}

/* Returns: a descriptor for the other side, owned by the caller; -1 on failure. */
int
mpipe_page_dup_fd (MpipePage *self, GError **error)
{
  return mpipe_memory_file_dup (self->fd, WHAT, error);
}

/* The number comes first: a worker that dies between the two is on no task, rather than on the one before. The second
 * store is sequentially consistent: no processor does what follows before both are seen. Returns: FALSE when the task
 * was taken back and must be skipped. */
gboolean
mpipe_page_begin (MpipePage *self, guint64 sequence, gint64 now)
{
  guint64 from;

  __atomic_store_n (&self->words->begun, sequence, __ATOMIC_RELEASE);
  __atomic_store_n (&self->words->since, (guint64) now, __ATOMIC_SEQ_CST);
  from = __atomic_load_n (&self->words->recall_from, __ATOMIC_SEQ_CST);
  if (from == 0 || sequence < from
      || sequence >= __atomic_load_n (&self->words->recall_until, __ATOMIC_RELAXED))
    return TRUE;
  __atomic_store_n (&self->words->since, 0, __ATOMIC_RELEASE);
  return FALSE;
}

/* The same for @n tasks that are begun at once. Returns: how many of them, from @first on, are to be done so; from the
 * next on they were taken back. */
guint
mpipe_page_begin_row (MpipePage *self, guint64 first, guint n, gint64 now)
{
  guint64 from;

  __atomic_store_n (&self->words->begun, first + n - 1, __ATOMIC_RELEASE);
  __atomic_store_n (&self->words->since, (guint64) now, __ATOMIC_SEQ_CST);
  from = __atomic_load_n (&self->words->recall_from, __ATOMIC_SEQ_CST);
  if (from == 0 || from >= first + n
      || __atomic_load_n (&self->words->recall_until, __ATOMIC_RELAXED) <= first)
    return n;
  n = from > first ? (guint) (from - first) : 0;
  if (n > 0)
    __atomic_store_n (&self->words->begun, first + n - 1, __ATOMIC_RELEASE);
  else
    __atomic_store_n (&self->words->since, 0, __ATOMIC_RELEASE);
  return n;
}

void
mpipe_page_end (MpipePage *self, gint64 busy_us)
{
  __atomic_store_n (&self->words->busy, self->words->busy + (guint64) busy_us, __ATOMIC_RELAXED);
  __atomic_store_n (&self->words->since, 0, __ATOMIC_RELEASE);
}

/* Returns: the sequence of the task that the worker says it is on, 0 when on none. */
guint64
mpipe_page_get_current (MpipePage *self, gint64 *out_since)
{
  guint64 begun = __atomic_load_n (&self->words->begun, __ATOMIC_SEQ_CST);
  guint64 since = __atomic_load_n (&self->words->since, __ATOMIC_ACQUIRE);

  if (out_since != NULL)
    *out_since = (gint64) since;
  return since != 0 ? begun : 0;
}

/* Returns: the sequence of the last task that the worker says it began, ended or not. */
guint64
mpipe_page_get_begun (MpipePage *self)
{
  return __atomic_load_n (&self->words->begun, __ATOMIC_SEQ_CST);
}

gint64
mpipe_page_get_busy (MpipePage *self)
{
  return (gint64) __atomic_load_n (&self->words->busy, __ATOMIC_RELAXED);
}

/* Takes back the tasks from @from to before @until. Returns: the first that the worker will certainly
 * not do; those before it, it may have begun. */
guint64
mpipe_page_recall (MpipePage *self, guint64 from, guint64 until)
{
  guint64 begun;

  __atomic_store_n (&self->words->recall_until, until, __ATOMIC_RELAXED);
  __atomic_store_n (&self->words->recall_from, from, __ATOMIC_SEQ_CST);
  begun = __atomic_load_n (&self->words->begun, __ATOMIC_SEQ_CST);
  return MIN (MAX (from, begun + 1), until);
}

void
mpipe_page_end_recall (MpipePage *self)
{
  __atomic_store_n (&self->words->recall_from, 0, __ATOMIC_SEQ_CST);
}
