// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// The workers of the tests.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Mpipe from 'gi://Mpipe?version=1.0';
import System from 'system';

export const notAWorker = 5;

export function echo(value) {
  return value;
}

export function double(value) {
  return value * 2;
}

export function nothing() {
}

// What is in the file that came with the task, behind the task itself.
export function readGiven(value, task) {
  const file = new Gio.UnixInputStream({ fd: task.get_fd_list().get(0), close_fd: true });
  const contents = new TextDecoder().decode(file.read_bytes(100, null).toArray());

  file.close(null);
  return `${value}: ${contents}`;
}

export function typeName(value) {
  return value === null ? 'null' : value?.constructor?.name ?? 'undefined';
}

export function increment(bytes) {
  return bytes.map(byte => byte + 1);
}

export function refuseOdd(value) {
  if (value % 2 === 1)
    throw new RangeError(`${value} is odd`);
  return value;
}

export function throwText() {
  throw 'just a text'; // eslint-disable-line no-throw-literal
}

export function throwGError() {
  throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'not here');
}

export function returnDate() {
  return { when: [new Date(0)] };
}

export function* several(value) {
  yield value * 10;
  yield value * 10 + 1;
  return value * 10 + 2;
}

export function putSeveral(value, task) {
  task.put(value * 10);
  task.put(new Uint8Array([value]));
}

// Dies on task 3, as the parameter says.
export function dieOnThree(value, task) {
  if (value === 3 && task.worker.parameters.how === 'exit')
    System.exit(0);
  if (value === 3)
    Gio.Subprocess.new(['kill', '-KILL', GLib.file_read_link('/proc/self')], 0).wait(null);
  return value;
}

function delay(milliseconds) {
  return new Promise(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
}

export async function later(value) {
  await delay(1);
  if (value < 0)
    throw new RangeError(`${value} is negative`);
  return { later: value };
}

export async function* countDown(value) {
  for (; value > 0; value--) {
    await delay(1);
    yield value;
  }
}

// Reads the file whose name is the task.
export async function readFile(path) {
  const [, contents] = await new Promise((resolve, reject) => {
    Gio.File.new_for_path(path).load_contents_async(null, (file, result) => {
      try {
        resolve(file.load_contents_finish(result));
      } catch (error) {
        reject(error);
      }
    });
  });

  return new TextDecoder().decode(contents);
}

// How much memory this process has, in KiB.
export function memory() {
  return Number(new TextDecoder().decode(GLib.file_get_contents('/proc/self/statm')[1])
    .split(' ')[1]) * 4;
}

export function whoAmI(value, task) {
  return {
    interpreter: GLib.file_read_link('/proc/self/exe'),
    stage: task.worker.stage_name,
    index: task.worker.index,
    environment: GLib.getenv('MPIPE_WORKER'),
  };
}

export const Adder = GObject.registerClass(
class Adder extends Mpipe.Worker {
  vfunc_start() {
    if (this.parameters.summand === undefined)
      throw new Error('it needs a summand');
    this.sum = 0;
  }

  vfunc_task(value) {
    if (value === undefined)
      return { sum: this.sum };
    this.sum += value + this.parameters.summand;
    return value + this.parameters.summand;
  }

  vfunc_stop() {
    if (this.parameters.file)
      GLib.file_set_contents(this.parameters.file, `stopped at ${this.sum}`);
  }
});

// It has the tasks of the class above, twice.
export const DoubleAdder = GObject.registerClass(
class DoubleAdder extends Adder {
  vfunc_task(value, task) {
    return super.vfunc_task(value, task) * 2;
  }
});

export const AsyncAdder = GObject.registerClass(
class AsyncAdder extends Mpipe.Worker {
  async vfunc_task(value) {
    await delay(1);
    return value + this.parameters.summand;
  }
});

export class NotRegistered extends Mpipe.Worker {
}

// It ends tasks by itself.
export const Beginner = GObject.registerClass(
class Beginner extends Mpipe.Worker {
  vfunc_begin(task) {
    task.return_text(JSON.stringify(`began with ${task.get_text()}`));
  }
});

// It gets GVariants as they are; a negative number fails all that came with it.
export const Squares = GObject.registerClass(
class Squares extends Mpipe.Worker {
  vfunc_task_array(tasks) {
    const numbers = tasks.deepUnpack();

    if (numbers.some(number => number < 0))
      throw new Error('it is negative');
    return new GLib.Variant('ax', numbers.map(number => number * number));
  }
});

export function never() {
  return new Promise(() => {});
}

export function echoOrMeasure(value) {
  return value.measure ? { memory: memory() } : value;
}

let waiting = null;

// The first of two tasks ends only after the second has begun.
export async function meet(value) {
  if (waiting === null) {
    await new Promise(resolve => {
      waiting = resolve;
    });
    return `${value} met`;
  }
  waiting();
  waiting = null;
  return `${value} came`;
}

// Says that it has begun, waits until its task is cancelled, and writes the file of the parameter.
export async function waitForCancel(value, task) {
  const cancelled = new Promise(resolve => {
    task.cancellable.connect(() => resolve());
  });

  task.report_progress(0.5, `begun ${value}`);
  await cancelled;
  GLib.file_set_contents(task.worker.parameters.file, `${value} was cancelled`);
}
