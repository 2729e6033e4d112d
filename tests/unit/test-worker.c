/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker without a pipeline, and the names under which workers are known. */

#include "config.h"

#include <string.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/core/mpipe-program-private.h"
#include "mpipe-glib/worker/mpipe-registry-private.h"
#include "mpipe-glib/worker/mpipe-worker-private.h"

/* A class that overrides nothing. */

#define IDLE_TYPE_WORKER (idle_worker_get_type ())

G_DECLARE_FINAL_TYPE (IdleWorker, idle_worker, IDLE, WORKER, MpipeWorker)

struct _IdleWorker
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (IdleWorker, idle_worker, MPIPE_TYPE_WORKER)

static void
idle_worker_class_init (IdleWorkerClass *klass)
{
}

static void
idle_worker_init (IdleWorker *self)
{
}

static void
test_does_nothing_by_itself (void)
{
  g_autoptr (MpipeWorker) worker = g_object_new (IDLE_TYPE_WORKER, NULL);
  g_autoptr (GVariant) task = g_variant_ref_sink (g_variant_new_int64 (1));
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_worker_start (worker, &error));
  g_assert_no_error (error);
  g_assert_null (mpipe_worker_task (worker, task, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "IdleWorker"));
  mpipe_worker_stop (worker);
}

static void
test_puts_no_results_without_a_pipeline (void)
{
  g_autoptr (MpipeWorker) worker = g_object_new (IDLE_TYPE_WORKER, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (mpipe_worker_put_result (worker, g_variant_new_int64 (1), &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
}

static void
check_properties (MpipeWorker *worker, const char *stage_name, guint index, const char *parameters)
{
  g_autofree char *name = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) expected
      = g_variant_parse (G_VARIANT_TYPE_VARDICT, parameters, NULL, NULL, NULL);
  guint number = G_MAXUINT;

  g_object_get (worker, "stage-name", &name, "index", &number, "parameters", &value, NULL);
  g_assert_cmpstr (name, ==, stage_name);
  g_assert_cmpstr (mpipe_worker_get_stage_name (worker), ==, stage_name);
  g_assert_cmpuint (number, ==, index);
  g_assert_cmpuint (mpipe_worker_get_index (worker), ==, index);
  g_assert_cmpvariant (value, expected);
  g_assert_true (mpipe_worker_get_parameters (worker) == value);
}

static void
test_knows_its_stage (void)
{
  g_autoptr (MpipeWorker) worker = g_object_new (IDLE_TYPE_WORKER, NULL);
  g_autoptr (GVariant) parameters
      = g_variant_parse (NULL, "{'a': <int64 1>, 'b': <'text'>}", NULL, NULL, NULL);
  MpipeWorkerSetup setup = { .stage_name = (char *) "scale", .index = 3, .parameters = parameters };
  g_autoptr (GVariant) a = NULL;
  g_autoptr (GVariant) b = NULL;

  check_properties (worker, NULL, 0, "{}");
  mpipe_worker_set_up (worker, &setup);
  check_properties (worker, "scale", 3, "{'a': <int64 1>, 'b': <'text'>}");
  mpipe_worker_set_up (worker, &setup);

  a = mpipe_worker_lookup_parameter (worker, "a", G_VARIANT_TYPE_INT64);
  g_assert_cmpint (g_variant_get_int64 (a), ==, 1);
  b = mpipe_worker_lookup_parameter (worker, "b", NULL);
  g_assert_cmpstr (g_variant_get_string (b, NULL), ==, "text");
  g_assert_null (mpipe_worker_lookup_parameter (worker, "b", G_VARIANT_TYPE_INT64));
  g_assert_null (mpipe_worker_lookup_parameter (worker, "c", NULL));
}

/* Names */

static GVariant *
name_it (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_string (user_data);
}

static void
check_registered (const char *name, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeWorker) worker = mpipe_registry_create (name, &error);
  g_autoptr (GVariant) result = NULL;

  g_assert_no_error (error);
  g_assert_true (mpipe_program_has_worker (name));
  result = g_variant_take_ref (mpipe_worker_task (worker, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (result, NULL), ==, says);
}

static void
test_makes_workers_by_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MpipeWorker) worker = NULL;
  char *given = g_strdup ("given");

  g_assert_false (mpipe_program_has_worker ("by name"));
  mpipe_worker_register_func ("by name", name_it, given, g_free);
  mpipe_worker_register_func ("another", name_it, (gpointer) "other", NULL);
  check_registered ("by name", "given");
  check_registered ("another", "other");
  mpipe_worker_register_func ("by name", name_it, (gpointer) "anew", NULL);
  check_registered ("by name", "anew");

  mpipe_worker_register (IDLE_TYPE_WORKER);
  worker = mpipe_registry_create ("IdleWorker", &error);
  g_assert_no_error (error);
  g_assert_true (G_TYPE_CHECK_INSTANCE_TYPE (worker, IDLE_TYPE_WORKER));
}

