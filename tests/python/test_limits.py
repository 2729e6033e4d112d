#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Limits, several threads, and where things come from."""

import os
import signal
import threading

import kit
from kit import Mpipe


def same(task):
    return task


def odd_fails(task):
    if task % 2:
        raise ValueError(task)
    return task


class Limits(kit.TestCase):
    def test_exactly_so_many_tasks_are_taken(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, max_backlog=4)) as pipeline:
            ids = [pipeline.try_put(i) for i in range(7)]
            self.assertEqual(ids, [1, 2, 3, 4, 0, 0, 0])
            self.assertEqual(pipeline.get(), 0)
            self.assertEqual([pipeline.try_put('a'), pipeline.try_put('b')], [5, 0])
        self.assertEqual(list(pipeline), [1, 2, 3, 'a'])

    def test_putting_waits(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, max_backlog=2)) as pipeline:
            largest = 0

            def put():
                for i in range(100):
                    pipeline.put(i)
            thread = threading.Thread(target=put)
            thread.start()
            for i in range(100):
                largest = max(largest, pipeline.get_backlog())
                self.assertEqual(pipeline.get(), i)
            thread.join()
        self.assertLessEqual(largest, 2)

    def test_a_limit_in_bytes(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, max_backlog_bytes=100000)) as pipeline:
            n = 0
            while pipeline.try_put(bytes(30000)) != 0:
                n += 1
            self.assertIn(n, (3, 4))
        self.assertEqual(len(list(pipeline)), n)

    def test_leaving_the_block_keeps_results(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, max_backlog=3)) as pipeline:
            for i in range(3):
                pipeline.put(i)
        self.assertEqual(list(pipeline), [0, 1, 2])


class Threads(kit.TestCase):
    def work_with_threads(self, stage, n_each=3000):
        ids, results, failures = [[], []], [], []
        with Mpipe.Pipeline(stage) as pipeline:
            def put(number):
                for i in range(n_each):
                    task = number * n_each + i
                    # some go alone, behind others that wait
                    ids[number].append((pipeline.put(task) if i % 10 else pipeline.try_put(task) or pipeline.put(task)))

            def get():
                while True:
                    try:
                        result = pipeline.get()
                    except Mpipe.TaskError as error:
                        failures.append(error)
                        continue
                    if result is None:
                        return
                    results.append(result)
            putting = [threading.Thread(target=put, args=(number,)) for number in range(2)]
            getting = [threading.Thread(target=get) for _ in range(2)]
            for thread in putting + getting:
                thread.start()
            for thread in putting:
                thread.join()
            pipeline.stop()
            for thread in getting:
                thread.join()
        self.assertEqual(sorted(ids[0] + ids[1]), list(range(1, 2 * n_each + 1)))
        for one in ids:
            self.assertEqual(one, sorted(one))
        return results, failures

    def test_two_put_and_two_get(self):
        results, _ = self.work_with_threads(Mpipe.Stage(same, 2))
        self.assertEqual(sorted(results), list(range(6000)))

    def test_two_put_and_two_get_where_there_is_a_limit(self):
        results, _ = self.work_with_threads(Mpipe.Stage(same, 2, max_backlog=10), 500)
        self.assertEqual(sorted(results), list(range(1000)))

    def test_failures_are_told_once(self):
        results, failures = self.work_with_threads(Mpipe.Stage(odd_fails, 2), 1000)
        self.assertEqual((sorted(results), len(failures)), (list(range(0, 2000, 2)), 1000))

    def test_one_waits_while_another_asks(self):
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            got = []
            thread = threading.Thread(target=lambda: got.append(pipeline.get()))
            thread.start()
            for _ in range(20):
                self.assertEqual(pipeline.try_get(), (False, None))
            pipeline.put('x')
            thread.join()
            self.assertEqual(got, ['x'])


class Interruptions(kit.TestCase):
    """A handler of signals uses the pipeline that the program is using."""

    def interrupt(self, handler, work):
        before = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        try:
            work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def test_putting_is_interrupted_by_putting(self):
        n = 0
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            def handler(*_):
                nonlocal n
                n += 1
                pipeline.put('signal')

            def put():
                for i in range(50000):
                    pipeline.put(i)
            self.interrupt(handler, put)
        results = list(pipeline)
        self.assertEqual([result for result in results if result != 'signal'], list(range(50000)))
        self.assertEqual(len(results), 50000 + n)
        self.assertGreater(n, 0)

    def test_getting_is_interrupted_by_getting(self):
        results = []
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            for i in range(20000):
                pipeline.put(i)

            def get():
                while len(results) < 20000:
                    results.append(pipeline.get())

            def handler(*_):
                found, result = pipeline.try_get()
                if found and result is not None:
                    results.append(result)
            pipeline.stop()
            self.interrupt(handler, get)
        self.assertEqual(sorted(result for result in results if result is not None), list(range(20000)))


class Sources(kit.TestCase):
    def test_results_with_their_task_and_leaf(self):
        first, left, right = Mpipe.Stage(same), Mpipe.Stage(same, name='left'), Mpipe.Stage(same, name='right')
        first.link(left)
        first.link(right)
        with Mpipe.Pipeline(first) as pipeline:
            for task in ['a', ['b']]:
                pipeline.put(task)
        seen = [pipeline.get_full() for _ in range(4)]
        self.assertEqual(sorted(map(str, seen)), sorted(map(str, [
            ('a', 1, left), ('a', 1, right), (['b'], 2, left), (['b'], 2, right)])))
        self.assertEqual(pipeline.get_full(), (None, 0, None))

    def test_text_and_bytes(self):
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            pipeline.put_text('text')
            pipeline.put_bytes(b'bytes')
            pipeline.put_array(kit.GLib.Variant('ax', [1, 2]))
            pipeline.put_array(['a', b'b'])
            self.assertEqual(pipeline.put(3), 7)
        self.assertEqual(list(pipeline), ['text', b'bytes', 1, 2, 'a', b'b', 3])


class Forks(kit.TestCase):
    def test_a_copy_of_the_process_leaves_the_pipeline_alone(self):
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            pipeline.put(1)
            pid = os.fork()
            if pid == 0:
                status = 9
                try:
                    pipeline.put(2)
                except RuntimeError:
                    status = 7
                finally:
                    os._exit(status)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7)
            pipeline.put(3)
        self.assertEqual(list(pipeline), [1, 3])


if __name__ == '__main__':
    kit.main()
