// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Every fault at every point of a worker's life that JavaScript can reach: eight tasks, two
// workers, one fault. doc/failures.md has the table.
//
//   test-crash-points.js local|sandboxed|sandboxes [PART OF A NAME]

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';
import System from 'system';

import { CULPRIT } from './crashing.js';
import { assert, assertEqual, assertMatch, findChildren, run, thrownBy } from './kit.js';

const TIMEOUT_MS = 700; // for tasks that do not end, and others need less by far
const END_TIMEOUT_MS = 3000; // for a worker that does not end; starting takes less
const IMPATIENCE_MS = 200; // where being late for another reason has the same outcome

const { WORKER_DIED, TASK_FAILED, TIMED_OUT, LAUNCH } = Mpipe.Error;
const HERE = GLib.path_get_dirname(System.programPath);

// The code of the failure of a task, and what its message says.
const FAULTS = {
  kill: [WORKER_DIED, /signal 9/],
  segfault: [WORKER_DIED, /signal 11/],
  exit0: [WORKER_DIED, /exited with status 0/],
  exit1: [WORKER_DIED, /exited with status 1/],
  error: [TASK_FAILED, /an error at its point/],
  hang: [TIMED_OUT, /time limit of 700 ms/],
  sigstop: [TIMED_OUT, /time limit of 700 ms/],
};

// How many of its two results the guilty task gives; null: it is not the task's fault.
const POINTS = { task: 0, halfWay: 1, afterTheResults: 2, stop: null };

function isLate(fault) {
  return fault === 'hang' || fault === 'sigstop';
}

// With what this library needs where it is not installed.
function newSandbox(...paths) {
  const sandbox = Mpipe.Sandbox.new(Mpipe.SandboxPolicy.REQUIRED);

  for (const path of [GLib.getenv('GJS_PATH'), GLib.getenv('GI_TYPELIB_PATH'), ...paths])
    sandbox.add_read_only_path(path);
  for (const name of ['GJS_PATH', 'GI_TYPELIB_PATH', 'LD_LIBRARY_PATH'])
    sandbox.add_variable(name);
  return sandbox;
}

function newStage(way, point, fault, properties = {}) {
  return new Mpipe.Stage({
    worker: 'crashing.js#Crashing',
    size: 2,
    name: 'crashing',
    parameters: { point, fault },
    ordered: way.ordered,
    sandbox: way.sandboxed ? newSandbox(HERE) : null,
    ...properties,
  });
}

function assertFailure(error, code, pattern) {
  assert(error.matches(Mpipe.Error, code), `${error}`);
  assertMatch(error.message, /stage “crashing”: worker \d \(pid \d+\)/);
  assertMatch(error.message, pattern);
}

async function failToStart(way, fault) {
  const stage = newStage(way, 'start', fault, {
    restartLimit: 1, ...isLate(fault) ? { startTimeout: IMPATIENCE_MS, graceTime: 50 } : {},
  });
  const error = await thrownBy(() => new Mpipe.Pipeline(stage));

  assertFailure(error, LAUNCH, isLate(fault) ? /did not get ready in time/ : FAULTS[fault][1]);
}

// All results, in order, and the failure if there is one.
async function read(way, stage) {
  const pipeline = new Mpipe.Pipeline(stage);
  const results = [], failures = [];

  for (let i = 0; i < 8; i++)
    pipeline.put(i);
  pipeline.stop();
  for (let ended = false; !ended;) {
    try {
      const result = await pipeline.get();

      ended = result === undefined;
      if (!ended)
        results.push(result);
    } catch (error) {
      failures.push(error);
    }
  }
  await pipeline.wait();
  assert(failures.length <= 1, `${failures}`);
  return { results: way.ordered ? results : results.sort(), failure: failures[0] ?? null };
}

function assertResults(results, nOfCulprit) {
  const expected = [];

  for (let i = 0; i < 8; i++)
    expected.push(...new Array(i === CULPRIT ? nOfCulprit : 2).fill(i));
  assertEqual(results, expected);
}