static void
test_makes_no_workers_of_other_names (void)
{
  static const char *const names[] = { NULL, "", "nobody", "MpipeWorker", "GObject" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (mpipe_registry_create (names[i], &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_LAUNCH);
    }
}

static void
test_registers_subclasses_only (void)
{
  const GType types[] = { G_TYPE_OBJECT, MPIPE_TYPE_WORKER, G_TYPE_INVALID };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_test_expect_message ("Mpipe", G_LOG_LEVEL_CRITICAL, "*assertion*failed*");
      mpipe_worker_register (types[i]);
      g_test_assert_expected_messages ();
    }
}

static void
test_knows_the_type_of_its_results (void)
{
  g_autoptr (MpipeWorker) worker = g_object_new (IDLE_TYPE_WORKER, NULL);
  g_autoptr (GVariant) parameters = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  MpipeWorkerSetup setup
      = { .stage_name = (char *) "scale", .parameters = parameters, .result_type = (char *) "(xs)" };

  g_assert_null (mpipe_worker_get_result_type (worker));
  mpipe_worker_set_up (worker, &setup);
  g_assert_true (g_variant_type_equal (mpipe_worker_get_result_type (worker),
                                     G_VARIANT_TYPE ("(xs)")));
  setup.result_type = NULL;
  mpipe_worker_set_up (worker, &setup);
  g_assert_null (mpipe_worker_get_result_type (worker));
}

static void
test_does_not_start_when_it_refuses (void)
{
  g_autoptr (MpipeWorker) worker = g_object_new (IDLE_TYPE_WORKER, NULL);
  g_autoptr (GError) error = NULL;

  mpipe_worker_refuse (worker, "no time");
  mpipe_worker_refuse (worker, "no licence");
  g_assert_false (mpipe_worker_start (worker, &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "no licence");
  g_assert_false (mpipe_worker_start (worker, NULL));
}

static guint n_begun, n_freed;

static void
count_begun (MpipeWorker *worker, MpipeTask *task, gpointer user_data)
{
  *(guint *) user_data += 1;
}

static void
count_freed (gpointer user_data)
{
  n_freed++;
}

static void
test_is_made_of_a_function (void)
{
  MpipeWorker *worker = mpipe_worker_from_begin_func (count_begun, &n_begun, count_freed);
  g_autoptr (GError) error = NULL;

  g_assert_true (mpipe_worker_start (worker, &error));
  g_assert_no_error (error);
  g_assert_true (mpipe_worker_begins (worker));
  mpipe_worker_begin (worker, NULL);
  g_assert_cmpuint (n_begun, ==, 1);
  g_assert_cmpuint (n_freed, ==, 0);
  g_object_unref (worker);
  g_assert_cmpuint (n_freed, ==, 1);
  g_object_unref (mpipe_worker_from_begin_func (count_begun, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpipe/worker/worker/does-nothing-by-itself", test_does_nothing_by_itself);
  g_test_add_func ("/mpipe/worker/worker/puts-no-results-without-a-pipeline",
                   test_puts_no_results_without_a_pipeline);
  g_test_add_func ("/mpipe/worker/worker/knows-its-stage", test_knows_its_stage);
  g_test_add_func ("/mpipe/worker/worker/knows-the-type-of-its-results",
                   test_knows_the_type_of_its_results);
  g_test_add_func ("/mpipe/worker/worker/does-not-start-when-it-refuses",
                   test_does_not_start_when_it_refuses);
  g_test_add_func ("/mpipe/worker/worker/is-made-of-a-function", test_is_made_of_a_function);
  g_test_add_func ("/mpipe/worker/registry/makes-workers-by-name", test_makes_workers_by_name);
  g_test_add_func ("/mpipe/worker/registry/makes-no-workers-of-other-names",
                   test_makes_no_workers_of_other_names);
  g_test_add_func ("/mpipe/worker/registry/registers-subclasses-only",
                   test_registers_subclasses_only);
  return g_test_run ();
}
