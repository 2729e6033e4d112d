/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <glib.h>

typedef struct
{
  char *folder;
  char *output;
  int jobs;
  gboolean one_process; /* do it without a pipeline, and only tell how long it took */
  gboolean no_comparison;
  gboolean no_sandbox;
} Options;

gboolean options_parse (Options *self, int *argc, char ***argv, GError **error);
void options_clear (Options *self);
