// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A worker that is a class, with parameters. Two stages of the same class differ in them.

import Mpipe from 'gi://Mpipe?version=1.0';

async function printScaled(factor) {
  const stage = new Mpipe.Stage({ worker: 'workers.js#Scaler', size: 2, parameters: { factor } });
  const pipeline = new Mpipe.Pipeline(stage);
  const results = [];

  for (let i = 1; i <= 5; i++)
    pipeline.put(i);
  pipeline.stop();
  for await (const result of pipeline)
    results.push(result);
  print(`times ${factor}: ${results.join(' ')}`);
}

await printScaled(3);
await printScaled(10);
