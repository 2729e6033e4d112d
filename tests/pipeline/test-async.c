/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Calls that do not wait, with bytes and text, and where the results of such calls come from. */

#include "config.h"

#include "mpipe-test-kit.h"

typedef struct
{
  GAsyncResult *result;
  gboolean done;
} Answer;

static void
keep_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->result = g_object_ref (result);
  answer->done = TRUE;
}

static guint64
finish_put (MpipePipeline *pipeline, Answer *answer, GError **error)
{
  guint64 id;

  mpipe_test_iterate_until (&answer->done);
  id = mpipe_pipeline_put_finish (pipeline, answer->result, error);
  g_clear_object (&answer->result);
  answer->done = FALSE;
  return id;
}

static GVariant *
finish_get (MpipePipeline *pipeline, guint64 *out_id, MpipeStage **out_leaf, GError **error)
{
  Answer answer = { NULL };
  GVariant *value;

  mpipe_pipeline_get_async (pipeline, NULL, keep_cb, &answer);
  mpipe_test_iterate_until (&answer.done);
  value = mpipe_pipeline_get_full_finish (pipeline, answer.result, out_id, out_leaf, error);
  g_object_unref (answer.result);
  return value;
}

static void
test_a_result_tells_where_it_comes_from (const MpipeTestWay *way)
{
  MpipeStage *stage = mpipe_test_stage (way, "misbehave", 1);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  MpipeStage *leaf;
  guint64 id;

  mpipe_stage_set_parameters (stage, g_variant_new_parsed ("{'mode': <'error'>}"));
  pipeline = mpipe_test_pipeline (stage);
  mpipe_test_put (pipeline, 2, 2); /* task 3 fails */
  mpipe_pipeline_stop (pipeline);

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) value = finish_get (pipeline, &id, &leaf, &error);

      g_assert_cmpuint (id, ==, error != NULL ? 2 : 1);
      g_assert_true (leaf == (error != NULL ? NULL : stage));
      g_assert_true ((value == NULL) == (error != NULL));
      if (error != NULL)
        {
          g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TASK_FAILED);
          g_clear_error (&error);
        }
      else
        g_assert_cmpint (g_variant_get_int64 (value), ==, 2);
    }
  g_assert_cmpuint (mpipe_pipeline_get_n_failed (pipeline), ==, 1);
  g_assert_null (finish_get (pipeline, &id, &leaf, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (id, ==, 0);
  g_assert_null (leaf);
}

static void
assert_bytes_and_text_come_back (MpipePipeline *pipeline, GBytes *bytes)
{
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) result = mpipe_pipeline_get_bytes (pipeline, NULL, NULL);
      g_autofree char *text = mpipe_pipeline_get_text (pipeline, NULL, NULL);

      g_assert_true (g_bytes_equal (result, bytes));
      g_assert_cmpstr (text, ==, "grün");
    }
}

static void
test_bytes_and_text_can_be_put_without_waiting (void)
{
  const MpipeTestWay way = { .name = "processes", .ordered = TRUE };
  MpipeStage *stage = mpipe_test_stage (&way, "echo", 2);
  g_autoptr (MpipePipeline) pipeline = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\1\2", 3);
  g_autoptr (GError) error = NULL;
  Answer answer = { NULL };

  mpipe_stage_set_max_backlog (stage, 4);
  pipeline = mpipe_test_pipeline (stage);
  g_assert_cmpuint (mpipe_pipeline_try_put_bytes (pipeline, bytes, &error), ==, 1);
  g_assert_cmpuint (mpipe_pipeline_try_put_text (pipeline, "grün", &error), ==, 2);
  mpipe_pipeline_put_bytes_async (pipeline, bytes, NULL, keep_cb, &answer);
  g_assert_cmpuint (finish_put (pipeline, &answer, &error), ==, 3);
  mpipe_pipeline_put_text_async (pipeline, "grün", NULL, keep_cb, &answer);
  g_assert_cmpuint (finish_put (pipeline, &answer, &error), ==, 4);
  g_assert_no_error (error);

  /* full */
  g_assert_cmpuint (mpipe_pipeline_try_put_bytes (pipeline, bytes, &error), ==, 0);
  g_assert_cmpuint (mpipe_pipeline_try_put_text (pipeline, "grün", &error), ==, 0);
  g_assert_no_error (error);
  assert_bytes_and_text_come_back (pipeline, bytes);
  mpipe_test_finish (pipeline);
}

static void
test_what_is_no_text_is_refused_without_waiting (void)
{
  const MpipeTestWay way = { .name = "processes", .ordered = TRUE };
  g_autoptr (MpipePipeline) pipeline = mpipe_test_pipeline (mpipe_test_stage (&way, "echo", 1));
  g_autoptr (GError) error = NULL;
  Answer answer = { NULL };

  g_assert_cmpuint (mpipe_pipeline_try_put_text (pipeline, "\xff", &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  g_clear_error (&error);
  mpipe_pipeline_put_text_async (pipeline, "\xff", NULL, keep_cb, &answer);
  g_assert_cmpuint (finish_put (pipeline, &answer, &error), ==, 0);
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_TYPE);
  mpipe_test_finish (pipeline);
}

int
main (int argc, char **argv)
{
  mpipe_test_init (&argc, &argv);

  mpipe_test_add_ways ("/mpipe/pipeline/async/a-result-tells-where-it-comes-from",
                       test_a_result_tells_where_it_comes_from);
  mpipe_test_add ("/mpipe/pipeline/async/bytes-and-text-can-be-put-without-waiting",
                  test_bytes_and_text_can_be_put_without_waiting);
  mpipe_test_add ("/mpipe/pipeline/async/what-is-no-text-is-refused-without-waiting",
                  test_what_is_no_text_is_refused_without_waiting);

  return g_test_run ();
}
