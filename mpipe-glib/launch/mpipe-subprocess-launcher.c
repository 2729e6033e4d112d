/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeSubprocessLauncher:
 *
 * Starts workers as child processes on this machine.
 *
 * This is what a stage without a launcher of its own uses. A worker runs in a session of its own, with
 * `/dev/null` as standard input, the application's standard output and error (see
 * [property@Mpipe.Stage:capture-stderr]), no other descriptors, SIGINT
 * ignored and all other signals at their defaults. It ends when the application ends, however that happens.
 * Where its stage has a [class@Mpipe.Sandbox], it runs in that.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/launch/mpipe-subprocess-launcher.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpipe-glib/core/mpipe-descriptors-private.h"
#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/launch/mpipe-error-output-private.h"
#include "mpipe-glib/launch/mpipe-helper-private.h"
#include "mpipe-glib/launch/mpipe-launcher-private.h"
#include "mpipe-glib/launch/mpipe-sandbox-private.h"
#include "mpipe-glib/launch/mpipe-subprocess-child-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

#define SOCKET_BUFFER_SIZE (1 << 20)
#define DESCRIPTORS_NEEDED 16 /* for one worker, while it is started */

struct _MpipeSubprocessLauncher
{
  MpipeLauncher parent_instance;
};

typedef struct
{
  MpipeLauncherClass parent_class;
} MpipeSubprocessLauncherClass;

G_DEFINE_TYPE (MpipeSubprocessLauncher, mpipe_subprocess_launcher, MPIPE_TYPE_LAUNCHER)

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

static gboolean
mpipe_subprocess_launcher_check (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                                 GError **error)
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

/* What is to be executed. */
typedef struct
{
  char *program;
  GStrv arguments; /* from the program's name for itself on */
  char *module;    /* that the program loads; NULL */
} Command;

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

static const char *
get_role (const MpipeLaunchSpec *spec)
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
command_wrap (Command *self, const MpipeLaunchSpec *spec, GError **error)
{
  g_autofree char *program = g_canonicalize_filename (self->program, NULL);
  const char *const visible[] = { program, self->module, NULL };
  GStrv arguments;

  if (!check_can_be_shown (program, error))
    return FALSE;
  arguments = mpipe_sandbox_wrap (spec->sandbox, program, (const char *const *) self->arguments,
                                  visible, get_role (spec), MPIPE_TRAY_FD);

  command_clear (self);
  *self = (Command){ .program = g_strdup (arguments[0]), .arguments = arguments };
  return TRUE;
}

static gboolean
is_sandboxed (const MpipeLaunchSpec *spec)
{
  return spec->sandbox != NULL && mpipe_sandbox_is_in_force (spec->sandbox);
}

/* What the helper program is to do with standard output and signals, and which limits it is to set. */
static char *
describe_setup (const MpipeLaunchSpec *spec)
{
  const MpipeLaunchLimits *limits = &spec->limits;
  GString *setup = g_string_new (spec->worker_name != NULL ? "aside" : "keep");

  if (is_sandboxed (spec))
    g_string_append (setup, ",shield");
  if (limits->n_data_bytes > 0)
    g_string_append_printf (setup, ",data=%" G_GUINT64_FORMAT, limits->n_data_bytes);
  if (limits->cpu_s > 0)
    g_string_append_printf (setup, ",cpu=%u", limits->cpu_s);
  if (limits->n_files > 0)
    g_string_append_printf (setup, ",files=%u", limits->n_files);
  return g_string_free (setup, FALSE);
}

/* The arguments of the helper program: the parent it must have, what it is to do, the file to execute, and the
 * arguments of that. */
static GStrv
build_arguments (const MpipeLaunchSpec *spec, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *helper = mpipe_helper_build_path ("mpipe-worker-exec");
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *setup = describe_setup (spec);
  g_auto (Command) command;

  command_init (&command, spec);
  if (is_sandboxed (spec) && !command_wrap (&command, spec, error))
    return NULL;
  g_strv_builder_add_many (builder, helper, parent, setup, command.program, NULL);
  g_strv_builder_addv (builder, (const char **) command.arguments);
  return g_strv_builder_end (builder);
}

static gboolean
make_socket_pair (int fds[2], GError **error)
{
  int size = SOCKET_BUFFER_SIZE;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "cannot make a channel to a worker: %s", g_strerror (saved_errno));
      return FALSE;
    }
  for (int i = 0; i < 2; i++)
    setsockopt (fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return TRUE;
}

