/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeSandbox:
 *
 * What the workers of a stage are kept away from, for stages that touch what strangers have made.
 *
 * ```c
 * g_autoptr (MpipeSandbox) sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_REQUIRED);
 *
 * mpipe_sandbox_add_read_only_path (sandbox, "/srv/uploads");
 * mpipe_stage_set_sandbox (stage, sandbox);
 * ```
 *
 * In a sandbox a worker sees `/usr` and the few files of the system that programs need, the directories of its own
 * program and of the library, and the paths that were added; of these it can write those only that were added as
 * writable. It has a `/tmp` of its own with a size, no network, no home, no session bus, no process but its own, and
 * a small environment. Root becomes an unprivileged user. System calls that no worker needs are refused, and
 * memory, processes, open files and the size of files are limited.
 *
 * It is made of bubblewrap and seccomp, or by `flatpak-spawn` in an application that is a flatpak. Both may be missing,
 * or not allowed; [property@Mpipe.Sandbox:policy] says what is to happen then. What can be had is found by trying, once
 * in the life of a process, when it is first needed.
 *
 * Only workers that are started by [class@Mpipe.SubprocessLauncher] can be in a sandbox. One sandbox may serve any
 * number of stages; each worker is in one of its own. It cannot be changed any more when a pipeline was made of its
 * stage.
 *
 * The page [The sandbox](sandbox.html) says what is promised, and what is not.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-private.h"

#define TMP_SIZE_DEFAULT (64 << 20)
#define MAX_MEMORY_DEFAULT (G_GUINT64_CONSTANT (2) << 30)
#define MAX_FILE_SIZE_DEFAULT (G_GUINT64_CONSTANT (1) << 30)
#define MAX_PROCESSES_DEFAULT 64
#define MAX_OPEN_FILES_DEFAULT 256

typedef enum
{
  /**
   * MpipeSandbox:policy: (getter get_policy)
   *
   * What happens where the sandbox cannot be had.
   *
   * Since: 1.0
   */
  PROP_POLICY = 1,

  /**
   * MpipeSandbox:read-only-paths: (getter get_read_only_paths)
   *
   * Files and directories that workers can read, beyond those they need to run.
   *
   * They have to be there when the pipeline is made. What is nested in another path is as it says itself. In an
   * application that runs as root they have to be readable by everybody, since its workers are nobody.
   *
   * Since: 1.0
   */
  PROP_READ_ONLY_PATHS,

  /**
   * MpipeSandbox:writable-paths: (getter get_writable_paths)
   *
   * Files and directories that workers can write, as far as the user can.
   *
   * Since: 1.0
   */
  PROP_WRITABLE_PATHS,

  /**
   * MpipeSandbox:environment: (getter get_environment)
   *
   * Variables of the workers' environment: `NAME=value`, or `NAME` for one that is as it is in the application.
   *
   * Without any, there are `PATH`, `HOME` (which is `/tmp`), and those that tell language and time zone.
   *
   * Since: 1.0
   */
  PROP_ENVIRONMENT,

  /**
   * MpipeSandbox:tmp-size:
   *
   * How many bytes fit into a worker's own `/tmp`, and as many into its `/dev/shm`; 0 for half of the memory. The
   * default is 64 MiB.
   *
   * Since: 1.0
   */
  PROP_TMP_SIZE,

  /**
   * MpipeSandbox:max-memory:
   *
   * How many bytes of data a process of a worker may have (`RLIMIT_DATA`); 0 for no limit. The default is 2 GiB.
   *
   * Allocations beyond fail, which ends most programs.
   *
   * Since: 1.0
   */
  PROP_MAX_MEMORY,

  /**
   * MpipeSandbox:max-file-size:
   *
   * How large a file may become that a worker writes (`RLIMIT_FSIZE`); 0 for no limit. The default is 1 GiB.
   *
   * Since: 1.0
   */
  PROP_MAX_FILE_SIZE,

  /**
   * MpipeSandbox:max-processes:
   *
   * How many processes and threads a worker may have, itself included (`RLIMIT_NPROC`); 0 for no limit. The default
   * is 64.
   *
   * The kernel counts them for each sandbox from Linux 5.14 on; before, there is no limit.
   *
   * Since: 1.0
   */
  PROP_MAX_PROCESSES,

  /**
   * MpipeSandbox:max-open-files:
   *
   * How many descriptors a process of a worker may have (`RLIMIT_NOFILE`); 0 for no limit of its own. The
   * default is 256.
   *
   * Since: 1.0
   */
  PROP_MAX_OPEN_FILES,

  /**
   * MpipeSandbox:parts: (getter get_parts)
   *
   * What of the sandbox is in force; nothing, where there is none.
   *
   * Since: 1.0
   */
  PROP_PARTS,

  /**
   * MpipeSandbox:problem: (getter get_problem)
   *
   * Why there is no sandbox, where it is wanted and cannot be had.
   *
   * Since: 1.0
   */
  PROP_PROBLEM,
} MpipeSandboxProperty;

