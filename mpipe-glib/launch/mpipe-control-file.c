/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-glib/launch/mpipe-control-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gboolean
write_at_once (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  int saved_errno;
  gssize n;

  if (fd < 0)
    return FALSE;
  do
    n = write (fd, text, strlen (text));
  while (n < 0 && errno == EINTR);
  saved_errno = n >= 0 ? EIO : errno; /* a part of it is no answer */
  close (fd);
  errno = saved_errno;
  return n == (gssize) strlen (text);
}

gboolean
mpipe_control_file_write (const char *group, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (group, name, NULL);
  int saved_errno;

  if (write_at_once (path, text))
    return TRUE;
  saved_errno = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "cannot write “%s” into “%s”: %s", text, path, g_strerror (saved_errno));
  return FALSE;
}

/* Returns: (transfer full) (nullable): NULL with an error */
char *
mpipe_control_file_read (const char *group, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (group, name, NULL);
  g_autoptr (GError) file_error = NULL;
  char *text = NULL;

  if (g_file_get_contents (path, &text, NULL, &file_error))
    return text;
  g_set_error_literal (error, G_IO_ERROR,
                       g_error_matches (file_error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
                           ? G_IO_ERROR_NOT_FOUND
                           : G_IO_ERROR_FAILED,
                       file_error->message);
  return NULL;
}

/* Whether @text, words with blanks between, has @word. */
gboolean
mpipe_control_file_has_word (const char *text, const char *word)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \n", -1);

  return g_strv_contains ((const char *const *) words, word);
}

/* Returns: what stands behind @key in @text, lines of key and number; 0 when it is not there */
guint64
mpipe_control_file_get_number (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize length = strlen (key);

  for (guint i = 0; lines[i] != NULL; i++)
    if (strncmp (lines[i], key, length) == 0 && lines[i][length] == ' ')
      return g_ascii_strtoull (lines[i] + length, NULL, 10);
  return 0;
}
