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
 * Where its stage has a [property@Mpipe.Stage:worker-memory-limit], and the application was given a control group for
 * its workers, each worker is in a group of its own, with all that it starts. See
 * [property@Mpipe.SubprocessLauncher:control-group].
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
#include "mpipe-glib/launch/mpipe-delegation-private.h"
#include "mpipe-glib/launch/mpipe-error-output-private.h"
#include "mpipe-glib/launch/mpipe-launch-command-private.h"
#include "mpipe-glib/launch/mpipe-sandbox-private.h"
#include "mpipe-glib/launch/mpipe-subprocess-child-private.h"
#include "mpipe-glib/wire/mpipe-protocol-private.h"

#define SOCKET_BUFFER_SIZE (1 << 20)
#define DESCRIPTORS_NEEDED 20 /* for one worker, while it is started */

struct _MpipeSubprocessLauncher
{
  MpipeLauncher parent_instance;
  char *control_group;        /* NULL for none */
  gboolean is_group_required; /* it was named by the program, not by the environment */
};

typedef enum
{
  /**
   * MpipeSubprocessLauncher:control-group: (getter get_control_group)
   *
   * The control group below which each worker with a [property@Mpipe.Stage:worker-memory-limit] gets one of its own: an
   * absolute path to a directory of a file system of the kind `cgroup2`.
   *
   * The group must have been delegated to the application: it has the memory controller, may be written, has no
   * processes of its own, and the application is in a group below it (or is root). The library makes groups in it whose
   * names begin with `mpipe-`, and lets it pass the memory controller on to them. It never moves the application.
   *
   * Without this property it is what the environment variable `MPIPE_CGROUP` names, if it can be used; otherwise, and
   * without both, memory is limited by `RLIMIT_DATA`. [property@Mpipe.SubprocessLauncher:control-group-problem] says
   * why. A group that is named by this property must be usable: making a pipeline whose stages need it fails with
   * %MPIPE_ERROR_LAUNCH otherwise. Where the application is a flatpak it cannot be used for workers in a sandbox, which
   * are started by flatpak.
   *
   * Since: 1.0
   */
  PROP_CONTROL_GROUP = 1,

  /**
   * MpipeSubprocessLauncher:control-group-problem: (getter get_control_group_problem)
   *
   * Why [property@Mpipe.SubprocessLauncher:control-group] cannot be used.
   *
   * Since: 1.0
   */
  PROP_CONTROL_GROUP_PROBLEM,
} MpipeSubprocessLauncherProperty;

static GParamSpec *properties[PROP_CONTROL_GROUP_PROBLEM + 1];

typedef struct
{
  MpipeLauncherClass parent_class;
} MpipeSubprocessLauncherClass;

G_DEFINE_TYPE (MpipeSubprocessLauncher, mpipe_subprocess_launcher, MPIPE_TYPE_LAUNCHER)

static const char *
find_group_problem (MpipeSubprocessLauncher *self)
{
  return self->control_group != NULL ? mpipe_delegation_find_problem (self->control_group) : NULL;
}

/* Returns: (nullable): why the group cannot be used for such a worker */
static const char *
find_problem_for_worker (MpipeSubprocessLauncher *self, const MpipeLaunchSpec *spec)
{
  if (self->control_group != NULL && mpipe_launch_command_is_sandboxed (spec)
      && mpipe_sandbox_is_made_elsewhere ())
    return "workers in a sandbox are started by flatpak, and not by the application";
  return find_group_problem (self);
}

/* Where the environment names a group, it is tried here already, and not when the first worker waits. */
static gboolean
check_group (MpipeSubprocessLauncher *self, const MpipeLaunchSpec *spec, GError **error)
{
  const char *problem = spec->limits.n_data_bytes > 0 ? find_problem_for_worker (self, spec) : NULL;

  if (problem == NULL || !self->is_group_required)
    return TRUE;
  g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH,
               "The control group for its workers cannot be used: %s", problem);
  return FALSE;
}

