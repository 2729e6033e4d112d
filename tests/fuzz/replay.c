/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A fuzz target as an ordinary test, over the files of the directories that it is given:
 *
 *     fuzz-frame DIRECTORY... */

#include "config.h"

#include <unistd.h>

#include "mpipe-fuzz.h"

#define DEADLINE_S 20

static void
replay (gconstpointer data)
{
  const char *file = data;
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (file, &content, &size, &error);
  g_assert_no_error (error);
  alarm (DEADLINE_S);
  LLVMFuzzerTestOneInput ((const guint8 *) content, size);
  alarm (0);
}

static void
add_directory (const char *program, const char *directory)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (directory, 0, &error);
  g_autofree char *base = g_path_get_basename (program);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/mpipe/fuzz/%s/%s", base, name);

      g_test_add_data_func_full (path, g_build_filename (directory, name, NULL), replay, g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    add_directory (argv[0], argv[i]);
  return g_test_run ();
}
