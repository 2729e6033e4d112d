/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "mpipe-glib/core/mpipe-types.h"

G_BEGIN_DECLS

/**
 * MpipeSandboxPolicy:
 * @MPIPE_SANDBOX_POLICY_REQUIRED: no sandbox, no worker: making the pipeline fails with %MPIPE_ERROR_SANDBOX
 * @MPIPE_SANDBOX_POLICY_PREFERRED: where there can be no sandbox, workers run without one, and
 *   [property@Mpipe.Sandbox:parts] and [property@Mpipe.Sandbox:problem] say so
 * @MPIPE_SANDBOX_POLICY_NONE: workers run without a sandbox
 *
 * What happens where a sandbox cannot be had.
 *
 * Since: 1.0
 */
typedef enum
{
  MPIPE_SANDBOX_POLICY_REQUIRED,
  MPIPE_SANDBOX_POLICY_PREFERRED,
  MPIPE_SANDBOX_POLICY_NONE,
} MpipeSandboxPolicy;

#define MPIPE_TYPE_SANDBOX_POLICY (mpipe_sandbox_policy_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_sandbox_policy_get_type (void) G_GNUC_CONST;

/**
 * MpipeSandboxParts:
 * @MPIPE_SANDBOX_PARTS_NAMESPACES: workers see their own files, processes and network, which is none
 * @MPIPE_SANDBOX_PARTS_SYSTEM_CALLS: system calls that no worker needs are refused
 * @MPIPE_SANDBOX_PARTS_LIMITS: memory, the size of files, and the number of open files are limited
 * @MPIPE_SANDBOX_PARTS_PROCESS_LIMIT: the number of processes is limited
 *
 * What a sandbox consists of; no part where there is none.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  MPIPE_SANDBOX_PARTS_NAMESPACES = 1 << 0,
  MPIPE_SANDBOX_PARTS_SYSTEM_CALLS = 1 << 1,
  MPIPE_SANDBOX_PARTS_LIMITS = 1 << 2,
  MPIPE_SANDBOX_PARTS_PROCESS_LIMIT = 1 << 3,
} MpipeSandboxParts;

#define MPIPE_TYPE_SANDBOX_PARTS (mpipe_sandbox_parts_get_type ())

MPIPE_AVAILABLE_IN_1_0
GType mpipe_sandbox_parts_get_type (void) G_GNUC_CONST;

#define MPIPE_TYPE_SANDBOX (mpipe_sandbox_get_type ())

MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipeSandbox, mpipe_sandbox, MPIPE, SANDBOX, GObject)

MPIPE_AVAILABLE_IN_1_0
MpipeSandbox *mpipe_sandbox_new (MpipeSandboxPolicy policy);

MPIPE_AVAILABLE_IN_1_0
MpipeSandboxPolicy mpipe_sandbox_get_policy (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
const char *const *mpipe_sandbox_get_read_only_paths (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_sandbox_add_read_only_path (MpipeSandbox *self, const char *path);
MPIPE_AVAILABLE_IN_1_0
const char *const *mpipe_sandbox_get_writable_paths (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_sandbox_add_writable_path (MpipeSandbox *self, const char *path);
MPIPE_AVAILABLE_IN_1_0
const char *const *mpipe_sandbox_get_environment (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
void mpipe_sandbox_add_variable (MpipeSandbox *self, const char *variable);

MPIPE_AVAILABLE_IN_1_0
MpipeSandboxParts mpipe_sandbox_get_parts (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
char *mpipe_sandbox_describe (MpipeSandbox *self);
MPIPE_AVAILABLE_IN_1_0
const char *mpipe_sandbox_get_problem (MpipeSandbox *self);

G_END_DECLS
