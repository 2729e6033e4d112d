// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// One stage of one worker. The worker is a function that workers.js exports; it runs in a process of its
// own.

import Mpipe from 'gi://Mpipe?version=1.0';

const stage = new Mpipe.Stage({ worker: 'workers.js#greet', size: 1 });
const pipeline = new Mpipe.Pipeline(stage);

pipeline.put('world');
pipeline.put('pipeline');
pipeline.stop();
for await (const greeting of pipeline)
  print(greeting);
