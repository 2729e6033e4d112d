/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Incoming: one read fills a buffer that the payloads of many frames share. A buffer that nobody
 * kept a part of is filled again; a frame longer than a buffer gets one of its own, which grows with what
 * has come of the frame: what its header promises is not believed. Behind a large frame only the header
 * of the next is read at first, so that another large one need not be moved.
 *
 * Outgoing: small frames are copied one behind the other, large payloads are kept by reference; all of it
 * leaves in one vectored write. Descriptors travel with the first byte of their frame, which begins a write of its own;
 * the system never gives those of two frames at once, so the frames that have some are matched with what arrived one by
 * one, in their order.
 *
 * One thread at a time. A blocking channel waits in receive and flush, the other kind never does. */

#include "config.h"

#include "mpipe-glib/wire/mpipe-channel-private.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-fd-socket-private.h"

#define RECEIVE_CAPACITY (64u << 10)
#define RECEIVE_ROOM_MIN (8u << 10)  /* below this, reading on in the same buffer does not pay */
#define RECEIVE_ON_TRUST (1u << 20)  /* so much of a frame has room before anything of it came */
#define COPY_MAX (4u << 10)          /* payloads up to this are copied out, larger ones referenced */
#define VECTORS_MAX 64
#define NO_ROW G_MAXSIZE
#define COPIED_KEEP (256u << 10)     /* sent bytes kept in front of unsent ones, and spare memory */

/* A run of bytes to send: part of `copied`, or a payload of its own. */
typedef struct
{
  gsize offset; /* in `copied` when there is no buffer */
  const guint8 *data;
  gsize size;
  MpipeBuffer *buffer; /* owned, NULL for a copied run */
  GUnixFDList *fds;    /* owned, to be sent with its first byte; it begins with a header then */
} Segment;

struct _MpipeChannel
{
  GIOStream *stream;
  GPollableInputStream *input;   /* owned by the stream */
  GPollableOutputStream *output; /* owned by the stream */
  gboolean blocking;
  GSocket *socket; /* owned by the stream; NULL when descriptors cannot travel */

  MpipeBuffer *buffer; /* being filled; NULL before the first read */
  gsize start;         /* first byte that no frame has taken */
  gsize end;           /* behind the last byte received */
  gboolean was_large;  /* the last frame */
  gboolean accepts_fds;
  GQueue arrived;      /* of GUnixFDList: descriptors of frames that were not asked for yet */
  GUnixFDList *fds;    /* of the frame asked for last, if it had some and nobody took them */
  gsize n_skipped;     /* bytes still to come of a frame that nobody wants */

  GByteArray *copied;
  GArray *segments;    /* of Segment, in order */
  guint first_segment; /* the first that is not sent */
  gsize first_offset;  /* bytes of it that are sent */
  gsize n_unsent;
  gsize last_row; /* in `copied`: the last frame, if more may be appended to it; else NO_ROW */
  GUnixFDList *next_fds; /* for the frame that is sent next */
};

static void
segment_clear (gpointer data)
{
  Segment *segment = data;

  g_clear_pointer (&segment->buffer, mpipe_buffer_unref);
  g_clear_object (&segment->fds);
}

MpipeChannel *
mpipe_channel_new (GIOStream *stream, gboolean blocking)
{
  MpipeChannel *self = g_new0 (MpipeChannel, 1);

  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  self->blocking = blocking;
  self->socket = mpipe_fd_socket_find (stream);
  g_queue_init (&self->arrived);
  self->copied = g_byte_array_new ();
  self->last_row = NO_ROW;
  self->segments = g_array_new (FALSE, FALSE, sizeof (Segment));
  g_array_set_clear_func (self->segments, segment_clear);
  return self;
}

void
mpipe_channel_free (MpipeChannel *self)
{
  if (self == NULL)
    return;
  mpipe_channel_close (self);
  g_clear_pointer (&self->buffer, mpipe_buffer_unref);
  g_queue_clear_full (&self->arrived, g_object_unref);
  g_clear_object (&self->fds);
  g_byte_array_unref (self->copied);
  g_array_unref (self->segments);
  g_object_unref (self->stream);
  g_free (self);
}

