/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory that processes share by a descriptor, of a size that none of them can change. @what it is goes into
 * messages: “cannot map the page shared with a worker: …”. Errors are of the domain G_IO_ERROR. */

int mpipe_memory_file_new (const char *name, gsize size, const char *what, GError **error);
gboolean mpipe_memory_file_seal (int fd, int more_seals, const char *what, GError **error);
gpointer mpipe_memory_file_map (int fd, gsize size, int protection, const char *what,
                                GError **error);
gboolean mpipe_memory_file_check (int fd, gsize *out_size);
int mpipe_memory_file_dup (int fd, const char *what, GError **error);

G_END_DECLS
