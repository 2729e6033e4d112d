/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

/* One way to run a pipeline: the same test is added once for each. */
typedef struct
{
  const char *name;
  gboolean in_threads;
  gboolean with_page; /* when in threads */
  gboolean ordered;
  gboolean sandboxed;
} MpipeTestWay;

typedef void (*MpipeTestFunc) (const MpipeTestWay *way);

/* At the beginning of main(); does not return in a worker process. */
void mpipe_test_init (int *argc, char ***argv);

/* Adds @func as PATH, or as PATH/WAY for all ways but sandboxes, or those with processes, or those in a sandbox. Each
 * test has a deadline and fails when a child process or a descriptor is left behind. Those in a sandbox are skipped
 * where there can be none. */
void mpipe_test_add (const char *path, void (*func) (void));
void mpipe_test_add_ways (const char *path, MpipeTestFunc func);
void mpipe_test_add_process_ways (const char *path, MpipeTestFunc func);
void mpipe_test_add_sandbox_ways (const char *path, MpipeTestFunc func);
void mpipe_test_add_in_sandbox (const char *path, void (*func) (void));

/* The same for one row of a table, which is copied. */
void mpipe_test_add_data (const char *path, void (*func) (gconstpointer data), gconstpointer data,
                          gsize size, gboolean in_sandbox);

/* A sandbox in which also the sanitizers work, with a directory that may be written, or NULL. */
MpipeSandbox *mpipe_test_sandbox (MpipeSandboxPolicy policy, const char *directory);
void mpipe_test_keep_in_sandbox (const MpipeTestWay *way, MpipeStage *stage, const char *directory);

MpipeStage *mpipe_test_stage (const MpipeTestWay *way, const char *worker, guint size);
MpipePipeline *mpipe_test_pipeline (MpipeStage *first);
char *mpipe_test_build_path (const char *name);

/* What a call gives, or the test fails. */
void mpipe_test_put (MpipePipeline *pipeline, gint64 first, gint64 n);
GVariant *mpipe_test_new_numbers (gint64 first, gsize n);
void mpipe_test_put_array (MpipePipeline *pipeline, gint64 first, gsize n);
GVariant *mpipe_test_get (MpipePipeline *pipeline);
gint64 mpipe_test_get_int64 (MpipePipeline *pipeline);
void mpipe_test_get_end (MpipePipeline *pipeline);
GError *mpipe_test_get_error (MpipePipeline *pipeline);
void mpipe_test_finish (MpipePipeline *pipeline);

/* For a test that does the same many times: the deadline is that of one of them. */
void mpipe_test_restart_deadline (void);

/* Reads up to the end, and has each failure looked at. */
typedef void (*MpipeTestFailureFunc) (guint64 id, const GError *error, gpointer user_data);
void mpipe_test_check_until_end (MpipePipeline *pipeline, MpipeTestFailureFunc check,
                                 gpointer user_data, guint *out_n_results, guint *out_n_errors);

/* Reads up to the end; all failures must be of @domain and @code. */
void mpipe_test_count_until_end (MpipePipeline *pipeline, GQuark domain, int code,
                                 guint *out_n_results, guint *out_n_errors);

/* Has a pipeline of the worker put-or-die do some tasks, and then stop: each gives its result or its failure, once. */
void mpipe_test_put_or_die (MpipePipeline *pipeline);

/* All int64 results up to the end, sorted unless the way is ordered. */
GArray *mpipe_test_get_all (MpipePipeline *pipeline, const MpipeTestWay *way);
void mpipe_test_sort (GArray *values, const MpipeTestWay *way);
void mpipe_test_assert_range (GArray *values, gint64 first, gint64 n, gint64 step);

/* Iterates the main context until @done is TRUE. */
void mpipe_test_iterate_until (gboolean *done);
void mpipe_test_wait_until (gboolean (*condition) (gpointer user_data), gpointer user_data);

G_END_DECLS
