/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Makes of the process it runs in what a worker runs in, and executes the worker in it. It exists because
 * doing this between fork and exec would need a fork of the application, which is slow when that is
 * large; this small program is started without one.
 *
 *   mpipe-worker-exec PARENT aside|keep[,shield] PROGRAM ARGUMENTS…
 *
 * PARENT is the process that must be the parent. With `aside`, standard output leads nowhere until the
 * program becomes a worker and takes it back from descriptor 5. With `shield`, PROGRAM is a sandbox around the
 * worker, and SIGTERM is for the worker alone. ARGUMENTS begin with the program's name for itself. Descriptors 0 to
 * 4 are kept, all others closed. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"
#include "mpipe-refusal.h"

static void
set_signals (void)
{
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    if (number != SIGKILL && number != SIGSTOP)
      signal (number, SIG_DFL);
  signal (SIGINT, SIG_IGN); /* the application decides what Ctrl-C means */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static void
put_stdout_aside (void)
{
  int nowhere;

  if (dup2 (STDOUT_FILENO, MPIPE_STDOUT_FD) < 0)
    return;
  nowhere = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0)
    dup2 (nowhere, STDOUT_FILENO);
}

int
main (int argc, char **argv)
{
  char what[512];
  int error_number;

  if (argc < 5)
    {
      fprintf (stderr, "mpipe-worker-exec: started by the library, with arguments it knows\n");
      return 2;
    }
  close_range (MPIPE_PAGE_FD + 1, ~0U, 0);
  setsid ();
  set_signals ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != atoi (argv[1]))
    return 1; /* the application ended before the line above */
  if (strncmp (argv[2], "aside", 5) == 0)
    put_stdout_aside ();
  if (strstr (argv[2], ",shield") != NULL)
    signal (SIGTERM, SIG_IGN); /* who is between the application and the worker must not go first */
  execv (argv[3], argv + 4);
  error_number = errno;
  snprintf (what, sizeof what, "execute “%s”", argv[4]);
  mpipe_refuse (what, error_number);
}
