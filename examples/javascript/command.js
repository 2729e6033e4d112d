// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A stage whose worker is a program in another language. What such a program takes and gives are GVariants: the
// stage says of which type. The numbers may be larger than a Number is exact.

import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';

const folder = GLib.getenv('MPIPE_EXAMPLE_DIR') ?? GLib.path_get_dirname(import.meta.url.slice(7));
const stage = new Mpipe.Stage({
  name: 'square',
  command: ['python3', GLib.build_filenamev([folder, 'wire-worker.py'])],
  size: 2,
  taskType: 'x',
  resultType: 'x',
});
const pipeline = new Mpipe.Pipeline(stage);

[3, -7, 2n ** 63n - 1n, 1000000, 0].forEach(task => pipeline.put(task));
pipeline.stop();
for (let ended = false; !ended;) {
  try {
    const result = await pipeline.get();

    ended = result === undefined;
    if (!ended)
      print(result);
  } catch (error) {
    print('a task failed');
    printerr(error.message);
  }
}
