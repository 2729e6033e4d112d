/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

/* The names of the workers, as stages refer to them. */
#define STEP_DECODE "decode"
#define STEP_SCALE "Scaler"
#define STEP_COMPOSE "Composer"

/* What a stage tells its workers. */
#define STEP_N_PICTURES "n-pictures" /* u */
#define STEP_TITLE "title"           /* s */

/* A task of the first stage: the place in the sheet, the file, and why it is not to be read (""
 * when it is). */
#define STEP_FILE_TYPE "(uays)"

void steps_register (void);
