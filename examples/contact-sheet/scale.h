/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "sheet-layout.h"

GBytes *scale_picture (const SheetLayout *layout, GBytes *packed, GError **error);
