/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/*
 * The three steps as workers: what is here runs in a worker process, and only carries values from
 * GVariant to the steps and back.
 *
 * The first is a function of one task. The others prepare something before their first task, or
 * keep it from task to task: they are classes.
 */

#include "steps.h"

#include <gio/gio.h>
#include <mpipe-glib.h>

#include "decode.h"
#include "scale.h"
#include "sheet.h"
#include "text.h"

/* Bytes become a GVariant, and a GVariant bytes, without a copy. */
static GVariant *
variant_of (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

/* A task that says why its file is not to be read was made by the main program after that file
 * failed. */
static GVariant *
decode_task (MpipeWorker *worker, GVariant *task, gpointer user_data, GError **error)
{
  guint index;
  const char *path, *reason;
  g_autoptr (GBytes) picture = NULL;

  g_variant_get (task, "(u^&ay&s)", &index, &path, &reason);
  if (reason[0] != '\0')
    picture = decode_refused (index, path, reason);
  else
    picture = decode_file (index, path, error);
  if (picture == NULL)
    {
      g_autofree char *name = g_filename_display_basename (path);

      g_prefix_error (error, "“%s”: ", name);
      return NULL;
    }
  return variant_of (picture);
}

static guint
get_n_pictures (MpipeWorker *worker)
{
  g_autoptr (GVariant) n
      = mpipe_worker_lookup_parameter (worker, STEP_N_PICTURES, G_VARIANT_TYPE_UINT32);

  return n != NULL ? g_variant_get_uint32 (n) : 0;
}

/* The scaler opens its fonts before its first task. */

#define TYPE_SCALER (scaler_get_type ())
G_DECLARE_FINAL_TYPE (Scaler, scaler, CONTACT_SHEET, SCALER, MpipeWorker)

struct _Scaler
{
  MpipeWorker parent_instance;
  SheetLayout layout;
};

G_DEFINE_FINAL_TYPE (Scaler, scaler, MPIPE_TYPE_WORKER)

static gboolean
scaler_start (MpipeWorker *worker, GError **error)
{
  sheet_layout_init (&CONTACT_SHEET_SCALER (worker)->layout, get_n_pictures (worker));
  text_warm_up ();
  return TRUE;
}

static GVariant *
scaler_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  g_autoptr (GBytes) picture = g_variant_get_data_as_bytes (task);
  g_autoptr (GBytes) tile = scale_picture (&CONTACT_SHEET_SCALER (worker)->layout, picture, error);

  return tile != NULL ? variant_of (tile) : NULL;
}

static void
scaler_class_init (ScalerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->start = scaler_start;
  MPIPE_WORKER_CLASS (klass)->task = scaler_task;
}

static void
scaler_init (Scaler *self)
{
}

/* The composer keeps the sheet. For each tile it gives the tile's index, and the PNG at the end. */

#define TYPE_COMPOSER (composer_get_type ())
G_DECLARE_FINAL_TYPE (Composer, composer, CONTACT_SHEET, COMPOSER, MpipeWorker)

struct _Composer
{
  MpipeWorker parent_instance;
  Sheet *sheet;
};

G_DEFINE_FINAL_TYPE (Composer, composer, MPIPE_TYPE_WORKER)

static gboolean
composer_start (MpipeWorker *worker, GError **error)
{
  g_autoptr (GVariant) title
      = mpipe_worker_lookup_parameter (worker, STEP_TITLE, G_VARIANT_TYPE_STRING);

  CONTACT_SHEET_COMPOSER (worker)->sheet
      = sheet_new (get_n_pictures (worker), g_variant_get_string (title, NULL));
  text_warm_up ();
  return TRUE;
}

static GVariant *
composer_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  Composer *self = CONTACT_SHEET_COMPOSER (worker);
  g_autoptr (GBytes) bytes = NULL;
  guint index;

  if (task == NULL)
    {
      bytes = sheet_encode (self->sheet, error);
      return bytes != NULL ? variant_of (bytes) : NULL;
    }
  bytes = g_variant_get_data_as_bytes (task);
  if (!sheet_place (self->sheet, bytes, &index, error))
    return NULL;
  return g_variant_new_uint32 (index);
}

static void
composer_finalize (GObject *object)
{
  sheet_free (CONTACT_SHEET_COMPOSER (object)->sheet);
  G_OBJECT_CLASS (composer_parent_class)->finalize (object);
}

static void
composer_class_init (ComposerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = composer_finalize;
  MPIPE_WORKER_CLASS (klass)->start = composer_start;
  MPIPE_WORKER_CLASS (klass)->task = composer_task;
}

static void
composer_init (Composer *self)
{
}

/**
 * steps_register:
 *
 * Makes the steps known as workers; to be called before mpipe_init().
 */
void
steps_register (void)
{
  mpipe_worker_register_func (STEP_DECODE, decode_task, NULL, NULL);
  mpipe_worker_register (TYPE_SCALER);
  mpipe_worker_register (TYPE_COMPOSER);
}