void
mpipe_channel_set_blocking (MpipeChannel *self, gboolean blocking)
{
  self->blocking = blocking;
}

/* Incoming */

static const MpipeFrameHeader *
peek_header (MpipeChannel *self)
{
  if (self->end - self->start < sizeof (MpipeFrameHeader))
    return NULL;
  return (const MpipeFrameHeader *) (gconstpointer) (mpipe_buffer_get_data (self->buffer)
                                                     + self->start);
}

/* How many bytes from `start` on the frame being received takes. */
static gsize
length_wanted (MpipeChannel *self)
{
  const MpipeFrameHeader *header = self->buffer != NULL ? peek_header (self) : NULL;

  return header != NULL ? mpipe_frame_length (header->size) : sizeof (MpipeFrameHeader);
}

/* What a frame of @wanted bytes gets when @held of it have come. */
static gsize
capacity_granted (gsize wanted, gsize held)
{
  return MIN (wanted, MAX (RECEIVE_ON_TRUST, 2 * held));
}

static void
set_no_memory (GError **error, gsize wanted)
{
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_TOO_LARGE,
               "there is no memory for a frame of %" G_GSIZE_FORMAT " bytes", wanted);
}

/* Whether the buffer is that of a large frame alone, and part of it is still to come. */
static gboolean
is_growing (MpipeChannel *self, gsize wanted, gsize capacity)
{
  return self->start == 0 && capacity >= RECEIVE_ON_TRUST && capacity < wanted;
}

static gboolean
grow (MpipeChannel *self, gsize wanted, GError **error)
{
  if (self->end < mpipe_buffer_get_capacity (self->buffer)
      || mpipe_buffer_try_grow (self->buffer, capacity_granted (wanted, self->end), wanted))
    return TRUE;
  set_no_memory (error, wanted);
  return FALSE;
}

static gboolean
make_room (MpipeChannel *self, GError **error)
{
  gsize wanted = length_wanted (self);
  gsize held = self->end - self->start;
  gsize capacity = self->buffer != NULL ? mpipe_buffer_get_capacity (self->buffer) : 0;
  MpipeBuffer *old = self->buffer, *new;

  if (held == 0 && old != NULL && capacity == RECEIVE_CAPACITY && !mpipe_buffer_is_shared (old))
    self->start = self->end = 0;
  if (self->start + wanted <= capacity
      && (wanted > held + RECEIVE_ROOM_MIN || capacity - self->end >= RECEIVE_ROOM_MIN
          || capacity > RECEIVE_CAPACITY))
    return TRUE;
  if (is_growing (self, wanted, capacity))
    return grow (self, wanted, error);

  new = mpipe_buffer_try_new_growing (MAX (wanted, RECEIVE_CAPACITY),
                                      MAX (capacity_granted (wanted, held), RECEIVE_CAPACITY));
  if (new == NULL)
    {
      set_no_memory (error, wanted);
      return FALSE;
    }
  if (held > 0)
    memcpy (mpipe_buffer_get_data (new), mpipe_buffer_get_data (old) + self->start, held);
  self->buffer = new;
  self->start = 0;
  self->end = held;
  g_clear_pointer (&old, mpipe_buffer_unref);
  return TRUE;
}

static gsize
get_room (MpipeChannel *self)
{
  gsize held = self->end - self->start;

  if (self->n_skipped > 0)
    return MIN (self->n_skipped, mpipe_buffer_get_capacity (self->buffer) - self->end);
  if (self->was_large && held < sizeof (MpipeFrameHeader))
    return sizeof (MpipeFrameHeader) - held;
  return mpipe_buffer_get_capacity (self->buffer) - self->end;
}

static gssize
read_once (MpipeChannel *self, GError **error)
{
  guint8 *at = mpipe_buffer_get_data (self->buffer) + self->end;

  if (self->accepts_fds)
    return mpipe_fd_socket_read (self->socket, at, get_room (self), self->blocking, &self->arrived,
                                 error);
  return g_pollable_stream_read (G_INPUT_STREAM (self->input), at, get_room (self), self->blocking,
                                 NULL, error);
}

