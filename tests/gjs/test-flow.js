// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Tasks in and results out: many, in order or not, along forks and filters, with limits and types.

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import Mpipe from 'gi://Mpipe?version=1.0';

import { assert, assertEqual, assertMatch, collect, run, stageOf, thrownBy } from './kit.js';

const MANY = Array.from({ length: 10000 }, (_, i) => i);

async function tenThousandInOrder() {
  const doubled = await collect(stageOf('double', { size: 2 }), MANY);

  assertEqual(doubled, MANY.map(value => value * 2));
}

async function tenThousandInAnyOrder() {
  const doubled = await collect(stageOf('double', { size: 2, ordered: false }), MANY);

  assertEqual(doubled.sort((a, b) => a - b), MANY.map(value => value * 2));
}

async function aChain() {
  const first = stageOf('double', { size: 2 }), second = stageOf('Adder', { parameters: { summand: 1 } });

  first.link(second);
  assertEqual(await collect(first, [1, 2, 3]), [3, 5, 7]);
}

async function aForkTellsTheLeaf() {
  const first = stageOf('echo'), doubled = stageOf('double', { size: 2 }), same = stageOf('echo');
  const results = new Map([[doubled, []], [same, []]]), ids = [];

  first.link(doubled).link(same);
  const pipeline = new Mpipe.Pipeline(first);
  [1, 2, 3].forEach(task => pipeline.put(task));
  pipeline.stop();
  for await (const { value, task_id: id, leaf } of pipeline.results()) {
    results.get(leaf).push(value);
    ids.push(id);
  }
  await pipeline.wait();
  assertEqual(results.get(doubled), [2, 4, 6]);
  assertEqual(results.get(same), [1, 2, 3]);
  assertEqual(ids.sort(), [1, 1, 2, 2, 3, 3]);
}

async function aFilterLetsTasksPass() {
  const filter = Mpipe.FilterStage.new([stageOf('double')]);

  filter.drop_results = true;
  assertEqual(await collect(filter, [1, 2.5]), [1, 2.5]);
}

async function aFilterGivesItsLatestResults() {
  const inner = stageOf('double'), filter = Mpipe.FilterStage.new([inner]);
  const pipeline = new Mpipe.Pipeline(filter);

  await pipeline.put(4);
  assertEqual(await pipeline.get(), { task: 4, results: [] });
  while (inner.backlog > 0)
    GLib.MainContext.default().iteration(true);
  await pipeline.put(5);
  assertEqual(await pipeline.get(), { task: 5, results: [8] });
  pipeline.stop();
  await pipeline.wait();
}

async function putWaitsForRoom() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { maxBacklog: 2 }));
  const accepted = [];
  const puts = [1, 2, 'three', new Uint8Array([4])].map(task => pipeline.put(task)
    .then(id => accepted.push(id)));

  assertEqual(pipeline.try_put(9), 0, 'id of what does not fit');
  await Promise.all(puts.slice(0, 2));
  assertEqual(accepted, [1, 2]);
  for (const expected of [1, 2, 'three', new Uint8Array([4])])
    assertEqual(await pipeline.get(), expected);
  await Promise.all(puts);
  assertEqual(accepted, [1, 2, 3, 4]);
  assertEqual(await pipeline.put(5), 5);
  pipeline.stop();
  assertEqual(await pipeline.get(), 5);
  await pipeline.wait();
}

async function putsKeepTheirOrder() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { maxBacklog: 3 }));
  const results = [], puts = [];

  for (let i = 0; i < 300; i++)
    puts.push(pipeline.put(i));
  Promise.all(puts).then(() => pipeline.stop());
  for await (const result of pipeline)
    results.push(result);
  await pipeline.wait();
  assertEqual(results, MANY.slice(0, 300));
}

async function aPutCanBeCancelled() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { maxBacklog: 1 }));
  const cancellable = new Gio.Cancellable();

  await pipeline.put(1);
  const waiting = pipeline.put(2, cancellable);
  cancellable.cancel();
  assert((await thrownBy(waiting)).matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), 'the code');
  assertEqual(await pipeline.get(), 1);
  await pipeline.put(3);
  pipeline.stop();
  assertEqual(await pipeline.get(), 3);
  await pipeline.wait();
}

async function nothingNeedsAMainLoop() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { size: 2 }));

  assertEqual(pipeline.put_sync({ a: 1 }), 1);
  assertEqual(pipeline.put_sync(new Uint8Array([1])), 2);
  pipeline.stop();
  assertEqual(pipeline.get_sync(), { a: 1 });
  const { value, task_id: id } = pipeline.get_full_sync();
  assertEqual([value, id], [new Uint8Array([1]), 2]);
  assertEqual(pipeline.get_sync(), undefined);
  pipeline.wait_sync(null);
}

