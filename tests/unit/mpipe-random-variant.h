/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Types and values to try things with, as a seeded generator makes them. */

char *mpipe_random_type (GRand *rand, guint depth);
GVariant *mpipe_random_variant (GRand *rand, const GVariantType *type, guint depth);

/* Bytes that may or may not be a value of the type: cut short, changed here and there, or made up. */
GBytes *mpipe_random_damage (GRand *rand, GVariant *variant);

/* Damage may make a handle of a number, in a “v”. */
gboolean mpipe_variant_has_handle (GVariant *variant);

G_END_DECLS
