/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Makes of the process it runs in what a worker runs in, and executes the worker in it. It exists because
 * doing this between fork and exec would need a fork of the application, which is slow when that is
 * large; this small program is started without one.
 *
 *   mpipe-worker-exec PARENT SETUP PROGRAM ARGUMENTS…
 *
 * PARENT is the process that must be the parent. SETUP is a list with commas between: with `aside`, standard output
 * leads nowhere until the program becomes a worker and takes it back from descriptor 5; with `shield`, PROGRAM is a
 * sandbox around the worker, and SIGTERM is for the worker alone; with `group`, descriptor 8 is `cgroup.procs` of the
 * control group that is for the worker and all that it starts; `data=BYTES`, `cpu=SECONDS` and `files=NUMBER`
 * limit what the worker may use. With `trial`, before all others, nothing is executed, and the exit status is the
 * number of the error. ARGUMENTS begin with the program's name for itself. Descriptors 0 to 4, 6 and 7 are kept, all
 * others closed. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mpipe-glib/wire/mpipe-protocol-private.h"
#include "mpipe-refusal.h"

static int trying;

static _Noreturn void
refuse (const char *what, int error_number)
{
  if (trying)
    _exit (error_number);
  mpipe_refuse (what, error_number);
}

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

/* No limit is raised above what the application may have. */
static void
set_limit (int resource, rlim_t value, rlim_t hard_value)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) < 0)
    return;
  if (limit.rlim_max == RLIM_INFINITY || hard_value < limit.rlim_max)
    limit.rlim_max = hard_value;
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  if (setrlimit (resource, &limit) < 0)
    refuse ("set a limit", errno);
}

/* All that is started from here on is in the group. */
static void
enter_group (void)
{
  if (write (MPIPE_GROUP_FD, "0", 1) != 1)
    refuse ("enter its control group", errno);
}

static void
set_up (char *setup)
{
  for (char *word = strtok (setup, ","); word != NULL; word = strtok (NULL, ","))
    {
      char *equals = strchr (word, '=');
      rlim_t value = equals != NULL ? strtoull (equals + 1, NULL, 10) : 0;

      if (strcmp (word, "trial") == 0)
        trying = 1;
      else if (strcmp (word, "group") == 0)
        enter_group ();
      else if (strcmp (word, "aside") == 0)
        put_stdout_aside ();
      else if (strcmp (word, "shield") == 0)
        signal (SIGTERM, SIG_IGN); /* who is between the application and the worker must not go first */
      else if (strncmp (word, "data=", 5) == 0)
        set_limit (RLIMIT_DATA, value, value);
      else if (strncmp (word, "cpu=", 4) == 0)
        set_limit (RLIMIT_CPU, value, value + 1); /* a signal first, then one that nobody survives */
      else if (strncmp (word, "files=", 6) == 0)
        set_limit (RLIMIT_NOFILE, value, value);
    }
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
  close (MPIPE_STDOUT_FD);
  close_range (MPIPE_GROUP_FD + 1, ~0U, 0);
  setsid ();
  set_signals ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != atoi (argv[1]))
    return 1; /* the application ended before the line above */
  set_up (argv[2]);
  close (MPIPE_GROUP_FD);
  if (trying)
    return 0;
  execv (argv[3], argv + 4);
  error_number = errno;
  snprintf (what, sizeof what, "execute “%s”", argv[4]);
  mpipe_refuse (what, error_number);
}
