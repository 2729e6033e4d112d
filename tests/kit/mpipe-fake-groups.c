/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* mkdir() and rmdir() are found here before those of the system. Those of other directories pass. */

#include "config.h"

#include "mpipe-fake-groups.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define NEXT(name) ((__typeof__ (name) *) dlsym (RTLD_NEXT, #name))

static const char *const files[] = {
  "cgroup.controllers", "cgroup.events",          "cgroup.kill",
  "cgroup.procs",       "cgroup.subtree_control", "memory.events",
  "memory.max",         "memory.oom.group",       "memory.swap.max",
};

static char *root; /* NULL when there is none */
static const char *left_out;
static const char *filled;
static int n_busy;
static int mkdir_error;

static gboolean
is_group (const char *path)
{
  return root != NULL && g_str_has_prefix (path, root) && path[strlen (root)] == '/';
}

static void
make_file (const char *group, const char *name)
{
  g_autofree char *path = g_build_filename (group, name, NULL);

  if (g_strcmp0 (name, filled) == 0)
    g_assert_no_errno (symlink ("/dev/full", path));
  else if (g_strcmp0 (name, left_out) != 0)
    g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
make_files (const char *group)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    make_file (group, files[i]);
}

static void
remove_files (const char *group)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (group, files[i], NULL);

      g_unlink (path);
    }
}

int
mkdir (const char *path, mode_t mode)
{
  if (!is_group (path))
    return NEXT (mkdir) (path, mode);
  if (mkdir_error != 0)
    {
      errno = mkdir_error;
      return -1;
    }
  if (NEXT (mkdir) (path, mode) < 0)
    return -1;
  make_files (path);
  return 0;
}

int
rmdir (const char *path)
{
  if (!is_group (path))
    return NEXT (rmdir) (path);
  if (n_busy > 0)
    {
      n_busy--;
      errno = EBUSY;
      return -1;
    }
  remove_files (path);
  return NEXT (rmdir) (path);
}

char *
mpipe_fake_groups_new (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (root);
  root = g_dir_make_tmp ("mpipe-groups-XXXXXX", &error);
  g_assert_no_error (error);
  make_files (root);
  mpipe_fake_groups_set (root, "cgroup.controllers", "cpu memory pids\n");
  return g_strdup (root);
}

void
mpipe_fake_groups_free (char *path)
{
  g_assert_cmpstr (path, ==, root);
  mpipe_fake_groups_leave_out (NULL);
  mpipe_fake_groups_fill (NULL);
  mpipe_fake_groups_set_busy (0);
  mpipe_fake_groups_set_mkdir_error (0);
  remove_files (root);
  g_assert_no_errno (NEXT (rmdir) (root));
  g_clear_pointer (&root, g_free);
  g_free (path);
}

void
mpipe_fake_groups_set (const char *group, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (group, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
mpipe_fake_groups_get (const char *group, const char *name)
{
  g_autofree char *path = g_build_filename (group, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

void
mpipe_fake_groups_leave_out (const char *name)
{
  left_out = name;
}

void
mpipe_fake_groups_fill (const char *name)
{
  filled = name;
}

void
mpipe_fake_groups_set_busy (int n)
{
  n_busy = n;
}

void
mpipe_fake_groups_set_mkdir_error (int error)
{
  mkdir_error = error;
}

guint
mpipe_fake_groups_count (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    n += g_str_has_prefix (name, "mpipe-");
  return n;
}
