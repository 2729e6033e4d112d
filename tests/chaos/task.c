/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The data of all tasks of a plan are pieces of the same random bytes, each from another place on. */

#include "config.h"

#include "task.h"

#include <string.h>

#define BASE_SIZE (CHAOS_SIZE_MAX + 4096 * sizeof (guint64))
#define MULTIPLIER G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)

struct _ChaosTaskMaker
{
  const ChaosPlan *plan;
  guint64 *base;
};

ChaosTaskMaker *
chaos_task_maker_new (const ChaosPlan *plan)
{
  ChaosTaskMaker *self = g_new0 (ChaosTaskMaker, 1);
  guint64 state = plan->seed;

  self->plan = plan;
  self->base = g_malloc (BASE_SIZE);
  for (gsize i = 0; i < BASE_SIZE / sizeof (guint64); i++)
    {
      state = (state + 1) * MULTIPLIER;
      self->base[i] = state ^ state >> 29;
    }
  return self;
}

void
chaos_task_maker_free (ChaosTaskMaker *self)
{
  g_free (self->base);
  g_free (self);
}

static guint64
sum_up (gconstpointer data, gsize size)
{
  const guint8 *bytes = data;
  guint64 sum = size + 1, word;

  for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word)
    {
      memcpy (&word, bytes, sizeof word);
      sum = (sum ^ word) * MULTIPLIER;
      sum ^= sum >> 32;
    }
  for (; size > 0; bytes++, size--)
    sum = (sum ^ *bytes) * MULTIPLIER;
  return sum;
}

const GVariantType *
chaos_task_get_type (const ChaosPlan *plan)
{
  return plan->numbers ? G_VARIANT_TYPE_INT64 : G_VARIANT_TYPE ("(xtay)");
}

/* @number has no more than half of its bits. */
static gint64
seal (gint64 number)
{
  guint64 sum = sum_up (&number, sizeof number);

  return (gint64) (sum << 32 | (guint64) number);
}

gboolean
chaos_number_is_intact (gint64 number)
{
  return seal (number & G_MAXUINT32) == number;
}

ChaosFault
chaos_number_get_fault (gint64 number)
{
  return (ChaosFault) (number & ((1 << CHAOS_FAULT_BITS) - 1));
}

static gboolean
is_number (GVariant *task)
{
  return g_variant_is_of_type (task, G_VARIANT_TYPE_INT64);
}

static GVariant *
make (gint64 number, guint64 sum, gconstpointer data, gsize size)
{
  return g_variant_new ("(xt@ay)", number, sum,
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1));
}

/* Returns: a floating value */
GVariant *
chaos_task_maker_make (const ChaosTaskMaker *self, guint index)
{
  const guint64 *data = self->base + index % 4096;
  gsize size = chaos_plan_get_size (self->plan, index);
  gint64 number = (gint64) index << CHAOS_FAULT_BITS | chaos_plan_get_fault (self->plan, index);

  return self->plan->numbers ? g_variant_new_int64 (seal (number))
                             : make (number, sum_up (data, size), data, size);
}

static gint64
get_number (GVariant *task)
{
  gint64 number;

  if (is_number (task))
    return g_variant_get_int64 (task) & G_MAXUINT32;
  g_variant_get_child (task, 0, "x", &number);
  return number;
}

guint
chaos_task_get_index (GVariant *task)
{
  return (guint) (get_number (task) >> CHAOS_FAULT_BITS);
}

ChaosFault
chaos_task_get_fault (GVariant *task)
{
  return chaos_number_get_fault (get_number (task));
}

static gconstpointer
get_data (GVariant *array, gsize *out_size)
{
  return g_variant_get_fixed_array (array, out_size, 1);
}

gsize
chaos_task_get_size (GVariant *task)
{
  g_autoptr (GVariant) array = NULL;

  if (is_number (task))
    return 0;
  array = g_variant_get_child_value (task, 2);
  return g_variant_n_children (array);
}

gboolean
chaos_task_is_intact (GVariant *task)
{
  g_autoptr (GVariant) array = NULL;
  guint64 sum;
  gsize size;
  gconstpointer data;

  if (is_number (task))
    return chaos_number_is_intact (g_variant_get_int64 (task));
  array = g_variant_get_child_value (task, 2);
  data = get_data (array, &size);
  g_variant_get_child (task, 1, "t", &sum);
  return sum_up (data, size) == sum;
}

/* Returns: the same in memory of its own, floating */
GVariant *
chaos_task_copy (GVariant *task)
{
  g_autoptr (GVariant) array = NULL;
  gsize size;
  gconstpointer data;

  if (is_number (task))
    return g_variant_new_int64 (g_variant_get_int64 (task));
  array = g_variant_get_child_value (task, 2);
  data = get_data (array, &size);
  return make (get_number (task), sum_up (data, size), data, size);
}
