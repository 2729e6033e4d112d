/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "options.h"

#include "catalogue.h"

#define N_REPEATS 5

static gboolean
check (BenchOptions *self, int argc, GError **error)
{
  if (argc > 1)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           "there are no arguments, only options");
      return FALSE;
    }
  if (self->n_repeats < 0)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "nothing can be repeated less than once");
      return FALSE;
    }
  if (self->only != NULL)
    g_strdelimit (self->only, "-", '_');
  if (self->only != NULL && !bench_catalogue_has (self->only))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "nothing is called “%s”, see --list", self->only);
      return FALSE;
    }
  if (self->n_repeats == 0)
    self->n_repeats = self->smoke ? 1 : N_REPEATS;
  return TRUE;
}

gboolean
bench_options_parse (BenchOptions *self, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "costs", 0, 0, G_OPTION_ARG_NONE, &self->costs,
      "Print processor time and context switches for each task as well, start and end included",
      NULL },
    { "list", 0, 0, G_OPTION_ARG_NONE, &self->list, "Say what is measured, and measure nothing",
      NULL },
    { "only", 0, 0, G_OPTION_ARG_STRING, &self->only,
      "Measure one thing, or one group, and what it is compared with", "NAME" },
    { "repeat", 0, 0, G_OPTION_ARG_INT, &self->n_repeats, "Measure so often, and print medians (5)",
      "N" },
    { "smoke", 0, 0, G_OPTION_ARG_NONE, &self->smoke,
      "See in a second that everything runs; the figures mean nothing", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  *self = (BenchOptions){ 0 };
  g_option_context_set_summary (
      context, "Measures pipelines beside what the machine allows.\n"
               "Prints one key and one value on each line; ratios are taken within "
               "each repetition.");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error) && check (self, *argc, error);
}

void
bench_options_clear (BenchOptions *self)
{
  g_free (self->only);
}
