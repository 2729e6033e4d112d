// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// What a worker may be, and what it gets and gives.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';

import { assert, assertEqual, assertMatch, collect, readText, run, stageOf, thrownBy }
  from './kit.js';

const MOST = 2n ** 63n - 1n;

async function aFunctionGetsAndGivesPlainValues() {
  const values = [null, false, 1.5, 'grün', [1, [2]], { a: { b: 'c' } }, MOST, { id: -MOST, $x: 1 },
    new Uint8Array([0, 1, 255]), { bytes: new Uint8Array([7]) }];

  assertEqual(await collect(stageOf('echo', { size: 2 }), values), values);
}

async function undefinedIsNoResult() {
  assertEqual(await collect(stageOf('nothing'), [1, 2]), []);
}

async function bytesAreBytes() {
  const large = new Uint8Array(3 << 20).fill(41);
  const [small, none, result, part] = await collect(stageOf('increment', { size: 2 }),
    [new Uint8Array([1, 2]), new Uint8Array(), large, large.subarray(5, 8)]);

  assertEqual(small, new Uint8Array([2, 3]));
  assertEqual(none, new Uint8Array());
  assertEqual(part, new Uint8Array([42, 42, 42]));
  assert(result.length === large.length && result.every(byte => byte === 42), 'the large one');
  assertEqual(await collect(stageOf('typeName'), [new Uint8Array([1])]), ['Uint8Array']);
}

async function bytesThatCameMayBeChanged() {
  const first = stageOf('echo'), left = stageOf('echo'), right = stageOf('echo');
  const bytes = new Uint8Array(1 << 16).fill(1);

  first.link(left).link(right);
  const results = await collect(first, [bytes]);
  results[0].fill(2);
  assert(results[1].every(byte => byte === 1), 'both branches have the same memory');
}

async function aGeneratorGivesSeveralResults() {
  assertEqual(await collect(stageOf('several', { size: 2 }), [1, 2]), [10, 11, 12, 20, 21, 22]);
  assertEqual(await collect(stageOf('countDown'), [3, 0, 1]), [3, 2, 1, 1]);
}

async function aTaskPutsResults() {
  assertEqual(await collect(stageOf('putSeveral'), [1, 2]),
    [10, new Uint8Array([1]), 20, new Uint8Array([2])]);
}

async function aSubclassHasStartTaskAndStop() {
  const [file, stream] = Gio.File.new_tmp('mpipe-test-XXXXXX');
  const parameters = { summand: 5, file: file.get_path() };

  stream.close(null);
  assertEqual(await collect(stageOf('Adder', { parameters, doStopTask: true }), [1, 2, 3]),
    [6, 7, 8, { sum: 21 }]);
  assertEqual(readText(file.get_path()), 'stopped at 21');
  file.delete(null);
}

async function aSubclassOfASubclassCallsIt() {
  assertEqual(await collect(stageOf('DoubleAdder', { parameters: { summand: 1 } }), [1, 2]), [4, 6]);
}

async function aSubclassMayBeAsynchronous() {
  assertEqual(await collect(stageOf('AsyncAdder', { parameters: { summand: 1 } }), [1, 2]), [2, 3]);
}

async function aSubclassMayEndTasksItself() {
  assertEqual(await collect(stageOf('Beginner'), ['a']), ['began with "a"']);
}

async function squaresOf(numbers) {
  const pipeline = new Mpipe.Pipeline(stageOf('Squares', { size: 2 }));
  const squares = [], errors = [];

  pipeline.put_array(new GLib.Variant('ax', numbers), null);
  pipeline.stop();
  for (;;) {
    try {
      const array = pipeline.get_array(0, null);

      if (array === null)
        break;
      squares.push(...array.deepUnpack());
    } catch (error) {
      errors.push(error);
    }
  }
  await pipeline.wait();
  return [squares, errors];
}

async function aSubclassMayDoArrays() {
  const numbers = Array.from({ length: 1000 }, (_, i) => i);

  assertEqual(await squaresOf(numbers), [numbers.map(number => number * number), []]);
}

