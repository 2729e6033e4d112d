/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* The worker's end of the channel, for programs that know nothing of the library but the numbers of its protocol. What
 * cannot be written ends the process. */
void mpipe_raw_write (const void *data, size_t size);
void mpipe_raw_send (uint8_t kind, uint8_t flags, uint16_t type, uint64_t sequence,
                     const void *payload, uint32_t size);

/* Returns: whether so much has come before the end. */
int mpipe_raw_read (void *data, size_t size);