/* Reads once. OK: there is more than before; then ask for frames until there is no whole one. */
MpipeChannelStatus
mpipe_channel_receive (MpipeChannel *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize n;

  if (!make_room (self, error))
    return MPIPE_CHANNEL_FAILED;
  n = read_once (self, &local_error);
  if (n > 0)
    {
      if (self->n_skipped > 0)
        self->n_skipped -= (gsize) n;
      else
        self->end += (gsize) n;
      return MPIPE_CHANNEL_OK;
    }
  if (n == 0)
    return MPIPE_CHANNEL_END;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return MPIPE_CHANNEL_WOULD_BLOCK;
  /* what a peer leaves behind that is killed with bytes unread */
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return MPIPE_CHANNEL_END;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return MPIPE_CHANNEL_FAILED;
}

static void
match_fds (MpipeChannel *self, const MpipeFrameHeader *header)
{
  guint n_fds = mpipe_frame_get_n_fds (header);

  if (n_fds > 0 && n_fds != MPIPE_FRAME_FDS_LOST)
    self->fds = g_queue_pop_head (&self->arrived);
}

/* OK: @out_frame is set. WOULD_BLOCK: no whole frame is there. FAILED: what is there is no frame. */
MpipeChannelStatus
mpipe_channel_next (MpipeChannel *self, MpipeFrame *out_frame, GError **error)
{
  const MpipeFrameHeader *header = self->buffer != NULL ? peek_header (self) : NULL;
  gsize length;

  g_clear_object (&self->fds);
  if (header == NULL)
    return MPIPE_CHANNEL_WOULD_BLOCK;
  if (!mpipe_frame_header_check (header, MPIPE_FRAME_SIZE_MAX, error))
    return MPIPE_CHANNEL_FAILED;
  length = mpipe_frame_length (header->size);
  if (self->end - self->start < length)
    return MPIPE_CHANNEL_WOULD_BLOCK;
  out_frame->header = *header;
  out_frame->payload = (const guint8 *) (header + 1);
  out_frame->buffer = self->buffer;
  self->start += length;
  self->was_large = length > RECEIVE_CAPACITY / 4;
  match_fds (self, header);
  return MPIPE_CHANNEL_OK;
}

/* After a failure with MPIPE_ERROR_TOO_LARGE: drops the frame for which there was no memory, so that the next can be
 * received. Returns: FALSE when not even its header has come */
gboolean
mpipe_channel_skip (MpipeChannel *self, MpipeFrameHeader *out_header)
{
  const MpipeFrameHeader *header = self->buffer != NULL ? peek_header (self) : NULL;

  if (header == NULL)
    return FALSE;
  *out_header = *header;
  self->n_skipped = mpipe_frame_length (header->size) - (self->end - self->start);
  self->start = self->end = 0;
  g_clear_pointer (&self->buffer, mpipe_buffer_unref);
  match_fds (self, out_header);
  g_clear_object (&self->fds);
  return TRUE;
}

/* Whether a frame was begun and not finished. */
gboolean
mpipe_channel_has_partial (MpipeChannel *self)
{
  return self->end > self->start || self->n_skipped > 0;
}

/* Outgoing */

static void
send_copied (MpipeChannel *self, const void *data, gsize size, gsize padding)
{
  static const guint8 zeros[MPIPE_FRAME_ALIGNMENT] = { 0 };
  Segment *last = NULL;

  if (self->segments->len > self->first_segment)
    last = &g_array_index (self->segments, Segment, self->segments->len - 1);
  if (last == NULL || last->buffer != NULL || self->next_fds != NULL)
    {
      Segment segment = { .offset = self->copied->len, .fds = g_steal_pointer (&self->next_fds) };

      g_array_append_val (self->segments, segment);
      last = &g_array_index (self->segments, Segment, self->segments->len - 1);
    }
  if (size > 0)
    g_byte_array_append (self->copied, data, (guint) size);
  if (padding > 0)
    g_byte_array_append (self->copied, zeros, (guint) padding);
  last->size += size + padding;
  self->n_unsent += size + padding;
}

static guint8 *
add_room (MpipeChannel *self, gsize size)
{
  g_byte_array_set_size (self->copied, self->copied->len + (guint) size);
  g_array_index (self->segments, Segment, self->segments->len - 1).size += size;
  self->n_unsent += size;
  return self->copied->data + self->copied->len - size;
}

