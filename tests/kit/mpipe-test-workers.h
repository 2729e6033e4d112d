/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <mpipe-glib.h>

G_BEGIN_DECLS

/* Registers the workers of the tests:
 *
 *   echo          gives the task back
 *   add           adds the parameter "summand", or 1
 *   nothing       gives nothing
 *   several       puts the numbers 10 t, 10 t + 1, 10 t + 2
 *   put-and-give  puts t and returns -t
 *   count         gives nothing; for its stop task, how many tasks it had
 *   describe      gives (stage name, index, pid, parameters)
 *   slow          sleeps t µs, gives t
 *   print         prints a line, gives the task back
 *   gate          waits until the file of parameter "gate" exists, gives the task back
 *   misbehave     does what the parameter "mode" says on task 3; gives back the others
 *   put-or-die    puts t, and kills itself when t % 4 is 3
 *   make          gives t bytes, all the same
 *   keep          gives the bytes of six tasks ago, or of the first; fails when a task that it has kept has changed
 *   second        gives the second member of the task
 *   array         does several tasks at once, adds 1 to each; or does what the parameter "mode" says
 *   TestBoth      the same, but a task that comes alone is made negative
 *   count-descriptors   gives how many descriptors came with the task
 *   storm         adds 1; fails when t % 997 is 3, and kills itself when t % 4999 is 7; "storm-array" does so with
 *                 arrays
 *   wait-on-3     as gate, but only on task 3
 *   kill-once     kills itself if it can make the file of parameter "mark", gives the task back
 *   TestLife      a class: (started, stopped) are seen in files of the parameter "directory" */
void mpipe_test_workers_register (void);

G_END_DECLS
