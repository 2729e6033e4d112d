/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * What is to be on the sheet: every file below a folder, in the order of names.
 *
 * Hidden files and folders are passed over, and so is an older sheet. A link to a file counts as a
 * file; a link to a folder is not followed, so that no loop of links is walked for ever.
 */

#include "file-list.h"

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "sheet-layout.h"

typedef struct
{
  GPtrArray *files;
  GQueue folders; /* paths that are still to be read */
  GStatBuf output;
  gboolean has_output;
} Walk;

static void
listed_file_free (gpointer data)
{
  ListedFile *self = data;

  g_free (self->path);
  g_free (self->name);
  g_free (self->sort_key);
  g_free (self);
}

static void
add_file (Walk *walk, const char *path, const GStatBuf *status)
{
  ListedFile *file;

  if (walk->has_output && status->st_dev == walk->output.st_dev
      && status->st_ino == walk->output.st_ino)
    return;
  file = g_new0 (ListedFile, 1);
  file->path = g_strdup (path);
  file->name = g_filename_display_basename (path);
  file->sort_key = g_utf8_collate_key_for_filename (file->name, -1);
  file->size = status->st_size;
  g_ptr_array_add (walk->files, file);
}

static void
look_at (Walk *walk, const char *path)
{
  GStatBuf status;
  gboolean is_link;

  if (g_lstat (path, &status) != 0)
    return;
  is_link = S_ISLNK (status.st_mode);
  if (is_link && g_stat (path, &status) != 0)
    return;
  if (S_ISREG (status.st_mode))
    add_file (walk, path, &status);
  else if (S_ISDIR (status.st_mode) && !is_link)
    g_queue_push_tail (&walk->folders, g_strdup (path));
}

static gboolean
read_folder (Walk *walk, const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (name[0] != '.')
        look_at (walk, path);
      if (walk->files->len > SHEET_MAX_PICTURES)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                       "“%s” holds more than %u files: too many for one sheet", folder,
                       SHEET_MAX_PICTURES);
          return FALSE;
        }
    }
  return TRUE;
}

/* A folder within that cannot be read is told and left out. */
static gboolean
read_folders (Walk *walk, GError **error)
{
  while (!g_queue_is_empty (&walk->folders))
    {
      g_autofree char *folder = g_queue_pop_head (&walk->folders);
      g_autoptr (GError) local_error = NULL;

      if (read_folder (walk, folder, &local_error))
        continue;
      if (local_error->domain != G_FILE_ERROR)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_printerr ("%s\n", local_error->message);
    }
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const ListedFile *one = *(ListedFile *const *) a, *other = *(ListedFile *const *) b;
  int order = strcmp (one->sort_key, other->sort_key);

  return order != 0 ? order : strcmp (one->path, other->path);
}

/**
 * file_list_read:
 * @output: the path of the sheet, which is not put on itself
 *
 * Returns: an array of ListedFile, not empty
 */
GPtrArray *
file_list_read (const char *folder, const char *output, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (listed_file_free);
  Walk walk = { .files = files, .folders = G_QUEUE_INIT };
  gboolean success;

  walk.has_output = g_stat (output, &walk.output) == 0;
  success = read_folder (&walk, folder, error) && read_folders (&walk, error);
  g_queue_clear_full (&walk.folders, g_free);
  if (!success)
    return NULL;
  if (files->len == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "“%s” holds no files", folder);
      return NULL;
    }
  g_ptr_array_sort (files, compare_names);
  return g_steal_pointer (&files);
}

static int
compare_sizes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  GPtrArray *files = user_data;
  const ListedFile *one = g_ptr_array_index (files, *(const guint *) a);
  const ListedFile *other = g_ptr_array_index (files, *(const guint *) b);

  return one->size == other->size ? 0 : one->size > other->size ? -1 : 1;
}

/**
 * file_list_largest_first:
 *
 * Orders the files by work: who begins with the long tasks ends with short ones, and no process is
 * left alone with a long one at the end.
 *
 * Returns: the indices of the files
 */
guint *
file_list_largest_first (GPtrArray *files)
{
  guint *order = g_new (guint, files->len);

  for (guint i = 0; i < files->len; i++)
    order[i] = i;
  g_qsort_with_data (order, files->len, sizeof *order, compare_sizes, files);
  return order;
}
