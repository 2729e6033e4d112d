/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-reorder-private.h"

#define N_IN_ROW 3

typedef struct
{
  MpipeFifoLink link;
  char name;      /* in tables */
  guint64 place;  /* in random runs */
  guint64 number; /* in random runs: of all that were added */
} Element;

/* "o" opens the next place, "2b" adds b to place 2, "2!" closes it, "?" takes (written down, "." for
 * nothing), "2=" asks whether it is place 2's turn (written down as "y" or "n"). "O" opens a row of three, "2#" closes
 * place 2 and the two behind it. */
typedef struct
{
  const char *sentence;
  const char *script;
  const char *ordered; /* what is written down */
  const char *unordered;
} Case;

static const Case cases[] = {
  { "gives-nothing-at-first", "?", ".", "." },
  { "gives-nothing-of-an-open-place", "o?", ".", "." },
  { "gives-nothing-of-a-closed-place", "o1!?", ".", "." },
  { "gives-before-the-place-is-closed", "o1a?", "a", "a" },
  { "gives-results-in-order", "oo2b2!?1a1!???", ".ab.", "ba.." },
  { "keeps-results-of-one-place-together", "oo1a2b1c1!2!????", "acb.", "abc." },
  { "keeps-results-of-one-place-in-order", "o1a1b1c1!????", "abc.", "abc." },
  { "streams-the-place-whose-turn-it-is", "oo1a?2x?1b?1!??", "a.bx.", "axb.." },
  { "skips-places-without-results", "ooo1!2!3c3!??", "c.", "c." },
  { "skips-many-places-at-once", "ooooooo7g7!?1!2!3!4!5!?6!??", "..g.", "g..." },
  { "waits-for-the-first-place", "ooo3c3!2b2!???1a1!????", "...abc.", "cb.a..." },
  { "goes-on-when-all-was-given", "o1a1!??o2b2!??", "a.b.", "a.b." },
  { "opens-while-others-wait", "oo2b2!?o3c3!?1!???", "..bc.", "bc..." },
  { "knows-whose-turn-it-is", "ooo1=2=3=", "ynn", "yyy" },
  { "passes-the-turn-on-when-a-place-is-closed", "oo1!?2=", ".y", ".y" },
  { "keeps-the-turn-while-a-place-is-open", "oo1a??1=2=", "a.yn", "a.yy" },
  { "passes-the-turn-on-with-the-last-result", "oo1a1!?2=", "ay", "ay" },
  { "passes-the-turn-on-at-closing-an-empty-place", "oo1!2=", "y", "y" },
  { "passes-the-turn-on-over-closed-places", "oooo1a1!2!3!?4=", "ay", "ay" },
  { "does-not-pass-the-turn-on-before-results-are-taken", "oo1a1!2=", "n", "y" },
  { "opens-a-row", "Oo4a4!?1!2!3!?", ".a", "a." },
  { "closes-a-row-at-once", "Oo4b1a4!?1#?", "ab", "ba" },
  { "passes-the-turn-on-over-a-row", "Oo1a?1#4=", "ay", "ay" },
  { "does-not-pass-the-turn-on-before-a-row-is-closed", "Oo1a?1!4=2=", "any", "ayy" },
  { "closes-a-row-of-single-places", "oooo1b4d1#?4!?", "bd", "bd" },
};

static void
run_script (const char *script, gboolean ordered, GString *written)
{
  MpipeReorder *reorder = mpipe_reorder_new (ordered);
  g_autoptr (GPtrArray) elements = g_ptr_array_new_with_free_func (g_free);
  const Element *taken;

  for (const char *step = script; *step != '\0'; step++)
    {
      guint64 place = 0;

      if (*step == 'o' || *step == 'O')
        mpipe_reorder_open (reorder, *step == 'O' ? N_IN_ROW : 1);
      else if (*step == '?')
        {
          taken = mpipe_reorder_take (reorder);
          g_string_append_c (written, taken != NULL ? taken->name : '.');
        }
      else
        {
          place = *step++ - '0';
          if (*step == '!' || *step == '#')
            mpipe_reorder_close (reorder, place, *step == '#' ? N_IN_ROW : 1);
          else if (*step == '=')
            g_string_append_c (written, mpipe_reorder_is_next (reorder, place) ? 'y' : 'n');
          else
            {
              Element *element = g_new0 (Element, 1);

              element->name = *step;
              g_ptr_array_add (elements, element);
              mpipe_reorder_add (reorder, place, element);
            }
        }
    }
  while (mpipe_reorder_take (reorder) != NULL)
    ;
  mpipe_reorder_free (reorder);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GString) ordered = g_string_new (NULL);
  g_autoptr (GString) unordered = g_string_new (NULL);

  run_script (test->script, TRUE, ordered);
  g_assert_cmpstr (ordered->str, ==, test->ordered);
  run_script (test->script, FALSE, unordered);
  g_assert_cmpstr (unordered->str, ==, test->unordered);
}

