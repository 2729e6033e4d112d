// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Two linked stages: the results of the first are the tasks of the second. Each has two workers; both are
// ordered, so that the results come in the order of the tasks.

import Mpipe from 'gi://Mpipe?version=1.0';

const first = new Mpipe.Stage({ worker: 'workers.js#increment', size: 2 });
const second = new Mpipe.Stage({ worker: 'workers.js#twice', size: 2 });
first.link(second);

const pipeline = new Mpipe.Pipeline(first);
for (let i = 0; i < 10; i++)
  pipeline.put(i);
pipeline.stop();
for await (const result of pipeline)
  print(result);
