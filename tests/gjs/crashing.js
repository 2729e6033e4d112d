// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// The workers of test-crash-points.js: they have a fault at one point of their life.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Mpipe from 'gi://Mpipe?version=1.0';
import System from 'system';

export const CULPRIT = 3;

function hang() {
  for (;;);
}

// JavaScript has no signals of its own. The interpreter has a handler for one SIGSEGV, which it takes
// for its own fault and gives up at the next.
function signalItself(name) {
  for (;;)
    Gio.Subprocess.new(['kill', `-${name}`, GLib.file_read_link('/proc/self')], 0).wait(null);
}

const faults = {
  kill: () => signalItself('KILL'),
  segfault: () => signalItself('SEGV'),
  sigstop: () => signalItself('STOP'),
  exit0: () => System.exit(0),
  exit1: () => System.exit(1),
  error: () => {
    throw new RangeError('an error at its point');
  },
  hang,
};

// Gives each task twice.
export const Crashing = GObject.registerClass(
class Crashing extends Mpipe.Worker {
  arrive(point, task = CULPRIT) {
    if (point === this.parameters.point && task === CULPRIT)
      faults[this.parameters.fault]();
  }

  vfunc_start() {
    this.arrive('start');
  }

  vfunc_task(task) {
    this.arrive('task', task);
    return this.give(task);
  }

  * give(task) {
    yield task;
    this.arrive('halfWay', task);
    if (task === CULPRIT && this.parameters.fault === 'unsendable')
      yield new Date(0);
    yield task;
    this.arrive('afterTheResults', task);
  }

  vfunc_stop() {
    this.arrive('stop');
  }
});

export function spin() {
  print('busy');
  hang();
}
