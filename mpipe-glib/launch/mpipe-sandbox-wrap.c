/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* From the description of a sandbox to the command that runs a program in it: which files are shown beyond those that
 * were asked for, and which variables. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-private.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "mpipe-glib/launch/mpipe-sandbox-probe-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

/* What a worker of any language may want to know. */
static const char *const kept_variables[]
    = { "LANG",        "LANGUAGE",    "LC_ALL",     "LC_COLLATE", "LC_CTYPE",
        "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",    "TZ" };

static const char *const least_environment[] = { "PATH=/usr/bin:/bin", NULL };

/* Shows @file, with what is beside it, and the same of what it is a link to. */
static void
add_surroundings (GStrvBuilder *builder, const char *file)
{
  const char *const private_places[]
      = { g_get_home_dir (), g_get_tmp_dir (), "/etc", "/home",    "/proc",
          "/root",           "/run",           "/tmp", "/var/tmp", NULL };
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);
  g_autofree char *surroundings = mpipe_sandbox_setup_find_surroundings (absolute, private_places);

  char *real = realpath (absolute, NULL);

  g_strv_builder_add (builder, surroundings);
  if (real != NULL && !g_str_equal (real, absolute))
    {
      g_autofree char *others = mpipe_sandbox_setup_find_surroundings (real, private_places);

      g_strv_builder_add (builder, others);
    }
  free (real);
}

/* The file that holds this very code, which the worker is linked to as well. */
static void
add_library (GStrvBuilder *builder)
{
  Dl_info info;

  if (dladdr ((gconstpointer) mpipe_sandbox_wrap, &info) != 0 && info.dli_fname != NULL
      && info.dli_fname[0] == '/')
    add_surroundings (builder, info.dli_fname);
}

static GStrv
collect_read_only_paths (MpipeSandbox *self, const char *executor, const char *const *visible)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) self->read_only_paths);
  add_surroundings (builder, executor);
  add_library (builder);
  for (guint i = 0; visible[i] != NULL; i++)
    add_surroundings (builder, visible[i]);
  return g_strv_builder_end (builder);
}

/* Takes @environment over; what is no variable is left out. */
static GStrv
add_variable (GStrv environment, const char *variable)
{
  const char *equals = strchr (variable, '=');
  g_autofree char *name
      = equals != NULL ? g_strndup (variable, equals - variable) : g_strdup (variable);
  const char *value = equals != NULL ? equals + 1 : g_getenv (name);

  return name[0] != '\0' && value != NULL ? g_environ_setenv (environment, name, value, TRUE)
                                          : environment;
}

static GStrv
build_environment (MpipeSandbox *self, const char *role)
{
  GStrv environment = g_strdupv ((GStrv) least_environment);

  environment = g_environ_setenv (environment, "HOME", "/tmp", TRUE);
  environment = g_environ_setenv (environment, MPIPE_ENVIRONMENT, role, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (kept_variables); i++)
    if (g_getenv (kept_variables[i]) != NULL)
      environment
          = g_environ_setenv (environment, kept_variables[i], g_getenv (kept_variables[i]), TRUE);
  for (guint i = 0; self->environment[i] != NULL; i++)
    environment = add_variable (environment, self->environment[i]);
  return environment;
}

GStrv
mpipe_sandbox_get_outer_environment (void)
{
  return mpipe_sandbox_probe_get_environment (mpipe_sandbox_probe ());
}

gboolean
mpipe_sandbox_is_made_elsewhere (void)
{
  return mpipe_sandbox_probe ()->is_flatpak;
}

/* Returns: the smaller one, where 0 is none */
static guint64
take_limit (guint64 a, guint64 b)
{
  return a == 0 || (b > 0 && b < a) ? b : a;
}

GStrv
mpipe_sandbox_wrap (MpipeSandbox *self, const MpipeSandboxCommand *command)
{
  const MpipeSandboxProbe *probe = mpipe_sandbox_probe ();
  const MpipeLaunchLimits *limits = &command->limits;
  MpipeSandboxSetup setup = probe->setup;
  g_auto (GStrv) read_only_paths
      = collect_read_only_paths (self, setup.executor, command->visible);
  g_auto (GStrv) environment = build_environment (self, command->role);

  setup.read_only_paths = (const char *const *) read_only_paths;
  setup.writable_paths = (const char *const *) self->writable_paths;
  setup.environment = (const char *const *) environment;
  setup.tmp_size = self->tmp_size;
  setup.max_memory = take_limit (self->max_memory, limits->n_data_bytes);
  setup.max_file_size = self->max_file_size;
  setup.max_processes = self->max_processes;
  setup.max_open_files = (guint) take_limit (self->max_open_files, limits->n_files);
  setup.max_cpu_s = limits->cpu_s;
  setup.last_fd = command->last_fd;
  setup.program = command->program;
  setup.arguments = command->arguments;
  return mpipe_sandbox_probe_get_arguments (probe, &setup);
}
