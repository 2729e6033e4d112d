// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// A worker file that makes a pipeline when it is imported, without asking whether it may.

import Mpipe from 'gi://Mpipe?version=1.0';

export function unguarded(value) {
  return value;
}

const pipeline = new Mpipe.Pipeline(new Mpipe.Stage({ worker: 'one-file.js#unguarded' }));
pipeline.stop();
await pipeline.wait();
