// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A task may have any number of results, also none. Results of one task stay together, also when several
// workers are busy.

import Mpipe from 'gi://Mpipe?version=1.0';

const numbers = [12, 1, 97, 360, 1, 1001, 65536, 999999000001];
const pipeline = new Mpipe.Pipeline(new Mpipe.Stage({ worker: 'workers.js#factorise', size: 3 }));
const factors = numbers.map(() => []);

numbers.forEach(number => pipeline.put(number));
pipeline.stop();
// tasks are numbered from 1, in the order in which they were put
for await (const { value, task_id: id } of pipeline.results())
  factors[id - 1].push(value);
for (const [i, number] of numbers.entries()) {
  if (factors[i].length > 0)
    print(`${number} = ${factors[i].join(' ')}`);
}
