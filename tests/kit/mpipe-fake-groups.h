/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A directory that plays a file system of control groups for the program that links it: the files of a group are there
 * as soon as it is made, and go with it. They are plain files: nobody reads them, and nothing is limited. */

/* Makes one, whose groups have the memory controller. Returns: (transfer full): its path */
char *mpipe_fake_groups_new (void);

/* Removes it; it must have no groups left. */
void mpipe_fake_groups_free (char *root);

/* What a file of the group itself, or of a group in it, says. */
void mpipe_fake_groups_set (const char *group, const char *name, const char *text);
char *mpipe_fake_groups_get (const char *group, const char *name);

/* Groups made from now on do not have the file, or have one where nothing fits in; NULL for none. */
void mpipe_fake_groups_leave_out (const char *name);
void mpipe_fake_groups_fill (const char *name);

/* So many times from now on a group that is to be removed is said not to be empty. */
void mpipe_fake_groups_set_busy (int n);

/* Why no group can be made from now on; 0 for no reason. */
void mpipe_fake_groups_set_mkdir_error (int error);

/* Returns: how many groups there are in @root */
guint mpipe_fake_groups_count (const char *root);

G_END_DECLS
