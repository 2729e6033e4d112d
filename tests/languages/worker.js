// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A worker program in JavaScript: worker.js NAME

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';
import GObject from 'gi://GObject';
import System from 'system';

const functions = {
  increment: value => new GLib.Variant('x', value.get_int64() + 1),
  sign: value => new GLib.Variant('s', `${value.get_string()[0]}, JavaScript`),
};

// Values are those of other languages: not the texts that stages in JavaScript send each other.
const Worker = GObject.registerClass(class Worker extends Mpipe.Worker {
  vfunc_begin(task) {
    try {
      task.return_value(functions[ARGV[0]](task.get_value()));
    } catch (error) {
      task.fail_with_message(`${error}`);
    }
  }
});

System.exit(new Worker().run([System.programInvocationName, ...ARGV]));
