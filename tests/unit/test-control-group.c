/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Control groups of workers, in a directory that plays the kernel's. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mpipe-failing-calls.h"
#include "mpipe-fake-groups.h"
#include "mpipe-glib/launch/mpipe-control-file-private.h"
#include "mpipe-glib/launch/mpipe-control-group-end-private.h"
#include "mpipe-glib/launch/mpipe-control-group-private.h"
#include "mpipe-glib/launch/mpipe-delegation-private.h"

#define N_BYTES 123456789

static void
assert_says (MpipeControlGroup *group, const char *name, const char *expected)
{
  g_autofree char *text = mpipe_fake_groups_get (mpipe_control_group_get_path (group), name);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_fails (const char *root, GIOErrorEnum code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (mpipe_control_group_new (root, N_BYTES, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
}

static MpipeControlGroup *
new_group (const char *root)
{
  g_autoptr (GError) error = NULL;
  MpipeControlGroup *group = mpipe_control_group_new (root, N_BYTES, &error);

  g_assert_no_error (error);
  return group;
}

static void
test_all_limits_are_set (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = new_group (root);

  assert_says (group, "memory.max", "123456789");
  assert_says (group, "memory.swap.max", "0");
  assert_says (group, "memory.oom.group", "1");
  g_assert_cmpuint (mpipe_control_group_get_n_bytes (group), ==, N_BYTES);
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
test_each_has_a_name_of_its_own (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) first = new_group (root), second = new_group (root);

  g_assert_cmpstr (mpipe_control_group_get_path (first), !=, mpipe_control_group_get_path (second));
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 2);
  g_clear_pointer (&first, mpipe_control_group_free);
  g_clear_pointer (&second, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
test_swap_and_common_end_may_be_missing (void)
{
  const char *const names[] = { "memory.swap.max", "memory.oom.group" };
  char *root = mpipe_fake_groups_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      mpipe_fake_groups_leave_out (names[i]);
      mpipe_control_group_free (new_group (root));
    }
  mpipe_fake_groups_free (root);
}

static void
test_the_limit_may_not_be_missing (void)
{
  char *root = mpipe_fake_groups_new ();

  mpipe_fake_groups_leave_out ("memory.max");
  assert_fails (root, G_IO_ERROR_NOT_FOUND, "memory.max");
  mpipe_fake_groups_free (root);
}

static void
test_what_cannot_be_written_is_an_error (void)
{
  const char *const names[] = { "memory.max", "memory.swap.max", "memory.oom.group" };
  const int errors[] = { EACCES, EBUSY, EINVAL, ENODEV, ENOSPC, EROFS };
  char *root = mpipe_fake_groups_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      mpipe_fake_groups_fill (names[i]);
      assert_fails (root, G_IO_ERROR_NO_SPACE, names[i]);
      mpipe_fake_groups_fill (NULL);
      for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
        {
          const MpipeTestFault fault
              = { .call = "write", .error = errors[j], .first = i + 1, .n = 1, .everywhere = TRUE };

          mpipe_test_fault_set (&fault);
          assert_fails (root, g_io_error_from_errno (errors[j]), names[i]);
          g_assert_cmpuint (mpipe_test_fault_clear (), ==, 1);
        }
    }
  mpipe_fake_groups_free (root);
}

static void
test_a_write_that_is_interrupted_is_repeated (void)
{
  const MpipeTestFault fault
      = { .call = "write", .error = EINTR, .first = 1, .n = 1, .everywhere = TRUE };
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = NULL;

  mpipe_test_fault_set (&fault);
  group = new_group (root);
  g_assert_cmpuint (mpipe_test_fault_clear (), ==, 1);
  assert_says (group, "memory.max", "123456789");
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
test_what_cannot_be_made_is_an_error (void)
{
  const int errors[] = { EACCES, EAGAIN, EEXIST, ENOSPC, EROFS };
  char *root = mpipe_fake_groups_new ();

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      mpipe_fake_groups_set_mkdir_error (errors[i]);
      assert_fails (root, g_io_error_from_errno (errors[i] == EEXIST ? EAGAIN : errors[i]),
                    "cannot make the control group");
    }
  mpipe_fake_groups_free (root);
}

static void
test_the_door_may_be_closed (void)
{
  g_autoptr (GError) error = NULL;
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = NULL;

  mpipe_fake_groups_leave_out ("cgroup.procs");
  group = new_group (root);
  g_assert_cmpint (mpipe_control_group_open_door (group, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
test_who_had_no_memory_is_seen (void)
{
  static const struct
  {
    const char *events;
    MpipeShortage shortage;
  } cases[] = {
    { "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n", MPIPE_SHORTAGE_INSIDE },
    { "oom_kill 4294967297\noom 4294967296\n", MPIPE_SHORTAGE_INSIDE },
    { "low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\noom_group_kill 1\n", MPIPE_SHORTAGE_OUTSIDE },
    { "oom_kill 1\n", MPIPE_SHORTAGE_OUTSIDE },
    { "low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\n", MPIPE_SHORTAGE_NONE },
    { "oom_group_kill 1\n", MPIPE_SHORTAGE_NONE },
    { "oom_kill\n", MPIPE_SHORTAGE_NONE },
    { "oom_kill many\n", MPIPE_SHORTAGE_NONE },
    { "", MPIPE_SHORTAGE_NONE },
  };
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = new_group (root);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      mpipe_fake_groups_set (mpipe_control_group_get_path (group), "memory.events",
                             cases[i].events);
      g_assert_cmpint (mpipe_control_group_find_shortage (group), ==, cases[i].shortage);
    }
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_leave_out ("memory.events");
  group = new_group (root);
  g_assert_cmpint (mpipe_control_group_find_shortage (group), ==, MPIPE_SHORTAGE_NONE);
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  int *ended = user_data;

  *ended = mpipe_control_group_end_finish (result);
}

static int
end_group (MpipeControlGroup *group)
{
  int ended = -1;

  mpipe_control_group_end_async (group, ended_cb, &ended);
  while (ended < 0)
    g_main_context_iteration (NULL, TRUE);
  return ended;
}

static void
test_an_empty_one_goes_at_once (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = new_group (root);

  g_assert_cmpint (end_group (group), ==, TRUE);
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  g_clear_pointer (&group, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

/* These files tell nothing by themselves, so the deadline decides. */
static void
test_who_is_left_in_it_is_killed (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) group = new_group (root);
  g_autofree char *killed = NULL;

  mpipe_fake_groups_set_busy (2);
  g_assert_cmpint (end_group (group), ==, FALSE);
  assert_says (group, "cgroup.kill", "1");
  g_clear_pointer (&group, mpipe_control_group_free);
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  mpipe_fake_groups_free (root);
}

static void
test_what_is_left_over_is_swept_out (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autoptr (MpipeControlGroup) own = new_group (root);
  g_autofree char *left = g_build_filename (root, "mpipe-1-0", NULL);
  g_autofree char *busy = g_build_filename (root, "mpipe-1-1", NULL);
  g_autofree char *other = g_build_filename (root, "application", NULL);
  g_autofree char *killed = NULL;

  g_assert_no_errno (mkdir (left, 0755));
  g_assert_no_errno (mkdir (other, 0755));
  mpipe_control_group_sweep (root);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (mpipe_control_group_get_path (own), G_FILE_TEST_EXISTS));

  g_assert_no_errno (mkdir (busy, 0755));
  mpipe_fake_groups_set_busy (1);
  mpipe_control_group_sweep (root);
  killed = mpipe_fake_groups_get (busy, "cgroup.kill");
  g_assert_cmpstr (killed, ==, "1");
  mpipe_control_group_sweep (root);
  g_assert_false (g_file_test (busy, G_FILE_TEST_EXISTS));
  g_assert_no_errno (rmdir (other));
  g_clear_pointer (&own, mpipe_control_group_free);
  mpipe_fake_groups_free (root);
}

static void
assert_problem (const char *group, const char *says)
{
  const char *problem = mpipe_delegation_find_problem (group);

  g_assert_nonnull (problem);
  g_test_message ("%s", problem);
  g_assert_nonnull (strstr (problem, says));
  g_assert_true (problem == mpipe_delegation_find_problem (group));
}

static void
test_what_was_not_delegated_is_refused (void)
{
  g_autofree char *missing = NULL;
  char *root;

  assert_problem ("groups/mine", "is no absolute path");
  assert_problem ("/proc", "is no control group");

  root = mpipe_fake_groups_new ();
  missing = g_build_filename (root, "missing", NULL);
  assert_problem (missing, "No such file");
  mpipe_fake_groups_set (root, "cgroup.controllers", "cpu pids memorable\n");
  assert_problem (root, "does not have the memory controller, but “cpu pids memorable”");
  mpipe_fake_groups_free (root);
}

static void
test_what_cannot_pass_memory_on_is_refused (void)
{
  static const struct
  {
    int error;
    const char *says;
  } cases[] = {
    { EBUSY, "there are processes in" },
    { EACCES, "Permission denied" },
    { EROFS, "Read-only" },
    { ENOSPC, "No space left" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const MpipeTestFault fault
          = { .call = "write", .error = cases[i].error, .first = 1, .n = 1, .everywhere = TRUE };
      char *root = mpipe_fake_groups_new ();

      mpipe_test_fault_set (&fault);
      assert_problem (root, cases[i].says);
      mpipe_test_fault_clear ();
      g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
      mpipe_fake_groups_free (root);
    }
}

static void
test_whoever_cannot_enter_is_refused (void)
{
  char *root = mpipe_fake_groups_new ();

  mpipe_fake_groups_fill ("cgroup.procs");
  assert_problem (root, "cannot be moved into");
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  mpipe_fake_groups_free (root);
}

static void
test_what_was_delegated_is_taken (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autofree char *left = g_build_filename (root, "mpipe-1-0", NULL);
  g_autofree char *passed_on = NULL;

  g_assert_no_errno (mkdir (left, 0755));
  g_assert_cmpstr (mpipe_delegation_find_problem (root), ==, NULL);
  passed_on = mpipe_fake_groups_get (root, "cgroup.subtree_control");
  g_assert_cmpstr (passed_on, ==, "+memory");
  g_assert_cmpuint (mpipe_fake_groups_count (root), ==, 0);
  mpipe_fake_groups_free (root);
}

static void
test_what_passes_memory_on_stays_as_it_is (void)
{
  char *root = mpipe_fake_groups_new ();
  g_autofree char *passed_on = NULL;

  mpipe_fake_groups_set (root, "cgroup.subtree_control", "cpu memory\n");
  g_assert_cmpstr (mpipe_delegation_find_problem (root), ==, NULL);
  passed_on = mpipe_fake_groups_get (root, "cgroup.subtree_control");
  g_assert_cmpstr (passed_on, ==, "cpu memory\n");
  mpipe_fake_groups_free (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add_func ("/mpipe/launch/control-group/" path, function)
  ADD ("all-limits-are-set", test_all_limits_are_set);
  ADD ("each-has-a-name-of-its-own", test_each_has_a_name_of_its_own);
  ADD ("swap-and-common-end-may-be-missing", test_swap_and_common_end_may_be_missing);
  ADD ("the-limit-may-not-be-missing", test_the_limit_may_not_be_missing);
  ADD ("what-cannot-be-written-is-an-error", test_what_cannot_be_written_is_an_error);
  ADD ("a-write-that-is-interrupted-is-repeated", test_a_write_that_is_interrupted_is_repeated);
  ADD ("what-cannot-be-made-is-an-error", test_what_cannot_be_made_is_an_error);
  ADD ("the-door-may-be-closed", test_the_door_may_be_closed);
  ADD ("who-had-no-memory-is-seen", test_who_had_no_memory_is_seen);
  ADD ("an-empty-one-goes-at-once", test_an_empty_one_goes_at_once);
  ADD ("who-is-left-in-it-is-killed", test_who_is_left_in_it_is_killed);
  ADD ("what-is-left-over-is-swept-out", test_what_is_left_over_is_swept_out);
  ADD ("what-was-not-delegated-is-refused", test_what_was_not_delegated_is_refused);
  ADD ("what-cannot-pass-memory-on-is-refused", test_what_cannot_pass_memory_on_is_refused);
  ADD ("whoever-cannot-enter-is-refused", test_whoever_cannot_enter_is_refused);
  ADD ("what-was-delegated-is-taken", test_what_was_delegated_is_taken);
  ADD ("what-passes-memory-on-stays-as-it-is", test_what_passes_memory_on_stays_as_it_is);
#undef ADD

  return g_test_run ();
}
