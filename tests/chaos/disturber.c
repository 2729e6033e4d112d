/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "disturber.h"

#include <signal.h>
#include <string.h>

#include "launcher.h"

struct _ChaosDisturber
{
  const ChaosPlan *plan;
  MpipePipeline *pipeline;
  MpipeLauncher *launcher;
  ChaosLedger *ledger;
  guint64 terminate_after;
  guint counts[CHAOS_N_DISTURBANCES];
  GThread *thread;
};

/* Returns: a process, 0 when that place has none. */
static int
find_pid (ChaosDisturber *self, const ChaosDisturbance *disturbance)
{
  g_autoptr (MpipeStage) stage
      = g_list_model_get_item (mpipe_pipeline_get_stages (self->pipeline), disturbance->stage);
  GListModel *workers = mpipe_stage_get_workers (stage);
  g_autoptr (MpipeWorkerInfo) info
      = g_list_model_get_item (workers, disturbance->worker % g_list_model_get_n_items (workers));

  return mpipe_worker_info_get_pid (info);
}

/* Returns: whether there was one. */
static gboolean
send_signal (ChaosDisturber *self, const ChaosDisturbance *disturbance, int number)
{
  int pid = find_pid (self, disturbance);

  return pid > 1 && kill (pid, number) == 0;
}

static gboolean
pause_worker (ChaosDisturber *self, const ChaosDisturbance *disturbance)
{
  int pid = find_pid (self, disturbance);

  if (pid <= 1 || kill (pid, SIGSTOP) < 0)
    return FALSE;
  g_usleep (disturbance->amount);
  kill (pid, SIGCONT);
  return TRUE;
}

static gboolean
cancel_task (ChaosDisturber *self, const ChaosDisturbance *disturbance)
{
  guint64 n_put = mpipe_pipeline_get_n_put (self->pipeline);

  return n_put > disturbance->amount
         && mpipe_pipeline_cancel_task (self->pipeline, n_put - disturbance->amount);
}

/* A launch that fails needs a worker that is gone. Returns: whether it came to something. */
static gboolean
disturb (ChaosDisturber *self, const ChaosDisturbance *disturbance)
{
  switch (disturbance->kind)
    {
    case CHAOS_KILL_WORKER:
      return send_signal (self, disturbance, SIGKILL);
    case CHAOS_STOP_WORKER:
      /* one that nobody looks for would be waited for for ever */
      return send_signal (self, disturbance,
                          self->plan->stages[disturbance->stage].arrays ? SIGKILL : SIGSTOP);
    case CHAOS_PAUSE_WORKER:
      return pause_worker (self, disturbance);
    case CHAOS_CANCEL_TASK:
      return cancel_task (self, disturbance);
    case CHAOS_REFUSE_LAUNCHES:
      chaos_launcher_refuse (self->launcher, disturbance->amount);
      return send_signal (self, disturbance, SIGKILL);
    case CHAOS_MISLEAD_LAUNCHES:
      chaos_launcher_mislead (self->launcher, disturbance->amount);
      return send_signal (self, disturbance, SIGKILL);
    case CHAOS_EXHAUST_DESCRIPTORS:
      if (!send_signal (self, disturbance, SIGKILL))
        return FALSE;
      chaos_launcher_exhaust (self->launcher, disturbance->amount);
      return TRUE;
    case CHAOS_N_DISTURBANCES:
    default:
      g_assert_not_reached ();
    }
}

static gpointer
disturber_thread (gpointer data)
{
  ChaosDisturber *self = data;
  guint64 n_ended = 0;
  gboolean terminated = self->terminate_after == 0;

  for (guint i = 0;; i++)
    {
      ChaosDisturbance disturbance = chaos_plan_get_disturbance (self->plan, i);

      n_ended += disturbance.after;
      if (!chaos_ledger_wait_for_progress (self->ledger, n_ended, self->pipeline))
        return NULL;
      self->counts[disturbance.kind] += disturb (self, &disturbance);
      if (!terminated && n_ended >= self->terminate_after)
        {
          terminated = TRUE;
          mpipe_pipeline_terminate (self->pipeline);
        }
    }
}

ChaosDisturber *
chaos_disturber_start (const ChaosPlan *plan, MpipePipeline *pipeline, MpipeLauncher *launcher,
                       ChaosLedger *ledger, guint64 terminate_after)
{
  ChaosDisturber *self = g_new0 (ChaosDisturber, 1);

  self->plan = plan;
  self->pipeline = pipeline;
  self->launcher = launcher;
  self->ledger = ledger;
  self->terminate_after = terminate_after;
  self->thread = g_thread_new ("disturber", disturber_thread, self);
  return self;
}

void
chaos_disturber_join (ChaosDisturber *self, guint *out_counts)
{
  g_thread_join (self->thread);
  memcpy (out_counts, self->counts, sizeof self->counts);
  g_free (self);
}
