// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// How fast pipelines of JavaScript are, as lines of a key and a value.
//
//   gjs -m bench.js [TASKS] [WORKERS]

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';

const WORKERS = '../gjs/workers.js';
const N_TASKS = Number(ARGV[0] ?? 10000);
const N_WORKERS = Number(ARGV[1] ?? 2);
const N_ROUND_TRIPS = 500;
const N_LARGE = 100;
const MEBIBYTE = 1 << 20;
const AT_ONCE = 1000;

function stageOf(worker, properties = {}) {
  return new Mpipe.Stage({ worker: `${WORKERS}#${worker}`, size: N_WORKERS, ...properties });
}

function seconds() {
  return GLib.get_monotonic_time() / 1e6;
}

function tell(key, value) {
  print(`${key} ${Number(value.toPrecision(4))}`);
}

async function use(stage, work) {
  const pipeline = new Mpipe.Pipeline(stage);

  pipeline.put_sync(0);
  pipeline.get_sync(); // a worker is there
  const begun = seconds();
  await work(pipeline);
  const took = seconds() - begun;
  pipeline.stop();
  await pipeline.wait();
  return took;
}

async function measureStart() {
  const begun = seconds();
  const took = await use(stageOf('echo', { size: 1 }), () => {});

  tell('start_until_first_result_ms', (seconds() - begun - took) * 1000);
}

async function measureTasks(key, stage, makeTask) {
  const took = await use(stage, async pipeline => {
    for (let i = 0; i < N_TASKS; i += AT_ONCE) {
      for (let j = i; j < Math.min(i + AT_ONCE, N_TASKS); j++)
        pipeline.put(makeTask(j));
      for (let j = i; j < Math.min(i + AT_ONCE, N_TASKS); j++)
        await pipeline.get();
    }
  });

  tell(key, N_TASKS / took);
}

async function measureSynchronous() {
  const took = await use(stageOf('echo'), pipeline => {
    for (let i = 0; i < N_TASKS; i += AT_ONCE) {
      for (let j = i; j < Math.min(i + AT_ONCE, N_TASKS); j++)
        pipeline.put_sync(j);
      for (let j = i; j < Math.min(i + AT_ONCE, N_TASKS); j++)
        pipeline.get_sync();
    }
  });

  tell('synchronous_tasks_per_s', N_TASKS / took);
}

async function measureRoundTrips() {
  const took = await use(stageOf('echo', { size: 1 }), async pipeline => {
    for (let i = 0; i < N_ROUND_TRIPS; i++) {
      pipeline.put(i);
      await pipeline.get();
    }
  });

  tell('round_trip_us', took / N_ROUND_TRIPS * 1e6);
}

async function measureBytes() {
  const bytes = new Uint8Array(MEBIBYTE);
  const took = await use(stageOf('echo'), async pipeline => {
    for (let i = 0; i < N_LARGE; i++)
      pipeline.put(bytes);
    for (let i = 0; i < N_LARGE; i++)
      await pipeline.get();
  });

  tell('bytes_there_and_back_mib_per_s', N_LARGE / took);
}

function readMemory() {
  const [, contents] = GLib.file_get_contents('/proc/self/statm');

  return Number(new TextDecoder().decode(contents).split(' ')[1]) * 4;
}

await measureStart();
await measureTasks('ordered_tasks_per_s', stageOf('echo'), i => i);
tell('memory_kib', readMemory());
await measureTasks('unordered_tasks_per_s', stageOf('echo', { ordered: false }), i => i);
await measureTasks('objects_per_s', stageOf('echo'), i => ({ number: i, text: 'text', list: [1, 2] }));
await measureTasks('typed_tasks_per_s', stageOf('echo', { taskType: 'x', resultType: 'x' }), i => i);
await measureSynchronous();
await measureRoundTrips();
await measureBytes();
tell('memory_at_the_end_kib', readMemory());
