/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include <glib.h>

#include "mpipe-glib/flow/mpipe-fifo-private.h"

typedef struct
{
  MpipeFifoLink link;
  char name;
} Element;

/* A letter is pushed, a capital letter is pushed first, "-" pops, ">" turns to the other of two queues, and
 * "+" appends the other queue to this one. What is popped is written down, "." for nothing. */
typedef struct
{
  const char *sentence;
  const char *script;
  const char *popped;
  gsize n_left;       /* in the queue turned to last */
  gsize n_left_other; /* in the other */
} Case;

static const Case cases[] = {
  { "is-empty-at-first", "", "", 0, 0 },
  { "gives-nothing-when-empty", "-", ".", 0, 0 },
  { "gives-what-came-first-first", "abc---", "abc", 0, 0 },
  { "gives-nothing-when-emptied", "ab---", "ab.", 0, 0 },
  { "goes-on-after-it-was-emptied", "a-b-", "ab", 0, 0 },
  { "goes-on-after-it-was-found-empty", "--b-", "..b", 0, 0 },
  { "takes-one-in-front-when-empty", "A-", "a", 0, 0 },
  { "takes-one-in-front", "abC---", "cab", 0, 0 },
  { "takes-several-in-front", "aBCd----", "cbad", 0, 0 },
  { "takes-one-behind-one-in-front", "Ab--", "ab", 0, 0 },
  { "takes-one-behind-after-the-front-was-popped", "aB-c--", "bac", 0, 0 },
  { "keeps-what-is-not-popped", "abc-", "a", 2, 0 },
  { "appends-another", "cd>ab+----", "abcd", 0, 0 },
  { "appends-another-to-an-empty-one", "cd>+--", "cd", 0, 0 },
  { "appends-an-empty-one", "ab+--", "ab", 0, 0 },
  { "appends-an-empty-one-to-an-empty-one", "+-", ".", 0, 0 },
  { "empties-what-it-appends", "ab>+>-", ".", 0, 2 },
  { "goes-on-after-appending", "cd>ab+e-----", "abcde", 0, 0 },
  { "goes-on-in-front-after-appending", "cd>+A---", "acd", 0, 0 },
  { "lets-what-was-appended-go-on", "ab>+>cd>----", "ab..", 0, 2 },
  { "appends-twice", "b>a+>d>+c----", "abdc", 0, 0 },
  { "appends-back-and-forth", "a>b+>c+--->-", "cba.", 0, 0 },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  MpipeFifo queues[2] = { { NULL } };
  guint current = 0;
  g_autoptr (GString) popped = g_string_new (NULL);
  g_autoptr (GPtrArray) elements = g_ptr_array_new_with_free_func (g_free);

  for (const char *step = test->script; *step != '\0'; step++)
    {
      MpipeFifo *queue = &queues[current], *other = &queues[!current];

      if (*step == '>')
        current = !current;
      else if (*step == '+')
        mpipe_fifo_append (queue, other);
      else if (*step == '-')
        {
          const Element *element = mpipe_fifo_pop (queue);

          g_string_append_c (popped, element != NULL ? element->name : '.');
        }
      else
        {
          Element *element = g_new0 (Element, 1);

          element->name = g_ascii_tolower (*step);
          g_ptr_array_add (elements, element);
          if (g_ascii_isupper (*step))
            mpipe_fifo_push_first (queue, element);
          else
            mpipe_fifo_push (queue, element);
        }
    }
  g_assert_cmpstr (popped->str, ==, test->popped);
  g_assert_cmpuint (queues[current].n, ==, test->n_left);
  g_assert_cmpuint (queues[!current].n, ==, test->n_left_other);
  g_assert_true (mpipe_fifo_is_empty (&queues[current]) == (test->n_left == 0));
}

static void
append_model (GQueue *queue, GQueue *other)
{
  gpointer element;

  while ((element = g_queue_pop_head (other)) != NULL)
    g_queue_push_tail (queue, element);
}

static void
test_agrees_with_a_plain_queue (void)
{
  enum
  {
    N_ELEMENTS = 200,
    N_STEPS = 50000,
    N_QUEUES = 3
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree Element *elements = g_new0 (Element, N_ELEMENTS);
  MpipeFifo queues[N_QUEUES] = { { NULL } };
  GQueue models[N_QUEUES] = { G_QUEUE_INIT, G_QUEUE_INIT, G_QUEUE_INIT };
  GQueue unused = G_QUEUE_INIT;

  for (guint i = 0; i < N_ELEMENTS; i++)
    g_queue_push_tail (&unused, &elements[i]);
  for (guint step = 0; step < N_STEPS; step++)
    {
      guint k = g_rand_int_range (rand, 0, N_QUEUES);
      guint other = (k + g_rand_int_range (rand, 1, N_QUEUES)) % N_QUEUES;
      guint action = g_rand_int_range (rand, 0, 20);
      gpointer element = action < 12 ? g_queue_pop_head (&unused) : NULL;

      if (element != NULL && action < 9)
        {
          mpipe_fifo_push (&queues[k], element);
          g_queue_push_tail (&models[k], element);
        }
      else if (element != NULL)
        {
          mpipe_fifo_push_first (&queues[k], element);
          g_queue_push_head (&models[k], element);
        }
      else if (action < 19)
        {
          element = mpipe_fifo_pop (&queues[k]);
          g_assert_true (element == g_queue_pop_head (&models[k]));
          if (element != NULL)
            g_queue_push_tail (&unused, element);
        }
      else
        {
          mpipe_fifo_append (&queues[k], &queues[other]);
          append_model (&models[k], &models[other]);
        }
      for (guint i = 0; i < N_QUEUES; i++)
        {
          g_assert_cmpuint (queues[i].n, ==, models[i].length);
          g_assert_true (mpipe_fifo_is_empty (&queues[i]) == g_queue_is_empty (&models[i]));
        }
    }
  for (guint i = 0; i < N_QUEUES; i++)
    {
      for (GList *l = models[i].head; l != NULL; l = l->next)
        g_assert_true (mpipe_fifo_pop (&queues[i]) == l->data);
      g_assert_null (mpipe_fifo_pop (&queues[i]));
      g_queue_clear (&models[i]);
    }
  g_queue_clear (&unused);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/mpipe/flow/fifo/", cases[i].sentence, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/mpipe/flow/fifo/agrees-with-a-plain-queue", test_agrees_with_a_plain_queue);
  return g_test_run ();
}
