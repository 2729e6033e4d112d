/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/core/mpipe-error.h"

G_DEFINE_ENUM_TYPE (MpipeError, mpipe_error,
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_TASK_FAILED, "task-failed"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_WORKER_DIED, "worker-died"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_TIMED_OUT, "timed-out"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_PROTOCOL, "protocol"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_LAUNCH, "launch"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_STOPPED, "stopped"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_INVALID_GRAPH, "invalid-graph"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_TYPE, "type"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_TOO_LARGE, "too-large"),
                    G_DEFINE_ENUM_VALUE (MPIPE_ERROR_SANDBOX, "sandbox"))

/* clang-format off */
/**
 * mpipe_error_quark:
 *
 * Gives the error domain of the library, %MPIPE_ERROR.
 *
 * Returns: the quark of the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (mpipe-error-quark, mpipe_error)
/* clang-format on */
