/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-conversation.h"

#include <signal.h>

#define LARGE 9000 /* bytes, more than what is copied into a frame */

static gboolean
is_first (GVariant *task)
{
  return g_variant_is_of_type (task, G_VARIANT_TYPE_INT64) && g_variant_get_int64 (task) == 0;
}

static GVariant *
converse (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  g_autoptr (GVariant) talks
      = mpipe_worker_lookup_parameter (worker, "talks", G_VARIANT_TYPE_BOOLEAN);
  g_autoptr (GVariant) dies
      = mpipe_worker_lookup_parameter (worker, "talks-and-dies", G_VARIANT_TYPE_BOOLEAN);

  if ((talks != NULL || dies != NULL) && is_first (task))
    g_printerr ("%s\n", MPIPE_CONVERSATION_LINE);
  if (dies != NULL && is_first (task))
    raise (SIGKILL);
  return g_variant_ref (task);
}

void
mpipe_conversation_register (void)
{
  mpipe_worker_register_func ("converse", converse, NULL, NULL);
}

MpipeStage *
mpipe_conversation_stage (guint size)
{
  MpipeStage *stage = mpipe_stage_new_ordered ("converse", size);

  g_object_set (stage, "name", "converse", NULL);
  return stage;
}

void
mpipe_conversation_set_parameter (MpipeStage *stage, const char *name)
{
  GVariantDict parameters;

  g_variant_dict_init (&parameters, NULL);
  g_variant_dict_insert (&parameters, name, "b", TRUE);
  mpipe_stage_set_parameters (stage, g_variant_dict_end (&parameters));
}

static GVariant *
make_task (guint number)
{
  g_autofree char *text = g_strdup_printf ("%0*u", number % 4 == 3 ? LARGE : 40, number);

  return number % 2 == 0 ? g_variant_new_int64 (number) : g_variant_new_string (text);
}

static void
check_result (GVariant *result, guint number)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (make_task (number));

  g_assert_true (g_variant_equal (result, expected));
}

static void
read_answers (MpipePipeline *pipeline, MpipeConversation *out)
{
  for (guint number = 0;; number++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = mpipe_pipeline_get (pipeline, NULL, &error);

      if (result == NULL && error == NULL)
        break;
      if (result != NULL)
        {
          check_result (result, number);
          out->n_results++;
          continue;
        }
      g_assert_true (error->domain == MPIPE_ERROR);
      g_assert_true (g_str_has_prefix (error->message, "stage “converse”: "));
      out->n_failures++;
      if (out->failure == NULL)
        out->failure = g_steal_pointer (&error);
    }
}

void
mpipe_conversation_run (MpipeStage *stage, MpipeConversation *out)
{
  g_autoptr (MpipeStage) owned = stage;
  g_autoptr (MpipePipeline) pipeline = NULL;

  *out = (MpipeConversation){ NULL };
  pipeline = mpipe_pipeline_new (owned, &out->refused);
  g_assert_true ((pipeline == NULL) == (out->refused != NULL));
  if (pipeline == NULL)
    return;
  for (guint number = 0; number < MPIPE_CONVERSATION_TASKS; number++)
    g_assert_cmpuint (mpipe_pipeline_put (pipeline, make_task (number), NULL, NULL), ==,
                      number + 1);
  mpipe_pipeline_stop (pipeline);
  read_answers (pipeline, out);
  g_assert_true (mpipe_pipeline_wait (pipeline, NULL, NULL));
  g_assert_cmpuint (out->n_results + out->n_failures, ==, MPIPE_CONVERSATION_TASKS);
  g_assert_cmpuint (mpipe_pipeline_get_n_results (pipeline), ==, out->n_results);
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, out->n_failures);
  g_assert_cmpuint (mpipe_pipeline_get_backlog (pipeline), ==, 0);
}

void
mpipe_conversation_clear (MpipeConversation *self)
{
  g_clear_error (&self->refused);
  g_clear_error (&self->failure);
}
