/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

/* A task: which one it is and what is wrong with it, a checksum of its data, and the data. As bytes the first two are
 * numbers of eight bytes, and all that follows is data. Where tasks are numbers, the upper half of the first is a checksum
 * of the lower, and there is nothing else. */
#define CHAOS_FAULT_BITS 5

const GVariantType *chaos_task_get_type (const ChaosPlan *plan);

typedef struct _ChaosTaskMaker ChaosTaskMaker;

ChaosTaskMaker *chaos_task_maker_new (const ChaosPlan *plan);
void chaos_task_maker_free (ChaosTaskMaker *self);
GVariant *chaos_task_maker_make (const ChaosTaskMaker *self, guint index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChaosTaskMaker, chaos_task_maker_free)

guint chaos_task_get_index (GVariant *task);
ChaosFault chaos_task_get_fault (GVariant *task);
gsize chaos_task_get_size (GVariant *task);
gboolean chaos_task_is_intact (GVariant *task);
GVariant *chaos_task_copy (GVariant *task);

gboolean chaos_number_is_intact (gint64 number);
ChaosFault chaos_number_get_fault (gint64 number);

G_END_DECLS