/* Takes @fd over. A GSocket that cannot be made closes it in some versions of GLib, and leaves it open in others. */
static GIOStream *
make_stream (int fd, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  struct stat given, left;
  gboolean is_known = fstat (fd, &given) == 0;

  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    {
      if (is_known && fstat (fd, &left) == 0 && left.st_dev == given.st_dev
          && left.st_ino == given.st_ino)
        close (fd);
      return NULL;
    }
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* The descriptors that a worker gets, -1 for those that it does not. */
typedef struct
{
  int channel;
  int page;
  int arena;
  int tray;
  int error;
} Descriptors;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
descriptors_clear (Descriptors *self)
{
  close_fd (&self->channel);
  close_fd (&self->page);
  close_fd (&self->arena);
  close_fd (&self->tray);
  close_fd (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Descriptors, descriptors_clear)

static void
hand_over (GSubprocessLauncher *launcher, int *fd, int number)
{
  if (*fd >= 0)
    g_subprocess_launcher_take_fd (launcher, *fd, number);
  *fd = -1;
}

static GSubprocess *
spawn (const MpipeLaunchSpec *spec, Descriptors *fds, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_auto (GStrv) arguments = build_arguments (spec, error);

  if (arguments == NULL)
    return NULL;
  hand_over (launcher, &fds->channel, MPIPE_CHANNEL_FD);
  hand_over (launcher, &fds->page, MPIPE_PAGE_FD);
  hand_over (launcher, &fds->arena, MPIPE_ARENA_FD);
  hand_over (launcher, &fds->tray, MPIPE_TRAY_FD);
  if (fds->error >= 0)
    g_subprocess_launcher_take_stderr_fd (launcher, fds->error);
  fds->error = -1;
  if (is_sandboxed (spec))
    {
      g_auto (GStrv) environment = mpipe_sandbox_get_outer_environment ();

      /* what the processes around the worker were started with can be read by it */
      g_subprocess_launcher_set_environ (launcher, environment);
    }
  else
    g_subprocess_launcher_setenv (launcher, MPIPE_ENVIRONMENT, get_role (spec), TRUE);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, error);
}

/* Large payloads can do without: then they go through the channel. A worker that is to see nothing but its own tasks
 * gets memory that no other worker sees. */
static void
share_memory (const MpipeLaunchSpec *spec, MpipeLaunchMemory *memory, Descriptors *fds)
{
  if (is_sandboxed (spec))
    memory->arena = mpipe_arena_new (MPIPE_ARENA_SIZE_ALONE, NULL);
  else
    memory->arena = spec->arena != NULL ? mpipe_arena_ref (spec->arena) : NULL;
  memory->tray = mpipe_tray_new (NULL);
  if (memory->arena != NULL)
    fds->arena = mpipe_arena_dup_fd (memory->arena, NULL);
  if (memory->tray != NULL)
    fds->tray = mpipe_tray_dup_fd (memory->tray, NULL);
  if (fds->arena < 0)
    g_clear_pointer (&memory->arena, mpipe_arena_unref);
  if (fds->tray < 0)
    g_clear_pointer (&memory->tray, mpipe_tray_free);
  else
    mpipe_tray_close_fd (memory->tray);
}

static gboolean
set_up_memory (const MpipeLaunchSpec *spec, MpipeLaunchMemory *memory, Descriptors *fds,
               GError **error)
{
  memory->page = mpipe_page_new (error);
  if (memory->page == NULL)
    return FALSE;
  fds->page = mpipe_page_dup_fd (memory->page, error);
  if (fds->page < 0)
    return FALSE;
  share_memory (spec, memory, fds);
  return TRUE;
}

static GIOStream *
open_channel (Descriptors *fds, GError **error)
{
  int pair[2];

  if (!make_socket_pair (pair, error))
    return NULL;
  fds->channel = pair[1];
  return make_stream (pair[0], error);
}

static MpipeChild *
mpipe_subprocess_launcher_launch (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                                  GIOStream **out_stream, MpipeLaunchMemory *out_memory,
                                  GError **error)
{
  g_auto (MpipeLaunchMemory) memory = { NULL };
  g_auto (Descriptors) fds = { .channel = -1, .page = -1, .arena = -1, .tray = -1, .error = -1 };
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GSubprocess) subprocess = NULL;
  MpipeChild *child;
  int error_fds[2] = { -1, -1 };

  if (!mpipe_descriptors_check (DESCRIPTORS_NEEDED, error))
    return NULL;
  stream = open_channel (&fds, error);
  if (stream == NULL || !set_up_memory (spec, &memory, &fds, error)
      || (spec->capture_stderr && !mpipe_error_output_make_pipe (error_fds, error)))
    return NULL;
  fds.error = error_fds[1];
  subprocess = spawn (spec, &fds, error);
  if (subprocess == NULL)
    {
      close_fd (&error_fds[0]);
      return NULL;
    }
  *out_stream = g_steal_pointer (&stream);
  *out_memory = memory;
  memory = (MpipeLaunchMemory){ NULL };
  child = mpipe_subprocess_child_new (subprocess, is_sandboxed (spec));
  mpipe_child_set_error_fd (child, error_fds[0]);
  return child;
}

static void
mpipe_subprocess_launcher_class_init (MpipeSubprocessLauncherClass *klass)
{
  MpipeLauncherClass *launcher_class = MPIPE_LAUNCHER_CLASS (klass);

  launcher_class->has_sandbox = TRUE;
  launcher_class->check = mpipe_subprocess_launcher_check;
  launcher_class->launch = mpipe_subprocess_launcher_launch;
}

static void
mpipe_subprocess_launcher_init (MpipeSubprocessLauncher *self)
{
}

/**
 * mpipe_subprocess_launcher_new:
 *
 * Creates a launcher that starts workers as child processes on this machine.
 *
 * Returns: (transfer full) (type MpipeSubprocessLauncher): a new launcher
 *
 * Since: 1.0
 */
MpipeLauncher *
mpipe_subprocess_launcher_new (void)
{
  return g_object_new (MPIPE_TYPE_SUBPROCESS_LAUNCHER, NULL);
}
