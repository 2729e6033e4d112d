#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Programs with a main loop of GLib: signals, and the calls of Gio that end later."""

import threading
import time

import kit
from gi.repository import Gio
from kit import GLib, Mpipe


def divide(task):
    return 10 // task


def length(task):
    return len(task)


class MainLoop(kit.TestCase):
    def test_signals_tell_results_failures_and_the_end(self):
        loop, seen = GLib.MainLoop(), []

        def failed(pipeline, task_id, stage, error, extra):
            seen.append((task_id, stage.get_name(), type(error), 'ZeroDivisionError' in error.traceback, extra))
            return True
        pipeline = Mpipe.Pipeline(Mpipe.Stage(divide, 2))
        pipeline.connect('result', lambda pipeline, result, task_id, leaf: seen.append((task_id, result)))
        pipeline.connect('task-failed', failed, 'more')
        pipeline.connect('completed', lambda pipeline: loop.quit())
        for task in [1, 0, 5]:
            pipeline.put(task)
        pipeline.stop()
        loop.run()
        self.assertEqual(seen, [(1, 10), (2, 'divide', Mpipe.TaskError, True, 'more'), (3, 2)])

    def test_any_objects_arrive_by_signal(self):
        seen = []
        pipeline = Mpipe.Pipeline(Mpipe.Stage(list))
        pipeline.connect_after('result', lambda pipeline, result, *more: seen.append(result))
        for i in range(1000):
            pipeline.put((i, str(i)))
        pipeline.stop()
        kit.wait_until(lambda: len(seen) == 1000, 'all results')
        self.assertEqual(seen, [[i, str(i)] for i in range(1000)])
        pipeline.wait()

    def test_each_result_comes_once_by_signal_or_by_get(self):
        seen, got = [], []
        with Mpipe.Pipeline(Mpipe.Stage(divide)) as pipeline:
            pipeline.connect('result', lambda pipeline, result, *more: seen.append(result))
            for _ in range(500):
                pipeline.put(1)
            while len(seen) + len(got) < 500:
                GLib.MainContext.default().iteration(False)
                found, result = pipeline.try_get()
                if found:
                    got.append(result)
        self.assertEqual(seen + got, [10] * 500)

    def test_calls_that_end_later(self):
        loop, seen = GLib.MainLoop(), []
        pipeline = Mpipe.Pipeline(Mpipe.Stage(divide))

        def was_put(source, result):
            seen.append(('put', pipeline.put_finish(result)))
            pipeline.get_async(None, has_result)

        def has_result(source, result):
            seen.append(('got', pipeline.get_finish(result)))
            pipeline.put(0)
            pipeline.get_async(None, has_failed)

        def has_failed(source, result):
            try:
                pipeline.get_finish(result)
            except Mpipe.TaskError as error:
                seen.append('ZeroDivisionError' in error.traceback)
            pipeline.stop()
            pipeline.get_async(None, has_ended)

        def has_ended(source, result):
            seen.append(pipeline.get_finish(result))
            pipeline.wait_async(None, has_completed)

        def has_completed(source, result):
            seen.append(pipeline.wait_finish(result))
            loop.quit()
        pipeline.put_async(5, None, was_put)
        loop.run()
        self.assertEqual(seen, [('put', 1), ('got', 2), True, None, True])

    def test_a_lone_task_goes_at_once(self):
        # tasks are put, then this thread is busy in Python and calls the pipeline never again
        seen, context = [], GLib.MainContext()
        made, all_seen = threading.Event(), threading.Event()
        pipelines = []

        def read():
            context.push_thread_default()
            pipelines.append(Mpipe.Pipeline(Mpipe.Stage(divide)))

            def add(pipeline, result, *more):
                seen.append(result)
                if len(seen) == 3:
                    all_seen.set()
            pipelines[0].connect('result', add)
            made.set()
            while not all_seen.is_set():
                context.iteration(True)
            context.pop_thread_default()
        thread = threading.Thread(target=read)
        thread.start()
        made.wait()
        for task in [1, 2, 5]:
            pipelines[0].put(task)
        deadline = time.monotonic() + 30
        while not all_seen.is_set() and time.monotonic() < deadline:
            pass
        self.assertEqual(seen, [10, 5, 2])
        thread.join()
        pipelines[0].stop()
        pipelines[0].wait()

    def test_progress_and_counts(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(length))
        for text in ['a', 'bc']:
            pipeline.put(text)
        pipeline.stop()
        self.assertEqual(list(pipeline), [1, 2])
        pipeline.wait()
        self.assertEqual((pipeline.get_n_put(), pipeline.get_n_results(), pipeline.get_n_failed(),
                          pipeline.get_state()),
                         (2, 2, 0, Mpipe.PipelineState.COMPLETED))

    def test_a_call_that_is_cancelled(self):
        loop, codes = GLib.MainLoop(), []
        cancellable = Gio.Cancellable()
        with Mpipe.Pipeline(Mpipe.Stage(divide)) as pipeline:
            def ended(source, result):
                try:
                    pipeline.get_finish(result)
                except GLib.Error as error:
                    codes.append(error.code)
                loop.quit()
            pipeline.get_async(cancellable, ended)
            GLib.idle_add(cancellable.cancel)
            loop.run()
        self.assertEqual(codes, [Gio.IOErrorEnum.CANCELLED])


if __name__ == '__main__':
    kit.main()