static gboolean
mpipe_subprocess_launcher_check (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                                 GError **error)
{
  return mpipe_launch_command_check (spec, error)
         && check_group (MPIPE_SUBPROCESS_LAUNCHER (launcher), spec, error);
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
  int group; /* that it is to enter */
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
  close_fd (&self->group);
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
  gboolean has_group = fds->group >= 0;
  g_auto (GStrv) arguments = mpipe_launch_command_build (spec, has_group, error);

  if (arguments == NULL)
    return NULL;
  hand_over (launcher, &fds->channel, MPIPE_CHANNEL_FD);
  hand_over (launcher, &fds->page, MPIPE_PAGE_FD);
  hand_over (launcher, &fds->arena, MPIPE_ARENA_FD);
  hand_over (launcher, &fds->tray, MPIPE_TRAY_FD);
  hand_over (launcher, &fds->group, MPIPE_GROUP_FD);
  if (fds->error >= 0)
    g_subprocess_launcher_take_stderr_fd (launcher, fds->error);
  fds->error = -1;
  if (mpipe_launch_command_is_sandboxed (spec))
    {
      g_auto (GStrv) environment = mpipe_sandbox_get_outer_environment ();

      /* what the processes around the worker were started with can be read by it */
      g_subprocess_launcher_set_environ (launcher, environment);
    }
  else
    g_subprocess_launcher_setenv (launcher, MPIPE_ENVIRONMENT, mpipe_launch_command_get_role (spec), TRUE);
  /* workers of its own would be beside its group otherwise, not in it */
  if (has_group)
    g_subprocess_launcher_unsetenv (launcher, MPIPE_DELEGATION_VARIABLE);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, error);
}

/* Large payloads can do without: then they go through the channel. A worker that is to see nothing but its own tasks
 * gets memory that no other worker sees. */
