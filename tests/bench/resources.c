/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "resources.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* From here on the peak is that of what follows. */
void
bench_resources_reset_peak (void)
{
  int fd;

  malloc_trim (0);
  fd = open ("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (write (fd, "5", 1) != 1)
    g_warning ("the peak of memory is that of the whole run");
  close (fd);
}

/* Returns: the number of @field in /proc/PID/status, in 10^6 bytes */
static double
read_status (int pid, const char *field)
{
  g_autofree char *file = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;
  const char *line;
  long kib = 0;

  if (!g_file_get_contents (file, &status, NULL, NULL))
    return 0;
  line = g_strstr_len (status, -1, field);
  if (line == NULL || sscanf (line + strlen (field), ": %ld", &kib) != 1)
    return 0;
  return kib * 1024 / 1e6;
}

/* Returns: the highest resident set of this process, in 10^6 bytes */
double
bench_resources_get_peak_mb (void)
{
  return read_status (getpid (), "VmHWM");
}

/* Returns: what a process has in memory that is not in a file, in 10^6 bytes */
double
bench_resources_get_private_mb (int pid)
{
  return read_status (pid, "RssAnon") + read_status (pid, "RssShmem");
}

static double
get_seconds (const struct timeval *time)
{
  return time->tv_sec + time->tv_usec / 1e6;
}

/* What this process and those that it has waited for have used since they began. */
BenchCosts
bench_resources_get_costs (void)
{
  static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
  BenchCosts costs = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (whose); i++)
    {
      struct rusage usage;

      if (getrusage (whose[i], &usage) < 0)
        continue;
      costs.n_switches += usage.ru_nvcsw + usage.ru_nivcsw;
      costs.processor_s += get_seconds (&usage.ru_utime) + get_seconds (&usage.ru_stime);
    }
  return costs;
}
