/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <unistd.h>

#include <glib-unix.h>
#include <glib.h>

#include "mpipe-glib/core/mpipe-poller-private.h"

#define N 100 /* more than are looked at in one dispatch */

typedef struct _Fixture Fixture;

typedef struct
{
  Fixture *fixture;
  int fds[2];
  MpipeWatch *watch;
  guint n_ready;
  gboolean frees_all; /* when it is ready */
} Pipe;

struct _Fixture
{
  GMainContext *context;
  MpipePoller *poller;
  Pipe pipes[N];
};

static void
free_watches (Fixture *self)
{
  for (guint i = 0; i < N; i++)
    g_clear_pointer (&self->pipes[i].watch, mpipe_watch_free);
}

static void
ready_cb (gpointer user_data)
{
  Pipe *self = user_data;
  char byte;

  g_assert_nonnull (self->watch);
  self->n_ready++;
  if (self->frees_all)
    free_watches (self->fixture);
  else if (read (self->fds[0], &byte, 1) == 0)
    g_clear_pointer (&self->watch, mpipe_watch_free);
}

static void
watch (Pipe *self)
{
  self->watch = mpipe_poller_watch (self->fixture->poller, self->fds[0], ready_cb, self);
  g_assert_nonnull (self->watch);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->context = g_main_context_new ();
  self->poller = mpipe_poller_new (self->context);
  g_assert_nonnull (self->poller);
  for (guint i = 0; i < N; i++)
    {
      self->pipes[i].fixture = self;
      g_assert_true (g_unix_open_pipe (self->pipes[i].fds, FD_CLOEXEC, NULL));
      watch (&self->pipes[i]);
    }
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  free_watches (self);
  for (guint i = 0; i < N; i++)
    {
      close (self->pipes[i].fds[0]);
      if (self->pipes[i].fds[1] >= 0)
        close (self->pipes[i].fds[1]);
    }
  mpipe_poller_free (self->poller);
  g_main_context_unref (self->context);
}

static void
say (Pipe *self)
{
  g_assert_cmpint (write (self->fds[1], "a", 1), ==, 1);
}

static void
iterate_until_quiet (Fixture *self)
{
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

static void
test_tells_of_what_is_ready_only (Fixture *self, gconstpointer data)
{
  iterate_until_quiet (self);
  say (&self->pipes[3]);
  say (&self->pipes[50]);
  say (&self->pipes[50]);
  iterate_until_quiet (self);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (self->pipes[i].n_ready, ==, i == 3 ? 1 : i == 50 ? 2 : 0);
}

static void
test_tells_of_all (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < N; i++)
    say (&self->pipes[i]);
  iterate_until_quiet (self);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (self->pipes[i].n_ready, ==, 1);
}

static void
test_tells_of_the_end (Fixture *self, gconstpointer data)
{
  close (self->pipes[7].fds[1]);
  self->pipes[7].fds[1] = -1;
  iterate_until_quiet (self);
  g_assert_cmpuint (self->pipes[7].n_ready, ==, 1);
  g_assert_null (self->pipes[7].watch);
}

static void
test_forgets_what_is_not_watched (Fixture *self, gconstpointer data)
{
  say (&self->pipes[5]);
  g_clear_pointer (&self->pipes[5].watch, mpipe_watch_free);
  iterate_until_quiet (self);
  g_assert_cmpuint (self->pipes[5].n_ready, ==, 0);
  watch (&self->pipes[5]);
  iterate_until_quiet (self);
  g_assert_cmpuint (self->pipes[5].n_ready, ==, 1);
}

/* While it tells of one, all are freed: the others may not be told. */
static void
test_may_be_changed_by_who_is_told (Fixture *self, gconstpointer data)
{
  guint n = 0;

  for (guint i = 0; i < N; i++)
    {
      self->pipes[i].frees_all = TRUE;
      say (&self->pipes[i]);
    }
  iterate_until_quiet (self);
  for (guint i = 0; i < N; i++)
    n += self->pipes[i].n_ready;
  g_assert_cmpuint (n, ==, 1);
}

static void
test_says_what_cannot_be_watched (Fixture *self, gconstpointer data)
{
  g_assert_null (mpipe_poller_watch (self->poller, -1, ready_cb, NULL));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "tells-of-what-is-ready-only", test_tells_of_what_is_ready_only },
    { "tells-of-all", test_tells_of_all },
    { "tells-of-the-end", test_tells_of_the_end },
    { "forgets-what-is-not-watched", test_forgets_what_is_not_watched },
    { "may-be-changed-by-who-is-told", test_may_be_changed_by_who_is_told },
    { "says-what-cannot-be-watched", test_says_what_cannot_be_watched },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/core/poller/", tests[i].path, NULL);

      g_test_add (path, Fixture, NULL, set_up, tests[i].func, tear_down);
    }
  return g_test_run ();
}