async function whatCannotBeSentIsRefusedAtOnce() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { name: 'first' }));
  const error = await thrownBy(pipeline.put({ a: [undefined] }));

  assert(error instanceof TypeError, `${error}`);
  assertMatch(error.message, /^stage “first”: value\.a\[0\]: undefined/);
  assert(await thrownBy(() => pipeline.put_sync(Symbol('s'))) instanceof TypeError, 'put_sync');
  assert(await thrownBy(() => pipeline.try_put(NaN)) instanceof TypeError, 'try_put');
  assertEqual(pipeline.n_put, 0);
  pipeline.stop();
  const stopped = await thrownBy(pipeline.put(1));
  assert(stopped.matches(Mpipe.Error, Mpipe.Error.STOPPED), `${stopped}`);
  await pipeline.wait();
}

async function typedStagesHaveThoseTypes() {
  const first = stageOf('double', { taskType: 'x', resultType: 'x' });
  const second = stageOf('echo', { taskType: 'x', resultType: 'd' });
  const most = 2n ** 63n - 1n;

  first.link(second);
  assertEqual(await collect(first, [1, 2]), [2, 4]);
  assertEqual(await collect(stageOf('echo', { taskType: 'x', resultType: 'x' }), [most]), [most]);
  assertEqual(await collect(stageOf('echo', { taskType: 's', resultType: 's' }), ['{plain']), ['{plain']);
  assertEqual(await collect(stageOf('echo', { taskType: 'ay', resultType: 'ay' }),
    [new Uint8Array([1])]), [new Uint8Array([1])]);
  assertEqual(await collect(stageOf('echo', { taskType: '(xs)', resultType: 'v' }), [[1, 'a']]), [[1, 'a']]);
}

async function wrongTypesAreTold() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo', { name: 'number', taskType: 'x', resultType: 's' }));
  const put = await thrownBy(pipeline.put('five'));

  assert(put instanceof TypeError, `${put}`);
  assertMatch(put.message, /^stage “number”: a string was given, “x” is needed/);
  pipeline.put(5);
  const result = await thrownBy(pipeline.get());
  assertMatch(result.message, /stage “number”: .*a number \(5\) was given, “s” is needed/);
  pipeline.stop();
  await pipeline.wait();

  const first = stageOf('echo', { name: 'first' }), second = stageOf('echo', { name: 'second', taskType: 'x' });
  first.link(second);
  const [border] = await collect(first, [1]);
  assertMatch(border.message, /stage “second”.*takes tasks of type “x”, this one is of type “s”/);
}

async function typesAreKnownWhenAStageIsMade() {
  const stage = stageOf('echo');

  stage.task_type = new GLib.VariantType('x');
  assertMatch((await thrownBy(() => new Mpipe.Pipeline(stage))).message, /task_type was set after/);
  assert(await thrownBy(() => new Mpipe.Pipeline(5)) instanceof TypeError, 'no stage');
}

// An open file that has no name any more.
function openFile(contents) {
  const [file, stream] = Gio.File.new_tmp(null), fds = new Gio.UnixFDList();

  stream.close(null);
  file.replace_contents(new TextEncoder().encode(contents), null, false, 0, null);
  const opened = file.read(null);
  file.delete(null);
  fds.append(opened.get_fd());
  opened.close(null);
  return fds;
}

async function descriptorsGoWithTheirTasks() {
  const pipeline = new Mpipe.Pipeline(stageOf('readGiven', { size: 2, maxBacklog: 3 }));
  const tasks = Array.from({ length: 20 }, (_, i) => i), puts = [];

  for (const task of tasks)
    puts.push(pipeline.put_with_fds(task, openFile(`file ${task}`)));
  for (const task of tasks)
    assertEqual(await pipeline.get(), `${task}: file ${task}`);
  assertEqual(await Promise.all(puts), tasks.map(task => task + 1));
  assertMatch((await thrownBy(() => pipeline.put_with_fds(new GLib.Variant('h', 1), openFile('x')))).message,
    /none of its 1 descriptors/);
  pipeline.stop();
  await pipeline.wait();
}

async function breakingOutOfALoopLosesNothing() {
  const pipeline = new Mpipe.Pipeline(stageOf('echo'));

  [1, 2, 3].forEach(task => pipeline.put(task));
  pipeline.stop();
  for await (const result of pipeline) {
    if (result === 2)
      break;
  }
  assertEqual(await pipeline.get(), 3);
  await pipeline.wait();
}

await run(tenThousandInOrder, tenThousandInAnyOrder, aChain, aForkTellsTheLeaf, aFilterLetsTasksPass,
  aFilterGivesItsLatestResults, putWaitsForRoom, putsKeepTheirOrder, aPutCanBeCancelled,
  nothingNeedsAMainLoop, whatCannotBeSentIsRefusedAtOnce, typedStagesHaveThoseTypes,
  wrongTypesAreTold, typesAreKnownWhenAStageIsMade, descriptorsGoWithTheirTasks,
  breakingOutOfALoopLosesNothing);
