// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A filter stage: every task passes at once, and is offered to an inner pipeline that is slow. While that has
// as many tasks as it may hold, it gets no more. Its latest result goes along with the tasks that pass later.

import Mpipe from 'gi://Mpipe?version=1.0';

const N_TASKS = 10;

const slow = new Mpipe.Stage({ worker: 'workers.js#analyse' });
const filter = Mpipe.FilterStage.new([slow]);
filter.max_tasks = 2;
const pipeline = new Mpipe.Pipeline(filter);

async function printNext() {
  const { task, results } = await pipeline.get();

  print(`task ${task} passed, with [${results.map(result => `<'${result}'>`).join(', ')}]`);
}

for (let i = 1; i <= N_TASKS; i++)
  pipeline.put(i);
for (let i = 1; i <= N_TASKS; i++)
  await printNext();
print(`analysed: ${slow.n_tasks} tasks`);

// counts are notified in the main context: wait there until the analyses are done
await new Promise(resolve => {
  pipeline.connect('notify::backlog', () => slow.backlog === 0 && resolve());
  if (slow.backlog === 0)
    resolve();
});
pipeline.put(N_TASKS + 1);
pipeline.stop();
await printNext();