static void
share_memory (const MpipeLaunchSpec *spec, MpipeLaunchMemory *memory, Descriptors *fds)
{
  if (mpipe_launch_command_is_sandboxed (spec))
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
    g_clear_pointer (&memory->tray, mpipe_tray_unref);
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

/* Returns: whether it could be done. @out_group stays NULL where memory is not limited, or not in this way */
static gboolean
make_group (MpipeSubprocessLauncher *self, const MpipeLaunchSpec *spec,
            MpipeControlGroup **out_group, Descriptors *fds, GError **error)
{
  g_autoptr (MpipeControlGroup) group = NULL;

  if (spec->limits.n_data_bytes == 0 || self->control_group == NULL
      || (find_problem_for_worker (self, spec) != NULL && !self->is_group_required))
    return TRUE;
  group = mpipe_control_group_new (self->control_group, spec->limits.n_data_bytes, error);
  if (group == NULL)
    return FALSE;
  fds->group = mpipe_control_group_open_door (group, error);
  if (fds->group < 0)
    return FALSE;
  *out_group = g_steal_pointer (&group);
  return TRUE;
}

static MpipeMemoryLimit
tell_memory_limit (const MpipeLaunchSpec *spec, gboolean has_group)
{
  if (spec->limits.n_data_bytes == 0)
    return MPIPE_MEMORY_LIMIT_NONE;
  return has_group ? MPIPE_MEMORY_LIMIT_GROUP : MPIPE_MEMORY_LIMIT_DATA;
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
  g_auto (Descriptors) fds
      = { .channel = -1, .page = -1, .arena = -1, .tray = -1, .group = -1, .error = -1 };
  g_autoptr (MpipeControlGroup) group = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GSubprocess) subprocess = NULL;
  MpipeChild *child;
  gboolean has_group;
  int error_fds[2] = { -1, -1 };

  if (!mpipe_descriptors_check (DESCRIPTORS_NEEDED, error))
    return NULL;
  stream = open_channel (&fds, error);
  if (stream == NULL || !set_up_memory (spec, &memory, &fds, error)
      || !make_group (MPIPE_SUBPROCESS_LAUNCHER (launcher), spec, &group, &fds, error)
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
  has_group = group != NULL;
  child = mpipe_subprocess_child_new (subprocess, mpipe_launch_command_is_sandboxed (spec), g_steal_pointer (&group));
  mpipe_child_set_memory_limit (child, tell_memory_limit (spec, has_group));
  mpipe_child_set_error_fd (child, error_fds[0]);
  return child;
}

static void
mpipe_subprocess_launcher_set_property (GObject *object, guint property_id, const GValue *value,
                                        GParamSpec *pspec)
{
  MpipeSubprocessLauncher *self = MPIPE_SUBPROCESS_LAUNCHER (object);

  switch ((MpipeSubprocessLauncherProperty) property_id)
    {
    case PROP_CONTROL_GROUP:
      self->control_group = g_value_dup_string (value);
      self->is_group_required = self->control_group != NULL;
      break;
    case PROP_CONTROL_GROUP_PROBLEM:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_subprocess_launcher_get_property (GObject *object, guint property_id, GValue *value,
                                        GParamSpec *pspec)
{
  MpipeSubprocessLauncher *self = MPIPE_SUBPROCESS_LAUNCHER (object);

  switch ((MpipeSubprocessLauncherProperty) property_id)
    {
    case PROP_CONTROL_GROUP:
      g_value_set_string (value, self->control_group);
      break;
    case PROP_CONTROL_GROUP_PROBLEM:
      g_value_set_string (value, find_group_problem (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
mpipe_subprocess_launcher_constructed (GObject *object)
{
  MpipeSubprocessLauncher *self = MPIPE_SUBPROCESS_LAUNCHER (object);
  const char *named = g_getenv (MPIPE_DELEGATION_VARIABLE);

  G_OBJECT_CLASS (mpipe_subprocess_launcher_parent_class)->constructed (object);
  if (self->control_group == NULL && named != NULL && named[0] != '\0')
    self->control_group = g_strdup (named);
}

static void
mpipe_subprocess_launcher_finalize (GObject *object)
{
  MpipeSubprocessLauncher *self = MPIPE_SUBPROCESS_LAUNCHER (object);

  g_free (self->control_group);
  G_OBJECT_CLASS (mpipe_subprocess_launcher_parent_class)->finalize (object);
}

static void
mpipe_subprocess_launcher_class_init (MpipeSubprocessLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  MpipeLauncherClass *launcher_class = MPIPE_LAUNCHER_CLASS (klass);

  object_class->set_property = mpipe_subprocess_launcher_set_property;
  object_class->get_property = mpipe_subprocess_launcher_get_property;
  object_class->constructed = mpipe_subprocess_launcher_constructed;
  object_class->finalize = mpipe_subprocess_launcher_finalize;
  launcher_class->has_sandbox = TRUE;
  launcher_class->check = mpipe_subprocess_launcher_check;
  launcher_class->launch = mpipe_subprocess_launcher_launch;

  properties[PROP_CONTROL_GROUP]
      = g_param_spec_string ("control-group", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CONTROL_GROUP_PROBLEM]
      = g_param_spec_string ("control-group-problem", NULL, NULL, NULL,
                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
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

/**
 * mpipe_subprocess_launcher_get_control_group: (get-property control-group):
 * @self: a launcher
 *
 * Gets the control group below which workers get groups of their own, whether it can be used or not.
 *
 * Returns: (transfer none) (nullable) (type filename): an absolute path, from the property or from the environment;
 *   %NULL when neither names any
 *
 * Since: 1.0
 */
const char *
mpipe_subprocess_launcher_get_control_group (MpipeSubprocessLauncher *self)
{
  g_return_val_if_fail (MPIPE_IS_SUBPROCESS_LAUNCHER (self), NULL);

  return self->control_group;
}

/**
 * mpipe_subprocess_launcher_get_control_group_problem: (get-property control-group-problem):
 * @self: a launcher
 *
 * Tells why the control group cannot be used.
 *
 * When this is asked for the first time in the life of the process, it is found by trying, which takes some
 * milliseconds. It may be called from any thread.
 *
 * Returns: (transfer none) (nullable): what is wrong; %NULL when it can be used, or none is named
 *
 * Since: 1.0
 */
const char *
mpipe_subprocess_launcher_get_control_group_problem (MpipeSubprocessLauncher *self)
{
  g_return_val_if_fail (MPIPE_IS_SUBPROCESS_LAUNCHER (self), NULL);

  return find_group_problem (self);
}
