// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Memory does not grow with the number of tasks, neither in the application nor in a worker. A round
// may need more than the one before, but if each task left something, which is 200 bytes or more with
// all that belongs to it, every round would. An argument says how many tasks a round has, for a longer
// measurement.

import Mpipe from 'gi://Mpipe?version=1.0';

import { assert, assertEqual, run, stageOf } from './kit.js';
import { memory } from './workers.js';

const N_ROUNDS = 4;
const N_TASKS = ARGV.length > 0 ? Number(ARGV[0]) : 10000; // in each round
const AT_ONCE = 500;
const MOST_BYTES = 100; // for each task

async function pass(pipeline, n, makeTask) {
  for (let i = 0; i < n; i += AT_ONCE) {
    for (let j = 0; j < AT_ONCE; j++)
      pipeline.put(makeTask(i + j));
    for (let j = 0; j < AT_ONCE; j++)
      assert(await pipeline.get() !== undefined, 'the end came early');
  }
}

async function measureWorker(pipeline) {
  pipeline.put({ measure: true });
  return (await pipeline.get()).memory;
}

async function measure(what, makeTask) {
  const pipeline = new Mpipe.Pipeline(stageOf('echoOrMeasure'));

  await pass(pipeline, N_TASKS, makeTask);
  const sizes = [[memory(), await measureWorker(pipeline)]];
  for (let i = 0; i < N_ROUNDS; i++) {
    await pass(pipeline, N_TASKS, makeTask);
    sizes.push([memory(), await measureWorker(pipeline)]);
  }
  print(`# ${what}, KiB after each ${N_TASKS} tasks: here ${sizes.map(size => size[0]).join(' ')}; ` +
    `in the worker ${sizes.map(size => size[1]).join(' ')}`);
  pipeline.stop();
  assertEqual(await pipeline.get(), undefined);
  await pipeline.wait();
  for (const process of [0, 1]) {
    const grown = sizes.slice(1).map((size, i) => size[process] - sizes[i][process]);
    assert(Math.min(...grown) * 1024 < MOST_BYTES * N_TASKS, `${what}: it grows by ${grown.join(', ')} KiB`);
  }
}

async function plainValues() {
  await measure('plain values', i => ({ number: i, text: 'some text', list: [1, 2, 3] }));
}

async function bytes() {
  const buffer = new Uint8Array(200);

  await measure('bytes', () => buffer);
}

await run(plainValues, bytes);
