/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

GBytes *decode_file (guint index, const char *path, GError **error);
GBytes *decode_refused (guint index, const char *path, const char *reason);
