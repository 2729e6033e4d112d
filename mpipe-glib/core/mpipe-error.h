/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib-object.h>

#include "mpipe-glib/core/mpipe-version-macros.h"

G_BEGIN_DECLS

/**
 * MPIPE_ERROR:
 *
 * The error domain of the library; its codes are [error@Mpipe.Error].
 *
 * Since: 1.0
 */
#define MPIPE_ERROR (mpipe_error_quark ())

/**
 * MpipeError:
 * @MPIPE_ERROR_FAILED: none of the other codes fits; the message says what happened
 * @MPIPE_ERROR_TASK_FAILED: the worker's own code reported an error for this task; the message
 *   carries it
 * @MPIPE_ERROR_WORKER_DIED: the worker process ended while it was on this task
 * @MPIPE_ERROR_TIMED_OUT: the task ran longer than its stage's [property@Mpipe.Stage:task-timeout]
 * @MPIPE_ERROR_PROTOCOL: the worker sent something that is not allowed: garbage, a value that is not
 *   what it says it is, a type the stage does not give
 * @MPIPE_ERROR_LAUNCH: workers of the stage cannot be started
 * @MPIPE_ERROR_STOPPED: the pipeline was stopped and takes no more tasks
 * @MPIPE_ERROR_INVALID_GRAPH: the links of the stages do not make a pipeline
 * @MPIPE_ERROR_TYPE: a value is not of the type that is expected, or of one that cannot be sent
 * @MPIPE_ERROR_TOO_LARGE: a value is larger than one message may be
 * @MPIPE_ERROR_SANDBOX: the sandbox that workers are required to be in cannot be had; the message says what is
 *   missing
 *
 * What went wrong.
 *
 * The message of an error names the stage, the worker, its process and the task where they are known:
 * `stage “scale”: worker 3 (pid 812) died of signal 11 (Segmentation fault) on task 41`.
 *
 * A task that was cancelled, by [method@Mpipe.Pipeline.cancel_task] or
 * [method@Mpipe.Pipeline.terminate], fails with %G_IO_ERROR_CANCELLED instead.
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_ERROR_FAILED,
  MPIPE_ERROR_TASK_FAILED,
  MPIPE_ERROR_WORKER_DIED,
  MPIPE_ERROR_TIMED_OUT,
  MPIPE_ERROR_PROTOCOL,
  MPIPE_ERROR_LAUNCH,
  MPIPE_ERROR_STOPPED,
  MPIPE_ERROR_INVALID_GRAPH,
  MPIPE_ERROR_TYPE,
  MPIPE_ERROR_TOO_LARGE,
  MPIPE_ERROR_SANDBOX,
} MpipeError;

#define MPIPE_TYPE_ERROR (mpipe_error_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_error_get_type (void) G_GNUC_CONST;
MPIPE_AVAILABLE_IN_1_0
GQuark mpipe_error_quark (void);

G_END_DECLS
