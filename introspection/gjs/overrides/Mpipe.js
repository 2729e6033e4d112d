// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported _init */

// What GJS adds to the introspected library, when a program imports it. doc/javascript.md says what.

function _init() {
  const Mpipe = this;

  Mpipe.importing_worker = false; // whether this process is a worker that imports its file
  imports.overrides.mpipe.stage.extend(Mpipe);
  imports.overrides.mpipe.pipeline.extend(Mpipe);
  imports.overrides.mpipe.worker.extend(Mpipe);
}
