/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"

#define EXIT_CANNOT_EXECUTE 127

/* Tells the pipeline, in a FAILED frame of its protocol, why there is no worker, and exits. @what is what could
 * not be done: "execute “worker”". */
static inline _Noreturn void
mpipe_refuse (const char *what, int error_number)
{
  struct
  {
    MpipeFrameHeader header;
    int32_t code;
    char texts[1004];
  } frame;
  int length;

  memset (&frame, 0, sizeof frame);
  frame.header.kind = MPIPE_FRAME_FAILED;
  frame.code = error_number;
  memcpy (frame.texts, "errno", 6);
  length = snprintf (frame.texts + 6, sizeof frame.texts - 6, "cannot %s: %s", what,
                     strerror (error_number));
  if (length > (int) sizeof frame.texts - 7)
    length = (int) sizeof frame.texts - 7;
  frame.header.size = sizeof frame.code + 6 + (uint32_t) length + 1;
  send (MPIPE_CHANNEL_FD, &frame, sizeof frame.header + (frame.header.size + 7u) / 8u * 8u,
        MSG_NOSIGNAL);
  _exit (EXIT_CANNOT_EXECUTE);
}
