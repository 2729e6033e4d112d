/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file in a directory of its own, which is there or not: a gate that the test opens for its workers, or a mark that
 * a worker leaves for the test. Workers in a sandbox must be shown the directory. */
typedef struct
{
  char *directory;
  char *path;
} MpipeTestMark;

void mpipe_test_mark_init (MpipeTestMark *self, const char *name);
void mpipe_test_mark_set (MpipeTestMark *self);
gboolean mpipe_test_mark_is_set (const MpipeTestMark *self);
void mpipe_test_mark_clear (MpipeTestMark *self);

G_END_DECLS
