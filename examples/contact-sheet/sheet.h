/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

typedef struct _Sheet Sheet;

Sheet *sheet_new (guint n_pictures, const char *title);
void sheet_free (Sheet *self);
gboolean sheet_place (Sheet *self, GBytes *tile, guint *out_index, GError **error);
GBytes *sheet_encode (Sheet *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sheet, sheet_free)
