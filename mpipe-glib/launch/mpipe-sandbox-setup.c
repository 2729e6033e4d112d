/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* From what a sandbox should be to the arguments of the program that makes it. Nothing here looks at the
 * system. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-setup-private.h"

#include <string.h>

#define FIRST_FD 3

/* Where the file system that is built has places already. */
typedef struct
{
  GStrvBuilder *arguments;
  GHashTable *directories; /* a set: that can take more */
  GHashTable *mounts;      /* a set: with all that is below */
} Tree;

static void
add_number (GStrvBuilder *builder, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  g_strv_builder_add (builder, text);
}

/* What both ways end with. */
static void
add_executor (GStrvBuilder *builder, const MpipeSandboxSetup *self)
{
  g_strv_builder_add (builder, self->executor);
  add_number (builder, self->max_memory);
  add_number (builder, self->max_processes);
  add_number (builder, self->max_file_size);
  add_number (builder, self->max_open_files);
  add_number (builder, self->max_cpu_s);
  if (self->program == NULL)
    {
      g_strv_builder_add (builder, "--probe");
      return;
    }
  g_strv_builder_add (builder, self->program);
  g_strv_builder_addv (builder, (const char **) self->arguments);
}

/* The file system */

/* Makes the directories above @path, with the rights that directories usually have; bubblewrap would keep them
 * to itself. */