static void
test_is_freed_when_null (void)
{
  mpipe_reorder_free (NULL);
}

/* A naive one: all places that ever were. */
typedef struct
{
  gboolean ordered;
  GArray *closed;     /* gboolean by place; place 0 is not used */
  GPtrArray *held;    /* of GQueue, by place; unordered, all are in that of place 0 */
  guint64 first_open; /* all places before it are closed */
  guint64 turn;       /* all places before it are closed and empty */
  guint64 n_open;
  gsize n_held;
} Model;

static void
queue_free (gpointer queue)
{
  g_queue_free (queue);
}

static void
model_open (Model *self)
{
  gboolean closed = self->closed->len == 0;

  g_array_append_val (self->closed, closed);
  g_ptr_array_add (self->held, g_queue_new ());
  self->n_open++;
}

static void
model_init (Model *self, gboolean ordered)
{
  *self = (Model){ .ordered = ordered, .first_open = 1, .turn = 1 };
  self->closed = g_array_new (FALSE, FALSE, sizeof (gboolean));
  self->held = g_ptr_array_new_with_free_func (queue_free);
  model_open (self);
  self->n_open = 0;
}

static void
model_clear (Model *self)
{
  g_array_unref (self->closed);
  g_ptr_array_unref (self->held);
}

static GQueue *
model_held (Model *self, guint64 place)
{
  return g_ptr_array_index (self->held, self->ordered ? place : 0);
}

static gboolean
model_is_closed (Model *self, guint64 place)
{
  return g_array_index (self->closed, gboolean, place);
}

static void
model_pass_turn (Model *self)
{
  while (self->turn < self->closed->len && model_is_closed (self, self->turn)
         && g_queue_is_empty (model_held (self, self->turn)))
    self->turn++;
}

static gpointer
model_take (Model *self)
{
  gpointer element = NULL;

  model_pass_turn (self);
  if (!self->ordered || self->turn < self->closed->len)
    element = g_queue_pop_head (model_held (self, self->turn));
  self->n_held -= element != NULL;
  return element;
}

/* Returns: a place that is open, among the first @n_spread of those; 0 when none is. */
static guint64
model_choose_open (Model *self, GRand *rand, guint n_spread)
{
  guint64 chosen = 0;

  while (self->first_open < self->closed->len && model_is_closed (self, self->first_open))
    self->first_open++;
  for (guint64 place = self->first_open; place < self->closed->len && n_spread > 0; place++)
    if (!model_is_closed (self, place))
      {
        chosen = place;
        if (g_rand_int_range (rand, 0, n_spread--) == 0)
          break;
      }
  return chosen;
}

static void
check_agreement (MpipeReorder *reorder, Model *model, GRand *rand)
{
  guint64 place = g_rand_int_range (rand, 0, 3) + model->turn;

  g_assert_cmpuint (mpipe_reorder_get_n_open (reorder), ==, model->n_open);
  g_assert_cmpuint (mpipe_reorder_get_n_held (reorder), ==, model->n_held);
  model_pass_turn (model);
  if (place < model->closed->len && !model_is_closed (model, place))
    g_assert_true (mpipe_reorder_is_next (reorder, place)
                   == (!model->ordered || place == model->turn));
}

typedef struct
{
  const char *sentence;
  gboolean ordered;
  guint32 seed;
  guint n_steps;
  guint open_weight, add_weight, close_weight, take_weight;
  guint n_spread; /* how far from the oldest open place things happen */
} RandomRun;

static const RandomRun random_runs[] = {
  { "agrees-with-a-naive-one-few-places", TRUE, 1, 100000, 4, 6, 4, 12, 3 },
  { "agrees-with-a-naive-one-unordered", FALSE, 2, 50000, 4, 6, 4, 12, 50 },
  { "agrees-with-a-naive-one-many-places", TRUE, 3, 50000, 5, 5, 4, 8, 700 },
  { "agrees-with-a-naive-one-places-pile-up", TRUE, 4, 30000, 10, 4, 2, 4, 2000 },
  { "agrees-with-a-naive-one-results-pile-up", TRUE, 5, 50000, 4, 12, 3, 5, 20 },
  { "agrees-with-a-naive-one-taken-eagerly", TRUE, 6, 50000, 4, 4, 4, 40, 100 },
};

