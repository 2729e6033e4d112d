/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* This program itself, a command, or the worker host with a module: by way of mpipe-worker-exec, which sets the worker
 * up, and of a sandbox, where there is one. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-launch-command-private.h"

#include <unistd.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/launch/mpipe-helper-private.h"
#include "mpipe-glib/launch/mpipe-sandbox-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

typedef struct
{
  char *program;
  GStrv arguments; /* from the program's name for itself on */
  char *module;    /* that the program loads; NULL */
} Command;

static gboolean
check_helper (const char *name, GError **error)
{
  g_autofree char *path = mpipe_helper_build_path (name);

  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
               "The program “%s”, which belongs to the library, is not there", path);
  return FALSE;
}

static gboolean
check_own_worker (const char *name, GError **error)
{
  if (!mpipe_program_is_initialised ())
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
                   "The worker “%s” would be this program itself, which has not called mpipe_init()",
                   name);
      return FALSE;
    }
  if (!mpipe_program_has_worker (name))
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
                   "No worker “%s” was registered before mpipe_init()", name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_command (const char *program, GError **error)
{
  g_autofree char *path = g_find_program_in_path (program);

  if (path != NULL)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
               "There is no executable program “%s” for its workers", program);
  return FALSE;
}

/* Whether what is to be executed is there; MPIPE_ERROR_LAUNCH, MPIPE_ERROR_SANDBOX. */
gboolean
mpipe_launch_command_check (const MpipeLaunchSpec *spec, GError **error)
{
  if (!check_helper ("mpipe-worker-exec", error)
      || (spec->sandbox != NULL && !mpipe_sandbox_check (spec->sandbox, error)))
    return FALSE;
  if (spec->worker_name != NULL)
    return check_own_worker (spec->worker_name, error);
  if (spec->command != NULL)
    return check_command (spec->command[0], error);
  return check_helper ("mpipe-worker-host", error);
}

static void
command_clear (Command *self)
{
  g_free (self->program);
  g_strfreev (self->arguments);
  g_free (self->module);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Command, command_clear)

/* The file of this program: by way of /proc when it was replaced or removed since the program started, so
 * that workers are of the same making. */
static char *
find_own_program (const char *own_name)
{
  if (own_name != NULL && g_file_test (own_name, G_FILE_TEST_IS_EXECUTABLE))
    return g_strdup (own_name);
  return g_strdup_printf ("/proc/%d/exe", (int) getpid ());
}

static void
command_init_own (Command *self, const MpipeLaunchSpec *spec)
{
  g_autofree char *own_name = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *index = g_strdup_printf ("%u", spec->index);

  self->program = find_own_program (own_name);
  {
    const char *const arguments[] = { own_name != NULL ? own_name : self->program, "--mpipe-worker",
                                      spec->stage_name, index, NULL };

    self->arguments = g_strdupv ((GStrv) arguments);
  }
}

static void
command_init_host (Command *self, const MpipeLaunchSpec *spec)
{
  self->program = mpipe_helper_build_path ("mpipe-worker-host");
  self->module = g_strdup (spec->module_file);
  {
    const char *const arguments[] = { self->program, spec->module_file, spec->module_symbol, NULL };

    self->arguments = g_strdupv ((GStrv) arguments);
  }
}

static void
command_init (Command *self, const MpipeLaunchSpec *spec)
{
  *self = (Command){ NULL };
  if (spec->worker_name != NULL)
    command_init_own (self, spec);
  else if (spec->command != NULL)
    {
      char *found = g_find_program_in_path (spec->command[0]);

      self->program = found != NULL ? found : g_strdup (spec->command[0]);
      self->arguments = g_strdupv ((GStrv) spec->command);
    }
  else
    command_init_host (self, spec);
}

/* Returns: what the environment says of the process */
const char *
mpipe_launch_command_get_role (const MpipeLaunchSpec *spec)
{
  return spec->worker_name != NULL ? MPIPE_ENVIRONMENT_SELF : MPIPE_ENVIRONMENT_PROGRAM;
}

/* What is executed in a sandbox has to be shown in it first. */
static gboolean
check_can_be_shown (const char *program, GError **error)
{
  if (!g_str_has_prefix (program, "/proc/") && g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
               "the program “%s” is not there any more to be executed in a sandbox", program);
  return FALSE;
}

/* The command becomes that of a program which executes it in the sandbox. */
static gboolean
command_wrap (Command *self, const MpipeLaunchSpec *spec, const MpipeLaunchLimits *limits,
              GError **error)
{
  g_autofree char *program = g_canonicalize_filename (self->program, NULL);
  const char *const visible[] = { program, self->module, NULL };
  const MpipeSandboxCommand command = {
    .program = program,
    .arguments = (const char *const *) self->arguments,
    .visible = visible,
    .role = mpipe_launch_command_get_role (spec),
    .last_fd = MPIPE_TRAY_FD,
    .limits = *limits,
  };
  GStrv arguments;

  if (!check_can_be_shown (program, error))
    return FALSE;
  arguments = mpipe_sandbox_wrap (spec->sandbox, &command);
  command_clear (self);
  *self = (Command){ .program = g_strdup (arguments[0]), .arguments = arguments };
  return TRUE;
}

gboolean
mpipe_launch_command_is_sandboxed (const MpipeLaunchSpec *spec)
{
  return spec->sandbox != NULL && mpipe_sandbox_is_in_force (spec->sandbox);
}

static void
describe_limits (GString *setup, const MpipeLaunchLimits *limits)
{
  if (limits->n_data_bytes > 0)
    g_string_append_printf (setup, ",data=%" G_GUINT64_FORMAT, limits->n_data_bytes);
  if (limits->cpu_s > 0)
    g_string_append_printf (setup, ",cpu=%u", limits->cpu_s);
  if (limits->n_files > 0)
    g_string_append_printf (setup, ",files=%u", limits->n_files);
}

/* What the helper program is to do with standard output and signals, and which limits it is to set. Those of a worker
 * in a sandbox are set there. */
static char *
describe_setup (const MpipeLaunchSpec *spec, gboolean has_group, const MpipeLaunchLimits *limits)
{
  GString *setup = g_string_new (spec->worker_name != NULL ? "aside" : "keep");

  if (has_group)
    g_string_append (setup, ",group");
  if (mpipe_launch_command_is_sandboxed (spec))
    g_string_append (setup, ",shield");
  else
    describe_limits (setup, limits);
  return g_string_free (setup, FALSE);
}

/* Returns: (nullable): the helper program and its arguments: the parent it must have, what it is to do, the file to
 * execute, and the arguments of that; NULL with MPIPE_ERROR_LAUNCH */
GStrv
mpipe_launch_command_build (const MpipeLaunchSpec *spec, gboolean has_group, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *helper = mpipe_helper_build_path ("mpipe-worker-exec");
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *setup = NULL;
  g_auto (Command) command;
  MpipeLaunchLimits limits = spec->limits;

  if (has_group)
    limits.n_data_bytes = 0;
  command_init (&command, spec);
  if (mpipe_launch_command_is_sandboxed (spec) && !command_wrap (&command, spec, &limits, error))
    return NULL;
  setup = describe_setup (spec, has_group, &limits);
  g_strv_builder_add_many (builder, helper, parent, setup, command.program, NULL);
  g_strv_builder_addv (builder, (const char **) command.arguments);
  return g_strv_builder_end (builder);
}
