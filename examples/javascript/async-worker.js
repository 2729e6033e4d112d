// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Tasks that end later. The worker does not compute: for each task it runs a program, and waits. So one process
// does for all: it has up to four tasks open at a time. One of the programs fails, and so does its task.

import Mpipe from 'gi://Mpipe?version=1.0';

const stage = new Mpipe.Stage({ worker: 'workers.js#double', concurrency: 4 });
const pipeline = new Mpipe.Pipeline(stage);

for (const text of ['1', '22', '333', 'four', '55555', '666666'])
  pipeline.put(text);
pipeline.stop();
for (let ended = false; !ended;) {
  try {
    for await (const result of pipeline)
      print(result);
    ended = true;
  } catch (error) {
    print('failed');
    printerr(error.message);
  }
}
