/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Stages in different languages in one pipeline, and what is said where types do not fit.
 *
 *   test-languages LANGUAGE=COMMAND...
 *
 * A command, followed by a name, is a worker program: “increment” adds one to an int64, “sign” adds a comma and
 * the language to a text. */

#include "config.h"

#include <string.h>

#include "mpipe-test-kit.h"

#define N_TASKS 100

typedef struct
{
  char *name;
  char **argv;
} Language;

static GPtrArray *languages;

static void
add_language (const char *text)
{
  Language *language = g_new0 (Language, 1);
  g_auto (GStrv) parts = g_strsplit (text, "=", 2);
  g_autoptr (GError) error = NULL;

  language->name = g_strdup (parts[0]);
  g_shell_parse_argv (parts[1], NULL, &language->argv, &error);
  g_assert_no_error (error);
  g_ptr_array_add (languages, language);
}

static void
language_free (gpointer data)
{
  Language *language = data;

  g_free (language->name);
  g_strfreev (language->argv);
  g_free (language);
}

static MpipeStage *
new_stage (const Language *language, const char *worker, guint size)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *name = g_strdup_printf ("%s in %s", worker, language->name);
  g_auto (GStrv) argv = NULL;
  MpipeStage *stage;

  g_strv_builder_addv (builder, (const char **) language->argv);
  g_strv_builder_add (builder, worker);
  argv = g_strv_builder_end (builder);
  stage = mpipe_stage_new_command ((const char *const *) argv, size);
  mpipe_stage_set_name (stage, name);
  return stage;
}

/* Returns: a stage in C, and after it one in each language; all take and give the type. */
static MpipeStage *
new_chain (const char *c_worker, const char *worker, const GVariantType *type)
{
  MpipeStage *first = mpipe_stage_new_ordered (c_worker, 2);
  MpipeStage *last = first;

  mpipe_stage_set_task_type (first, type);
  mpipe_stage_set_result_type (first, type);
  for (guint i = 0; i < languages->len; i++)
    {
      g_autoptr (MpipeStage) stage = new_stage (languages->pdata[i], worker, 2);

      mpipe_stage_set_task_type (stage, type);
      mpipe_stage_set_result_type (stage, type);
      mpipe_stage_link (last, stage);
      last = stage;
    }
  return first;
}

static void
test_numbers_pass_through_all (void)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_chain ("add", "increment", G_VARIANT_TYPE_INT64));

  mpipe_test_put (pipeline, 0, N_TASKS);
  mpipe_pipeline_stop (pipeline);
  for (gint64 i = 0; i < N_TASKS; i++)
    g_assert_cmpint (mpipe_test_get_int64 (pipeline), ==, i + 1 + languages->len);
  mpipe_test_get_end (pipeline);
}

static void
test_texts_pass_through_all (void)
{
  g_autoptr (MpipePipeline) pipeline
      = mpipe_test_pipeline (new_chain ("echo", "sign", G_VARIANT_TYPE_STRING));
  g_autoptr (GString) expected = g_string_new ("Zoë");

  for (guint i = 0; i < languages->len; i++)
    g_string_append_printf (expected, ", %s", ((Language *) languages->pdata[i])->name);
  for (guint i = 0; i < N_TASKS; i++)
    g_assert_cmpuint (mpipe_pipeline_put_text (pipeline, "Zoë", NULL, NULL), >, 0);
  mpipe_pipeline_stop (pipeline);
  for (guint i = 0; i < N_TASKS; i++)
    {
      g_autoptr (GVariant) result = mpipe_test_get (pipeline);

      g_assert_cmpstr (g_variant_get_string (result, NULL), ==, expected->str);
    }
  mpipe_test_get_end (pipeline);
}

/* The pipeline's one task, a text, must fail. */
static void
assert_says (MpipeStage *first, int code, const char *const *parts)
{
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (first);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (mpipe_pipeline_put_text (pipeline, "text", NULL, NULL), ==, 1);
  mpipe_pipeline_stop (pipeline);
  error = mpipe_test_get_error (pipeline);
  g_test_message ("%s", error->message);
  g_assert_error (error, MPIPE_ERROR, code);
  for (; *parts != NULL; parts++)
    g_assert_nonnull (strstr (error->message, *parts));
  mpipe_test_get_end (pipeline);
}

static void
test_a_task_of_another_type_is_not_taken (void)
{
  for (guint i = 0; i < languages->len; i++)
    {
      const Language *language = languages->pdata[i];
      g_autofree char *name = g_strdup_printf ("stage “increment in %s”", language->name);
      const char *const parts[] = { name, "takes tasks of type “x”", "is of type “s”", NULL };
      MpipeStage *first = mpipe_stage_new_ordered ("echo", 1);
      g_autoptr (MpipeStage) second = new_stage (language, "increment", 1);

      mpipe_stage_set_task_type (second, G_VARIANT_TYPE_INT64);
      mpipe_stage_link (first, second);
      assert_says (first, MPIPE_ERROR_TYPE, parts);
    }
}

static void
test_a_result_of_another_type_is_not_taken (void)
{
  static const char *const parts[]
      = { "stage “add”", "takes tasks of type “x”", "is of type “s”", NULL };

  for (guint i = 0; i < languages->len; i++)
    {
      MpipeStage *first = new_stage (languages->pdata[i], "sign", 1);
      g_autoptr (MpipeStage) second = mpipe_stage_new_ordered ("add", 1);

      mpipe_stage_set_task_type (second, G_VARIANT_TYPE_INT64);
      mpipe_stage_link (first, second);
      assert_says (first, MPIPE_ERROR_TYPE, parts);
    }
}

static void
test_a_result_of_another_type_is_not_given (void)
{
  for (guint i = 0; i < languages->len; i++)
    {
      const Language *language = languages->pdata[i];
      g_autofree char *name = g_strdup_printf ("stage “sign in %s”", language->name);
      const char *const parts[] = { name, "type “x”", NULL };
      MpipeStage *stage = new_stage (language, "sign", 1);

      mpipe_stage_set_result_type (stage, G_VARIANT_TYPE_INT64);
      assert_says (stage, MPIPE_ERROR_TASK_FAILED, parts);
    }
}

int
main (int argc, char **argv)
{
  int status;

  mpipe_test_init (&argc, &argv);
  languages = g_ptr_array_new_with_free_func (language_free);
  for (int i = 1; i < argc; i++)
    add_language (argv[i]);

  mpipe_test_add ("/mpipe/languages/all/numbers-pass-through", test_numbers_pass_through_all);
  mpipe_test_add ("/mpipe/languages/all/texts-pass-through", test_texts_pass_through_all);
  mpipe_test_add ("/mpipe/languages/border/takes-no-task-of-another-type",
                  test_a_task_of_another_type_is_not_taken);
  mpipe_test_add ("/mpipe/languages/border/passes-on-no-result-of-another-type",
                  test_a_result_of_another_type_is_not_taken);
  mpipe_test_add ("/mpipe/languages/border/gives-no-result-of-another-type",
                  test_a_result_of_another_type_is_not_given);
  status = g_test_run ();
  g_ptr_array_unref (languages);
  return status;
}
