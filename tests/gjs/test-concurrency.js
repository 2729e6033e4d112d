// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Several tasks open in one worker.

import Gio from 'gi://Gio';
import Mpipe from 'gi://Mpipe?version=1.0';

import { assert, assertEqual, collect, nextSignal, readText, run, stageOf, thrownBy } from './kit.js';

async function aTaskEndsAfterAnotherHasBegun() {
  const results = await collect(stageOf('meet', { concurrency: 2 }), ['a', 'b', 'c', 'd']);

  assertEqual(results, ['a met', 'b came', 'c met', 'd came']);
}

async function manyAreOpenAtOnce() {
  const values = Array.from({ length: 1000 }, (_, i) => i);
  const results = await collect(stageOf('later', { concurrency: 100 }), values);

  assertEqual(results, values.map(value => ({ later: value })));
}

async function oneThatFailsLeavesTheOthers() {
  const results = await collect(stageOf('later', { concurrency: 3 }), [1, -2, 3]);

  assertEqual([results[0], results[2]], [{ later: 1 }, { later: 3 }]);
  assert(results[1].matches(Mpipe.Error, Mpipe.Error.TASK_FAILED), `${results[1]}`);
}

async function progressAndCancellationArrive() {
  const [file, stream] = Gio.File.new_tmp('mpipe-test-XXXXXX');
  const parameters = { file: file.get_path() };
  const pipeline = new Mpipe.Pipeline(stageOf('waitForCancel', { concurrency: 2, parameters }));

  stream.close(null);
  const begun = nextSignal(pipeline, 'task-progress');
  const id = await pipeline.put('it');
  const [taskId, , fraction, message] = await begun;
  assertEqual([taskId, fraction, message], [id, 0.5, 'begun it']);
  pipeline.cancel_task(id);
  const error = await thrownBy(pipeline.get());
  assert(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), `${error}`);
  pipeline.stop();
  assertEqual(await pipeline.get(), undefined);
  await pipeline.wait();
  assertEqual(readText(parameters.file), 'it was cancelled');
  file.delete(null);
}

await run(aTaskEndsAfterAnotherHasBegun, manyAreOpenAtOnce, oneThatFailsLeavesTheOthers,
  progressAndCancellationArrive);
