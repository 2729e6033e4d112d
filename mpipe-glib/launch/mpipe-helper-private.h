/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: the file of a program that belongs to the library. */
char *mpipe_helper_build_path (const char *name);

G_END_DECLS
