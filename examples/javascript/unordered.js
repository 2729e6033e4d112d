// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// An unordered stage gives each result as soon as it is there, so that a long task holds up nobody. Its
// workers wait at the same time: eight of them are several times as fast as one.

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';

const N_TASKS = 8;
const FIRST_MS = 300; // the first task takes longest
const OTHERS_MS = 150;

async function run(nWorkers) {
  const stage = new Mpipe.Stage({ worker: 'workers.js#nap', size: nWorkers, ordered: false });
  const pipeline = new Mpipe.Pipeline(stage);
  const begun = GLib.get_monotonic_time();
  const naps = [];

  for (let i = 0; i < N_TASKS; i++)
    pipeline.put(i === 0 ? FIRST_MS : OTHERS_MS);
  pipeline.stop();
  for await (const nap of pipeline)
    naps.push(nap);
  print(`workers: ${nWorkers}, slept ${naps.reduce((sum, nap) => sum + nap)} ms in all; ` +
    `the long task came out first: ${naps[0] === FIRST_MS ? 'yes' : 'no'}`);
  return GLib.get_monotonic_time() - begun;
}

const one = await run(1);
const eight = await run(8);
print(`at least twice as fast as one process: ${one >= 2 * eight ? 'yes' : 'no'}`);
