/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "mpipe-raw-frames.h"

#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"

void
mpipe_raw_write (const void *data, size_t size)
{
  for (const char *p = data; size > 0;)
    {
      ssize_t n = write (MPIPE_CHANNEL_FD, p, size);

      if (n <= 0)
        _exit (3);
      p += n;
      size -= (size_t) n;
    }
}

void
mpipe_raw_send (uint8_t kind, uint8_t flags, uint16_t type, uint64_t sequence, const void *payload,
                uint32_t size)
{
  static const char zeros[8];
  MpipeFrameHeader header = { size, kind, flags, type, sequence };

  mpipe_raw_write (&header, sizeof header);
  mpipe_raw_write (payload, size);
  mpipe_raw_write (zeros, (8 - size % 8) % 8);
}

int
mpipe_raw_read (void *data, size_t size)
{
  for (char *p = data; size > 0;)
    {
      ssize_t n = read (MPIPE_CHANNEL_FD, p, size);

      if (n <= 0)
        return 0;
      p += n;
      size -= (size_t) n;
    }
  return 1;
}