static GParamSpec *properties[PROP_PROBLEM + 1];

G_DEFINE_ENUM_TYPE (MpipeSandboxPolicy, mpipe_sandbox_policy,
                    G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_POLICY_REQUIRED, "required"),
                    G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_POLICY_PREFERRED, "preferred"),
                    G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_POLICY_NONE, "none"))

G_DEFINE_FLAGS_TYPE (MpipeSandboxParts, mpipe_sandbox_parts,
                     G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_PARTS_NAMESPACES, "namespaces"),
                     G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_PARTS_SYSTEM_CALLS, "system-calls"),
                     G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_PARTS_LIMITS, "limits"),
                     G_DEFINE_ENUM_VALUE (MPIPE_SANDBOX_PARTS_PROCESS_LIMIT, "process-limit"))

G_DEFINE_FINAL_TYPE (MpipeSandbox, mpipe_sandbox, G_TYPE_OBJECT)

static gboolean
may_change (MpipeSandbox *self)
{
  g_return_val_if_fail (!self->frozen, FALSE);
  return TRUE;
}

static void
append (GStrv *strings, const char *string)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) *strings);
  g_strv_builder_add (builder, string);
  g_strfreev (*strings);
  *strings = g_strv_builder_end (builder);
}

static void
add_path (GStrv *paths, const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  append (paths, absolute);
}

static void
set_paths (GStrv *paths, const char *const *values)
{
  g_strfreev (*paths);
  *paths = g_new0 (char *, 1);
  for (guint i = 0; values != NULL && values[i] != NULL; i++)
    add_path (paths, values[i]);
}

static void
set_environment (MpipeSandbox *self, const char *const *values)
{
  g_strfreev (self->environment);
  self->environment = values != NULL ? g_strdupv ((GStrv) values) : g_new0 (char *, 1);
}

