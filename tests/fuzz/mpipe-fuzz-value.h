/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-payload-private.h"
#include "mpipe-fuzz.h"

G_BEGIN_DECLS

/* @bytes as a payload that says it is of the type, in memory that ends where they end. */
void mpipe_fuzz_payload_init (MpipePayload *self, const MpipeTypeEntry *type, MpipeFuzzInput bytes);

/* What follows when a payload was accepted as a value: it is one, to its last element, and is sent as the same
 * bytes. */
void mpipe_fuzz_check_value (GVariant *value, const MpipePayload *payload, MpipeTypeTable *types);

/* Reads every element of a value. */
void mpipe_fuzz_walk (GVariant *value);

G_END_DECLS
