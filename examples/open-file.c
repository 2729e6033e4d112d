/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker in a sandbox sees no file of the user's. The application opens what is to be read, and sends it the
 * open file with the task: this one file the worker can read, and nothing else. Here it counts words. */

#include <gio/gfiledescriptorbased.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixinputstream.h>
#include <mpipe-glib.h>

static GVariant *
count_words (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  /* a handle is the index of one of the descriptors that came with the task */
  int fd = g_unix_fd_list_get (mpipe_worker_get_fd_list (worker), g_variant_get_handle (task), error);
  g_autoptr (GInputStream) file = fd >= 0 ? g_unix_input_stream_new (fd, TRUE) : NULL;
  gboolean in_word = FALSE;
  guint64 n_words = 0;
  char buffer[4096];
  gssize n;

  if (file == NULL)
    return NULL;
  while ((n = g_input_stream_read (file, buffer, sizeof buffer, NULL, error)) > 0)
    for (gssize i = 0; i < n; i++)
      {
        gboolean is_space = g_ascii_isspace (buffer[i]);

        n_words += in_word && is_space;
        in_word = !is_space;
      }
  return n == 0 ? g_variant_new_uint64 (n_words + in_word) : NULL;
}

/* Returns: (nullable): an open file, which has no name, with a text in it */
static GUnixFDList *
open_text (const char *text, GError **error)
{
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GFile) file = g_file_new_tmp ("open-file-XXXXXX", &stream, error);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  g_autoptr (GInputStream) opened = NULL;

  if (file == NULL || !g_file_set_contents (path, text, -1, error))
    return NULL;
  opened = G_INPUT_STREAM (g_file_read (file, NULL, error));
  g_file_delete (file, NULL, NULL);
  if (opened == NULL
      || g_unix_fd_list_append (
             fds, g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (opened)), error)
             < 0)
    return NULL;
  return g_steal_pointer (&fds);
}

static gboolean
put_text (MpipePipeline *pipeline, const char *text, GError **error)
{
  g_autoptr (GUnixFDList) fds = open_text (text, error);

  return fds != NULL
         && mpipe_pipeline_put_with_fds (pipeline, g_variant_new_handle (0), fds, NULL, error) != 0;
}

int
main (int argc, char **argv)
{
  static const char *const texts[]
      = { "one", "a few words more", "  and\nseveral lines\n\nwith  gaps\n", "" };
  g_autoptr (MpipeSandbox) sandbox = NULL;
  g_autoptr (MpipeStage) stage = NULL;
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *description = NULL;
  GVariant *result;

  mpipe_worker_register_func ("count-words", count_words, NULL, NULL);
  mpipe_init (&argc, &argv);

  sandbox = mpipe_sandbox_new (MPIPE_SANDBOX_POLICY_PREFERRED);
  stage = mpipe_stage_new_ordered ("count-words", 2);
  mpipe_stage_set_sandbox (stage, sandbox);
  mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_UINT64);
  pipeline = mpipe_pipeline_new (stage, &error);
  if (pipeline == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  description = mpipe_sandbox_describe (sandbox);
  g_printerr ("sandbox: %s\n", description);

  for (gsize i = 0; i < G_N_ELEMENTS (texts) && error == NULL; i++)
    put_text (pipeline, texts[i], &error);
  mpipe_pipeline_stop (pipeline);
  while (error == NULL && (result = mpipe_pipeline_get (pipeline, NULL, &error)) != NULL)
    {
      g_print ("%" G_GUINT64_FORMAT " words\n", g_variant_get_uint64 (result));
      g_variant_unref (result);
    }
  if (error != NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
