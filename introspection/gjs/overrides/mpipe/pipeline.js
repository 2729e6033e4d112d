// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported extend */

// A pipeline for JavaScript: plain values, promises, and iteration. What waits in C without a main
// loop has the suffix _sync here.

const { GLib, GObject } = imports.gi;
const { separate } = imports.overrides.mpipe.trace;
const { open, seal } = imports.overrides.mpipe.value;
const { checkTypes } = imports.overrides.mpipe.stage;

const waitingPuts = new WeakMap(); // pipeline → how many puts wait for room

// All stages that a first one leads to.
function collectStages(Mpipe, first, found = new Set()) {
  if (found.has(first))
    return found;
  found.add(first);
  first.get_next().forEach(stage => collectStages(Mpipe, stage, found));
  if (first instanceof Mpipe.FilterStage)
    first.get_stages().forEach(stage => collectStages(Mpipe, stage, found));
  return found;
}

function check(Mpipe, first) {
  if (!(first instanceof Mpipe.Stage))
    throw new TypeError('A pipeline is made of its first stage');
  if (Mpipe.importing_worker) {
    throw new Error('The file of a worker makes a pipeline while it is imported: ' +
      'let it do so only if Mpipe.importing_worker is false, or keep workers in a file of their own');
  }
  collectStages(Mpipe, first).forEach(checkTypes);
}

// What a result is. What passes a filter stage is a task, with results unless those are dropped.
function openResult(Mpipe, variant, leaf) {
  if (!(leaf instanceof Mpipe.FilterStage))
    return open(variant, leaf.result_type);
  return leaf.drop_results ? open(variant, leaf.task_type) : openPassed(Mpipe, variant, leaf);
}

// The type of the results of a filter's inner pipelines; null unless all say one.
function innerType(Mpipe, filter) {
  const leaves = filter.get_stages().flatMap(head => [...collectStages(Mpipe, head)])
    .filter(stage => stage.get_next().length === 0);

  return leaves.every(leaf => leaf.result_type !== null) ? leaves[0].result_type : null;
}

function openPassed(Mpipe, variant, leaf) {
  const task = variant.get_child_value(0).get_variant(), latest = variant.get_child_value(1);
  const type = innerType(Mpipe, leaf), results = [];

  for (let i = 0; i < latest.n_children(); i++)
    results.push(open(latest.get_child_value(i).get_variant(), type));
  return { task: open(task, leaf.task_type), results };
}

// Runs a call that may throw the error of a worker.
function calling(call) {
  try {
    return call();
  } catch (error) {
    throw separate(error);
  }
}

function nameStage(pipeline, error) {
  if (error instanceof TypeError)
    error.message = `stage “${pipeline.get_first().get_name()}”: ${error.message}`;
  return error;
}

function sealTask(pipeline, value, takers) {
  try {
    return seal(value, pipeline.get_first().task_type, takers);
  } catch (error) {
    throw nameStage(pipeline, error);
  }
}

function tryPut(pipeline, value) {
  return sealTask(pipeline, value, {
    bytes: bytes => pipeline.try_put_bytes(bytes),
    text: text => pipeline.try_put_text(text),
    variant: variant => pipeline._try_put(variant),
  });
}

// GJS keeps the callback of a call that has completed until the next such call: it must not refer to
// the pipeline, which would be kept as well.
function completion(resolve, reject, finish) {
  return (source, result) => {
    try {
      resolve(finish(source, result));
    } catch (error) {
      reject(separate(error));
    }
  };
}

function promise(start, finish) {
  return new Promise((resolve, reject) => start(completion(resolve, reject, finish)));
}

function finishPut(pipeline, result) {
  waitingPuts.set(pipeline, waitingPuts.get(pipeline) - 1);
  return pipeline.put_finish(result);
}

function putWhenThereIsRoom(pipeline, value, cancellable) {
  return promise(callback => {
    sealTask(pipeline, value, {
      bytes: bytes => pipeline.put_bytes_async(bytes, cancellable, callback),
      text: text => pipeline.put_text_async(text, cancellable, callback),
      variant: variant => pipeline.put_async(variant, cancellable, callback),
    });
    waitingPuts.set(pipeline, (waitingPuts.get(pipeline) ?? 0) + 1);
  }, finishPut);
}

// Accepted during the call if there is room: "put everything, stop" needs no await then.
function put(pipeline, value, cancellable) {
  try {
    const id = waitingPuts.get(pipeline) > 0 ? 0 : tryPut(pipeline, value);

    return id > 0 ? Promise.resolve(id) : putWhenThereIsRoom(pipeline, value, cancellable);
  } catch (error) {
    return Promise.reject(error);
  }
}

function toVariant(pipeline, value) {
  return sealTask(pipeline, value, {
    bytes: bytes => GLib.Variant.new_from_bytes(new GLib.VariantType('ay'), bytes, true),
    text: text => new GLib.Variant('s', text),
    variant: variant => variant,
  });
}

