#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Runs an example, and looks at what it prints and what it leaves behind.

    run-example.py EXPECTED-OUTPUT PROGRAM [ARGUMENT...]

Fails when the program does not end with status 0 in time, when its standard output is not what the
file says, and when it leaves a process: what it started and did not wait for becomes ours.
"""

import ctypes
import difflib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

DEADLINE = 60  # seconds

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'cannot adopt the processes that examples leave')


def find_children():
    """Returns {process: its command}; of one that has ended already, the name in parentheses."""
    children = {}
    for directory in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            name, _, rest = (directory / 'stat').read_text().partition('(')[2].rpartition(')')
            command = (directory / 'cmdline').read_bytes().replace(b'\0', b' ')
        except OSError:  # it ended meanwhile
            continue
        if int(rest.split()[1]) == os.getpid():
            children[int(directory.name)] = command.decode(errors='replace') or f'({name})'
    return children


def end_children():
    """Ends what is left, and what that leaves in turn. Returns what it was."""
    left = {}
    while True:
        children = find_children()
        if not children:
            return left
        left.update(children)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def run(command):
    """Returns (what the program printed, what was wrong with its end)."""
    # Programs with a main loop look for a session bus, and would start one; messages are UTF-8.
    environment = {**os.environ, 'DBUS_SESSION_BUS_ADDRESS': 'disabled:', 'LC_ALL': 'C.UTF-8'}
    with tempfile.TemporaryFile() as output:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   env=environment)
        try:
            status = program.wait(timeout=DEADLINE)
            problems = [f'exit status {status}'] if status != 0 else []
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            problems = [f'not finished after {DEADLINE} s']
        if not problems:
            problems = [f'left process {pid}: {what}' for pid, what in find_children().items()]
        end_children()
        output.seek(0)
        return output.read().decode(errors='replace'), problems


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    adopt_orphans()
    expected = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
    printed, problems = run(sys.argv[2:])
    sys.stdout.writelines(difflib.unified_diff(
        expected.splitlines(keepends=True), printed.splitlines(keepends=True), 'expected', 'printed'))
    if printed != expected:
        problems.append('the output is not what it should be')
    for problem in problems:
        print(f'{sys.argv[2]}: {problem}', file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
