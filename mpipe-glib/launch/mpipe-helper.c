/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/launch/mpipe-helper-private.h"

char *
mpipe_helper_build_path (const char *name)
{
  const char *directory = g_getenv ("MPIPE_HELPER_DIR");

  return g_build_filename (directory != NULL ? directory : MPIPE_HELPER_DIR, name, NULL);
}
