// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported createWorker, extend, setTypes */

// Workers in JavaScript. A subclass of Mpipe.Worker has vfunc_task (value, task), which gets and
// returns plain values; it may return a promise, or be a generator, each of whose values is a
// result. Under it lies vfunc_begin, so that all of them end in one way, by the task's methods.

const { GLib, GObject } = imports.gi;
const { describe } = imports.overrides.mpipe.trace;
const { open, seal } = imports.overrides.mpipe.value;
const { unpack } = imports.overrides.mpipe.variant;

let taskType = null, resultType = null; // of the stage of this process

function setTypes(ofTasks, ofResults) {
  taskType = ofTasks;
  resultType = ofResults;
}

// The value of a task; undefined in the call after the last one, which has none.
function openTask(task) {
  const variant = task.get_value();

  if (variant === null)
    return undefined;
  if (taskType !== null && !variant.is_of_type(taskType)) {
    throw new TypeError(`the stage takes tasks of type “${taskType.dup_string()}”, ` +
      `this one is of type “${variant.get_type_string()}”`);
  }
  return open(variant, taskType);
}

function sealResult(value, takers) {
  try {
    return seal(value, resultType, takers);
  } catch (error) {
    if (error instanceof TypeError)
      error.message = `the result cannot be given: ${error.message}`;
    throw error;
  }
}

function putResult(task, value) {
  sealResult(value, {
    bytes: bytes => task.put_bytes(bytes),
    text: text => task.put_text(text),
    variant: variant => task.put_result(variant),
  });
}

function returnResult(task, value) {
  if (value === undefined) {
    task.return_value(null);
    return;
  }
  sealResult(value, {
    bytes: bytes => task.return_bytes(bytes),
    text: text => task.return_text(text),
    variant: variant => task.return_value(variant),
  });
}

function isGenerator(value) {
  return typeof value?.next === 'function' &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function putAll(task, generator) {
  for (;;) {
    const { value, done } = generator.next();

    if (done)
      return value;
    putResult(task, value);
  }
}

async function putAllAsync(task, generator) {
  for (;;) {
    const { value, done } = await generator.next();

    if (done)
      return value;
    putResult(task, value);
  }
}

function fail(task, exception) {
  task.fail_with_message(describe(exception));
}

// The end of a task that goes on after its call.
async function finish(task, promise) {
  try {
    returnResult(task, await promise);
  } catch (exception) {
    fail(task, exception);
  }
}

function run(task, work) {
  try {
    let outcome = work(openTask(task), task);

    if (isGenerator(outcome)) {
      outcome = Symbol.asyncIterator in outcome
        ? putAllAsync(task, outcome) : putAll(task, outcome);
    }
    if (outcome instanceof Promise)
      finish(task, outcome);
    else
      returnResult(task, outcome);
  } catch (exception) {
    fail(task, exception);
  }
}

// What a subclass has as vfunc_task is not the one of C.
function prepareClass(klass) {
  const { prototype } = klass;
  const own = name => Object.prototype.hasOwnProperty.call(prototype, name);

  if (own('vfunc_task') && !own('vfunc_begin')) {
    prototype.vfunc_begin = function (task) {
      run(task, (value, given) => this.vfunc_task(value, given));
    };
  }
  if (own('vfunc_start')) {
    const start = prototype.vfunc_start;

    prototype.vfunc_start = function () {
      return start.call(this) !== false;
    };
  }
}

// Lets C see all virtual functions but vfunc_task.
function initClass(Worker, klass, initInC) {
  const own = Object.getOwnPropertyDescriptor(klass.prototype, 'vfunc_task');

  prepareClass(klass);
  if (own !== undefined)
    delete klass.prototype.vfunc_task;
  const initialised = initInC.call(Worker, klass);
  if (own !== undefined)
    Object.defineProperty(klass.prototype, 'vfunc_task', own);
  return initialised;
}

let FunctionWorker = null; // made when a worker needs it

function createFunctionWorker(Mpipe, work, problem) {
  FunctionWorker ??= GObject.registerClass({
    GTypeName: 'MpipeJavaScriptFunctionWorker',
  }, class extends Mpipe.Worker {
    vfunc_start() {
      if (this.problem !== null)
        throw this.problem;
    }

    vfunc_task(value, task) {
      return this.work(value, task);
    }
  });
  return Object.assign(new FunctionWorker(), { work, problem });
}

// The worker for what a module exports under a name; if it is none, one that says so when it starts.
function createWorker(Mpipe, file, name, exported, problem) {
  if (problem !== null)
    return createFunctionWorker(Mpipe, null, problem);
  if (typeof exported !== 'function') {
    return createFunctionWorker(Mpipe, null,
      new TypeError(`“${file}” exports no function and no class “${name}”`));
  }
  if (!(exported.prototype instanceof Mpipe.Worker))
    return createFunctionWorker(Mpipe, exported, null);
  try {
    return new exported();
  } catch (exception) {
    return createFunctionWorker(Mpipe, null, exception);
  }
}

function extendTask(prototype) {
  prototype.put = function (value) {
    putResult(this, value);
  };
  Object.defineProperty(prototype, 'worker', {
    get() {
      return this.get_worker();
    },
  });
  Object.defineProperty(prototype, 'cancellable', {
    get() {
      return this.get_cancellable();
    },
  });
}

function extend(Mpipe) {
  const initInC = Mpipe.Worker._classInit;

  Mpipe.Worker._classInit = function (klass) {
    return initClass(this, klass, initInC);
  };
  Object.defineProperty(Mpipe.Worker.prototype, 'parameters', {
    get() {
      return unpack(this.get_parameters());
    },
  });
  extendTask(Mpipe.Task.prototype);
}