// As put; the descriptors are duplicated during the call.
function putWithFds(pipeline, value, fdList, cancellable) {
  try {
    const task = toVariant(pipeline, value);
    const id = waitingPuts.get(pipeline) > 0 ? 0 : pipeline.try_put_with_fds(task, fdList);

    if (id > 0)
      return Promise.resolve(id);
    return promise(callback => {
      pipeline.put_with_fds_async(task, fdList, cancellable, callback);
      waitingPuts.set(pipeline, (waitingPuts.get(pipeline) ?? 0) + 1);
    }, finishPut);
  } catch (error) {
    return Promise.reject(error);
  }
}

function putSync(pipeline, value, cancellable) {
  return sealTask(pipeline, value, {
    bytes: bytes => pipeline.put_bytes(bytes, cancellable),
    text: text => pipeline.put_text(text, cancellable),
    variant: variant => pipeline._put(variant, cancellable),
  });
}

function finishWait(pipeline, result) {
  return pipeline.wait_finish(result);
}

function getFullSync(Mpipe, pipeline, cancellable) {
  return calling(() => entry(Mpipe, ...pipeline._get_full(cancellable)));
}

// One result; undefined at the end.
function entry(Mpipe, variant, taskId, leaf) {
  if (variant === null)
    return undefined;
  return { value: openResult(Mpipe, variant, leaf), task_id: taskId, leaf };
}

// A failure that was collected, with its task.
function openFailure(pipeline, failure) {
  const task = failure.get_task();

  return {
    task_id: failure.get_task_id(),
    task: task === null ? undefined : open(task, pipeline.get_first().task_type),
    stage: failure.get_stage(),
    error: separate(failure.get_error()),
  };
}

function wrapHandler(Mpipe, signal, handler) {
  switch (signal.replace(/_/g, '-')) {
  case 'result':
    return (pipeline, variant, taskId, leaf) =>
      handler(pipeline, openResult(Mpipe, variant, leaf), taskId, leaf);
  case 'task-failed':
    return (pipeline, taskId, stage, error) => handler(pipeline, taskId, stage, separate(error));
  default:
    return handler;
  }
}

// What a `for await` loop reads.
function iterate(next) {
  return {
    async next() {
      const value = await next();

      return { value, done: value === undefined };
    },
    return(value) {
      return Promise.resolve({ value, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function extendConstruction(Mpipe) {
  const newInC = Mpipe.Pipeline.new;

  Mpipe.Pipeline.new = function (first) {
    check(Mpipe, first);
    return calling(() => newInC.call(Mpipe.Pipeline, first));
  };
  Mpipe.Pipeline.prototype._init = function (first) {
    check(Mpipe, first);
    GObject.Object.prototype._init.call(this, { first });
    calling(() => this.init(null));
  };
}

function extendTasks(prototype) {
  prototype._put = prototype.put;
  prototype._try_put = prototype.try_put;
  prototype.put = function (value, cancellable = null) {
    return put(this, value, cancellable);
  };
  prototype.put_with_fds = function (value, fdList, cancellable = null) {
    return putWithFds(this, value, fdList, cancellable);
  };
  prototype.put_sync = function (value, cancellable = null) {
    return putSync(this, value, cancellable);
  };
  prototype.try_put = function (value) {
    return tryPut(this, value);
  };
}

function extendResults(Mpipe, prototype) {
  const finish = (pipeline, result) => entry(Mpipe, ...pipeline.get_full_finish(result));

  prototype._get_full = prototype.get_full;
  prototype.get_full = function (cancellable = null) {
    return promise(callback => this.get_async(cancellable, callback), finish);
  };
  prototype.get_full_sync = function (cancellable = null) {
    return getFullSync(Mpipe, this, cancellable);
  };
  prototype.get = async function (cancellable = null) {
    return (await this.get_full(cancellable))?.value;
  };
  prototype.get_sync = function (cancellable = null) {
    return getFullSync(Mpipe, this, cancellable)?.value;
  };
  prototype._take_failures = prototype.take_failures;
  prototype.take_failures = function () {
    return this._take_failures().map(failure => openFailure(this, failure));
  };
  prototype.results = function () {
    return iterate(() => this.get_full());
  };
  prototype[Symbol.asyncIterator] = function () {
    return iterate(() => this.get());
  };
}

function extendEvents(Mpipe, prototype) {
  const { connect, connect_after: connectAfter } = GObject.Object.prototype;

  prototype.connect = function (signal, handler) {
    return connect.call(this, signal, wrapHandler(Mpipe, signal, handler));
  };
  prototype.connect_after = function (signal, handler) {
    return connectAfter.call(this, signal, wrapHandler(Mpipe, signal, handler));
  };
  prototype.wait_sync = prototype.wait;
  prototype.wait = function (cancellable = null) {
    return promise(callback => this.wait_async(cancellable, callback), finishWait);
  };
}

function extend(Mpipe) {
  extendConstruction(Mpipe);
  extendTasks(Mpipe.Pipeline.prototype);
  extendResults(Mpipe, Mpipe.Pipeline.prototype);
  extendEvents(Mpipe, Mpipe.Pipeline.prototype);
}
