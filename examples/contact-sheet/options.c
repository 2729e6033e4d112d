/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "options.h"

#define DEFAULT_OUTPUT "contact-sheet.png"
#define MAX_JOBS 256

static gboolean
check (Options *self, char **folders, GError **error)
{
  if (folders == NULL || g_strv_length (folders) != 1)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           "one folder is needed, see --help");
      return FALSE;
    }
  if (self->jobs < 0 || self->jobs > MAX_JOBS)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "the number of jobs must be from 0 to %d", MAX_JOBS);
      return FALSE;
    }
  self->folder = g_canonicalize_filename (folders[0], NULL); /* for who has another current one */
  if (self->output == NULL)
    self->output = g_strdup (DEFAULT_OUTPUT);
  return TRUE;
}

gboolean
options_parse (Options *self, int *argc, char ***argv, GError **error)
{
  g_auto (GStrv) folders = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output,
      "The sheet to write (" DEFAULT_OUTPUT ")", "FILE" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &self->jobs,
      "Processes for each stage but the last (as many as there are processors)", "N" },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &self->no_sandbox, "Decode pictures without a sandbox",
      NULL },
    { "no-comparison", 0, 0, G_OPTION_ARG_NONE, &self->no_comparison,
      "Do not measure the same work in one process", NULL },
    { "one-process", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &self->one_process, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &folders, NULL, "FOLDER" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  *self = (Options){ NULL };
  g_option_context_set_summary (context, "Puts all pictures of a folder on one sheet.");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error) && check (self, folders, error);
}

void
options_clear (Options *self)
{
  g_free (self->folder);
  g_free (self->output);
}
