// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: the mpipe-glib authors

/* exported describe, separate */

// An exception of a worker in the message of a task's failure: what it says, then where it was
// thrown. The application gets the two apart.

const HEADING = '\n\nIn the worker, at:\n';

function describe(exception) {
  if (exception === null || typeof exception !== 'object')
    return String(exception);

  const said = 'message' in exception && 'name' in exception
    ? `${exception.name}: ${exception.message}` : String(exception);
  return exception.stack ? `${said}${HEADING}${exception.stack.trimEnd()}` : said;
}

// Gives a GError that came from a worker its own message, and the rest as worker_stack, without the
// domain and code that follow it.
function separate(error) {
  const whole = error?.message;
  const end = typeof whole === 'string' ? whole.indexOf(HEADING) : -1;

  if (end >= 0) {
    Object.defineProperty(error, 'message', { value: whole.slice(0, end), configurable: true });
    error.worker_stack = whole.slice(end + HEADING.length).replace(/ \([\w-]+, \d+\)$/, '');
  }
  return error;
}
