/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The tasks, and what workers do with them. */

#include "task-kind.h"

#include <string.h>
#include <sys/prctl.h>

#define TEXT "a text of a few words, forty bytes long"

G_STATIC_ASSERT (sizeof TEXT == 40);

/* int64 */

static gint64
read_int64 (GVariant *result)
{
  return g_variant_get_int64 (result);
}

static GVariant *
work_on_int64 (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_int64 (g_variant_get_int64 (task) + 1);
}

static GVariant *
work_on_int64_array (MpipeWorker *worker, GVariant *tasks, gpointer user_data, GError **error)
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (tasks, &n, sizeof *numbers);
  gint64 *results = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    results[i] = numbers[i] + 1;
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), results, n * sizeof *results, TRUE,
                                  g_free, results);
}

const BenchTaskKind bench_int64_tasks = { g_variant_new_int64, read_int64 };

/* Text: it has no number, but a length that must come back. */

static GVariant *
make_text (gint64 number)
{
  return g_variant_new_string (TEXT);
}

static gint64
read_text (GVariant *result)
{
  gsize length;

  g_variant_get_string (result, &length);
  return length == strlen (TEXT);
}

static GVariant *
work_on_text (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_new_string (g_variant_get_string (task, NULL));
}

const BenchTaskKind bench_text_tasks = { make_text, read_text };

/* (xs) */

static GVariant *
make_pair (gint64 number)
{
  return g_variant_new ("(xs)", number, TEXT);
}

static gint64
read_pair (GVariant *result)
{
  const char *text;
  gint64 number;

  g_variant_get (result, "(x&s)", &number, &text);
  return number;
}

static GVariant *
work_on_pair (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  const char *text;
  gint64 number;

  g_variant_get (task, "(x&s)", &number, &text);
  return g_variant_new ("(xs)", number + 1, text);
}

const BenchTaskKind bench_pair_tasks = { make_pair, read_pair };

/* Microseconds to wait, as exactly as the system can. */

static GVariant *
wait_for_us (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  prctl (PR_SET_TIMERSLACK, 1);
  g_usleep ((gulong) g_variant_get_int64 (task));
  return g_variant_ref (task);
}

/* Payloads */

static GVariant *
return_payload (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  return g_variant_ref (task);
}

static GVariant *
make_payload (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = g_variant_get_size (task);
  guint8 *data = g_malloc (size);

  memset (data, 1, size);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

/* The same in memory that is shared with the pipeline. */
static GVariant *
make_payload_in_place (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  gsize size = g_variant_get_size (task);
  guint8 *data;
  g_autoptr (GBytes) bytes = mpipe_worker_new_bytes (worker, size, &data, error);

  if (bytes == NULL)
    return NULL;
  memset (data, 1, size);
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

void
bench_register_workers (void)
{
  mpipe_worker_register_func ("int64", work_on_int64, NULL, NULL);
  mpipe_worker_register_array_func ("int64_array", work_on_int64_array, NULL, NULL);
  mpipe_worker_register_func ("text", work_on_text, NULL, NULL);
  mpipe_worker_register_func ("pair", work_on_pair, NULL, NULL);
  mpipe_worker_register_func ("wait", wait_for_us, NULL, NULL);
  mpipe_worker_register_func ("return", return_payload, NULL, NULL);
  mpipe_worker_register_func ("make", make_payload, NULL, NULL);
  mpipe_worker_register_func ("make_in_place", make_payload_in_place, NULL, NULL);
}
