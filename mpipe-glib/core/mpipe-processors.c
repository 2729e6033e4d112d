/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* How many processors this process may use: by affinity, and by the quota of its control groups. */

#include "config.h"

#include "mpipe-glib/core/mpipe-processors-private.h"

#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Returns: the processors that the content of a `cpu.max` file allows, rounded up; 0 for no limit or when
 * it cannot be read. */
guint
mpipe_processors_parse_quota (const char *cpu_max)
{
  char *end;
  guint64 quota = g_ascii_strtoull (cpu_max, &end, 10);
  guint64 period;

  if (end == cpu_max || *end != ' ')
    return 0;
  period = g_ascii_strtoull (end + 1, NULL, 10);
  if (period == 0 || quota == 0)
    return 0;
  return (guint) MIN ((quota + period - 1) / period, G_MAXINT);
}

/* The group's path, from the line `0::/path` of a unified hierarchy. */
static char *
read_group (void)
{
  g_autofree char *text = NULL;
  char *line, *end;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL))
    return NULL;
  line = g_str_has_prefix (text, "0::") ? text : strstr (text, "\n0::");
  if (line == NULL)
    return NULL;
  line = strstr (line, "::") + 2;
  end = strchr (line, '\n');
  return end != NULL ? g_strndup (line, (gsize) (end - line)) : g_strdup (line);
}

/* Every group above has a say. */
static guint
count_allowed_by_groups (guint n)
{
  g_autofree char *group = read_group ();

  while (group != NULL)
    {
      g_autofree char *path = g_build_filename (CGROUP_ROOT, group, "cpu.max", NULL);
      g_autofree char *text = NULL;
      char *slash;

      if (g_file_get_contents (path, &text, NULL, NULL))
        {
          guint allowed = mpipe_processors_parse_quota (text);

          if (allowed > 0)
            n = MIN (n, allowed);
        }
      slash = strrchr (group, '/');
      if (slash == NULL || group[0] == '\0')
        break;
      *slash = '\0';
    }
  return n;
}

/* Returns: the number, at least 1 */
guint
mpipe_processors_count (void)
{
  return MAX (count_allowed_by_groups (g_get_num_processors ()), 1);
}
