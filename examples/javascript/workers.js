// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// The workers of the examples: what this file exports can be the worker of a stage.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Mpipe from 'gi://Mpipe?version=1.0';

Gio._promisify(Gio.Subprocess.prototype, 'communicate_utf8_async');

export function greet(name) {
  return `Hello, ${name}!`;
}

export function increment(number) {
  return number + 1;
}

export function twice(number) {
  return number * 2;
}

export function addFive(number) {
  return number + 5;
}

export function square(number) {
  return number * number;
}

export function negate(number) {
  return -number;
}

export function parse(text) {
  const number = Number(text);

  if (text === '' || !Number.isInteger(number) || Math.abs(number) > 1000)
    throw new RangeError(`“${text}” is no number up to 1000`);
  return number;
}

// Each factor is a result as soon as it is found.
export function* factorise(number) {
  let rest = number;

  for (let factor = 2; factor * factor <= rest; factor++) {
    while (rest % factor === 0) {
      yield factor;
      rest /= factor;
    }
  }
  return rest > 1 ? rest : undefined;
}

// While one task waits, the process may begin others, if its stage allows it.
export async function nap(milliseconds) {
  await new Promise(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
  return milliseconds;
}

// Lets a program compute, and waits for it.
export async function double(text, task) {
  const program = Gio.Subprocess.new(['expr', text, '*', '2'],
    Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_SILENCE);
  const [output] = await program.communicate_utf8_async(null, task.cancellable);

  if (!program.get_successful())
    throw new Error('the program was not successful');
  return output.trim();
}

export async function analyse(number) {
  await nap(300);
  return `analysis of ${number}`;
}

export const Scaler = GObject.registerClass(
class Scaler extends Mpipe.Worker {
  vfunc_start() {
    this.factor = this.parameters.factor;
    if (this.factor === undefined)
      throw new Error('it needs a factor');
  }

  vfunc_task(number) {
    return number * this.factor;
  }
});