/* A whole small frame. */
static void
send_small (MpipeChannel *self, const MpipeFrameHeader *header, const void *payload)
{
  gsize length = mpipe_frame_length (header->size);
  guint8 *at;

  send_copied (self, NULL, 0, 0);
  at = add_room (self, length);
  memcpy (at, header, sizeof *header);
  memset (at + length - MPIPE_FRAME_ALIGNMENT, 0, header->size > 0 ? MPIPE_FRAME_ALIGNMENT : 0);
  if (header->size > 0)
    memcpy (at + sizeof *header, payload, header->size);
}

static void
send_referenced (MpipeChannel *self, const guint8 *data, gsize size, MpipeBuffer *buffer)
{
  Segment segment = { .data = data, .size = size, .buffer = mpipe_buffer_ref (buffer) };

  g_array_append_val (self->segments, segment);
  self->n_unsent += size;
}

/* Queues a frame. @buffer, when it is given, holds the payload, which must not change before it is
 * sent; without it the payload is copied. */
void
mpipe_channel_send (MpipeChannel *self, const MpipeFrameHeader *header, const void *payload,
                    MpipeBuffer *buffer)
{
  gsize padding = mpipe_frame_length (header->size) - sizeof *header - header->size;

  self->last_row = NO_ROW;
  if (header->size <= COPY_MAX)
    {
      send_small (self, header, payload);
      return;
    }
  send_copied (self, header, sizeof *header, 0);
  if (buffer != NULL && header->size > COPY_MAX)
    {
      send_referenced (self, payload, header->size, buffer);
      if (padding > 0)
        send_copied (self, NULL, 0, padding);
    }
  else if (header->size > 0)
    send_copied (self, payload, header->size, padding);
}

/* Whether a frame of values, of @unit bytes each, continues the one before, which is still here. */
static gboolean
continues_row (MpipeChannel *self, const MpipeFrameHeader *header, gsize unit,
               const MpipeFrameHeader *last)
{
  return last->kind == header->kind && last->type == header->type
         && last->sequence + last->size / unit == header->sequence
         && last->size + header->size <= COPY_MAX;
}

/* Queues a frame of values, of @unit bytes each and with numbers that follow each other; or appends them to the last
 * one, if it is such a frame and they go on where it ends. */
void
mpipe_channel_send_row (MpipeChannel *self, const MpipeFrameHeader *header, gsize unit,
                        const void *payload, MpipeBuffer *buffer)
{
  MpipeFrameHeader last;
  gsize added;

  if (self->last_row != NO_ROW)
    {
      memcpy (&last, self->copied->data + self->last_row, sizeof last);
      if (continues_row (self, header, unit, &last))
        {
          added = mpipe_frame_length (last.size + header->size) - mpipe_frame_length (last.size);
          memset (add_room (self, added), 0, added);
          memcpy (self->copied->data + self->last_row + sizeof last + last.size, payload,
                  header->size);
          last.size += header->size;
          memcpy (self->copied->data + self->last_row, &last, sizeof last);
          return;
        }
    }
  mpipe_channel_send (self, header, payload, buffer);
  if (header->size <= COPY_MAX)
    self->last_row = self->copied->len - mpipe_frame_length (header->size);
}

static guint
fill_vectors (MpipeChannel *self, GOutputVector *vectors)
{
  guint n = 0;
  gsize skip = self->first_offset;

  for (guint i = self->first_segment; i < self->segments->len && n < VECTORS_MAX; i++)
    {
      const Segment *segment = &g_array_index (self->segments, Segment, i);
      const guint8 *data
          = segment->buffer != NULL ? segment->data : self->copied->data + segment->offset;

      if (segment->fds != NULL && n > 0)
        break;
      vectors[n].buffer = data + skip;
      vectors[n].size = segment->size - skip;
      skip = 0;
      n++;
    }
  return n;
}

static void
forget_everything (MpipeChannel *self)
{
  g_array_set_size (self->segments, 0);
  if (self->copied->len > COPIED_KEEP)
    {
      g_byte_array_unref (self->copied);
      self->copied = g_byte_array_new ();
    }
  g_byte_array_set_size (self->copied, 0);
  self->first_segment = 0;
  self->first_offset = 0;
  self->n_unsent = 0;
}

