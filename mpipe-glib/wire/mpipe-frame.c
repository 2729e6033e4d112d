/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/wire/mpipe-frame-private.h"

#include "mpipe-glib/core/mpipe-error.h"

const char *
mpipe_frame_kind_to_string (guint8 kind)
{
  switch ((MpipeFrameKind) kind)
    {
    case MPIPE_FRAME_HELLO:
      return "HELLO";
    case MPIPE_FRAME_READY:
      return "READY";
    case MPIPE_FRAME_TASK:
      return "TASK";
    case MPIPE_FRAME_RESULT:
      return "RESULT";
    case MPIPE_FRAME_DONE:
      return "DONE";
    case MPIPE_FRAME_FAILED:
      return "FAILED";
    case MPIPE_FRAME_PROGRESS:
      return "PROGRESS";
    case MPIPE_FRAME_STOP:
      return "STOP";
    case MPIPE_FRAME_GOODBYE:
      return "GOODBYE";
    case MPIPE_FRAME_TYPE:
      return "TYPE";
    case MPIPE_FRAME_START:
      return "START";
    case MPIPE_FRAME_SKIPPED:
      return "SKIPPED";
    case MPIPE_FRAME_CANCEL:
      return "CANCEL";
    case MPIPE_FRAME_RELEASE:
      return "RELEASE";
    case MPIPE_FRAME_TASKS:
      return "TASKS";
    case MPIPE_FRAME_RESULTS:
      return "RESULTS";
    default:
      return "unknown";
    }
}

static gboolean
may_be_large (guint8 kind)
{
  return kind == MPIPE_FRAME_TASK || kind == MPIPE_FRAME_RESULT || kind == MPIPE_FRAME_HELLO
         || kind == MPIPE_FRAME_TASKS || kind == MPIPE_FRAME_RESULTS;
}

/* What every frame must satisfy before memory is set aside for its payload, whoever sent it:
 * MPIPE_ERROR_PROTOCOL. */
gboolean
mpipe_frame_header_check (const MpipeFrameHeader *header, guint32 max_size, GError **error)
{
  guint32 limit = may_be_large (header->kind) ? max_size : MIN (max_size, MPIPE_CONTROL_SIZE_MAX);

  if (header->kind < MPIPE_FRAME_HELLO || header->kind > MPIPE_FRAME_RESULTS)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "received a frame of the unknown kind %u", header->kind);
      return FALSE;
    }
  if (header->size > limit)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL,
                   "received a %s frame of %u bytes, more than the %u it may have",
                   mpipe_frame_kind_to_string (header->kind), header->size, limit);
      return FALSE;
    }
  return TRUE;
}

/* Returns: how many values a TASKS or RESULTS frame of @type holds; 0 when it is none */
guint
mpipe_frame_count_row (const MpipeFrameHeader *header, const MpipeTypeEntry *type)
{
  if (type == NULL || !mpipe_type_entry_is_number (type) || header->size % type->unit != 0)
    return 0;
  return (guint) (header->size / type->unit);
}

/* Whether all the descriptors of a task are there. */
gboolean
mpipe_frame_check_fds (const MpipeFrameHeader *header, guint n_received, GError **error)
{
  guint n_fds = mpipe_frame_get_n_fds (header);

  if (n_fds == n_received)
    return TRUE;
  if (n_fds == MPIPE_FRAME_FDS_LOST)
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                 "The system refuses to send the descriptors of the task");
  else
    g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED,
                 "The task came with %u of its %u descriptors: this worker has too many open files",
                 n_received, n_fds);
  return FALSE;
}
