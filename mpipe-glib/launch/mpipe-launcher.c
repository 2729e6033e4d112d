/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/**
 * MpipeLauncher:
 *
 * Starts the workers of a stage.
 *
 * Which launcher a stage has, is its [property@Mpipe.Stage:launcher]; without one its workers are
 * processes of this machine, by [class@Mpipe.SubprocessLauncher]. One launcher may serve any number of
 * stages.
 *
 * The class cannot be derived outside of the library.
 *
 * Since: 1.0
 */

#include "config.h"

#include "mpipe-glib/launch/mpipe-launcher-private.h"

#include "mpipe-glib/core/mpipe-error.h"

G_DEFINE_ABSTRACT_TYPE (MpipeLauncher, mpipe_launcher, G_TYPE_OBJECT)

static void
mpipe_launcher_class_init (MpipeLauncherClass *klass)
{
}

static void
mpipe_launcher_init (MpipeLauncher *self)
{
}

gboolean
mpipe_launcher_check (MpipeLauncher *self, const MpipeLaunchSpec *spec, GError **error)
{
  MpipeLauncherClass *klass = MPIPE_LAUNCHER_CLASS (G_OBJECT_GET_CLASS (self));

  if (spec->sandbox != NULL && !klass->has_sandbox
      && mpipe_sandbox_get_policy (spec->sandbox) == MPIPE_SANDBOX_POLICY_REQUIRED)
    {
      g_set_error (error, MPIPE_ERROR, MPIPE_ERROR_SANDBOX,
                   "The sandbox of its workers cannot be had: its launcher, “%s”, makes none",
                   G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }
  return klass->check (self, spec, error);
}

MpipeChild *
mpipe_launcher_launch (MpipeLauncher *self, const MpipeLaunchSpec *spec, GIOStream **out_stream,
                       MpipeLaunchMemory *out_memory, GError **error)
{
  return MPIPE_LAUNCHER_CLASS (G_OBJECT_GET_CLASS (self))
      ->launch (self, spec, out_stream, out_memory, error);
}

void
mpipe_launch_memory_clear (MpipeLaunchMemory *self)
{
  g_clear_pointer (&self->page, mpipe_page_free);
  g_clear_pointer (&self->arena, mpipe_arena_unref);
  g_clear_pointer (&self->tray, mpipe_tray_unref);
}
