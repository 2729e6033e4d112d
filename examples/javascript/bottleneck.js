// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Back-pressure: a limit on the backlog makes put() wait for a slow stage, and for a slow reader, so that memory
// stays bounded however much is put. A task counts until its result was read; therefore one function puts here
// and another one reads.

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';

const N_TASKS = 30;
const MAX_BACKLOG = 4;
const TASK_MS = 10;

const stage = new Mpipe.Stage({ worker: 'workers.js#nap', maxBacklog: MAX_BACKLOG });
const pipeline = new Mpipe.Pipeline(stage);
const begun = GLib.get_monotonic_time();
let nPut = 0, largestBacklog = 0, nResults = 0;

while (pipeline.try_put(TASK_MS) > 0)
  nPut++;
print(`put before anything was read: ${nPut} tasks`);

async function putOthers() {
  for (; nPut < N_TASKS; nPut++) {
    await pipeline.put(TASK_MS);
    largestBacklog = Math.max(largestBacklog, pipeline.backlog);
  }
  // all tasks but the last few are done by now, one after the other
  const waited = GLib.get_monotonic_time() - begun >= (N_TASKS - MAX_BACKLOG) * TASK_MS * 1000;
  print(`putting waited for the stage: ${waited ? 'yes' : 'no'}`);
  print(`the backlog was never above ${MAX_BACKLOG}: ${largestBacklog <= MAX_BACKLOG ? 'yes' : 'no'}`);
  pipeline.stop();
}

async function readResults() {
  for await (const result of pipeline)
    nResults += result === TASK_MS ? 1 : 0;
}

await Promise.all([putOthers(), readResults()]);
print(`results: ${nResults}`);
