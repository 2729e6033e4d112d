/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Whether there can be a sandbox depends on programs, the kernel and how that was set up, and on what the
 * application itself runs in. Nothing tells but trying: once, with a sandbox as workers will have it, in which nothing
 * is executed. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-probe-private.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-glib/launch/mpipe-helper-private.h"

#define DEADLINE_S 10
#define EXECUTOR "mpipe-sandbox-exec"

/* What programs need that are linked dynamically, show text, or know the time. */
static const char *const usual_paths[] = {
  "/usr",           "/etc/alternatives",     "/etc/fonts", "/etc/ld.so.cache",
  "/etc/localtime", "/var/cache/fontconfig", NULL,
};

/* Directories that are links on most systems. */
static const char *const usual_links[] = { "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin" };

static const char *const no_strings[] = { NULL };

static const char *const probe_environment[] = { "PATH=/usr/bin:/bin", NULL };

static MpipeSandboxProbe probe;

static void
find_system_files (MpipeSandboxSetup *setup)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new (), links = g_strv_builder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (usual_links); i++)
    {
      g_autofree char *target = g_file_read_link (usual_links[i], NULL);

      if (target != NULL)
        g_strv_builder_add_many (links, usual_links[i], target, NULL);
      else if (g_file_test (usual_links[i], G_FILE_TEST_IS_DIR))
        g_strv_builder_add (paths, usual_links[i]);
    }
  g_strv_builder_addv (paths, (const char **) usual_paths);
  setup->links = (const char *const *) g_strv_builder_end (links);
  setup->system_paths = (const char *const *) g_strv_builder_end (paths);
}

static gboolean
find_programs (char **out_problem)
{
  const char *wrapper = probe.is_flatpak ? "flatpak-spawn" : "bwrap";
  g_autofree char *executor = mpipe_helper_build_path (EXECUTOR);

  probe.setup.executor = g_canonicalize_filename (executor, NULL);
  probe.setup.wrapper = g_find_program_in_path (wrapper);
  if (probe.setup.wrapper == NULL)
    *out_problem = g_strdup_printf ("there is no program “%s”%s", wrapper,
                                    probe.is_flatpak ? "" : ", of bubblewrap");
  else if (!g_file_test (probe.setup.executor, G_FILE_TEST_IS_EXECUTABLE))
    *out_problem = g_strdup_printf ("the program “%s”, which belongs to the library, is not there",
                                    probe.setup.executor);
  return *out_problem == NULL;
}

static gboolean
too_late_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* Returns: the environment of the program that makes the sandbox; it needs no more than its bus, if it asks by that. */
GStrv
mpipe_sandbox_probe_get_environment (const MpipeSandboxProbe *self)
{
  static const char *const bus_variables[] = { "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR" };
  GStrv environment = g_strdupv ((GStrv) probe_environment);

  for (guint i = 0; self->is_flatpak && i < G_N_ELEMENTS (bus_variables); i++)
    if (g_getenv (bus_variables[i]) != NULL)
      environment
          = g_environ_setenv (environment, bus_variables[i], g_getenv (bus_variables[i]), TRUE);
  return environment;
}

typedef struct
{
  char *output;
  char *errors;
  GError *error;
  gboolean done;
} Conversation;

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Conversation *conversation = user_data;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &conversation->output,
                                        &conversation->errors, &conversation->error);
  conversation->done = TRUE;
}

/* Reads what it says until it ends, or has taken too long. */
static void
talk (GSubprocess *process, Conversation *conversation)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) timer = g_timeout_source_new_seconds (DEADLINE_S);

  g_main_context_push_thread_default (context);
  g_source_set_static_name (timer, "[mpipe] deadline of the sandbox's trial");
  g_source_set_callback (timer, too_late_cb, cancellable, NULL);
  g_source_attach (timer, context);
  g_subprocess_communicate_utf8_async (process, NULL, cancellable, ended_cb, conversation);
  while (!conversation->done)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timer);
  if (conversation->error != NULL)
    g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_main_context_pop_thread_default (context);
}

/* Returns: what it says when it works, NULL with @out_problem otherwise. */
static char *
try (const char *const *arguments, char **out_problem)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                   | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) environment = mpipe_sandbox_probe_get_environment (&probe);
  Conversation conversation = { NULL };
  gboolean works;

  g_subprocess_launcher_set_environ (launcher, environment);
  process = g_subprocess_launcher_spawnv (launcher, arguments, &error);
  if (process == NULL)
    {
      *out_problem = g_strdup (error->message);
      return NULL;
    }
  talk (process, &conversation);
  works = conversation.error == NULL && g_subprocess_get_if_exited (process)
          && g_subprocess_get_exit_status (process) == 0;
  if (!works && conversation.error != NULL)
    *out_problem
        = g_strdup_printf ("“%s” did not answer: %s", arguments[0], conversation.error->message);
  else if (!works)
    *out_problem = g_strdup (conversation.errors[0] != '\0' ? g_strstrip (conversation.errors)
                                                            : "it ended without saying why");
  g_free (conversation.errors);
  g_clear_error (&conversation.error);
  if (!works)
    g_clear_pointer (&conversation.output, g_free);
  return conversation.output;
}

GStrv
mpipe_sandbox_probe_get_arguments (const MpipeSandboxProbe *self, const MpipeSandboxSetup *setup)
{
  return self->is_flatpak ? mpipe_sandbox_setup_to_flatpak (setup)
                          : mpipe_sandbox_setup_to_bubblewrap (setup);
}

static void
find_abilities (void)
{
  g_auto (GStrv) arguments = NULL;
  g_autofree char *executor_directory = g_path_get_dirname (probe.setup.executor);
  const char *const visible[] = { executor_directory, NULL };
  g_autofree char *said = NULL;
  MpipeSandboxSetup setup = probe.setup;

  setup.read_only_paths = visible;
  setup.writable_paths = no_strings;
  setup.environment = probe_environment;
  setup.last_fd = 2;
  arguments = mpipe_sandbox_probe_get_arguments (&probe, &setup);
  said = try ((const char *const *) arguments, &probe.problem);
  if (said == NULL)
    return;
  probe.works = TRUE;
  probe.limits_processes = strstr (said, "processes") != NULL;
}

static gpointer
probe_once (gpointer data)
{
  probe.is_flatpak = g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS);
  probe.setup.is_root = geteuid () == 0;
  find_system_files (&probe.setup);
  if (find_programs (&probe.problem))
    find_abilities ();
  g_debug ("sandbox: %s", probe.problem != NULL ? probe.problem : "works");
  return &probe;
}

const MpipeSandboxProbe *
mpipe_sandbox_probe (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, probe_once, NULL);
}
