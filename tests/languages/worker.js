// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A worker program in JavaScript: worker.js NAME

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';
import GObject from 'gi://GObject';
import System from 'system';

const functions = {
  increment: task => new GLib.Variant('x', Number(task) + 1),
  sign: task => new GLib.Variant('s', `${task}, JavaScript`),
};

const Worker = GObject.registerClass(class Worker extends Mpipe.Worker {
  vfunc_task(task) {
    return functions[ARGV[0]](task);
  }
});

System.exit(new Worker().run([System.programInvocationName, ...ARGV]));
