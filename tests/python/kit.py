# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What the tests of Python have in common: each has a deadline, and leaves no child process and no descriptor."""

import faulthandler
import gc
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import GLib, Mpipe  # noqa: E402 (the version is required first)

DEADLINE = 60      # seconds, of each test
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def find_children(pid=None):
    """{process: its command} of the children of a process, of this one by default."""
    children = {}
    for directory in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            fields = (directory / 'stat').read_text().rpartition(')')[2].split()
            command = (directory / 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
        except OSError:     # it ended meanwhile
            continue
        if int(fields[1]) == (pid or os.getpid()):
            children[int(directory.name)] = command
    return children


def find_descriptors():
    """{descriptor: what it is}"""
    found = {}
    for name in os.listdir('/proc/self/fd'):
        try:
            found[int(name)] = os.readlink(f'/proc/self/fd/{name}')
        except OSError:     # the one of listdir
            continue
    return found


def wait_until(condition, what='what is waited for', seconds=30):
    """Until `condition ()`; main contexts and other threads go on meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'{what} did not come within {seconds} s')
        while GLib.MainContext.default().iteration(False):
            pass
        time.sleep(0.002)


def sandbox(*paths):
    """A sandbox in which this library works where it is not installed, with further paths that may be read."""
    made = Mpipe.Sandbox.new(Mpipe.SandboxPolicy.REQUIRED)
    for path in (TOP / 'introspection' / 'python', os.environ['GI_TYPELIB_PATH'], *paths):
        made.add_read_only_path(str(path))
    for name in ('GI_TYPELIB_PATH', 'LD_LIBRARY_PATH'):
        made.add_variable(name)
    return made


def skip_without_sandbox(test):
    tried = Mpipe.Sandbox.new(Mpipe.SandboxPolicy.PREFERRED)
    if tried.get_problem() is not None:
        test.skipTest(tried.get_problem())


class TestCase(unittest.TestCase):
    deadline = DEADLINE

    def run(self, result=None):
        faulthandler.dump_traceback_later(self.deadline, exit=True)
        try:
            return super().run(result)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def setUp(self):
        warm_up()
        gc.collect()
        before = find_descriptors()
        self.addCleanup(self._check_what_is_left, before)

    def _check_what_is_left(self, before):
        def left():
            gc.collect()
            return find_children() or {fd: what for fd, what in find_descriptors().items() if before.get(fd) != what}
        deadline = time.monotonic() + 10
        while left() and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertEqual(find_children(), {}, 'a child process is left')
        self.assertEqual(left(), {}, 'a descriptor is left')

    def work(self, stage, tasks, **properties):
        """All results of the tasks."""
        with Mpipe.Pipeline(stage, **properties) as pipeline:
            for task in tasks:
                pipeline.put(task)
        return list(pipeline)

    def fails(self, pipeline, code=None):
        """The TaskError that `get` raises."""
        with self.assertRaises(Mpipe.TaskError) as caught:
            self.fail(f'there was a result: {pipeline.get()!r}')
        if code is not None:
            self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception


_is_warm = False


def warm_up():
    """What GLib opens once, for good, is not a descriptor that was left."""
    global _is_warm
    if not _is_warm:
        _is_warm = True
        pipeline = Mpipe.Pipeline(Mpipe.Stage(abs))
        pipeline.terminate()
        pipeline.wait()
        GLib.MainContext.default().iteration(False)


class Ran:
    """A program that has ended: its status, and what it printed."""

    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    @property
    def lines(self):
        return self.output.splitlines()


def environment():
    clean = {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
    return {**clean, 'DBUS_SESSION_BUS_ADDRESS': 'disabled:', 'LC_ALL': 'C.UTF-8'}


def start(arguments, **options):
    """Starts Python with the arguments, in a process group of its own."""
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=environment(), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                            **{'stdin': subprocess.DEVNULL, **options})


def run(arguments, input=None, seconds=40, **options):
    """Runs Python with the arguments."""
    if input is not None:
        options['stdin'] = subprocess.PIPE
    program = start(arguments, **options)
    try:
        output, errors = program.communicate(input, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGABRT)
        output, errors = program.communicate()
        raise AssertionError(f'{arguments}: not finished after {seconds} s\n{output}\n{errors}') from None
    return Ran(program.returncode, output, errors)


def is_alive(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def main():
    unittest.main(verbosity=2)
