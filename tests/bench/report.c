/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Runs the measures, and prints "key value" lines. */

#include "report.h"

#include <stdio.h>

#include "aims.h"
#include "catalogue.h"
#include "resources.h"
#include "samples.h"

/* When it only matters that it runs: */
#define SMOKE_PART 100 /* of the tasks */
#define SMOKE_TASKS_MIN 4
#define SMOKE_CROWD_MAX 4 /* pipelines, stages, workers of a stage */

/* What came of one measure. */
typedef struct
{
  const BenchMeasure *measure;
  gboolean wanted;
  gboolean is_reference; /* the first one of a measure that is wanted: it runs with that */
  BenchSamples figures;
  BenchSamples ratios[BENCH_N_REFERENCES];
  /* For each task, of all processes: */
  BenchSamples switches;
  BenchSamples processor_us;
  double peak_mb;
} Outcome;

typedef struct
{
  const BenchOptions *options;
  const BenchGroup *group;
  Outcome *outcomes; /* one for each measure */
  BenchAims *aims;   /* where it is noted what has one */
} Session;

void
bench_report_list (void)
{
  for (guint i = 0; i < bench_catalogue_size; i++)
    {
      const BenchGroup *group = &bench_catalogue[i];

      printf ("%s%s\n", group->name, group->on_request ? " (on request)" : "");
      for (guint k = 0; k < group->n_measures; k++)
        printf ("  %s\n", group->measures[k].name);
    }
}

static void
print (const char *key, double value)
{
  int n_decimals = value >= 1000 ? 0 : value >= 100 ? 1 : 2;

  printf ("%s %.*f\n", key, n_decimals, value);
}

/* @samples must not be empty. */
static void
print_median (Session *self, const char *key, const BenchSamples *samples, const BenchAim *aim)
{
  double median = bench_samples_get_median (samples);

  print (key, median);
  bench_aims_note (self->aims, key, median, aim);
}

/* Selection */

static Outcome *
find_outcome (Session *self, const char *name)
{
  const BenchMeasure *measure = name != NULL ? bench_catalogue_find (self->group, name) : NULL;

  return measure != NULL ? &self->outcomes[measure - self->group->measures] : NULL;
}

static void
want (Session *self, Outcome *outcome)
{
  outcome->wanted = TRUE;
  for (guint i = 0; i < BENCH_N_REFERENCES; i++)
    {
      Outcome *reference = find_outcome (self, outcome->measure->references[i].name);

      if (reference == NULL)
        continue;
      if (i == 0)
        reference->is_reference = TRUE;
      want (self, reference);
    }
}

static void
select_measures (Session *self)
{
  const char *only = self->options->only;
  gboolean is_asked_for = !self->group->on_request || self->options->smoke;

  for (guint i = 0; i < self->group->n_measures; i++)
    {
      Outcome *outcome = &self->outcomes[i];

      outcome->measure = &self->group->measures[i];
      if (only == NULL
              ? is_asked_for
              : g_str_equal (only, self->group->name) || g_str_equal (only, outcome->measure->name))
        want (self, outcome);
    }
}

/* Measuring */

static gsize
get_n_tasks (Session *self, const BenchMeasure *measure)
{
  gsize n_least = MIN (measure->n_tasks, SMOKE_TASKS_MIN);

  return self->options->smoke ? MAX (measure->n_tasks / SMOKE_PART, n_least) : measure->n_tasks;
}

static BenchShape
get_shape (Session *self, const BenchMeasure *measure)
{
  BenchShape shape = measure->shape;

  if (self->options->smoke)
    {
      shape.n_pipelines = MIN (shape.n_pipelines, SMOKE_CROWD_MAX);
      shape.n_stages = MIN (shape.n_stages, SMOKE_CROWD_MAX);
      shape.n_workers = MIN (shape.n_workers, SMOKE_CROWD_MAX);
    }
  return shape;
}

