// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

// The worker program of stages whose worker is in a module file:
//
//   gjs -m runner.js [--task-type=TYPE] [--result-type=TYPE] FILE#NAME
//
// FILE is a URI, NAME what the file exports: a function, or a subclass of Mpipe.Worker.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Mpipe from 'gi://Mpipe?version=1.0';
import System from 'system';

const { setProgramFile } = imports.overrides.mpipe.stage;
const { createWorker, setTypes } = imports.overrides.mpipe.worker;

const USAGE = 'Usage: gjs -m runner.js [--task-type=TYPE] [--result-type=TYPE] FILE#NAME';

function takeOption(args, option) {
  const start = `--${option}=`;
  const i = args.findIndex(argument => argument.startsWith(start));

  return i < 0 ? null : new GLib.VariantType(args.splice(i, 1)[0].slice(start.length));
}

// Not by await: what comes after it would be inside of a promise, and no other could go on there.
function importModule(uri) {
  const imported = { module: null, problem: null };

  Mpipe.importing_worker = true;
  import(uri).then(module => {
    imported.module = module;
  }, problem => {
    imported.problem = problem ?? new Error('it threw nothing');
  });
  while (imported.module === null && imported.problem === null)
    GLib.MainContext.default().iteration(true);
  Mpipe.importing_worker = false;
  return imported;
}

function main(args) {
  setTypes(takeOption(args, 'task-type'), takeOption(args, 'result-type'));

  const hash = args.length === 1 ? args[0].lastIndexOf('#') : -1;
  if (hash < 1) {
    printerr(USAGE);
    return 2;
  }

  const file = Gio.File.new_for_uri(args[0].slice(0, hash)), name = args[0].slice(hash + 1);
  setProgramFile(file);
  const { module, problem } = importModule(file.get_uri());
  const worker = createWorker(Mpipe, file.get_parse_name(), name, module?.[name], problem);
  return worker.run([System.programInvocationName, ...args]);
}

System.exit(main([...ARGV]));