async function aFailureInAnArrayIsThatOfItsTask() {
  const numbers = Array.from({ length: 1000 }, (_, i) => i === 500 ? -1 : i);
  const [squares, errors] = await squaresOf(numbers);

  assertEqual(squares, numbers.filter(number => number >= 0).map(number => number * number));
  assertEqual(errors.length, 1);
  assertMatch(errors[0].message, /task 501.*it is negative/);
}

async function parametersAreExact() {
  const { Stage } = Mpipe;
  const parameters = { most: MOST, list: [1, 'a', { b: true }], bytes: new Uint8Array([1]), half: 0.5 };
  const stage = new Stage({ worker: 'workers.js#Adder', parameters });

  assertMatch(stage.parameters.print(true), /'most': <int64 9223372036854775807>/);
  const error = await thrownBy(() => new Stage({ worker: 'workers.js#Adder', parameters: { a: null } }));
  assertMatch(error.message, /^value\.a: null/);
}

async function anAsyncFunctionIsAwaited() {
  const results = await collect(stageOf('later', { size: 2 }), [1, -2, 3]);

  assertEqual([results[0], results[2]], [{ later: 1 }, { later: 3 }]);
  assertMatch(results[1].message, /RangeError: -2 is negative/);
  assertMatch(results[1].worker_stack, /workers\.js/);
}

async function anAsyncFunctionUsesGio() {
  const path = GLib.build_filenamev([GLib.path_get_dirname(import.meta.url.slice(7)), 'workers.js']);

  assertEqual(await collect(stageOf('readFile'), [path]), [readText(path)]);
}

async function aWorkerIsTheInterpreterThatRuns() {
  const [who] = await collect(stageOf('whoAmI', { name: 'asked' }), [null]);

  assertEqual(who, {
    interpreter: GLib.file_read_link('/proc/self/exe'), stage: 'asked', index: 0, environment: null,
  });
}

async function aWorkerFileIsFoundByUriAndPathToo() {
  const folder = GLib.path_get_dirname(import.meta.url.slice(7));

  assertEqual(await collect(new Mpipe.Stage({ worker: `file://${folder}/workers.js#echo` }), [1]), [1]);
  assertEqual(await collect(new Mpipe.Stage({ worker: `${folder}/workers.js#echo` }), [1]), [1]);
  assertEqual(await collect(Mpipe.Stage.new_ordered('workers.js#echo', 1), [1]), [1]);
  assert(!Mpipe.Stage.new_unordered('workers.js#echo', 1).ordered, 'it is ordered');
}

async function wrongWorkersAreRefused() {
  for (const worker of ['echo', '#echo', 'workers.js#', 5])
    assertMatch((await thrownBy(() => new Mpipe.Stage({ worker }))).message, /“FILE#NAME”/);
  assertMatch((await thrownBy(() => new Mpipe.Stage({ worker: 'none.js#a' }))).message, /no file “.*none\.js”/);
  for (const [name, expected] of [['missing', /exports no function and no class “missing”/],
    ['notAWorker', /exports no function/], ['NotRegistered', /registerClass|Tried to construct/]]) {
    const error = await thrownBy(() => collect(stageOf(name), [1]));

    assert(error.matches(Mpipe.Error, Mpipe.Error.LAUNCH), `${error}`);
    assertMatch(error.message, expected);
  }
}

async function aWorkerFileMustNotMakeAPipeline() {
  const error = await thrownBy(() => collect(new Mpipe.Stage({ worker: 'one-file.js#unguarded' }), [1]));

  assertMatch(error.message, /importing_worker/);
}

await run(aFunctionGetsAndGivesPlainValues, undefinedIsNoResult, bytesAreBytes,
  bytesThatCameMayBeChanged, aGeneratorGivesSeveralResults, aTaskPutsResults,
  aSubclassHasStartTaskAndStop, aSubclassOfASubclassCallsIt, aSubclassMayBeAsynchronous,
  aSubclassMayEndTasksItself, aSubclassMayDoArrays, aFailureInAnArrayIsThatOfItsTask,
  parametersAreExact, anAsyncFunctionIsAwaited, anAsyncFunctionUsesGio,
  aWorkerIsTheInterpreterThatRuns, aWorkerFileIsFoundByUriAndPathToo,
  wrongWorkersAreRefused, aWorkerFileMustNotMakeAPipeline);
