/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What of a sandbox is in force here, and whether workers may be started with that. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-private.h"

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/launch/mpipe-sandbox-probe-private.h"

gboolean
mpipe_sandbox_is_in_force (MpipeSandbox *self)
{
  return mpipe_sandbox_get_parts (self) != 0;
}

static gboolean
check_paths (const char *const *paths, GError **error)
{
  for (guint i = 0; paths[i] != NULL; i++)
    if (g_str_equal (paths[i], "/"))
      {
        g_set_error_literal (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX,
                             "The whole file system cannot be shown in the sandbox of its workers");
        return FALSE;
      }
    else if (!g_file_test (paths[i], G_FILE_TEST_EXISTS))
      {
        g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX,
                     "There is no “%s” to be seen in the sandbox of its workers", paths[i]);
        return FALSE;
      }
  return TRUE;
}

gboolean
mpipe_sandbox_check (MpipeSandbox *self, GError **error)
{
  const char *problem = mpipe_sandbox_get_problem (self);

  if (problem != NULL && self->policy == MPIPE_SANDBOX_POLICY_REQUIRED)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX,
                   "The sandbox of its workers cannot be had: %s", problem);
      return FALSE;
    }
  return !mpipe_sandbox_is_in_force (self)
         || (check_paths ((const char *const *) self->read_only_paths, error)
             && check_paths ((const char *const *) self->writable_paths, error));
}

/**
 * mpipe_sandbox_get_parts: (get-property parts):
 * @self: a sandbox
 *
 * Tells what of the sandbox is in force.
 *
 * When this is asked for the first time in the life of the process, it is found by trying, which takes some
 * milliseconds. It may be called from any thread.
 *
 * Returns: the parts; none where workers run without a sandbox
 *
 * Since: 1.0
 */
MpipeSandboxParts
mpipe_sandbox_get_parts (MpipeSandbox *self)
{
  const MpipeSandboxProbe *probe;

  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), 0);

  if (self->policy == MPIPE_SANDBOX_POLICY_NONE)
    return 0;
  probe = mpipe_sandbox_probe ();
  if (!probe->works)
    return 0;
  return MPIPE_SANDBOX_PARTS_NAMESPACES | MPIPE_SANDBOX_PARTS_SYSTEM_CALLS
         | MPIPE_SANDBOX_PARTS_LIMITS
         | (probe->limits_processes ? MPIPE_SANDBOX_PARTS_PROCESS_LIMIT : 0);
}

/**
 * mpipe_sandbox_describe:
 * @self: a sandbox
 *
 * Says what is in force, in a few words for the user: `namespaces, system calls, limits`, or
 * `no sandbox: there is no program “bwrap”, of bubblewrap`.
 *
 * Returns: (transfer full): the words
 *
 * Since: 1.0
 */
char *
mpipe_sandbox_describe (MpipeSandbox *self)
{
  MpipeSandboxParts parts;

  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), NULL);

  parts = mpipe_sandbox_get_parts (self);
  if (parts == 0)
    {
      const char *problem = mpipe_sandbox_get_problem (self);

      return g_strconcat ("no sandbox", problem != NULL ? ": " : NULL, problem, NULL);
    }
  return g_strconcat ("namespaces, system calls, limits",
                      (parts & MPIPE_SANDBOX_PARTS_PROCESS_LIMIT) ? NULL : " but for processes",
                      NULL);
}

/**
 * mpipe_sandbox_get_problem: (get-property problem):
 * @self: a sandbox
 *
 * Tells why there is no sandbox. It takes the same time as [method@Mpipe.Sandbox.get_parts].
 *
 * Returns: (transfer none) (nullable): what is missing; %NULL when the sandbox can be had, or is not wanted
 *
 * Since: 1.0
 */
const char *
mpipe_sandbox_get_problem (MpipeSandbox *self)
{
  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), NULL);

  return self->policy == MPIPE_SANDBOX_POLICY_NONE ? NULL : mpipe_sandbox_probe ()->problem;
}
