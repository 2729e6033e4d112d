#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Programs as a whole: how they are started, and how they end."""

import os
import pathlib
import signal
import tempfile
import textwrap

import kit

BEGIN = '''
import os, sys, time, signal
import gi
gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe

def double(task):
    return 2 * task

def say(task):
    print('said', task)

def say_pid(task):
    print(os.getpid(), flush=True)
    signal.pause()
'''
GUARDED = BEGIN + '''
def main():
    with Mpipe.Pipeline(Mpipe.Stage(double, 2)) as pipeline:
        for i in range(3):
            pipeline.put(i)
    print(*pipeline, sys.argv[1:])

if __name__ == '__main__':
    main()
'''
UNGUARDED = BEGIN + '''
print('begins')
pipeline = Mpipe.Pipeline(Mpipe.Stage(double, 2))
for i in range(3):
    pipeline.put(i)
pipeline.stop()
print(*pipeline, sys.argv[1:])
'''


class Programs(kit.TestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix='mpipe test ')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name='program.py'):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def run_program(self, text, *arguments, status=0, **options):
        ran = kit.run([self.write(text), *arguments], **options)
        self.assertEqual(ran.status, status, ran.errors)
        return ran

    # how they are started

    def test_a_script(self):
        self.assertEqual(self.run_program(GUARDED, 'one', 'two words').output, "0 2 4 ['one', 'two words']\n")

    def test_a_script_that_does_everything_at_the_top_level(self):
        self.assertEqual(self.run_program(UNGUARDED, 'one').lines, ['begins', "0 2 4 ['one']"])

    def test_a_module(self):
        self.write(GUARDED, 'amodule.py')
        self.assertEqual(kit.run(['-m', 'amodule', 'x'], cwd=self.folder).output, "0 2 4 ['x']\n")

    def test_a_module_that_does_everything_at_the_top_level(self):
        self.write(UNGUARDED, 'amodule.py')
        self.assertEqual(kit.run(['-m', 'amodule', 'x'], cwd=self.folder).lines, ['begins', "0 2 4 ['x']"])

    def test_a_package(self):
        self.write('', 'apackage/__init__.py')
        self.write(BEGIN, 'apackage/work.py')
        self.write('from .work import *\n' + GUARDED.replace(BEGIN, ''), 'apackage/__main__.py')
        self.assertEqual(kit.run(['-m', 'apackage'], cwd=self.folder).output, '0 2 4 []\n')

    def test_a_folder(self):
        self.write(GUARDED, 'afolder/__main__.py')
        self.assertEqual(kit.run([self.folder / 'afolder']).output, '0 2 4 []\n')

    def test_a_program_that_changes_its_folder(self):
        self.write(GUARDED.replace('def main():', 'def main():\n    os.chdir("/")'))
        self.assertEqual(kit.run(['program.py'], cwd=self.folder).output, '0 2 4 []\n')

    def test_flags_of_the_interpreter_are_those_of_the_workers(self):
        text = BEGIN + '''
def optimised(task):
    return sys.flags.optimize, __debug__
if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(optimised)) as pipeline:
        pipeline.put(1)
    print(*pipeline)
'''
        self.assertEqual(kit.run(['-O', self.write(text)]).output, '(1, False)\n')

    def test_a_program_of_which_there_is_no_file(self):
        for arguments, given in [(['-c', GUARDED], None), (['-'], GUARDED), ([], GUARDED)]:
            ran = kit.run(arguments, input=given)
            self.assertEqual((ran.status, ran.output), (1, ''))
            self.assertRegex(ran.errors, 'double is defined in a program that cannot be started again.*save it in a file')

    def test_functions_of_modules_need_no_file(self):
        text = BEGIN + '''
with Mpipe.Pipeline(Mpipe.Stage(abs)) as pipeline:
    pipeline.put(-5)
print(*pipeline)
'''
        for arguments, given in [(['-c', text], None), ([], text)]:
            self.assertEqual(kit.run(arguments, input=given).output, '5\n')

    def test_a_program_that_cannot_be_run_twice(self):
        ran = self.run_program(BEGIN + '''
os.mkdir(sys.argv[1])
Mpipe.Pipeline(Mpipe.Stage(double)).get()
''', self.folder / 'new', status=1)
        self.assertIn('FileExistsError', ran.errors)
        self.assertIn('double could not be made ready', ran.errors)

    def test_a_worker_that_is_defined_too_late(self):
        ran = self.run_program(BEGIN + '''
with Mpipe.Pipeline(Mpipe.Stage(double)) as first:
    first.put(1)
def triple(task):
    return 3 * task
with Mpipe.Pipeline(Mpipe.Stage(triple)) as second:
    second.put(1)
''', status=1)
        self.assertIn('define workers first', ran.errors)

    def test_a_pipeline_within_a_worker(self):
        self.assertEqual(self.run_program(BEGIN + '''
def sum_of_doubles(task):
    with Mpipe.Pipeline(Mpipe.Stage(double, 2)) as inner:
        for i in range(task):
            inner.put(i)
    return sum(inner)
if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(sum_of_doubles, 2)) as pipeline:
        for i in (3, 4, 5):
            pipeline.put(i)
    print(*pipeline)
''').output, '6 12 20\n')

    def test_what_workers_print(self):
        self.assertEqual(self.run_program(BEGIN + '''
def tell(task):
    print('worker', task)
    print('error', task, file=sys.stderr)
    return task
if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(tell)) as pipeline:
        pipeline.put(1)
        pipeline.put(2)
''').lines, ['worker 1', 'worker 2'])

    def test_workers_have_threads_and_processes_of_their_own(self):
        self.assertEqual(self.run_program(BEGIN + '''
import concurrent.futures, functools, multiprocessing, subprocess
def threads(task):
    with concurrent.futures.ThreadPoolExecutor() as executor:
        return list(executor.map(abs, [task] * 2))
def processes(task):
    with multiprocessing.Pool(2) as pool:
        return pool.map(abs, [task] * 2)
def program(task):
    return subprocess.run(['echo', str(task)], capture_output=True, text=True).stdout
def length(blob, task):
    return len(blob)
if __name__ == '__main__':
    for worker in (threads, processes, program, functools.partial(length, bytes(20000000))):
        with Mpipe.Pipeline(Mpipe.Stage(worker)) as pipeline:
            pipeline.put(-1)
        print(*pipeline)
''').lines, ['[1, 1]', '[1, 1]', '-1', '', '20000000'])

    # how they end

    def test_work_is_done_although_nobody_reads(self):
        ran = self.run_program(BEGIN + '''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say))
    for i in range(100):
        pipeline.put(i)
    pipeline.put(None)
''')
        self.assertEqual(ran.lines, [f'said {i}' for i in range(100)])

    def test_work_is_done_although_the_pipeline_was_forgotten(self):
        ran = self.run_program(BEGIN + '''
def start():
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say))
    for i in range(100):
        pipeline.put(i)
    pipeline.put(None)
if __name__ == '__main__':
    start()
''')
        self.assertEqual(ran.lines, [f'said {i}' for i in range(100)])

    def test_work_is_done_although_there_is_a_limit(self):
        ran = self.run_program(BEGIN + '''
def echo(task):
    print(task)
    return task
if __name__ == '__main__':
    first = Mpipe.Stage(double)
    first.link(Mpipe.Stage(echo, max_backlog=2))
    pipeline = Mpipe.Pipeline(first)
    for i in range(2):
        pipeline.put(i)
    pipeline.put(None)
''')
        self.assertEqual(ran.lines, ['0', '2'])

    def test_a_pipeline_that_was_never_stopped(self):
        self.assertIn('ends', self.run_program(BEGIN + '''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid))
    idle = Mpipe.Pipeline(Mpipe.Stage(double))
    pipeline.put(1)
    print('ends')
''').lines)

    def test_a_program_that_ends_with_an_exception(self):
        ran = self.run_program(BEGIN + '''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid))
    pipeline.put(1)
    pipeline.stop()
    raise KeyError('mine')
''', status=1)
        self.assertIn("KeyError: 'mine'", ran.errors)

    def test_a_copy_of_the_program_ends_by_itself(self):
        self.assertEqual(self.run_program(BEGIN + '''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(double))
    pipeline.put(1)
    pid = os.fork()
    if pid == 0:
        del pipeline
        sys.exit(3)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), pipeline.get())
''').output, '3 2\n')

    def test_multiprocessing_beside_a_pipeline(self):
        self.assertEqual(self.run_program(BEGIN + '''
import multiprocessing
if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(double)) as pipeline:
        pipeline.put(1)
        with multiprocessing.Pool(2) as pool:
            print(pool.map(double, [1, 2]))
    print(*pipeline)
''').lines, ['[2, 4]', '2'])

    # what is done to them

    def interrupt(self, text, signal_, to_group=True):
        """Sends the signal as soon as the worker has said its process."""
        program = kit.start([self.write(BEGIN + text)])
        pid = int(program.stdout.readline())
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.stderr.close)
        (os.killpg if to_group else os.kill)(program.pid, signal_)
        program.wait(30)
        kit.wait_until(lambda: not kit.is_alive(pid), 'the end of the worker')
        return program.returncode, program.stderr.read()

    def test_interrupted_while_it_waits_for_a_result(self):
        status, errors = self.interrupt('''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid))
    pipeline.put(1)
    pipeline.get()
''', signal.SIGINT)
        self.assertEqual(status, -signal.SIGINT)
        self.assertIn('KeyboardInterrupt', errors)

    def test_interrupted_while_it_waits_for_room(self):
        status, errors = self.interrupt('''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid, max_backlog=1))
    while True:
        pipeline.put(1)
''', signal.SIGINT)
        self.assertEqual(status, -signal.SIGINT)
        self.assertIn('KeyboardInterrupt', errors)

    def test_interrupted_in_a_block(self):
        status, _ = self.interrupt('''
if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(say_pid)) as pipeline:
        pipeline.put(1)
''', signal.SIGINT)
        self.assertNotEqual(status, 0)

    def test_interrupted_when_it_has_ended_itself(self):
        self.interrupt('''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid))
    pipeline.put(1)
    pipeline.stop()
''', signal.SIGINT)

    def test_interrupted_under_asyncio(self):
        status, _ = self.interrupt('''
import asyncio
async def main():
    async with Mpipe.Pipeline(Mpipe.Stage(say_pid)) as pipeline:
        await pipeline.put_async(1)
        await pipeline.get_async()
if __name__ == '__main__':
    asyncio.run(main())
''', signal.SIGINT)
        self.assertNotEqual(status, 0)

    def test_killed(self):
        self.interrupt('''
if __name__ == '__main__':
    pipeline = Mpipe.Pipeline(Mpipe.Stage(say_pid, 2))
    pipeline.put(1)
    pipeline.get()
''', signal.SIGKILL, to_group=False)


if __name__ == '__main__':
    kit.main()
