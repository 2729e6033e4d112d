/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "roles.h"

#include <stdlib.h>
#include <unistd.h>

static int
answer (void)
{
  char byte = '.';

  if (write (STDOUT_FILENO, &byte, 1) != 1)
    return EXIT_FAILURE;
  while (read (STDIN_FILENO, &byte, 1) > 0)
    continue;
  return EXIT_SUCCESS;
}

/* Does not return when the process has a role. */
void
bench_roles_play_if_asked (int argc, char **argv)
{
  const char *role = argc > 1 ? argv[1] : "";

  if (g_str_equal (role, BENCH_ROLE_ANSWER))
    exit (answer ());
  if (g_str_equal (role, BENCH_ROLE_GDBUS))
    exit (bench_rival_gdbus_serve ());
#ifdef BENCH_HAS_ZEROMQ
  if (g_str_equal (role, BENCH_ROLE_ZEROMQ) && argc == 4)
    exit (bench_rival_zeromq_work (argv[2], argv[3]));
#endif
}

/* Both arguments may be NULL. */
GSubprocess *
bench_roles_start (GSubprocessLauncher *launcher, const char *role, const char *first_argument,
                   const char *second_argument)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_launcher_spawn (launcher, &error, program, role,
                                                      first_argument, second_argument, NULL);

  if (process == NULL)
    g_error ("%s", error->message);
  return process;
}

/* Takes over the reference. */
void
bench_roles_kill (GSubprocess *process)
{
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_object_unref (process);
}
