/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The table at the end, on lines that begin with "#": they are no figures of their own. */

#include "aims.h"

#include <stdio.h>

typedef struct
{
  char *key;
  double value;
  BenchAim aim;
} Row;

struct _BenchAims
{
  GArray *rows; /* of Row */
};

static void
row_clear (gpointer data)
{
  Row *self = data;

  g_free (self->key);
}

BenchAims *
bench_aims_new (void)
{
  BenchAims *self = g_new0 (BenchAims, 1);

  self->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_array_set_clear_func (self->rows, row_clear);
  return self;
}

void
bench_aims_free (BenchAims *self)
{
  g_array_unref (self->rows);
  g_free (self);
}

/* What has no aim is left out. */
void
bench_aims_note (BenchAims *self, const char *key, double value, const BenchAim *aim)
{
  Row row = { .value = value, .aim = *aim };

  if (aim->at_least <= 0 && aim->at_most <= 0)
    return;
  row.key = g_strdup (key);
  g_array_append_val (self->rows, row);
}

static gboolean
is_reached (const Row *self)
{
  return (self->aim.at_least <= 0 || self->value >= self->aim.at_least)
         && (self->aim.at_most <= 0 || self->value <= self->aim.at_most);
}

static void
print_row (const Row *self)
{
  gboolean is_lower = self->aim.at_most <= 0;

  printf ("# %-36s %8.2f  %s %-6g%s\n", self->key, self->value,
          is_lower ? ">=" : "<=", is_lower ? self->aim.at_least : self->aim.at_most,
          is_reached (self) ? "" : "  not reached");
}

void
bench_aims_print (BenchAims *self)
{
  if (self->rows->len == 0)
    return;
  printf ("#\n# %-36s %8s  aim\n", "what", "median");
  for (guint i = 0; i < self->rows->len; i++)
    print_row (&g_array_index (self->rows, Row, i));
}