/* Returns: how many places, up to @max, are open from @place on, and may be closed with it */
static guint
model_count_closable (Model *self, guint64 place, guint max)
{
  guint n = 1;

  while (n < max && place + n < self->closed->len && !model_is_closed (self, place + n)
         && g_queue_is_empty (model_held (self, place + n)))
    n++;
  return n;
}

static void
test_random_run (gconstpointer data)
{
  const RandomRun *run = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (run->seed);
  MpipeReorder *reorder = mpipe_reorder_new (run->ordered);
  g_autoptr (GPtrArray) elements = g_ptr_array_new_with_free_func (g_free);
  const guint to_add = run->open_weight, to_close = to_add + run->add_weight;
  const guint to_take = to_close + run->close_weight;
  Model model;

  model_init (&model, run->ordered);
  for (guint step = 0; step < run->n_steps; step++)
    {
      guint action = g_rand_int_range (rand, 0, to_take + run->take_weight);
      guint64 place = 0;

      if (action >= to_add && action < to_take)
        place = model_choose_open (&model, rand, run->n_spread);
      if (action < to_add)
        {
          guint n = (guint) g_rand_int_range (rand, 1, 4);

          g_assert_cmpuint (mpipe_reorder_open (reorder, n), ==, model.closed->len);
          while (n-- > 0)
            model_open (&model);
        }
      else if (action >= to_take)
        g_assert_true (mpipe_reorder_take (reorder) == model_take (&model));
      else if (place != 0 && action < to_close)
        {
          Element *element = g_new0 (Element, 1);

          g_ptr_array_add (elements, element);
          mpipe_reorder_add (reorder, place, element);
          g_queue_push_tail (model_held (&model, place), element);
          model.n_held++;
        }
      else if (place != 0)
        {
          guint n = model_count_closable (&model, place, (guint) g_rand_int_range (rand, 1, 5));

          mpipe_reorder_close (reorder, place, n);
          model.n_open -= n;
          while (n-- > 0)
            g_array_index (model.closed, gboolean, place + n) = TRUE;
        }
      check_agreement (reorder, &model, rand);
    }
  for (guint64 place = model.first_open; place < model.closed->len; place++)
    if (!model_is_closed (&model, place))
      {
        mpipe_reorder_close (reorder, place, 1);
        g_array_index (model.closed, gboolean, place) = TRUE;
      }
  while (model.n_held > 0)
    g_assert_true (mpipe_reorder_take (reorder) == model_take (&model));
  g_assert_null (mpipe_reorder_take (reorder));
  g_assert_cmpuint (mpipe_reorder_get_n_open (reorder), ==, 0);
  mpipe_reorder_free (reorder);
  model_clear (&model);
}

/* As a stage with one slow worker makes it: everything waits for the first place. */
static void
test_holds_any_number_behind_one_place (void)
{
  enum
  {
    N = 100000
  };
  MpipeReorder *reorder = mpipe_reorder_new (TRUE);
  g_autofree Element *elements = g_new0 (Element, N + 1);

  for (guint64 place = 1; place <= N; place++)
    {
      g_assert_cmpuint (mpipe_reorder_open (reorder, 1), ==, place);
      elements[place].place = place;
      if (place == 1)
        continue;
      mpipe_reorder_add (reorder, place, &elements[place]);
      mpipe_reorder_close (reorder, place, 1);
      g_assert_null (mpipe_reorder_take (reorder));
    }
  mpipe_reorder_close (reorder, 1, 1);
  for (guint64 place = 2; place <= N; place++)
    g_assert_true (mpipe_reorder_take (reorder) == &elements[place]);
  g_assert_null (mpipe_reorder_take (reorder));
  mpipe_reorder_free (reorder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/reorder/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (random_runs); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/reorder/", random_runs[i].sentence, NULL);

      g_test_add_data_func (path, &random_runs[i], test_random_run);
    }
  g_test_add_func ("/mpipe/flow/reorder/is-freed-when-null", test_is_freed_when_null);
  g_test_add_func ("/mpipe/flow/reorder/holds-any-number-behind-one-place",
                   test_holds_any_number_behind_one_place);
  return g_test_run ();
}
