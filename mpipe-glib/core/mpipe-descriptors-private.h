/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MPIPE_DESCRIPTORS_MAX 20 /* that can be asked for */

gboolean mpipe_descriptors_check (guint n, GError **error);

G_END_DECLS
