#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Every fault at every point of a worker's life that Python can reach: eight tasks, two workers, one fault.

Each cell is a test of its own, such as Local.test_task_segfault. doc/failures.md has the table.
"""

import os
import signal
import sys
import threading

import kit
from kit import Mpipe

CULPRIT = 3             # its id is one more
TIMEOUT = 700           # ms; for tasks that do not end, and others need less by far
END_TIMEOUT = 3000      # for a worker that does not end; starting takes less
IMPATIENCE = 200        # where being late for another reason than the fault has the same outcome

DIED, LATE = Mpipe.Error.WORKER_DIED, Mpipe.Error.TIMED_OUT


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def exit_0():
    os._exit(0)


def exit_1():
    os._exit(1)


def error():
    raise ValueError('an error at its point')


def hang():
    while True:
        pass


def sigstop():
    os.kill(os.getpid(), signal.SIGSTOP)


#: What each does, the code of the failure of its task, and what the message holds.
FAULTS = {
    'segfault': (segfault, DIED, 'signal 11'),
    'kill': (kill, DIED, 'signal 9'),
    'exit_0': (exit_0, DIED, 'exited with status 0'),
    'exit_1': (exit_1, DIED, 'exited with status 1'),
    'error': (error, Mpipe.Error.TASK_FAILED, 'ValueError: an error at its point'),
    'hang': (hang, LATE, f'time limit of {TIMEOUT} ms'),
    'sigstop': (sigstop, LATE, f'time limit of {TIMEOUT} ms'),
}
LATE_FAULTS = ('hang', 'sigstop')


class Crashing(Mpipe.Worker):
    """Gives each task twice, and has its fault at one point."""

    def arrive(self, point, task=CULPRIT):
        if point == self.parameters['point'] and task == CULPRIT:
            FAULTS[self.parameters['fault']][0]()

    def do_start(self):
        self.arrive('start')

    def do_task(self, task):
        self.arrive('task', task)
        return self.give(task)

    def give(self, task):
        yield task
        self.arrive('half_way', task)
        if task == CULPRIT and self.parameters['fault'] == 'unsendable':
            yield threading.Lock()
        yield task
        self.arrive('after_the_results', task)

    def do_stop(self):
        self.arrive('stop')


#: How many of its two results the guilty task gives; None: it is not the task's fault.
POINTS = {'task': 0, 'half_way': 1, 'after_the_results': 2, 'stop': None}


class Cells:
    """The cells, run in one way."""

    ordered = True

    def stage(self, point, fault, **properties):
        return Mpipe.Stage(Crashing, 2, name='crashing', ordered=self.ordered,
                           parameters={'point': point, 'fault': fault}, **properties)

    def check_start(self, fault):
        _, _, says = FAULTS[fault]
        properties = {'restart_limit': 1}
        if fault in LATE_FAULTS:
            properties.update(start_timeout=IMPATIENCE, grace_time=50)
            says = 'did not get ready in time'
        with self.assertRaises(Mpipe.TaskError) as caught:
            Mpipe.Pipeline(self.stage('start', fault, **properties))
        self.assertEqual(caught.exception.code, Mpipe.Error.LAUNCH, str(caught.exception))
        self.assertRegex(str(caught.exception), r'stage “crashing”: worker \d \(pid \d+\)')
        self.assertIn(says, str(caught.exception))

    def check(self, point, fault):
        if point == 'start':
            self.check_start(fault)
            return
        properties = {}
        if fault in LATE_FAULTS:
            properties = {'task_timeout': TIMEOUT, 'start_timeout': END_TIMEOUT, 'grace_time': 50}
        results, failure = self.run_stage(self.stage(point, fault, **properties))
        expected = [task for task in range(8) for _ in range(2)]
        if POINTS[point] is None:
            self.assertEqual((results, failure), (expected, None))
            return
        for _ in range(2 - POINTS[point]):
            expected.remove(CULPRIT)
        self.assertEqual(results, expected)
        self.check_failure(failure, *FAULTS[fault][1:])

    def test_a_result_that_cannot_be_sent(self):
        results, failure = self.run_stage(self.stage('nowhere', 'unsendable'))
        self.assertEqual(results, [0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7])
        self.check_failure(failure, Mpipe.Error.TASK_FAILED, 'lock')

    def check_failure(self, failure, code, says):
        self.assertEqual(failure.code, code, str(failure))
        self.assertRegex(str(failure), r'stage “crashing”: worker \d \(pid \d+\)')
        self.assertIn(f'task {CULPRIT + 1}', str(failure))
        self.assertIn(says, str(failure))

    def run_stage(self, stage):
        """All results of the eight tasks, in order, and the failure if there is one."""
        results, failures = [], []
        with Mpipe.Pipeline(stage) as pipeline:
            for task in range(8):
                pipeline.put(task)
        while True:
            try:
                result = pipeline.get()
            except Mpipe.TaskError as failed:
                failures.append(failed)
                continue
            if result is None:
                break
            results.append(result)
        self.assertLessEqual(len(failures), 1, failures)
        return results if self.ordered else sorted(results), failures[0] if failures else None


def _cell(point, fault):
    return lambda self: self.check(point, fault)


for point in ['start', *POINTS]:
    for fault in FAULTS:
        setattr(Cells, f'test_{point}_{fault}', _cell(point, fault))


class Local(Cells, kit.TestCase):
    pass


class Sandboxed(Cells, kit.TestCase):
    ordered = False

    def setUp(self):
        kit.skip_without_sandbox(self)
        super().setUp()

    def stage(self, *arguments, **properties):
        return super().stage(*arguments, sandbox=kit.sandbox(str(kit.HERE)), **properties)


def spin(task):
    print('busy', flush=True)
    hang()


def run_application():
    """Is busy in a sandbox until it is killed."""
    pipeline = Mpipe.Pipeline(Mpipe.Stage(spin, 2, sandbox=kit.sandbox(str(kit.HERE))))
    pipeline.put(1)
    pipeline.put(2)
    pipeline.get()


def find_descendants(pid):
    children = list(kit.find_children(pid))
    return children + [one for child in children for one in find_descendants(child)]


class Sandboxes(kit.TestCase):
    """What a sandbox has to show to a worker in Python."""

    def setUp(self):
        kit.skip_without_sandbox(self)
        super().setUp()

    def test_the_program_must_be_shown(self):
        with self.assertRaises(Mpipe.TaskError) as caught:
            Mpipe.Pipeline(Mpipe.Stage(Crashing, sandbox=kit.sandbox(), restart_limit=1))
        self.assertEqual(caught.exception.code, Mpipe.Error.LAUNCH)
        self.assertIn('FileNotFoundError', str(caught.exception))
        self.assertIn(os.path.abspath(__file__), str(caught.exception))

    def test_what_is_shown_is_enough(self):
        stage = Mpipe.Stage(os.path.exists, sandbox=kit.sandbox(str(kit.HERE)))
        self.assertEqual(self.work(stage, [os.path.abspath(__file__), os.path.expanduser('~/.profile'), '/etc/shadow']),
                         [True, False, False])

    def test_a_killed_application_leaves_none_behind(self):
        program = kit.start([__file__, '--application'])
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.stderr.close)
        self.assertEqual([program.stdout.readline() for _ in range(2)], 2 * ['busy\n'])
        started = find_descendants(program.pid)
        self.assertGreaterEqual(len(started), 2 * 3)     # each worker, and what is around it
        program.kill()
        program.wait(30)
        kit.wait_until(lambda: not any(map(kit.is_alive, started)), 'the end of the workers')


if __name__ == '__main__':
    if sys.argv[1:] == ['--application']:
        run_application()
    kit.main()
