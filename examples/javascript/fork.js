// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A fork: a stage that is linked to two others gives each of its results to both. The pipeline has two
// leaves then; results() says which leaf a result comes from, and of which task.

import Mpipe from 'gi://Mpipe?version=1.0';

const first = new Mpipe.Stage({ worker: 'workers.js#addFive' });
const squares = new Mpipe.Stage({ worker: 'workers.js#square', size: 2 });
const negatives = new Mpipe.Stage({ worker: 'workers.js#negate' });
first.link(squares);
first.link(negatives);

const pipeline = new Mpipe.Pipeline(first);
for (let i = 1; i <= 5; i++)
  pipeline.put(i);
pipeline.stop();

// each leaf keeps its order; which of the two is ahead of the other is not said
const found = new Map([[squares, []], [negatives, []]]);
for await (const { value, leaf } of pipeline.results())
  found.get(leaf).push(value);
print(`squares: ${found.get(squares).join(' ')}`);
print(`negatives: ${found.get(negatives).join(' ')}`);
