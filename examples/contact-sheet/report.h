/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "one-process.h"
#include "sheet-run.h"

void report_failures (const SheetRun *run);
void report_workers (const SheetRun *run);
void report_times (const SheetRun *run, const OneProcess *one);