/* Drops the copied bytes before the first unsent one, which are those before @offset. */
static void
forget_copied_before (MpipeChannel *self, gsize offset)
{
  if (offset < COPIED_KEEP || offset < self->copied->len / 2)
    return;
  g_byte_array_remove_range (self->copied, 0, (guint) offset);
  for (guint i = self->first_segment; i < self->segments->len; i++)
    {
      Segment *segment = &g_array_index (self->segments, Segment, i);

      if (segment->buffer == NULL)
        segment->offset -= offset;
    }
}

/* A channel that never gets quite empty must not keep all it ever sent. */
static void
forget_sent (MpipeChannel *self)
{
  if (self->first_segment > VECTORS_MAX)
    {
      g_array_remove_range (self->segments, 0, self->first_segment);
      self->first_segment = 0;
    }
  for (guint i = self->first_segment; i < self->segments->len; i++)
    {
      Segment *segment = &g_array_index (self->segments, Segment, i);

      if (segment->buffer != NULL)
        continue;
      if (i == self->first_segment)
        {
          segment->offset += self->first_offset;
          segment->size -= self->first_offset;
          self->first_offset = 0;
        }
      forget_copied_before (self, segment->offset);
      return;
    }
}

static void
mark_sent (MpipeChannel *self, gsize n)
{
  self->n_unsent -= n;
  if (n > 0)
    g_clear_object (&g_array_index (self->segments, Segment, self->first_segment).fds);
  while (n > 0)
    {
      Segment *segment = &g_array_index (self->segments, Segment, self->first_segment);
      gsize left = segment->size - self->first_offset;

      if (n < left)
        {
          self->first_offset += n;
          break;
        }
      n -= left;
      segment_clear (segment);
      self->first_segment++;
      self->first_offset = 0;
    }
  if (self->n_unsent == 0)
    forget_everything (self);
  else
    forget_sent (self);
}

/* The first frame that waits leaves without its descriptors, and says so. */
static void
lose_fds (MpipeChannel *self, Segment *segment)
{
  MpipeFrameHeader header;
  guint8 *at = self->copied->data + segment->offset;

  memcpy (&header, at, sizeof header);
  header.flags |= MPIPE_FRAME_FDS_LOST << MPIPE_FRAME_FDS_SHIFT;
  memcpy (at, &header, sizeof header);
  g_clear_object (&segment->fds);
}

static MpipeChannelStatus
write_with_fds (MpipeChannel *self, const GOutputVector *vectors, guint n_vectors, gsize *out_n,
                GError **error)
{
  Segment *first = &g_array_index (self->segments, Segment, self->first_segment);

  switch (mpipe_fd_socket_write (self->socket, vectors, n_vectors, first->fds, out_n, error))
    {
    case MPIPE_FD_SOCKET_OK:
      return MPIPE_CHANNEL_OK;
    case MPIPE_FD_SOCKET_WOULD_BLOCK:
      return MPIPE_CHANNEL_WOULD_BLOCK;
    case MPIPE_FD_SOCKET_CHOKED:
      return MPIPE_CHANNEL_CHOKED;
    case MPIPE_FD_SOCKET_REFUSED:
      lose_fds (self, first);
      *out_n = 0;
      return MPIPE_CHANNEL_OK;
    case MPIPE_FD_SOCKET_FAILED:
    default:
      return MPIPE_CHANNEL_FAILED;
    }
}

static MpipeChannelStatus
write_once (MpipeChannel *self, gsize *out_n, GError **error)
{
  GOutputVector vectors[VECTORS_MAX];
  guint n_vectors = fill_vectors (self, vectors);

  if (g_array_index (self->segments, Segment, self->first_segment).fds != NULL)
    return write_with_fds (self, vectors, n_vectors, out_n, error);
  if (self->blocking)
    return g_output_stream_writev (G_OUTPUT_STREAM (self->output), vectors, n_vectors, out_n, NULL,
                                   error)
               ? MPIPE_CHANNEL_OK
               : MPIPE_CHANNEL_FAILED;
  switch (g_pollable_output_stream_writev_nonblocking (self->output, vectors, n_vectors, out_n,
                                                       NULL, error))
    {
    case G_POLLABLE_RETURN_OK:
      return MPIPE_CHANNEL_OK;
    case G_POLLABLE_RETURN_WOULD_BLOCK:
      return MPIPE_CHANNEL_WOULD_BLOCK;
    case G_POLLABLE_RETURN_FAILED:
    default:
      return MPIPE_CHANNEL_FAILED;
    }
}

