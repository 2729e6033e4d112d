/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "options.h"

G_BEGIN_DECLS

void bench_report_list (void);
void bench_report_run (const BenchOptions *options);

G_END_DECLS
