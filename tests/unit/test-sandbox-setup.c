/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The arguments of sandboxes, word by word, and what the program that makes them is started with. */

#include "config.h"

#include "mpipe-glib/launch/mpipe-sandbox-probe-private.h"

static const char *const nothing[] = { NULL };

static const MpipeSandboxSetup smallest = {
  .wrapper = "/usr/bin/bwrap",
  .executor = "/x/exec",
  .links = nothing,
  .system_paths = nothing,
  .read_only_paths = nothing,
  .writable_paths = nothing,
  .environment = nothing,
  .last_fd = 4,
  .program = "/usr/bin/worker",
  .arguments = (const char *const[]){ "worker", "-v", NULL },
};

#define NAMESPACES                                                                                 \
  "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try "                  \
  "--hostname sandbox --die-with-parent --as-pid-1 "
#define BEGIN "/usr/bin/bwrap --unshare-user " NAMESPACES "--clearenv "
#define SYSTEM                                                                                     \
  "--proc /proc --dev /dev --perms 1777 --tmpfs /dev/shm --remount-ro /dev "                       \
  "--perms 1777 --tmpfs /tmp "
#define END "--remount-ro / -- /x/exec 0 0 0 0 0 /usr/bin/worker worker -v"

static void
assert_words (GStrv taken, const char *expected)
{
  g_auto (GStrv) words = taken;
  g_autofree char *text = g_strjoinv (" ", words);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_the_smallest_sandbox_has_all_that_protects (void)
{
  assert_words (mpipe_sandbox_setup_to_bubblewrap (&smallest), BEGIN SYSTEM END);
}

static void
test_root_becomes_somebody_else_inside (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.is_root = TRUE;
  assert_words (
      mpipe_sandbox_setup_to_bubblewrap (&setup),
      "/usr/bin/bwrap --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID " NAMESPACES
      "--clearenv " SYSTEM END);
}

static void
test_limits_are_passed_on (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.tmp_size = 1000;
  setup.max_memory = G_GUINT64_CONSTANT (5000000000);
  setup.max_processes = 7;
  setup.max_file_size = 8;
  setup.max_open_files = 9;
  setup.max_cpu_s = 10;
  assert_words (mpipe_sandbox_setup_to_bubblewrap (&setup),
                BEGIN "--proc /proc --dev /dev --perms 1777 --size 1000 --tmpfs /dev/shm "
                      "--remount-ro /dev --perms 1777 --size 1000 --tmpfs /tmp "
                      "--remount-ro / -- /x/exec 5000000000 7 8 9 10 /usr/bin/worker worker -v");
}

static void
test_a_trial_executes_nothing (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.program = NULL;
  setup.arguments = NULL;
  assert_words (mpipe_sandbox_setup_to_bubblewrap (&setup),
                BEGIN SYSTEM "--remount-ro / -- /x/exec 0 0 0 0 0 --probe");
}

static void
test_variables_are_set_one_by_one (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.environment = (const char *const[]){ "A=b=c", "EMPTY=", NULL };
  assert_words (mpipe_sandbox_setup_to_bubblewrap (&setup),
                BEGIN "--setenv A b=c --setenv EMPTY  " SYSTEM END);
}

static void
test_system_directories_are_links_where_they_are (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.links = (const char *const[]){ "/bin", "usr/bin", "/lib", "usr/lib", NULL };
  setup.system_paths = (const char *const[]){ "/usr", "/etc/fonts", "/etc/localtime", NULL };
  assert_words (mpipe_sandbox_setup_to_bubblewrap (&setup),
                BEGIN "--ro-bind-try /usr /usr --dir /etc --ro-bind-try /etc/fonts /etc/fonts "
                      "--ro-bind-try /etc/localtime /etc/localtime "
                      "--symlink usr/bin /bin --symlink usr/lib /lib " SYSTEM END);
}

typedef struct
{
  const char *read_only[6];
  const char *writable[6];
  const char *expected;
} PathCase;

static void
test_paths_are_shown_outer_ones_first (void)
{
  const PathCase cases[] = {
    { { "/srv" }, { NULL }, "--ro-bind /srv /srv " },
    { { "/srv/a" }, { NULL }, "--dir /srv --ro-bind /srv/a /srv/a " },
    { { NULL }, { "/srv/a" }, "--dir /srv --bind /srv/a /srv/a " },
    { { "/a/b", "/a/c" }, { NULL }, "--dir /a --ro-bind /a/b /a/b --ro-bind /a/c /a/c " },
    /* nested, given in any order */
    { { "/a/b", "/a" }, { NULL }, "--ro-bind /a /a " },
    { { "/a" }, { "/a/b" }, "--ro-bind /a /a --bind /a/b /a/b " },
    { { "/a/b" }, { "/a" }, "--bind /a /a " },
    { { "/a" }, { "/a/b/c" }, "--ro-bind /a /a --bind /a/b/c /a/b/c " },
    /* twice, and as both: the writable one counts */
    { { "/a", "/a" }, { NULL }, "--ro-bind /a /a " },
    { { "/a" }, { "/a" }, "--bind /a /a " },
    /* names that begin alike are not nested */
    { { "/a", "/ab" }, { NULL }, "--ro-bind /a /a --ro-bind /ab /ab " },
    /* within what is there already */
    { { "/usr/share" }, { NULL }, "" },
    { { NULL }, { "/usr/local/x" }, "--bind /usr/local/x /usr/local/x " },
    { { "/tmp/x/y" }, { NULL }, "--dir /tmp/x --ro-bind /tmp/x/y /tmp/x/y " },
    { { "/proc/1", "/dev/null" }, { NULL }, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MpipeSandboxSetup setup = smallest;
      g_autofree char *expected
          = g_strconcat (BEGIN "--ro-bind-try /usr /usr " SYSTEM, cases[i].expected, END, NULL);

      g_test_message ("case %u", i);
      setup.system_paths = (const char *const[]){ "/usr", NULL };
      setup.read_only_paths = cases[i].read_only;
      setup.writable_paths = cases[i].writable;
      assert_words (mpipe_sandbox_setup_to_bubblewrap (&setup), expected);
    }
}

static void
test_flatpak_is_told_the_same (void)
{
  MpipeSandboxSetup setup = smallest;

  setup.wrapper = "/usr/bin/flatpak-spawn";
  assert_words (mpipe_sandbox_setup_to_flatpak (&setup),
                "/usr/bin/flatpak-spawn --sandbox --no-network --clear-env --watch-bus "
                "--forward-fd=3 --forward-fd=4 /x/exec 0 0 0 0 0 /usr/bin/worker worker -v");
  setup.last_fd = 5;
  setup.max_memory = 6;
  setup.environment = (const char *const[]){ "A=b=c", NULL };
  setup.read_only_paths = (const char *const[]){ "/app/lib", "/usr/share", "/srv/in", NULL };
  setup.writable_paths = (const char *const[]){ "/srv/out", NULL };
  assert_words (mpipe_sandbox_setup_to_flatpak (&setup),
                "/usr/bin/flatpak-spawn --sandbox --no-network --clear-env --watch-bus "
                "--forward-fd=3 --forward-fd=4 --forward-fd=5 --env=A=b=c "
                "--sandbox-expose-path-ro=/srv/in --sandbox-expose-path=/srv/out "
                "/x/exec 6 0 0 0 0 /usr/bin/worker worker -v");
  setup = smallest;
  setup.wrapper = "flatpak-spawn";
  setup.program = NULL;
  setup.arguments = NULL;
  setup.last_fd = 2;
  assert_words (mpipe_sandbox_setup_to_flatpak (&setup),
                "flatpak-spawn --sandbox --no-network --clear-env --watch-bus "
                "/x/exec 0 0 0 0 0 --probe");
}

static void
test_only_flatpak_is_told_where_the_bus_is (void)
{
  MpipeSandboxProbe probe = { .is_flatpak = FALSE };

  g_assert_true (g_setenv ("SECRET", "s", TRUE));
  g_assert_true (g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/b", TRUE));
  g_assert_true (g_setenv ("XDG_RUNTIME_DIR", "/r", TRUE));
  assert_words (mpipe_sandbox_probe_get_environment (&probe), "PATH=/usr/bin:/bin");
  probe.is_flatpak = TRUE;
  assert_words (mpipe_sandbox_probe_get_environment (&probe),
                "PATH=/usr/bin:/bin DBUS_SESSION_BUS_ADDRESS=unix:path=/b XDG_RUNTIME_DIR=/r");
  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_words (mpipe_sandbox_probe_get_environment (&probe),
                "PATH=/usr/bin:/bin DBUS_SESSION_BUS_ADDRESS=unix:path=/b");
}

static void
test_surroundings_end_where_private_places_begin (void)
{
  const char *const private_places[] = { "/home/u", "/tmp", "/home", NULL };
  const struct
  {
    const char *file;
    const char *expected;
  } cases[] = {
    { "/home/u/project/build/program", "/home/u/project/build" },
    { "/home/u/program", "/home/u/program" },
    { "/home/program", "/home/program" },
    { "/program", "/program" },
    { "/tmp/program", "/tmp/program" },
    { "/tmp/build/program", "/tmp/build" },
    { "/homework/program", "/homework" },
    { "/opt/program", "/opt" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found
          = mpipe_sandbox_setup_find_surroundings (cases[i].file, private_places);

      g_assert_cmpstr (found, ==, cases[i].expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(function, path) g_test_add_func ("/mpipe/launch/sandbox-setup/" path, function)
  ADD (test_the_smallest_sandbox_has_all_that_protects,
       "the-smallest-sandbox-has-all-that-protects");
  ADD (test_root_becomes_somebody_else_inside, "root-becomes-somebody-else-inside");
  ADD (test_limits_are_passed_on, "limits-are-passed-on");
  ADD (test_a_trial_executes_nothing, "a-trial-executes-nothing");
  ADD (test_variables_are_set_one_by_one, "variables-are-set-one-by-one");
  ADD (test_system_directories_are_links_where_they_are,
       "system-directories-are-links-where-they-are");
  ADD (test_paths_are_shown_outer_ones_first, "paths-are-shown-outer-ones-first");
  ADD (test_flatpak_is_told_the_same, "flatpak-is-told-the-same");
  ADD (test_only_flatpak_is_told_where_the_bus_is, "only-flatpak-is-told-where-the-bus-is");
  ADD (test_surroundings_end_where_private_places_begin,
       "surroundings-end-where-private-places-begin");
#undef ADD

  return g_test_run ();
}
