/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

#include "mpipe-glib/core/mpipe-version.h"

#ifndef _MPIPE_EXTERN
#define _MPIPE_EXTERN extern
#endif

/**
 * MPIPE_VERSION_1_0:
 *
 * The first stable interface, for comparisons with %MPIPE_VERSION_MAX_ALLOWED.
 *
 * Since: 1.0
 */
#define MPIPE_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

#ifndef MPIPE_VERSION_MAX_ALLOWED
/**
 * MPIPE_VERSION_MAX_ALLOWED:
 *
 * The newest interface a program wants to use; define it before including the library's header to be
 * warned of anything newer.
 *
 * Since: 1.0
 */
#define MPIPE_VERSION_MAX_ALLOWED MPIPE_VERSION_1_0
#endif

#if MPIPE_VERSION_MAX_ALLOWED < MPIPE_VERSION_1_0
#define MPIPE_AVAILABLE_IN_1_0 _MPIPE_EXTERN G_UNAVAILABLE (1, 0)
#else
#define MPIPE_AVAILABLE_IN_1_0 _MPIPE_EXTERN
#endif