static void
run (Session *self, Outcome *outcome)
{
  const BenchMeasure *measure = outcome->measure;
  const BenchShape shape = get_shape (self, measure);
  gsize n_tasks = get_n_tasks (self, measure);
  BenchCosts before = bench_resources_get_costs (), after;

  if (self->group->with_memory)
    bench_resources_reset_peak ();
  bench_samples_add (&outcome->figures, measure->run (&shape, n_tasks));
  outcome->peak_mb = MAX (outcome->peak_mb, bench_resources_get_peak_mb ());
  after = bench_resources_get_costs ();
  bench_samples_add (&outcome->switches, (after.n_switches - before.n_switches) / n_tasks);
  bench_samples_add (&outcome->processor_us,
                     (after.processor_s - before.processor_s) * 1e6 / n_tasks);
}

/* The first reference is measured anew, so that both have met the same moods of the machine. */
static void
run_with_references (Session *self, Outcome *outcome)
{
  Outcome *first = find_outcome (self, outcome->measure->references[0].name);

  if (first != NULL)
    run (self, first);
  run (self, outcome);
  for (guint i = 0; i < BENCH_N_REFERENCES; i++)
    {
      Outcome *reference = find_outcome (self, outcome->measure->references[i].name);

      if (reference != NULL)
        bench_samples_add (&outcome->ratios[i], bench_samples_get_last (&outcome->figures)
                                                    / bench_samples_get_last (&reference->figures));
    }
}

static void
run_all (Session *self)
{
  for (guint i = 0; i < self->group->n_measures; i++)
    if (self->outcomes[i].wanted && !self->outcomes[i].is_reference)
      run_with_references (self, &self->outcomes[i]);
}

/* The outcome */

static void
print_ratio (Session *self, const Outcome *outcome, guint reference)
{
  const BenchReference *to = &outcome->measure->references[reference];
  g_autofree char *key = g_strconcat (outcome->measure->name, "_of_", to->label, NULL);

  print_median (self, key, &outcome->ratios[reference], &to->aim);
}

static void
print_resources (Session *self, const Outcome *outcome)
{
  const char *name = outcome->measure->name;
  g_autofree char *processor_key = g_strconcat (name, "_processor_us_per_task", NULL);
  g_autofree char *switches_key = g_strconcat (name, "_switches_per_task", NULL);
  g_autofree char *memory_key = g_strconcat (name, "_peak_memory_MB", NULL);

  if (self->options->costs)
    {
      print (processor_key, bench_samples_get_median (&outcome->processor_us));
      print (switches_key, bench_samples_get_median (&outcome->switches));
    }
  if (self->group->with_memory)
    print (memory_key, outcome->peak_mb);
}

static void
print_outcome (Session *self, const Outcome *outcome)
{
  const BenchMeasure *measure = outcome->measure;
  const char *unit = measure->unit;
  g_autofree char *key = g_strconcat (measure->name, unit != NULL ? "_" : NULL, unit, NULL);

  print_median (self, key, &outcome->figures, &measure->aim);
  for (guint i = 0; i < BENCH_N_REFERENCES; i++)
    if (!bench_samples_is_empty (&outcome->ratios[i]))
      print_ratio (self, outcome, i);
  print_resources (self, outcome);
}

static void
outcome_clear (Outcome *self)
{
  bench_samples_clear (&self->figures);
  bench_samples_clear (&self->switches);
  bench_samples_clear (&self->processor_us);
  for (guint i = 0; i < BENCH_N_REFERENCES; i++)
    bench_samples_clear (&self->ratios[i]);
}

static void
run_group (const BenchOptions *options, const BenchGroup *group, BenchAims *aims)
{
  g_autofree Outcome *outcomes = g_new0 (Outcome, group->n_measures);
  Session session = { .options = options, .group = group, .outcomes = outcomes, .aims = aims };

  select_measures (&session);
  for (int i = 0; i < options->n_repeats; i++)
    run_all (&session);
  for (guint i = 0; i < group->n_measures; i++)
    {
      if (outcomes[i].wanted)
        print_outcome (&session, &outcomes[i]);
      outcome_clear (&outcomes[i]);
    }
}

void
bench_report_run (const BenchOptions *options)
{
  BenchAims *aims = bench_aims_new ();

  setvbuf (stdout, NULL, _IOLBF, 0);
  for (guint i = 0; i < bench_catalogue_size; i++)
    run_group (options, &bench_catalogue[i], aims);
  print ("peak_memory_MB", bench_resources_get_peak_mb ());
  print ("context_switches", bench_resources_get_costs ().n_switches);
  if (!options->smoke)
    bench_aims_print (aims);
  bench_aims_free (aims);
}