static void
mpipe_sandbox_set_property (GObject *object, guint property_id, const GValue *value,
                            GParamSpec *pspec)
{
  MpipeSandbox *self = MPIPE_SANDBOX (object);

  if (!may_change (self))
    return;
  switch ((MpipeSandboxProperty) property_id)
    {
    case PROP_POLICY:
      self->policy = g_value_get_enum (value);
      break;
    case PROP_READ_ONLY_PATHS:
      set_paths (&self->read_only_paths, g_value_get_boxed (value));
      break;
    case PROP_WRITABLE_PATHS:
      set_paths (&self->writable_paths, g_value_get_boxed (value));
      break;
    case PROP_ENVIRONMENT:
      set_environment (self, g_value_get_boxed (value));
      break;
    case PROP_TMP_SIZE:
      self->tmp_size = g_value_get_uint64 (value);
      break;
    case PROP_MAX_MEMORY:
      self->max_memory = g_value_get_uint64 (value);
      break;
    case PROP_MAX_FILE_SIZE:
      self->max_file_size = g_value_get_uint64 (value);
      break;
    case PROP_MAX_PROCESSES:
      self->max_processes = g_value_get_uint (value);
      break;
    case PROP_MAX_OPEN_FILES:
      self->max_open_files = g_value_get_uint (value);
      break;
    case PROP_PARTS:
    case PROP_PROBLEM:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_sandbox_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  MpipeSandbox *self = MPIPE_SANDBOX (object);

  switch ((MpipeSandboxProperty) property_id)
    {
    case PROP_POLICY:
      g_value_set_enum (value, self->policy);
      break;
    case PROP_READ_ONLY_PATHS:
      g_value_set_boxed (value, self->read_only_paths);
      break;
    case PROP_WRITABLE_PATHS:
      g_value_set_boxed (value, self->writable_paths);
      break;
    case PROP_ENVIRONMENT:
      g_value_set_boxed (value, self->environment);
      break;
    case PROP_TMP_SIZE:
      g_value_set_uint64 (value, self->tmp_size);
      break;
    case PROP_MAX_MEMORY:
      g_value_set_uint64 (value, self->max_memory);
      break;
    case PROP_MAX_FILE_SIZE:
      g_value_set_uint64 (value, self->max_file_size);
      break;
    case PROP_MAX_PROCESSES:
      g_value_set_uint (value, self->max_processes);
      break;
    case PROP_MAX_OPEN_FILES:
      g_value_set_uint (value, self->max_open_files);
      break;
    case PROP_PARTS:
      g_value_set_flags (value, mpipe_sandbox_get_parts (self));
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, mpipe_sandbox_get_problem (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_sandbox_finalize (GObject *object)
{
  MpipeSandbox *self = MPIPE_SANDBOX (object);

  g_strfreev (self->read_only_paths);
  g_strfreev (self->writable_paths);
  g_strfreev (self->environment);
  G_OBJECT_CLASS (mpipe_sandbox_parent_class)->finalize (object);
}

static void
mpipe_sandbox_class_init (MpipeSandboxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags set = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags make = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->set_property = mpipe_sandbox_set_property;
  object_class->get_property = mpipe_sandbox_get_property;
  object_class->finalize = mpipe_sandbox_finalize;

  properties[PROP_POLICY] = g_param_spec_enum ("policy", NULL, NULL, MPIPE_TYPE_SANDBOX_POLICY,
                                               MPIPE_SANDBOX_POLICY_REQUIRED, make);
  properties[PROP_READ_ONLY_PATHS]
      = g_param_spec_boxed ("read-only-paths", NULL, NULL, G_TYPE_STRV, set);
  properties[PROP_WRITABLE_PATHS]
      = g_param_spec_boxed ("writable-paths", NULL, NULL, G_TYPE_STRV, set);
  properties[PROP_ENVIRONMENT] = g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, set);
  properties[PROP_TMP_SIZE]
      = g_param_spec_uint64 ("tmp-size", NULL, NULL, 0, G_MAXINT64, TMP_SIZE_DEFAULT, set);
  properties[PROP_MAX_MEMORY]
      = g_param_spec_uint64 ("max-memory", NULL, NULL, 0, G_MAXINT64, MAX_MEMORY_DEFAULT, set);
  properties[PROP_MAX_FILE_SIZE] = g_param_spec_uint64 ("max-file-size", NULL, NULL, 0, G_MAXINT64,
                                                        MAX_FILE_SIZE_DEFAULT, set);
  properties[PROP_MAX_PROCESSES]
      = g_param_spec_uint ("max-processes", NULL, NULL, 0, G_MAXINT, MAX_PROCESSES_DEFAULT, set);
  properties[PROP_MAX_OPEN_FILES]
      = g_param_spec_uint ("max-open-files", NULL, NULL, 0, G_MAXINT, MAX_OPEN_FILES_DEFAULT, set);
  properties[PROP_PARTS]
      = g_param_spec_flags ("parts", NULL, NULL, MPIPE_TYPE_SANDBOX_PARTS, 0, get);
  properties[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, get);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
mpipe_sandbox_init (MpipeSandbox *self)
{
  self->read_only_paths = g_new0 (char *, 1);
  self->writable_paths = g_new0 (char *, 1);
  self->environment = g_new0 (char *, 1);
  self->tmp_size = TMP_SIZE_DEFAULT;
  self->max_memory = MAX_MEMORY_DEFAULT;
  self->max_file_size = MAX_FILE_SIZE_DEFAULT;
  self->max_processes = MAX_PROCESSES_DEFAULT;
  self->max_open_files = MAX_OPEN_FILES_DEFAULT;
}

void
mpipe_sandbox_freeze (MpipeSandbox *self)
{
  self->frozen = TRUE;
}

/**
 * mpipe_sandbox_new:
 * @policy: what happens where there can be none
 *
 * Creates the description of a sandbox with the default limits, in which nothing is to be seen but what workers need
 * to run.
 *
 * Returns: (transfer full): a new sandbox
 *
 * Since: 1.0
 */
MpipeSandbox *
mpipe_sandbox_new (MpipeSandboxPolicy policy)
{
  return g_object_new (MPIPE_TYPE_SANDBOX, "policy", policy, NULL);
}

/**
 * mpipe_sandbox_get_policy: (get-property policy):
 * @self: a sandbox
 *
 * Gets what happens where the sandbox cannot be had.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
MpipeSandboxPolicy
mpipe_sandbox_get_policy (MpipeSandbox *self)
{
  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), MPIPE_SANDBOX_POLICY_REQUIRED);

  return self->policy;
}

/**
 * mpipe_sandbox_get_read_only_paths: (get-property read-only-paths):
 * @self: a sandbox
 *
 * Gets the paths that were added for workers to read.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): absolute paths
 *
 * Since: 1.0
 */
const char *const *
mpipe_sandbox_get_read_only_paths (MpipeSandbox *self)
{
  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), NULL);

  return (const char *const *) self->read_only_paths;
}

/**
 * mpipe_sandbox_add_read_only_path:
 * @self: a sandbox that is not in use yet
 * @path: (type filename): a file or directory; relative to the current directory
 *
 * Lets workers read a file, or all that is in a directory.
 *
 * Since: 1.0
 */
void
mpipe_sandbox_add_read_only_path (MpipeSandbox *self, const char *path)
{
  g_return_if_fail (MPIPE_IS_SANDBOX (self));
  g_return_if_fail (path != NULL);

  if (!may_change (self))
    return;
  add_path (&self->read_only_paths, path);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READ_ONLY_PATHS]);
}