/* Writes what is queued. OK: all of it. WOULD_BLOCK: the rest when the stream is writable. CHOKED: the rest a little
 * later. */
MpipeChannelStatus
mpipe_channel_flush (MpipeChannel *self, GError **error)
{
  self->last_row = NO_ROW;
  while (self->n_unsent > 0)
    {
      gsize n = 0;
      MpipeChannelStatus status = write_once (self, &n, error);

      if (status != MPIPE_CHANNEL_OK)
        return status;
      mark_sent (self, n);
    }
  return MPIPE_CHANNEL_OK;
}

/* Descriptors */

gboolean
mpipe_channel_carries_fds (MpipeChannel *self)
{
  return self->socket != NULL;
}

/* From now on descriptors that arrive are received; before, and on a channel that carries none, the system closes
 * them. */
void
mpipe_channel_accept_fds (MpipeChannel *self)
{
  self->accepts_fds = self->socket != NULL;
}

/* Returns: (transfer full) (nullable): what came with the frame that was asked for last, until the next is; fewer
 * than its header says when there was no room for them. */
GUnixFDList *
mpipe_channel_take_fds (MpipeChannel *self)
{
  return g_steal_pointer (&self->fds);
}

/* @fds leave with the frame that is sent next, which must say how many they are. */
void
mpipe_channel_attach_fds (MpipeChannel *self, GUnixFDList *fds)
{
  g_assert (self->socket != NULL && self->next_fds == NULL && !self->blocking);
  self->next_fds = g_object_ref (fds);
}

/* What is CHOKED leaves without its descriptors. */
void
mpipe_channel_give_up_fds (MpipeChannel *self)
{
  Segment *first;

  if (self->n_unsent == 0)
    return;
  first = &g_array_index (self->segments, Segment, self->first_segment);
  if (first->fds != NULL)
    lose_fds (self, first);
}

gsize
mpipe_channel_get_n_unsent (MpipeChannel *self)
{
  return self->n_unsent;
}

/* Sources of pollable streams are pairs of sources, and each of the two is taken out of the poll and put back
 * for every dispatch, which wakes the context up each time. One on the descriptor, which may recurse, is not. */
static gboolean
stream_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return ((GPollableSourceFunc) (void (*) (void)) callback) (NULL, user_data);
}

static GSourceFuncs stream_source_funcs = {
  .dispatch = stream_source_dispatch,
};

static GSource *
create_fd_source (int fd, GIOCondition condition)
{
  GSource *source = g_source_new (&stream_source_funcs, sizeof (GSource));

  g_source_add_unix_fd (source, fd, condition);
  g_source_set_can_recurse (source, TRUE);
  return source;
}

/* Returns: the descriptor to read from, -1 when it is not known */
int
mpipe_channel_get_fd (MpipeChannel *self)
{
  if (!G_IS_SOCKET_CONNECTION (self->stream))
    return -1;
  return g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)));
}

/* @condition is G_IO_IN or G_IO_OUT. The callback is a GPollableSourceFunc; it may get no stream. */
GSource *
mpipe_channel_create_source (MpipeChannel *self, GIOCondition condition)
{
  int fd = mpipe_channel_get_fd (self);

  if (fd >= 0)
    return create_fd_source (fd, condition);
  if (condition & G_IO_OUT)
    return g_pollable_output_stream_create_source (self->output, NULL);
  return g_pollable_input_stream_create_source (self->input, NULL);
}

/* Closes both directions; the other side sees the end. What is not sent is dropped. */
void
mpipe_channel_close (MpipeChannel *self)
{
  forget_everything (self);
  g_io_stream_close (self->stream, NULL, NULL);
}
