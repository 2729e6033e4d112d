/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

typedef struct
{
  char *path; /* in the encoding of file names, whatever that is */
  char *name; /* UTF-8, to be shown */
  char *sort_key;
  goffset size;
} ListedFile;

GPtrArray *file_list_read (const char *folder, const char *output, GError **error);
guint *file_list_largest_first (GPtrArray *files);
