/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-func-launcher.h"

#define TEST_TYPE_FUNC_LAUNCHER (test_func_launcher_get_type ())
GType test_func_launcher_get_type (void);

typedef struct
{
  MpipeLauncher parent_instance;
  const MpipeFuncLauncherFuncs *funcs;
  gpointer user_data;
  GDestroyNotify destroy; /* NULL for none */
} TestFuncLauncher;

typedef struct
{
  MpipeLauncherClass parent_class;
} TestFuncLauncherClass;

G_DEFINE_TYPE (TestFuncLauncher, test_func_launcher, MPIPE_TYPE_LAUNCHER)

static gboolean
test_func_launcher_check (MpipeLauncher *launcher, const MpipeLaunchSpec *spec, GError **error)
{
  TestFuncLauncher *self = (TestFuncLauncher *) launcher;

  return self->funcs->check == NULL || self->funcs->check (self->user_data, spec, error);
}

static MpipeChild *
test_func_launcher_launch (MpipeLauncher *launcher, const MpipeLaunchSpec *spec,
                           GIOStream **out_stream, MpipeLaunchMemory *out_memory, GError **error)
{
  TestFuncLauncher *self = (TestFuncLauncher *) launcher;

  return self->funcs->launch (self->user_data, spec, out_stream, out_memory, error);
}

static void
test_func_launcher_finalize (GObject *object)
{
  TestFuncLauncher *self = (TestFuncLauncher *) object;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  G_OBJECT_CLASS (test_func_launcher_parent_class)->finalize (object);
}

static void
test_func_launcher_class_init (TestFuncLauncherClass *klass)
{
  MpipeLauncherClass *launcher_class = MPIPE_LAUNCHER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_func_launcher_finalize;
  launcher_class->check = test_func_launcher_check;
  launcher_class->launch = test_func_launcher_launch;
}

static void
test_func_launcher_init (TestFuncLauncher *self)
{
}

/* Whether there is a sandbox is of the class. */

GType test_sandbox_launcher_get_type (void);

typedef TestFuncLauncher TestSandboxLauncher;
typedef TestFuncLauncherClass TestSandboxLauncherClass;

G_DEFINE_TYPE (TestSandboxLauncher, test_sandbox_launcher, TEST_TYPE_FUNC_LAUNCHER)

static void
test_sandbox_launcher_class_init (TestSandboxLauncherClass *klass)
{
  MPIPE_LAUNCHER_CLASS (klass)->has_sandbox = TRUE;
}

static void
test_sandbox_launcher_init (TestSandboxLauncher *self)
{
}

MpipeLauncher *
mpipe_func_launcher_new (const MpipeFuncLauncherFuncs *funcs, gpointer user_data,
                         GDestroyNotify destroy)
{
  GType type = funcs->has_sandbox ? test_sandbox_launcher_get_type () : TEST_TYPE_FUNC_LAUNCHER;
  TestFuncLauncher *self = g_object_new (type, NULL);

  self->funcs = funcs;
  self->user_data = user_data;
  self->destroy = destroy;
  return (MpipeLauncher *) self;
}

gpointer
mpipe_func_launcher_get_user_data (MpipeLauncher *launcher)
{
  return ((TestFuncLauncher *) launcher)->user_data;
}
