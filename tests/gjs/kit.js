// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// Runs the functions of a test program one after the other, each with a deadline, and tells in TAP how
// they did. A test that leaves a child process or a descriptor fails.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';
import System from 'system';

const DEADLINE_S = 120;

const OWN_PID = Number(GLib.file_read_link('/proc/self'));

function listFolder(path) {
  const names = [];
  const entries = Gio.File.new_for_path(path).enumerate_children('standard::name',
    Gio.FileQueryInfoFlags.NONE, null);

  for (let info = entries.next_file(null); info !== null; info = entries.next_file(null))
    names.push(info.get_name());
  entries.close(null);
  return names;
}

export function readText(path) {
  return new TextDecoder().decode(GLib.file_get_contents(path)[1]);
}

function parentOf(pid) {
  try {
    return Number(readText(`/proc/${pid}/stat`).replace(/^.*\)/s, '').trim().split(' ')[1]);
  } catch {
    return null; // it has ended meanwhile
  }
}

export function findChildren(pid = OWN_PID) {
  return listFolder('/proc').filter(name => /^\d+$/.test(name) && parentOf(name) === Number(pid));
}

function describeDescriptor(name) {
  try {
    return GLib.file_read_link(`/proc/self/fd/${name}`);
  } catch {
    return null; // that of the folder that is read
  }
}

// Channels, pages, processes and files. What wakes up a main loop goes when GJS collects its garbage.
function findDescriptors() {
  return listFolder('/proc/self/fd').map(describeDescriptor)
    .filter(what => what !== null && what !== 'anon_inode:[eventfd]').sort();
}

export class AssertionError extends Error {
}

export function assert(condition, message) {
  if (!condition)
    throw new AssertionError(message);
}

function express(value) {
  return JSON.stringify(value, (key, member) => {
    if (typeof member === 'bigint')
      return `${member}n`;
    return member instanceof Uint8Array ? `bytes ${member.join(' ')}` : member;
  });
}

export function assertEqual(actual, expected, message = 'value') {
  assert(express(actual) === express(expected),
    `${message}: ${express(actual)}, not ${express(expected)}`);
}

export function assertMatch(text, pattern) {
  assert(pattern.test(text), `“${text}” does not match ${pattern}`);
}

// What a function throws, or a promise is rejected with.
export async function thrownBy(action) {
  let value;

  try {
    value = typeof action === 'function' ? await action() : await action;
  } catch (error) {
    return error;
  }
  throw new AssertionError(`nothing was thrown, ${express(value)} returned`);
}

export function after(milliseconds, then) {
  return GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
    then();
    return GLib.SOURCE_REMOVE;
  });
}

export function nextSignal(object, name) {
  return new Promise(resolve => {
    const handler = object.connect(name, (source, ...details) => {
      object.disconnect(handler);
      resolve(details);
    });
  });
}

export function stageOf(worker, properties = {}) {
  return new Mpipe.Stage({ worker: `workers.js#${worker}`, ...properties });
}

// All results of tasks, and the errors between them, in a pipeline that ends.
export async function collect(first, tasks) {
  const pipeline = new Mpipe.Pipeline(first);
  const collected = [];

  tasks.forEach(task => pipeline.put(task));
  pipeline.stop();
  for (let ended = false; !ended;) {
    try {
      for await (const result of pipeline)
        collected.push(result);
      ended = true;
    } catch (error) {
      collected.push(error);
    }
  }
  await pipeline.wait();
  return collected;
}

function deadline(seconds) {
  let source = 0;
  const reached = new Promise((resolve, reject) => {
    source = after(seconds * 1000, () => {
      source = 0;
      reject(new AssertionError(`not finished after ${seconds} s`));
    });
  });

  return { reached, cancel: () => source > 0 && GLib.source_remove(source) };
}

async function withDeadline(seconds, action) {
  const limit = deadline(seconds);

  try {
    return await Promise.race([action(), limit.reached]);
  } finally {
    limit.cancel();
  }
}

// Descriptors that were not there before.
function findNewDescriptors(allowed) {
  const rest = [...allowed];

  return findDescriptors().filter(what => {
    const i = rest.indexOf(what);

    if (i >= 0)
      rest.splice(i, 1);
    return i < 0;
  });
}

// Those of processes that have ended are closed by another thread, soon; those of memory that values
// are in, when GJS collects its garbage.
async function closeDescriptors(allowed) {
  while (findNewDescriptors(allowed).length > 0) {
    System.gc();
    await new Promise(resolve => after(1, resolve));
  }
}

async function runOne(test, descriptors) {
  await withDeadline(DEADLINE_S, test);
  assertEqual(findChildren(), [], 'children left');
  await withDeadline(DEADLINE_S, () => closeDescriptors(descriptors));
}

export async function run(...tests) {
  let nFailed = 0;
  const descriptors = findDescriptors();

  print(`1..${tests.length}`);
  for (const [i, test] of tests.entries()) {
    const name = test.name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

    try {
      await runOne(test, descriptors);
      print(`ok ${i + 1} ${name}`);
    } catch (error) {
      nFailed++;
      print(`not ok ${i + 1} ${name}`);
      print(`# ${error}\n${error.stack ?? ''}`.trim().replace(/\n/g, '\n# '));
    }
  }
  System.exit(nFailed > 0 ? 1 : 0);
}
