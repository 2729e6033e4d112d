#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What goes wrong, and what is said then."""

import os
import signal
import sys
import threading
import time

import kit
from kit import GLib, Mpipe


def divide(task):
    return 10 // task


def fail_deep(task):
    try:
        raise KeyError('inner')
    except KeyError as error:
        raise RuntimeError('outer ' * 2000) from error


def misbehave(task):
    if task == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    if task == 'exit':
        sys.exit(0)
    if task == '_exit':
        os._exit(0)
    if task == 'hang':
        signal.pause()
    if task == 'recurse':
        return misbehave(task)
    if task == 'interrupt':
        raise KeyboardInterrupt
    return task


def die_once(path):
    """Dies at the first attempt."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return 'done'
    os._exit(1)


def count_down(task):
    for i in range(task, -1, -1):
        yield 6 // i


class CannotStart(Mpipe.Worker):
    def do_start(self):
        raise OSError('there is no such database')


class FailsAtTheEnd(Mpipe.Worker):
    def do_task(self, task):
        return task

    def do_stop(self):
        raise ValueError('it does not want to stop')


class Unfinished(Mpipe.Worker):
    pass


class Failures(kit.TestCase):
    def around(self, task, stage):
        """What becomes of a task between others: the failure, when the others have their results."""
        with Mpipe.Pipeline(stage) as pipeline:
            for one in [1, 2, task, 3, 4]:
                pipeline.put(one)
        self.assertEqual([pipeline.get(), pipeline.get()], [1, 2])
        error = self.fails(pipeline)
        self.assertEqual(list(pipeline), [3, 4])
        return error

    def test_an_exception_is_told_with_its_traceback(self):
        with Mpipe.Pipeline(Mpipe.Stage(divide, name='dividing')) as pipeline:
            pipeline.put(0)
        error = self.fails(pipeline, Mpipe.Error.TASK_FAILED)
        self.assertIsInstance(error, GLib.Error)
        self.assertTrue(error.matches(Mpipe.Error.quark(), Mpipe.Error.TASK_FAILED))
        self.assertIn('ZeroDivisionError', error.message)
        self.assertIn('dividing', error.message)
        self.assertNotIn('\n', error.message)
        self.assertIn('return 10 // task', error.traceback)
        self.assertNotIn('mpipe_glib', error.traceback)
        self.assertIn(error.traceback, str(error))

    def test_a_long_exception_is_cut(self):
        with Mpipe.Pipeline(Mpipe.Stage(fail_deep)) as pipeline:
            pipeline.put(0)
        error = self.fails(pipeline, Mpipe.Error.TASK_FAILED)
        self.assertIn('outer', error.message)
        self.assertLess(len(str(error)), 5000)

    def test_a_generator_that_fails_has_given_its_first_results(self):
        with Mpipe.Pipeline(Mpipe.Stage(count_down)) as pipeline:
            pipeline.put(2)
        self.assertEqual([pipeline.get(), pipeline.get()], [3, 6])
        self.assertIn('ZeroDivisionError', self.fails(pipeline).message)

    def test_iterating_goes_on_after_a_failure(self):
        with Mpipe.Pipeline(Mpipe.Stage(divide)) as pipeline:
            for task in [1, 0, 2]:
                pipeline.put(task)
        results = iter(pipeline)
        self.assertEqual(next(results), 10)
        self.assertRaises(Mpipe.TaskError, next, results)
        self.assertEqual(list(results), [5])

    def test_a_killed_worker(self):
        self.assertEqual(self.around('kill', Mpipe.Stage(misbehave, 2)).code, Mpipe.Error.WORKER_DIED)

    def test_a_worker_that_exits(self):
        self.assertEqual(self.around('exit', Mpipe.Stage(misbehave, 2)).code, Mpipe.Error.WORKER_DIED)
        self.assertEqual(self.around('_exit', Mpipe.Stage(misbehave, 2)).code, Mpipe.Error.WORKER_DIED)

    def test_an_endless_task(self):
        stage = Mpipe.Stage(misbehave, 2, task_timeout=200)
        self.assertEqual(self.around('hang', stage).code, Mpipe.Error.TIMED_OUT)

    def test_an_endless_recursion(self):
        error = self.around('recurse', Mpipe.Stage(misbehave))
        self.assertEqual(error.code, Mpipe.Error.TASK_FAILED)
        self.assertIn('RecursionError', error.message)

    def test_another_attempt(self):
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.work(Mpipe.Stage(die_once, max_attempts=2), [folder + '/flag']), ['done'])

    def test_a_cancelled_task(self):
        with Mpipe.Pipeline(Mpipe.Stage(misbehave)) as pipeline:
            pipeline.put(1)
            hanging = pipeline.put('hang')
            pipeline.put(2)
            self.assertEqual(pipeline.get(), 1)
            self.assertTrue(pipeline.cancel_task(hanging))
            error = self.fails(pipeline)
            self.assertTrue(error.matches(GLib.quark_from_string('g-io-error-quark'), 19), error)
            self.assertEqual(pipeline.get(), 2)
            self.assertFalse(pipeline.cancel_task(99))

    def test_a_failure_passes_the_stages_that_follow(self):
        first = Mpipe.Stage(divide)
        first.link(Mpipe.Stage(str))
        with Mpipe.Pipeline(first) as pipeline:
            for task in [1, 0, 5]:
                pipeline.put(task)
        self.assertEqual(pipeline.get(), '10')
        self.fails(pipeline, Mpipe.Error.TASK_FAILED)
        self.assertEqual(list(pipeline), ['2'])

    def test_a_pipeline_that_stops_at_the_first_failure(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(divide), on_failure=Mpipe.OnFailure.STOP)
        pipeline.put(0)
        self.assertIn('ZeroDivisionError', self.fails(pipeline).message)
        pipeline.wait()
        with self.assertRaises(GLib.Error):
            for _ in range(10):
                pipeline.put(1)
                pipeline._feeder.flush()

    def test_failures_that_are_collected(self):
        stage = Mpipe.Stage(divide, 2, name='dividing')
        with Mpipe.Pipeline(stage, on_failure=Mpipe.OnFailure.COLLECT) as pipeline:
            for task in [1, 0, 5, 'ten', 2]:
                pipeline.put(task)
        self.assertEqual(list(pipeline), [10, 2, 5])
        by_zero, with_text = pipeline.take_failures()
        self.assertEqual([(one.task_id, one.task, one.stage) for one in (by_zero, with_text)],
                         [(2, 0, stage), (4, 'ten', stage)])
        self.assertIsInstance(by_zero.error, Mpipe.TaskError)
        self.assertEqual(by_zero.error.code, Mpipe.Error.TASK_FAILED)
        self.assertIn('return 10 // task', by_zero.error.traceback)
        self.assertIn('dividing', repr(by_zero))
        self.assertIn('ZeroDivisionError', repr(by_zero))
        self.assertIn('TypeError', with_text.error.message)
        self.assertEqual(pipeline.take_failures(), [])

    def test_collected_tasks_are_corrected_and_put_again(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(divide), on_failure='collect')
        self.assertEqual(pipeline.take_failures(), [])
        pipeline.put(0)
        failures = []
        kit.wait_until(lambda: failures.extend(pipeline.take_failures()) or failures, 'the failure')
        for failure in failures:
            pipeline.put(failure.task + 1)
        pipeline.stop()
        self.assertEqual((list(pipeline), pipeline.take_failures()), ([10], []))
        pipeline.wait()

    def test_collected_tasks_of_any_kind(self):
        tasks = [{'a': [1, None]}, ('b', 2.5), b'c', 'd']
        with Mpipe.Pipeline(Mpipe.Stage(divide), on_failure=Mpipe.OnFailure.COLLECT) as pipeline:
            for task in tasks:
                pipeline.put(task)
        self.assertEqual([failure.task for failure in pipeline.take_failures()], tasks)
        with Mpipe.Pipeline(Mpipe.Stage(divide, task_type='(xs)'), on_failure=Mpipe.OnFailure.COLLECT) as pipeline:
            pipeline.put((1, 'e'))
        self.assertEqual([failure.task for failure in pipeline.take_failures()], [(1, 'e')])

    def test_a_worker_that_cannot_start(self):
        with self.assertRaises(Mpipe.TaskError) as caught:
            with Mpipe.Pipeline(Mpipe.Stage(CannotStart)) as pipeline:
                pipeline.put(1)
                pipeline.get()
        self.assertIn('there is no such database', str(caught.exception))

    def test_a_worker_that_fails_to_stop(self):
        self.assertEqual(self.work(Mpipe.Stage(FailsAtTheEnd), [1, 2]), [1, 2])

    def test_a_class_without_task(self):
        with Mpipe.Pipeline(Mpipe.Stage(Unfinished)) as pipeline:
            pipeline.put(1)
        self.assertIn('Unfinished has no do_task', self.fails(pipeline).message)

    def test_a_block_that_is_left_by_an_exception(self):
        with self.assertRaisesRegex(KeyError, 'mine'):
            with Mpipe.Pipeline(Mpipe.Stage(misbehave)) as pipeline:
                pipeline.put('hang')
                raise KeyError('mine')
        self.assertEqual(pipeline.get_state(), Mpipe.PipelineState.COMPLETED)

    def test_a_pipeline_that_is_dropped(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(misbehave))
        pipeline.put('hang')
        del pipeline
        # what is left is looked for at the end of each test

    def test_use_after_stop(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(misbehave))
        pipeline.put(1)
        pipeline.stop()
        pipeline.stop()
        for put in (pipeline.put, pipeline.try_put):
            with self.assertRaises(GLib.Error) as caught:
                put(2)
            self.assertTrue(caught.exception.matches(Mpipe.Error.quark(), Mpipe.Error.STOPPED))
        self.assertEqual([pipeline.get(), pipeline.get(), pipeline.get_within(0), pipeline.try_get()],
                         [1, None, (True, None), (True, None)])
        pipeline.wait()
        pipeline.terminate()

    def test_a_worker_that_cannot_be_found_is_refused(self):
        def nested(task):
            return task
        with self.assertRaisesRegex(TypeError, 'lambda.*top level'):
            Mpipe.Stage(lambda task: task)
        with self.assertRaisesRegex(TypeError, 'nested.*inside a function'):
            Mpipe.Stage(nested)
        with self.assertRaisesRegex(TypeError, 'not callable'):
            Mpipe.Stage(5)
        with self.assertRaisesRegex(TypeError, 'parameters'):
            Mpipe.Stage(divide, parameters={'a': 1})
        with self.assertRaisesRegex(TypeError, 'milliseconds'):
            Mpipe.Stage(divide, task_timeout=0.5)
        with self.assertRaisesRegex(TypeError, 'cannot be sent'):
            Mpipe.Stage(Unfinished, parameters={'a': threading.Lock()})

    def test_a_cancelled_call(self):
        from gi.repository import Gio
        with Mpipe.Pipeline(Mpipe.Stage(misbehave)) as pipeline:
            cancellable = Gio.Cancellable()
            threading.Timer(0.05, cancellable.cancel).start()
            with self.assertRaises(GLib.Error) as caught:
                pipeline.get(cancellable)
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
            pipeline.put('still there')
            self.assertEqual(pipeline.get(), 'still there')

    def test_time_that_is_given(self):
        with Mpipe.Pipeline(Mpipe.Stage(misbehave)) as pipeline:
            begun = time.monotonic()
            self.assertEqual(pipeline.get_within(0.05), (False, None))
            self.assertGreaterEqual(time.monotonic() - begun, 0.05)
            self.assertEqual(pipeline.try_get(), (False, None))
            pipeline.put(1)
            self.assertEqual(pipeline.get_within(30), (True, 1))


if __name__ == '__main__':
    kit.main()
