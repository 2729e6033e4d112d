/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The small files by which the kernel lets control groups be seen and set. Each is written by one call, whose failure
 * is the kernel's answer. Errors are of the domain G_IO_ERROR, and name the file. Any thread. */

gboolean mpipe_control_file_write (const char *group, const char *name, const char *text,
                                   GError **error);
char *mpipe_control_file_read (const char *group, const char *name, GError **error);
gboolean mpipe_control_file_has_word (const char *text, const char *word);
guint64 mpipe_control_file_get_number (const char *text, const char *key);

G_END_DECLS