/**
 * mpipe_sandbox_get_writable_paths: (get-property writable-paths):
 * @self: a sandbox
 *
 * Gets the paths that were added for workers to write.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): absolute paths
 *
 * Since: 1.0
 */
const char *const *
mpipe_sandbox_get_writable_paths (MpipeSandbox *self)
{
  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), NULL);

  return (const char *const *) self->writable_paths;
}

/**
 * mpipe_sandbox_add_writable_path:
 * @self: a sandbox that is not in use yet
 * @path: (type filename): a file or directory; relative to the current directory
 *
 * Lets workers read and write a file, or all that is in a directory, as far as the user can.
 *
 * Since: 1.0
 */
void
mpipe_sandbox_add_writable_path (MpipeSandbox *self, const char *path)
{
  g_return_if_fail (MPIPE_IS_SANDBOX (self));
  g_return_if_fail (path != NULL);

  if (!may_change (self))
    return;
  add_path (&self->writable_paths, path);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WRITABLE_PATHS]);
}

/**
 * mpipe_sandbox_get_environment: (get-property environment):
 * @self: a sandbox
 *
 * Gets the variables that were added to the environment of workers.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): `NAME=value`, or `NAME`
 *
 * Since: 1.0
 */
const char *const *
mpipe_sandbox_get_environment (MpipeSandbox *self)
{
  g_return_val_if_fail (MPIPE_IS_SANDBOX (self), NULL);

  return (const char *const *) self->environment;
}

/**
 * mpipe_sandbox_add_variable:
 * @self: a sandbox that is not in use yet
 * @variable: (type filename): `NAME=value`, or `NAME` to keep the one that the application has
 *
 * Adds a variable to the environment of workers.
 *
 * Since: 1.0
 */
void
mpipe_sandbox_add_variable (MpipeSandbox *self, const char *variable)
{
  g_return_if_fail (MPIPE_IS_SANDBOX (self));
  g_return_if_fail (variable != NULL && variable[0] != '\0' && variable[0] != '=');

  if (!may_change (self))
    return;
  append (&self->environment, variable);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENVIRONMENT]);
}
