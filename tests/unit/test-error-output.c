/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "mpipe-glib/launch/mpipe-error-output-private.h"

static const struct
{
  const char *sentence;
  const char *bytes;
  gboolean is_whole;
  const char *text;
} cases[] = {
  { "nothing-is-nothing", "", TRUE, NULL },
  { "empty-lines-are-nothing", "\n\n\r\n", TRUE, NULL },
  { "a-line", "oops\n", TRUE, "oops" },
  { "a-line-without-an-end", "oops", TRUE, "oops" },
  { "lines-stay-lines", "a\n\n  b\tc\n", TRUE, "a\n\n  b\tc" },
  { "carriage-returns-are-dropped", "a\r\nb\r\n", TRUE, "a\nb" },
  { "what-is-no-text-becomes-text", "a\377b\n", TRUE, "a\357\277\275b" },
  { "terminals-are-not-commanded", "\033[2Ja\001\n", TRUE, "?[2Ja?" },
  { "umlauts-stay", "Gr\303\274\303\237e\n", TRUE, "Gr\303\274\303\237e" },
  { "a-character-that-is-cut", "\274x\n", FALSE, "\357\277\275x" },
  { "the-last-ten-lines", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", TRUE,
    "3\n4\n5\n6\n7\n8\n9\n10\n11\n12" },
  { "ten-lines-are-all", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", TRUE, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10" },
  { "a-line-that-is-cut-is-dropped", "rest\nwhole\n", FALSE, "whole" },
  { "a-line-that-is-cut-stays-if-it-is-the-only-one", "rest\n", FALSE, "rest" },
};

static void
test_quote (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autofree char *text
      = mpipe_error_output_quote (cases[i].bytes, strlen (cases[i].bytes), cases[i].is_whole);

  g_assert_cmpstr (text, ==, cases[i].text);
}

typedef struct
{
  int worker[2];
  int target[2]; /* both ends do not block */
  MpipeErrorOutput *output;
} Pipes;

static void
open_pipes (Pipes *pipes)
{
  g_assert_true (mpipe_error_output_make_pipe (pipes->worker, NULL));
  g_assert_no_errno (pipe2 (pipes->target, O_NONBLOCK));
  pipes->output = mpipe_error_output_new (pipes->worker[0], pipes->target[1], NULL);
  fcntl (pipes->worker[1], F_SETFL, O_NONBLOCK); /* a worker's blocks, which a test must not */
}

static void
close_pipes (Pipes *pipes)
{
  mpipe_error_output_free (pipes->output);
  close (pipes->worker[1]);
  close (pipes->target[0]);
  if (pipes->target[1] >= 0)
    close (pipes->target[1]);
}

static void
say (Pipes *pipes, const char *text)
{
  g_assert_cmpint (write (pipes->worker[1], text, strlen (text)), ==, strlen (text));
}

static void
test_passes_on_and_keeps (void)
{
  Pipes pipes;
  char bytes[64];
  g_autofree char *tail = NULL;
  gssize n;

  open_pipes (&pipes);
  say (&pipes, "one\n");
  g_main_context_iteration (NULL, TRUE);
  say (&pipes, "two\n");
  g_main_context_iteration (NULL, TRUE);
  n = read (pipes.target[0], bytes, sizeof bytes);
  g_assert_cmpmem (bytes, n, "one\ntwo\n", 8);
  say (&pipes, "three\n");
  mpipe_error_output_end (pipes.output);
  n = read (pipes.target[0], bytes, sizeof bytes);
  g_assert_cmpmem (bytes, n, "three\n", 6);
  tail = mpipe_error_output_dup_tail (pipes.output);
  g_assert_cmpstr (tail, ==, "one\ntwo\nthree");
  close_pipes (&pipes);
}

static void
test_keeps_the_last_of_much (void)
{
  Pipes pipes;
  g_autofree char *tail = NULL;
  char bytes[8192];

  open_pipes (&pipes);
  for (int i = 0; i < 5000; i++)
    {
      g_autofree char *line = g_strdup_printf ("line %d\n", i);

      say (&pipes, line);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      while (read (pipes.target[0], bytes, sizeof bytes) > 0)
        ;
    }
  tail = mpipe_error_output_dup_tail (pipes.output);
  g_assert_true (g_str_has_prefix (tail, "line 4990\n"));
  g_assert_true (g_str_has_suffix (tail, "\nline 4999"));
  close_pipes (&pipes);
}

