/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Depends on a byte of memory that was written, or on one that was not: whoever watches over the other programs lets
 * the first pass, and must not let the second.
 *
 *   reads written|unwritten */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 64

int
main (int argc, char **argv)
{
  volatile char *bytes = malloc (SIZE);

  if (argc != 2 || bytes == NULL)
    return 2;
  if (strcmp (argv[1], "written") == 0)
    memset ((char *) bytes, 'x', SIZE);
  puts (bytes[SIZE / 2] == 'x' ? "an x" : "no x");
  free ((char *) bytes);
  return 0;
}
