/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "mpipe-glib/core/mpipe-error.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-unit-streams.h"

typedef struct
{
  GIOStream *near;
  GIOStream *far;
  MpipeChannel *sender;
  MpipeChannel *receiver;
  MpipeTypeTable *ours;
  MpipeTypeTable *theirs;
  MpipeTypeMap *sending;   /* at the near end */
  MpipeTypeMap *receiving; /* at the far end */
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  mpipe_unit_socket_pair (0, &self->near, &self->far);
  self->sender = mpipe_channel_new (self->near, TRUE);
  self->receiver = mpipe_channel_new (self->far, TRUE);
  self->ours = mpipe_type_table_new ();
  self->theirs = mpipe_type_table_new ();
  self->sending = mpipe_type_map_new (self->ours);
  self->receiving = mpipe_type_map_new (self->theirs);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  mpipe_type_map_free (self->sending);
  mpipe_type_map_free (self->receiving);
  mpipe_channel_free (self->sender);
  mpipe_channel_free (self->receiver);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  mpipe_type_table_unref (self->ours);
  mpipe_type_table_unref (self->theirs);
}

static gboolean
learn (Fixture *fixture, guint16 number, const char *string, GError **error)
{
  MpipeFrame frame = {
    .header = { .kind = MPIPE_FRAME_TYPE, .type = number, .size = strlen (string) },
    .payload = (const guint8 *) string,
  };

  return mpipe_type_map_learn (fixture->receiving, &frame, error);
}

static const char *
translated (Fixture *fixture, guint16 number)
{
  guint16 ours = mpipe_type_map_translate (fixture->receiving, number);

  return ours != 0 ? mpipe_type_table_get (fixture->theirs, ours)->string : NULL;
}

static void
test_translates_what_it_learned (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  mpipe_type_table_add (fixture->theirs, "s");
  g_assert_true (learn (fixture, 7, "x", &error));
  g_assert_true (learn (fixture, MPIPE_TYPE_TABLE_MAX - 1, "a{sv}", &error));
  g_assert_true (learn (fixture, 1, "s", &error));
  g_assert_true (learn (fixture, 2, "x", &error)); /* two of their numbers for one type */
  g_assert_no_error (error);
  g_assert_cmpstr (translated (fixture, 7), ==, "x");
  g_assert_cmpstr (translated (fixture, 2), ==, "x");
  g_assert_cmpstr (translated (fixture, MPIPE_TYPE_TABLE_MAX - 1), ==, "a{sv}");
  g_assert_cmpstr (translated (fixture, 1), ==, "s");
  g_assert_cmpuint (mpipe_type_map_translate (fixture->receiving, 1), ==, 1);
}

static void
test_knows_no_other_numbers (Fixture *fixture, gconstpointer data)
{
  g_assert_true (learn (fixture, 7, "x", NULL));
  for (guint number = 0; number <= G_MAXUINT16; number++)
    g_assert_cmpstr (translated (fixture, number), ==, number == 7 ? "x" : NULL);
}

static const struct
{
  guint16 number;
  const char *string;
} refused[] = {
  { 0, "x" }, { MPIPE_TYPE_TABLE_MAX, "x" }, { 5, "x" }, /* taken, for this type or another */
  { 5, "s" }, { G_MAXUINT16, "x" },          { 6, "" },  { 6, "h" }, { 6, "a*" }, { 6, "xx" },
};

static void
test_refuses_other_numbers_and_types (Fixture *fixture, gconstpointer data)
{
  g_assert_true (learn (fixture, 5, "x", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (learn (fixture, refused[i].number, refused[i].string, &error));
      g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
      g_assert_false (learn (fixture, refused[i].number, refused[i].string, NULL));
    }
  g_assert_cmpstr (translated (fixture, 5), ==, "x");
  g_assert_cmpstr (translated (fixture, 6), ==, NULL);
  g_assert_true (learn (fixture, 6, "s", NULL));
}

static void
test_names_each_type_once (Fixture *fixture, gconstpointer data)
{
  static const char *const strings[] = { "x", "a{sv}", "(ssx)", "ay" };

  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
      {
        guint16 number = mpipe_type_table_add (fixture->ours, strings[i])->number;

        mpipe_type_map_announce (fixture->sending, fixture->sender, number);
      }
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);
  g_io_stream_close (fixture->near, NULL, NULL);
  mpipe_type_table_add (fixture->theirs, "ay");
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      MpipeFrame frame;

      mpipe_unit_receive (fixture->receiver, &frame);
      g_assert_cmpuint (frame.header.kind, ==, MPIPE_FRAME_TYPE);
      g_assert_cmpmem (frame.payload, frame.header.size, strings[i], strlen (strings[i]));
      g_assert_true (mpipe_type_map_learn (fixture->receiving, &frame, NULL));
      g_assert_cmpstr (translated (fixture, frame.header.type), ==, strings[i]);
    }
  mpipe_unit_receive_end (fixture->receiver);
}

static void
test_learns_as_many_as_there_can_be (Fixture *fixture, gconstpointer data)
{
  for (guint i = 1; i < MPIPE_TYPE_TABLE_MAX; i++)
    {
      g_autoptr (GString) string = g_string_new ("(");

      for (guint rest = i; rest > 0; rest >>= 1)
        g_string_append_c (string, rest & 1 ? 'x' : 's');
      g_string_append_c (string, ')');
      g_assert_true (learn (fixture, MPIPE_TYPE_TABLE_MAX - i, string->str, NULL));
      g_assert_cmpstr (translated (fixture, MPIPE_TYPE_TABLE_MAX - i), ==, string->str);
    }
}

static void
test_learns_no_more_than_its_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  mpipe_type_map_set_limit (fixture->receiving, 3);
  g_assert_true (learn (fixture, 1, "x", NULL));
  g_assert_true (learn (fixture, 2, "x", NULL)); /* a number counts, whatever its type */
  g_assert_false (learn (fixture, 2, "s", NULL)); /* what is refused does not count */
  g_assert_false (learn (fixture, 3, "h", NULL));
  g_assert_true (learn (fixture, 3, "s", NULL));
  g_assert_false (learn (fixture, 4, "ay", &error));
  g_assert_error (error, MPIPE_ERROR, MPIPE_ERROR_PROTOCOL);
  g_assert_cmpstr (error->message, ==, "named more than 3 types");
  g_assert_cmpstr (translated (fixture, 3), ==, "s");
  g_assert_cmpstr (translated (fixture, 4), ==, NULL);
}

static void
test_is_freed_when_null (Fixture *fixture, gconstpointer data)
{
  mpipe_type_map_free (NULL);
}

static const struct
{
  const char *sentence;
  void (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "translates-what-it-learned", test_translates_what_it_learned },
  { "knows-no-other-numbers", test_knows_no_other_numbers },
  { "refuses-other-numbers-and-types", test_refuses_other_numbers_and_types },
  { "names-each-type-once", test_names_each_type_once },
  { "learns-as-many-as-there-can-be", test_learns_as_many_as_there_can_be },
  { "learns-no-more-than-its-limit", test_learns_no_more_than_its_limit },
  { "is-freed-when-null", test_is_freed_when_null },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/wire/type-map/", tests[i].sentence, NULL);

      g_test_add (path, Fixture, NULL, fixture_set_up, tests[i].func, fixture_tear_down);
    }
  return g_test_run ();
}
