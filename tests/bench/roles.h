/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Other processes of this program, which are no workers. */

#define BENCH_ROLE_ANSWER "--answer" /* says one byte, and stays until its input ends */
#define BENCH_ROLE_GDBUS "--gdbus"   /* serves its standard input, a socket */
#define BENCH_ROLE_ZEROMQ "--zeromq" /* takes from one address, gives to another */

void bench_roles_play_if_asked (int argc, char **argv);

GSubprocess *bench_roles_start (GSubprocessLauncher *launcher, const char *role,
                                const char *first_argument, const char *second_argument);
void bench_roles_kill (GSubprocess *process);

/* Where a role has a file of its own */
int bench_rival_gdbus_serve (void);
int bench_rival_zeromq_work (const char *in_address, const char *out_address);

G_END_DECLS