async function runCell(way, point, fault) {
  const limits = { taskTimeout: TIMEOUT_MS, startTimeout: END_TIMEOUT_MS, graceTime: 50 };
  const { results, failure }
    = await read(way, newStage(way, point, fault, isLate(fault) ? limits : {}));

  assertResults(results, POINTS[point] ?? 2);
  if (POINTS[point] === null) {
    assert(failure === null, `${failure}`);
    return;
  }
  assertFailure(failure, ...FAULTS[fault]);
  assertMatch(failure.message, /task 4/);
}

async function sendWhatCannotBeSent(way) {
  const { results, failure } = await read(way, newStage(way, 'nowhere', 'unsendable'));

  assertResults(results, 1);
  assertFailure(failure, TASK_FAILED, /task 4: TypeError: the result cannot be given/);
}

function named(name, test) {
  return Object.defineProperty(test, 'name', { value: name });
}

function makeCells(way) {
  const cells = [named('aResultThatCannotBeSent', () => sendWhatCannotBeSent(way))];

  for (const fault of Object.keys(FAULTS)) {
    cells.push(named(`start/${fault}`, () => failToStart(way, fault)));
    for (const point of Object.keys(POINTS))
      cells.push(named(`${point}/${fault}`, () => runCell(way, point, fault)));
  }
  return cells;
}

// What has to be shown

async function theFileOfTheWorkerMustBeShown() {
  const stage = new Mpipe.Stage({
    worker: 'crashing.js#Crashing', sandbox: newSandbox(), restartLimit: 1,
  });
  const error = await thrownBy(() => new Mpipe.Pipeline(stage));

  assert(error.matches(Mpipe.Error, LAUNCH), `${error}`);
  assertMatch(error.message, /No such file or directory.*\(gjs-js-error-quark/);
}

// An application that is killed

function isAlive(pid) {
  try {
    const [, text] = GLib.file_get_contents(`/proc/${pid}/stat`);

    return !/^\d+ \(.*\) [ZX]/s.test(new TextDecoder().decode(text));
  } catch {
    return false;
  }
}

function findDescendants(pid) {
  return findChildren(pid).flatMap(child => [child, ...findDescendants(child)]);
}

async function killApplication(way) {
  const program = Gio.Subprocess.new([GLib.file_read_link('/proc/self/exe'), '-m',
    System.programPath, 'application', way], Gio.SubprocessFlags.STDOUT_PIPE);
  const lines = new Gio.DataInputStream({ base_stream: program.get_stdout_pipe() });

  for (let i = 0; i < 2; i++)
    assertEqual(new TextDecoder().decode(lines.read_line(null)[0]), 'busy');
  const started = findDescendants(program.get_identifier());
  assert(started.length >= 2, `${started}`);
  program.send_signal(9);
  program.wait(null);
  while (started.some(isAlive))
    await new Promise(resolve => setTimeout(resolve, 2));
  lines.close(null);
}

async function noWorkerOutlivesAKilledApplication() {
  await killApplication('local');
}

async function noWorkerInASandboxOutlivesAKilledApplication() {
  await killApplication('sandboxed');
}

function beApplication(way) {
  const pipeline = new Mpipe.Pipeline(new Mpipe.Stage({
    worker: 'crashing.js#spin', size: 2, sandbox: way === 'sandboxed' ? newSandbox(HERE) : null,
  }));

  pipeline.put(1);
  pipeline.put(2);
  pipeline.get_sync();
}

// The ways

const WAYS = {
  local: () => makeCells({ ordered: true, sandboxed: false })
    .concat(noWorkerOutlivesAKilledApplication),
  sandboxed: () => makeCells({ ordered: false, sandboxed: true }),
  sandboxes: () => [theFileOfTheWorkerMustBeShown, noWorkerInASandboxOutlivesAKilledApplication],
};

const problem = Mpipe.Sandbox.new(Mpipe.SandboxPolicy.PREFERRED).problem;

if (ARGV[0] === 'application')
  beApplication(ARGV[1]);
else if (ARGV[0] !== 'local' && problem !== null)
  print(`1..0 # SKIP ${problem}`);
else
  await run(...WAYS[ARGV[0]]().filter(({ name }) => name.includes(ARGV[1] ?? '')));
