// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported checkTypes, extend, setProgramFile */

// Stages whose worker is a function or a class that a module file exports: FILE#NAME. Each of their
// processes is the interpreter that runs this program, with runner.js, which imports the file.

const { Gio, GLib, GObject } = imports.gi;
const System = imports.system;
const { makeType, packDictionary } = imports.overrides.mpipe.variant;

const RUNNER = Gio.File.new_for_path(imports.overrides.mpipe.variant.__file__)
  .get_parent().get_child('runner.js').get_path();

const declaredTypes = new WeakMap(); // stage → what its runner was told

let programFile = System.programPath === null ? null : Gio.File.new_for_path(System.programPath);

// For a process that is the runner: its program is the file of the worker.
function setProgramFile(file) {
  programFile = file;
}

// The file of the interpreter, also if this program is another one that has a GJS inside.
function findInterpreter() {
  const own = GLib.file_read_link('/proc/self/exe');

  return GLib.path_get_basename(own).startsWith('gjs') ? own : 'gjs';
}

// Relative names are looked for beside the program.
function findFile(name) {
  if (name.startsWith('file:') || name.startsWith('resource:'))
    return Gio.File.new_for_uri(name);
  if (programFile === null || GLib.path_is_absolute(name))
    return Gio.File.new_for_path(name);
  return programFile.get_parent().resolve_relative_path(name);
}

function parseWorker(worker) {
  const hash = typeof worker === 'string' ? worker.lastIndexOf('#') : -1;

  if (hash < 1 || hash === worker.length - 1)
    throw new TypeError(`A worker is “FILE#NAME”, not ${JSON.stringify(worker)}`);

  const file = findFile(worker.slice(0, hash));
  if (!file.query_exists(null))
    throw new Error(`There is no file “${file.get_parse_name()}” for the worker “${worker}”`);
  return { uri: file.get_uri(), name: worker.slice(hash + 1) };
}

function typeOption(option, type) {
  return type === null ? [] : [`--${option}=${type.dup_string()}`];
}

function buildCommand(uri, name, taskType, resultType) {
  return [findInterpreter(), '-m', RUNNER, ...typeOption('task-type', taskType),
    ...typeOption('result-type', resultType), `${uri}#${name}`];
}

// The names of properties may be written as in C, with dashes, or with capitals.
function underscored(name) {
  return name.replace(/-/g, '_').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function convertProperties(given) {
  const properties = {};

  for (const [name, value] of Object.entries(given))
    properties[underscored(name)] = value;
  for (const name of ['task_type', 'result_type']) {
    if (properties[name] !== undefined && properties[name] !== null)
      properties[name] = makeType(properties[name]);
    else
      delete properties[name];
  }
  if (properties.parameters && !(properties.parameters instanceof GLib.Variant))
    properties.parameters = packDictionary(properties.parameters);
  return properties;
}

function init(stage, given = {}) {
  const properties = convertProperties(given);

  if (properties.worker === undefined) {
    GObject.Object.prototype._init.call(stage, properties);
    return;
  }

  const { uri, name } = parseWorker(properties.worker);
  const types = [properties.task_type ?? null, properties.result_type ?? null];
  delete properties.worker;
  GObject.Object.prototype._init.call(stage,
    { name, ...properties, command: buildCommand(uri, name, ...types) });
  declaredTypes.set(stage, types.map(type => type?.dup_string()));
}

// new_ordered() and new_unordered() of C know registered names only.
function wrapConstructor(Stage, newInC, ordered) {
  return (worker, size) => {
    if (typeof worker === 'string' && worker.includes('#'))
      return new Stage({ worker, size, ordered });
    return newInC.call(Stage, worker, size);
  };
}

function extend(Mpipe) {
  const { Stage } = Mpipe;

  Stage.prototype._init = function (properties) {
    init(this, properties);
  };
  Stage.new_ordered = wrapConstructor(Stage, Stage.new_ordered, true);
  Stage.new_unordered = wrapConstructor(Stage, Stage.new_unordered, false);
}

// A runner knows the types with which its stage was made.
function checkTypes(stage) {
  const declared = declaredTypes.get(stage);

  if (declared === undefined)
    return;
  for (const [i, property] of ['task_type', 'result_type'].entries()) {
    if (stage[property]?.dup_string() !== declared[i]) {
      throw new TypeError(`Stage “${stage.name}”: its ${property} was set after it was made; ` +
        'give it to the constructor');
    }
  }
}
