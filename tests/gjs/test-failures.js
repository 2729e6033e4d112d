// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// What fails, fails alone, and says what it was.

import Gio from 'gi://Gio';
import Mpipe from 'gi://Mpipe?version=1.0';

import { assert, assertEqual, assertMatch, collect, nextSignal, run, stageOf, thrownBy }
  from './kit.js';

async function anExceptionFailsItsTaskAlone() {
  const results = await collect(stageOf('refuseOdd', { size: 2 }), [0, 1, 2]);

  assertEqual([results[0], results[2]], [0, 2]);
  assert(results[1].matches(Mpipe.Error, Mpipe.Error.TASK_FAILED), `${results[1]}`);
  assertMatch(results[1].message, /^stage “refuseOdd”: worker \d \(pid \d+\) failed task 2: RangeError: 1 is odd$/);
  assertMatch(results[1].worker_stack, /^refuseOdd@file:.*workers\.js:\d+/);
}

async function anythingCanBeThrown() {
  const [text] = await collect(stageOf('throwText'), [1]);
  const [gerror] = await collect(stageOf('throwGError'), [1]);

  assertMatch(text.message, /just a text/);
  assertMatch(gerror.message, /not here/);
}

async function aResultThatCannotBeSentFailsItsTask() {
  const results = await collect(stageOf('returnDate'), [1, 2]);

  for (const error of results) {
    assert(error.matches(Mpipe.Error, Mpipe.Error.TASK_FAILED), `${error}`);
    assertMatch(error.message, /TypeError: the result cannot be given: value\.when\[0\]: a Date cannot be sent/);
  }
}

async function aSynchronousGetThrows() {
  const pipeline = new Mpipe.Pipeline(stageOf('refuseOdd'));

  pipeline.put(1);
  pipeline.stop();
  const error = await thrownBy(() => pipeline.get_sync());
  assertMatch(error.message, /RangeError: 1 is odd$/);
  assertMatch(error.worker_stack, /workers\.js/);
  assertEqual(pipeline.get_sync(), undefined);
  pipeline.wait_sync(null);
}

async function dieOnThree(how) {
  const tasks = [1, 2, 3, 4, 5, 6, 7, 8];
  const results = await collect(stageOf('dieOnThree', { size: 2, parameters: { how } }), tasks);

  assert(results[2].matches(Mpipe.Error, Mpipe.Error.WORKER_DIED), `${results[2]}`);
  results.splice(2, 1);
  assertEqual(results, [1, 2, 4, 5, 6, 7, 8]);
}

async function aWorkerThatIsKilledFailsItsTaskAlone() {
  await dieOnThree('kill');
}

async function aWorkerThatExitsFailsItsTaskAlone() {
  await dieOnThree('exit');
}

async function aWorkerThatDoesNotStartSaysWhy() {
  const error = await thrownBy(() => collect(stageOf('Adder'), [1]));

  assert(error.matches(Mpipe.Error, Mpipe.Error.LAUNCH), `${error}`);
  assertMatch(error.message, /it needs a summand/);
}

async function signalsTellOfResultsFailuresAndTheEnd() {
  const pipeline = new Mpipe.Pipeline(stageOf('refuseOdd', { size: 2 }));
  const told = [];

  pipeline.connect('result', (self, value, taskId) => told.push([taskId, value]));
  pipeline.connect('task-failed', (self, taskId, stage, error) => {
    assertMatch(error.message, /RangeError: 3 is odd$/);
    assertMatch(error.worker_stack, /workers\.js/);
    told.push([taskId, stage.name]);
    return true;
  });
  [0, 2, 3, { a: 1 }].forEach(task => pipeline.put(task));
  const completed = nextSignal(pipeline, 'completed');
  pipeline.stop();
  await completed;
  assertEqual(told, [[1, 0], [2, 2], [3, 'refuseOdd'], [4, { a: 1 }]]);
  assertEqual([pipeline.n_results, pipeline.n_failed], [3, 1]);
}

async function failuresAreCollectedWithTheirTasks() {
  const pipeline = new Mpipe.Pipeline(stageOf('refuseOdd', { size: 2 }));
  const results = [];

  pipeline.on_failure = Mpipe.OnFailure.COLLECT;
  [0, 1, { a: [2] }, 3].forEach(task => pipeline.put(task));
  pipeline.stop();
  for await (const result of pipeline)
    results.push(result);
  await pipeline.wait();
  assertEqual(results, [0, { a: [2] }]);

  const failures = pipeline.take_failures();
  assertEqual(failures.map(({ task_id: id, task, stage }) => [id, task, stage.name]),
    [[2, 1, 'refuseOdd'], [4, 3, 'refuseOdd']]);
  for (const { task, error } of failures) {
    assert(error.matches(Mpipe.Error, Mpipe.Error.TASK_FAILED), `${error}`);
    assertMatch(error.message, new RegExp(`RangeError: ${task} is odd$`));
    assertMatch(error.worker_stack, /workers\.js/);
  }
  assertEqual(pipeline.take_failures(), []);
}

async function collectedTasksOfAnyKindComeBack() {
  const tasks = [{ a: [1, null] }, 'b', new Uint8Array([1, 2]), 5n];
  const pipeline = new Mpipe.Pipeline(stageOf('throwText'));

  pipeline.on_failure = Mpipe.OnFailure.COLLECT;
  tasks.forEach(task => pipeline.put(task));
  pipeline.stop();
  await pipeline.wait();
  assertEqual(pipeline.take_failures().map(({ task }) => task), tasks);
}

async function terminateEndsWhatRuns() {
  const pipeline = new Mpipe.Pipeline(stageOf('never'));

  await pipeline.put(1);
  const waiting = thrownBy(pipeline.get());
  pipeline.terminate();
  assert((await waiting).matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), 'the code');
  await pipeline.wait();
}

await run(anExceptionFailsItsTaskAlone, anythingCanBeThrown, aResultThatCannotBeSentFailsItsTask,
  aSynchronousGetThrows, aWorkerThatIsKilledFailsItsTaskAlone, aWorkerThatExitsFailsItsTaskAlone,
  aWorkerThatDoesNotStartSaysWhy, signalsTellOfResultsFailuresAndTheEnd,
  failuresAreCollectedWithTheirTasks, collectedTasksOfAnyKindComeBack, terminateEndsWhatRuns);