static void
make_parents (Tree *tree, const char *path)
{
  for (const char *slash = strchr (path + 1, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
    {
      char *parent = g_strndup (path, slash - path);

      if (g_hash_table_contains (tree->mounts, parent))
        {
          g_free (parent);
          return;
        }
      if (!g_hash_table_contains (tree->directories, parent))
        g_strv_builder_add_many (tree->arguments, "--dir", parent, NULL);
      g_hash_table_add (tree->directories, parent);
    }
}

static void
add_mount (Tree *tree, const char *option, const char *path)
{
  make_parents (tree, path);
  g_strv_builder_add_many (tree->arguments, option, path, path, NULL);
  g_hash_table_add (tree->mounts, g_strdup (path));
}

static gboolean
is_at_or_below (const char *path, const char *directory)
{
  gsize length = strlen (directory);

  return strcmp (directory, "/") == 0
         || (strncmp (path, directory, length) == 0
             && (path[length] == '\0' || path[length] == '/'));
}

/* Whether all of @path is to be seen anyway. */
static gboolean
is_visible (Tree *tree, const char *path)
{
  GHashTableIter iter;
  gpointer mount;

  g_hash_table_iter_init (&iter, tree->mounts);
  while (g_hash_table_iter_next (&iter, &mount, NULL))
    if (is_at_or_below (path, mount))
      return TRUE;
  return FALSE;
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Paths with what is nested in others behind those. */
static GPtrArray *
sort_paths (const MpipeSandboxSetup *self)
{
  GPtrArray *paths = g_ptr_array_new ();

  for (guint i = 0; self->read_only_paths[i] != NULL; i++)
    if (!g_strv_contains (self->writable_paths, self->read_only_paths[i]))
      g_ptr_array_add (paths, (gpointer) self->read_only_paths[i]);
  for (guint i = 0; self->writable_paths[i] != NULL; i++)
    g_ptr_array_add (paths, (gpointer) self->writable_paths[i]);
  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

static void
add_paths (Tree *tree, const MpipeSandboxSetup *self)
{
  g_autoptr (GPtrArray) paths = sort_paths (self);

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);

      if (g_hash_table_contains (tree->mounts, path))
        continue;
      if (g_strv_contains (self->writable_paths, path))
        add_mount (tree, "--bind", path);
      else if (!is_visible (tree, path))
        add_mount (tree, "--ro-bind", path);
    }
}

static void
add_tmpfs (Tree *tree, const char *path, guint64 size)
{
  g_strv_builder_add_many (tree->arguments, "--perms", "1777", NULL);
  if (size > 0)
    {
      g_strv_builder_add (tree->arguments, "--size");
      add_number (tree->arguments, size);
    }
  g_strv_builder_add_many (tree->arguments, "--tmpfs", path, NULL);
  g_hash_table_add (tree->directories, g_strdup (path));
}

static void
add_files (GStrvBuilder *builder, const MpipeSandboxSetup *self)
{
  g_autoptr (GHashTable) directories
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) mounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Tree tree = { builder, directories, mounts };

  for (guint i = 0; self->system_paths[i] != NULL; i++)
    add_mount (&tree, "--ro-bind-try", self->system_paths[i]);
  for (guint i = 0; self->links[i] != NULL; i += 2)
    g_strv_builder_add_many (builder, "--symlink", self->links[i + 1], self->links[i], NULL);
  g_strv_builder_add_many (builder, "--proc", "/proc", "--dev", "/dev", NULL);
  g_hash_table_add (mounts, g_strdup ("/proc"));
  g_hash_table_add (mounts, g_strdup ("/dev"));
  add_tmpfs (&tree, "/dev/shm", self->tmp_size);
  g_strv_builder_add_many (builder, "--remount-ro", "/dev", NULL);
  add_tmpfs (&tree, "/tmp", self->tmp_size);
  add_paths (&tree, self);
  g_strv_builder_add_many (builder, "--remount-ro", "/", NULL);
}

static void
add_environment (GStrvBuilder *builder, const MpipeSandboxSetup *self)
{
  g_strv_builder_add (builder, "--clearenv");
  for (guint i = 0; self->environment[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (self->environment[i], "=", 2);

      g_strv_builder_add_many (builder, "--setenv", parts[0], parts[1], NULL);
    }
}

/* Root needs no namespace to become root in, but rights to become somebody else when all is prepared. */
static void
add_user (GStrvBuilder *builder, const MpipeSandboxSetup *self)
{
  if (self->is_root)
    g_strv_builder_add_many (builder, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add",
                             "CAP_SETGID", NULL);
  else
    g_strv_builder_add (builder, "--unshare-user");
}

GStrv
mpipe_sandbox_setup_to_bubblewrap (const MpipeSandboxSetup *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, self->wrapper);
  add_user (builder, self);
  g_strv_builder_add_many (builder, "--unshare-ipc", "--unshare-pid", "--unshare-net",
                           "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
                           "--die-with-parent", "--as-pid-1", NULL);
  add_environment (builder, self);
  add_files (builder, self);
  g_strv_builder_add (builder, "--");
  add_executor (builder, self);
  return g_strv_builder_end (builder);
}

static void
add_equal (GStrvBuilder *builder, const char *option, const char *value)
{
  g_autofree char *argument = g_strconcat (option, "=", value, NULL);

  g_strv_builder_add (builder, argument);
}

/* Flatpak makes the same out of its own file system, which the application is in already. */
GStrv
mpipe_sandbox_setup_to_flatpak (const MpipeSandboxSetup *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, self->wrapper, "--sandbox", "--no-network", "--clear-env",
                           "--watch-bus", NULL);
  for (int fd = FIRST_FD; fd <= self->last_fd; fd++)
    {
      g_autofree char *number = g_strdup_printf ("%d", fd);

      add_equal (builder, "--forward-fd", number);
    }
  for (guint i = 0; self->environment[i] != NULL; i++)
    add_equal (builder, "--env", self->environment[i]);
  for (guint i = 0; self->read_only_paths[i] != NULL; i++)
    if (!is_at_or_below (self->read_only_paths[i], "/app")
        && !is_at_or_below (self->read_only_paths[i], "/usr"))
      add_equal (builder, "--sandbox-expose-path-ro", self->read_only_paths[i]);
  for (guint i = 0; self->writable_paths[i] != NULL; i++)
    add_equal (builder, "--sandbox-expose-path", self->writable_paths[i]);
  add_executor (builder, self);
  return g_strv_builder_end (builder);
}

char *
mpipe_sandbox_setup_find_surroundings (const char *file, const char *const *private_places)
{
  g_autofree char *directory = g_path_get_dirname (file);

  for (guint i = 0; private_places[i] != NULL; i++)
    if (is_at_or_below (private_places[i], directory))
      return g_strdup (file);
  return g_steal_pointer (&directory);
}
