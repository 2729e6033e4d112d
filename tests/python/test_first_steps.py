#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The five steps, with each kind of worker."""

import functools
import os

import kit
from kit import Mpipe


def double(task):
    return task * 2


def add(number, task):
    return number + task


def count_to(task):
    for i in range(1, task + 1):
        yield i


def nothing(task):
    pass


class Scaler(Mpipe.Worker):
    def do_start(self):
        self.factor = self.parameters['factor']
        self.n_tasks = 0

    def do_task(self, task):
        self.n_tasks += 1
        return task * self.factor


class Splitter(Mpipe.Worker):
    def do_task(self, task):
        for word in task.split():
            self.put_result(word)


class Diary(Mpipe.Worker):
    """Writes down what is called."""

    def write(self, what):
        with open(self.parameters['path'], 'a') as file:
            file.write(f'{what} {self.stage_name} {self.index}\n')

    def do_start(self):
        self.write('start')

    def do_task(self, task):
        self.write('task')
        return os.getpid()

    def do_stop(self):
        self.write('stop')


class Callable:
    def __init__(self, number):
        self.number = number

    def __call__(self, task):
        return task + self.number


class FirstSteps(kit.TestCase):
    def test_a_function_is_a_worker(self):
        self.assertEqual(self.work(Mpipe.Stage(double), [1, 2, 3]), [2, 4, 6])

    def test_a_function_of_a_module_is_a_worker(self):
        self.assertEqual(self.work(Mpipe.Stage(os.path.basename), ['/a/b', '/c']), ['b', 'c'])

    def test_a_builtin_function_is_a_worker(self):
        self.assertEqual(self.work(Mpipe.Stage(abs, 2), [-1, 2.5, -3j]), [1, 2.5, 3])

    def test_a_function_with_arguments_bound_is_a_worker(self):
        self.assertEqual(self.work(Mpipe.Stage(functools.partial(add, 10)), [1, 2]), [11, 12])

    def test_an_object_that_can_be_called_is_a_worker(self):
        self.assertEqual(self.work(Mpipe.Stage(Callable(5)), [1, 2]), [6, 7])

    def test_a_generator_gives_several_results(self):
        self.assertEqual(self.work(Mpipe.Stage(count_to, 3), [2, 0, 3]), [1, 2, 1, 2, 3])

    def test_a_function_without_result_gives_none(self):
        self.assertEqual(self.work(Mpipe.Stage(nothing), [1, 2]), [])

    def test_a_class_is_started_with_its_parameters(self):
        stage = Mpipe.Stage(Scaler, size=2, parameters={'factor': 1 << 70})
        self.assertEqual(self.work(stage, [1, 2]), [1 << 70, 2 << 70])

    def test_a_class_puts_several_results(self):
        self.assertEqual(self.work(Mpipe.Stage(Splitter), ['a b', 'c', '']), ['a', 'b', 'c'])

    def test_a_class_is_started_and_stopped_once(self):
        import tempfile
        with tempfile.NamedTemporaryFile('r') as file:
            stage = Mpipe.Stage(Diary, parameters={'path': file.name}, name='diary')
            self.assertEqual(len(self.work(stage, [1, 2])), 2)
            self.assertEqual(file.read().splitlines(), ['start diary 0', 'task diary 0', 'task diary 0', 'stop diary 0'])

    def test_a_chain(self):
        first = Mpipe.Stage(double, 2)
        first.link(Mpipe.Stage(str, 2))
        self.assertEqual(self.work(first, range(5)), ['0', '2', '4', '6', '8'])

    def test_a_fork(self):
        first, second, third = Mpipe.Stage(double), Mpipe.Stage(str), Mpipe.Stage(float)
        first.link(second)
        first.link(third)
        results = self.work(first, [1, 2])
        self.assertEqual([r for r in results if isinstance(r, str)], ['2', '4'])
        self.assertEqual([r for r in results if isinstance(r, float)], [2.0, 4.0])

    def test_a_fork_that_joins(self):
        first, second, third, last = (Mpipe.Stage(worker) for worker in (double, str, float, repr))
        first.link(second)
        first.link(third)
        second.link(last)
        third.link(last)
        self.assertEqual(sorted(self.work(first, [1, 2])), ["'2'", "'4'", '2.0', '4.0'])

    def test_a_filter(self):
        stage = Mpipe.FilterStage([Mpipe.Stage(double)], max_tasks=1, cache_results=True)
        with Mpipe.Pipeline(stage) as pipeline:
            pipeline.put(1)
            self.assertEqual(pipeline.get(), (1, []))
            kit.wait_until(lambda: stage.get_stages()[0].get_backlog() == 0)
            pipeline.put((2, 'two'))
            self.assertEqual(pipeline.get(), ((2, 'two'), [2]))

    def test_a_filter_that_drops_results(self):
        stage = Mpipe.FilterStage([Mpipe.Stage(double)], max_tasks=1, drop_results=True)
        self.assertEqual(self.work(stage, [1, 'b', None]), [1, 'b'])

    def test_many_tasks_in_order(self):
        self.assertEqual(self.work(Mpipe.Stage(double, 3), range(10000)), [2 * i for i in range(10000)])

    def test_many_tasks_in_any_order(self):
        results = self.work(Mpipe.Stage(double, 3, ordered=False), range(10000))
        self.assertEqual(sorted(results), [2 * i for i in range(10000)])

    def test_keyword_arguments(self):
        stage = Mpipe.Stage(worker=double, size=3, ordered=False, name='doubling', max_backlog=7, task_timeout=5000)
        self.assertEqual((stage.get_size(), stage.get_ordered(), stage.get_name(), stage.props.max_backlog),
                         (3, False, 'doubling', 7))
        self.assertIn('doubling', repr(stage))

    def test_ids_of_tasks_count_up(self):
        with Mpipe.Pipeline(Mpipe.Stage(double)) as pipeline:
            self.assertEqual([pipeline.put(1), pipeline.put('a'), pipeline.put([1])], [1, 2, 3])
        self.assertEqual(list(pipeline), [2, 'aa', [1, 1]])

    def test_none_stops(self):
        pipeline = Mpipe.Pipeline(Mpipe.Stage(double))
        pipeline.put(4)
        pipeline.put(None)
        self.assertEqual([pipeline.get(), pipeline.get(), pipeline.get()], [8, None, None])
        pipeline.wait()


if __name__ == '__main__':
    kit.main()
