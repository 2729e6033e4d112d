/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "mpipe-test-mark.h"

#include <glib/gstdio.h>

void
mpipe_test_mark_init (MpipeTestMark *self, const char *name)
{
  self->directory = g_dir_make_tmp ("mpipe-test-XXXXXX", NULL);
  g_assert_nonnull (self->directory);
  self->path = g_build_filename (self->directory, name, NULL);
  g_assert_no_errno (g_chmod (self->directory, 0777)); /* root's workers are somebody else in a sandbox */
}

void
mpipe_test_mark_set (MpipeTestMark *self)
{
  g_assert_true (g_file_set_contents (self->path, "", 0, NULL));
}

gboolean
mpipe_test_mark_is_set (const MpipeTestMark *self)
{
  return g_file_test (self->path, G_FILE_TEST_EXISTS);
}

/* There must be nothing else in the directory. */
void
mpipe_test_mark_clear (MpipeTestMark *self)
{
  g_remove (self->path);
  g_assert_no_errno (g_rmdir (self->directory));
  g_free (self->path);
  g_free (self->directory);
}