static gsize
fill (int fd)
{
  static const char zeros[4096];
  gsize size = 0;
  gssize n;

  while ((n = write (fd, zeros, sizeof zeros)) > 0)
    size += (gsize) n;
  g_assert_cmpint (errno, ==, EAGAIN);
  return size;
}

static gsize
empty (int fd)
{
  char bytes[65536];
  gsize size = 0;
  gssize n;

  while ((n = read (fd, bytes, sizeof bytes)) > 0)
    size += (gsize) n;
  return size;
}

/* While the target takes nothing the worker waits; what it wrote comes when there is room. */
static void
test_waits_for_the_target (void)
{
  Pipes pipes;
  gsize full, size;

  open_pipes (&pipes);
  full = fill (pipes.target[1]);
  size = fill (pipes.worker[1]);
  g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (fill (pipes.worker[1]), <=, 4096);
  g_assert_cmpuint (empty (pipes.target[0]), ==, full);
  for (gsize got = 0; got < size; got += empty (pipes.target[0]))
    g_main_context_iteration (NULL, FALSE);
  close_pipes (&pipes);
}

/* But not for ever. */
static void
test_gives_a_target_up_that_takes_nothing (void)
{
  Pipes pipes;
  gsize written = 0;
  gint64 started = g_get_monotonic_time ();

  open_pipes (&pipes);
  fill (pipes.target[1]);
  while (written < 16 << 20)
    {
      static const char zeros[4096];
      gssize n = write (pipes.worker[1], zeros, sizeof zeros);

      if (n > 0)
        written += (gsize) n;
      else
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpint (g_get_monotonic_time () - started, >=, G_USEC_PER_SEC / 2);

  /* and is there again when it takes something */
  mpipe_error_output_end (pipes.output);
  empty (pipes.target[0]);
  close_pipes (&pipes);
}

static void
test_a_target_that_is_gone_harms_nobody (void)
{
  Pipes pipes;
  g_autofree char *tail = NULL;

  open_pipes (&pipes);
  close (pipes.target[0]);
  pipes.target[0] = -1;
  say (&pipes, "oops\n");
  g_main_context_iteration (NULL, TRUE);
  mpipe_error_output_end (pipes.output);
  tail = mpipe_error_output_dup_tail (pipes.output);
  g_assert_cmpstr (tail, ==, "oops");
  close_pipes (&pipes);
}

/* Standard error may be closed, and its number be given to something else. */
static void
test_a_descriptor_that_is_not_shared_gets_nothing (void)
{
  Pipes pipes;
  char byte;

  open_pipes (&pipes);
  mpipe_error_output_free (pipes.output);
  close (pipes.worker[1]);
  g_assert_true (mpipe_error_output_make_pipe (pipes.worker, NULL));
  fcntl (pipes.target[1], F_SETFD, FD_CLOEXEC);
  pipes.output = mpipe_error_output_new (pipes.worker[0], pipes.target[1], NULL);
  say (&pipes, "oops\n");
  mpipe_error_output_end (pipes.output);
  g_assert_cmpint (read (pipes.target[0], &byte, 1), ==, -1);
  close_pipes (&pipes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define PATH "/mpipe/launch/error-output/"
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat (PATH "quotes/", cases[i].sentence, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_quote);
    }
  g_test_add_func (PATH "passes-on-and-keeps", test_passes_on_and_keeps);
  g_test_add_func (PATH "keeps-the-last-of-much", test_keeps_the_last_of_much);
  g_test_add_func (PATH "waits-for-the-target", test_waits_for_the_target);
  g_test_add_func (PATH "gives-a-target-up-that-takes-nothing",
                   test_gives_a_target_up_that_takes_nothing);
  g_test_add_func (PATH "a-target-that-is-gone-harms-nobody",
                   test_a_target_that_is_gone_harms_nobody);
  g_test_add_func (PATH "a-descriptor-that-is-not-shared-gets-nothing",
                   test_a_descriptor_that_is_not_shared_gets_nothing);
#undef PATH
  return g_test_run ();
}
