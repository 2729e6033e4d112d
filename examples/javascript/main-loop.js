// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A program with a main loop, which never waits in a call: it puts its tasks, and is told about results, failures
// and the end by signals. Three of its tasks are no numbers; each of them fails alone, in its place.

import Gio from 'gi://Gio';
import Mpipe from 'gi://Mpipe?version=1.0';

const application = new Gio.Application({ flags: Gio.ApplicationFlags.NON_UNIQUE });
let pipeline = null;

application.connect('activate', () => {
  pipeline = new Mpipe.Pipeline(new Mpipe.Stage({ worker: 'workers.js#parse', size: 2 }));
  pipeline.connect('result', (self, value, taskId) => print(`task ${taskId}: ${value}`));
  pipeline.connect('task-failed', (self, taskId, stage, error) => {
    print(`task ${taskId}: failed`);
    printerr(error.message);
    return true;
  });
  pipeline.connect('completed', () => {
    print(`completed: ${pipeline.n_results} results, ${pipeline.n_failed} failures`);
    application.release();
  });
  for (const text of ['1', 'two', '-3', '4000', '5', ''])
    pipeline.put(text);
  pipeline.stop();
  application.hold(); // until the pipeline has completed
});
application.run([]);
