#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What tasks and results can be."""

import dataclasses
import math
import pickle

import kit
from kit import GLib, Mpipe


def same(task):
    return task


def kind(task):
    return type(task).__name__


@dataclasses.dataclass
class Point:
    x: int
    y: list


class Mixed(Mpipe.Worker):
    def do_task(self, task):
        return task


class CannotBePickled:
    def __reduce__(self):
        raise pickle.PicklingError('this one stays at home')


class CannotBeRead:
    def __reduce__(self):
        return explode, ()


def explode():
    raise ValueError('it burst on arrival')


def make(task):
    return {'unpicklable': CannotBePickled, 'unreadable': CannotBeRead}[task]() if isinstance(task, str) else task


def write_to_array(task):
    task[0] = 42
    return task


def variant(task):
    return GLib.Variant('(si)', ('answer', task))


VALUES = [0, 1, -1, (1 << 63) - 1, -1 << 63, 1 << 63, 1 << 200, True, False, 1.5, -0.0, math.inf, 2j,
          '', 'text', 'zero\0inside', 'half \ud800', 'ä€😀', b'', b'bytes', b'\0' * 100, bytearray(b'array'), [], (), {},
          [1, [2, (3, {'four': {5}})]], {'a': None}, frozenset({1}), Ellipsis, range(3), Point(1, [2]),
          'l' * 40000, b'l' * 200000, 'x' * 70000 + '\0']


class Values(kit.TestCase):
    def test_every_kind_of_value_goes_and_comes(self):
        results = self.work(Mpipe.Stage(same), VALUES)
        self.assertEqual(results, VALUES)
        self.assertEqual([type(result) for result in results], [type(value) for value in VALUES])

    def test_kinds_arrive_as_they_were(self):
        self.assertEqual(self.work(Mpipe.Stage(kind), VALUES), [type(value).__name__ for value in VALUES])

    def test_nan(self):
        self.assertTrue(math.isnan(self.work(Mpipe.Stage(same), [math.nan])[0]))

    def test_mixed_kinds_keep_their_order(self):
        tasks = [VALUES[i % len(VALUES)] for i in range(3000)]
        first = Mpipe.Stage(same, 3)
        first.link(Mpipe.Stage(Mixed, 2))
        self.assertEqual(self.work(first, tasks), tasks)

    def test_arrays(self):
        import numpy
        for shape in [(0,), (3,), (100, 7), (300, 400)]:
            array = numpy.arange(math.prod(shape), dtype='f8').reshape(shape)
            [result] = self.work(Mpipe.Stage(same), [array])
            self.assertEqual((result.dtype, result.shape), (array.dtype, array.shape))
            self.assertTrue((result == array).all())

    def test_several_arrays_in_one_task(self):
        import numpy
        tasks = [{'a': numpy.ones(5), 'b': [numpy.zeros((50, 50), dtype='u1'), 'text']} for _ in range(20)]
        for result in self.work(Mpipe.Stage(same, 2), tasks):
            self.assertEqual((result['a'].sum(), result['b'][0].shape, result['b'][1]), (5, (50, 50), 'text'))

    def test_a_worker_may_write_to_an_array_it_got(self):
        import numpy
        for n in (10, 100000):
            [result] = self.work(Mpipe.Stage(write_to_array), [numpy.zeros(n)])
            self.assertEqual((result[0], result.sum()), (42, 42))

    def test_a_result_that_cannot_be_pickled_fails_its_task(self):
        with Mpipe.Pipeline(Mpipe.Stage(make, 2)) as pipeline:
            for task in [1, 'unpicklable', 2]:
                pipeline.put(task)
        self.assertEqual(pipeline.get(), 1)
        self.assertIn('this one stays at home', str(self.fails(pipeline, Mpipe.Error.TASK_FAILED)))
        self.assertEqual(list(pipeline), [2])

    def test_a_result_that_cannot_be_read_fails_alone(self):
        with Mpipe.Pipeline(Mpipe.Stage(make)) as pipeline:
            for task in [[1], 'unreadable', [2]]:
                pipeline.put(task)
        self.assertEqual(pipeline.get(), [1])
        self.assertIn('it burst on arrival', str(self.fails(pipeline, Mpipe.Error.PROTOCOL)))
        self.assertEqual(list(pipeline), [[2]])

    def test_a_task_that_cannot_be_pickled_is_refused(self):
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            with self.assertRaisesRegex(pickle.PicklingError, 'stays at home'):
                pipeline.put(CannotBePickled())
            self.assertEqual(pipeline.put(1), 1)
        self.assertEqual(list(pipeline), [1])

    def test_a_task_that_cannot_be_read_fails_alone(self):
        with Mpipe.Pipeline(Mpipe.Stage(same)) as pipeline:
            pipeline.put(CannotBeRead())
            pipeline.put([1])
        self.assertIn('it burst on arrival', str(self.fails(pipeline, Mpipe.Error.TASK_FAILED)))
        self.assertEqual(list(pipeline), [[1]])

    def test_variants_are_tasks_and_results(self):
        tasks = [GLib.Variant('x', 5), GLib.Variant('as', ['a', 'b']), GLib.Variant('a{sv}', {'k': GLib.Variant('b', True)})]
        self.assertEqual(self.work(Mpipe.Stage(same), tasks), [5, ['a', 'b'], {'k': True}])
        self.assertEqual(self.work(Mpipe.Stage(variant), [7]), [('answer', 7)])


class Typed(kit.TestCase):
    def test_values_of_types(self):
        for type_, tasks in [('x', [1, -2]), ('s', ['a', '']), ('ay', [b'', b'abc']), ('d', [1.5]), ('b', [True, False]),
                             ('as', [['a'], []]), ('(si)', [('a', 1)]), ('a{sx}', [{'a': 1}]), ('u', [7])]:
            with self.subTest(type_):
                self.assertEqual(self.work(Mpipe.Stage(same, task_type=type_, result_type=type_), tasks), tasks)

    def test_bytes_like_objects_are_bytes(self):
        stage = Mpipe.Stage(bytearray, task_type='ay', result_type='ay')
        self.assertEqual(self.work(stage, [bytearray(b'abc'), memoryview(b'def')]), [b'abc', b'def'])

    def test_a_task_of_a_wrong_type_is_refused(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, task_type='x', name='counting')) as pipeline:
            with self.assertRaisesRegex(TypeError, 'counting.*“x” is wanted.*str'):
                pipeline.put('text')
            pipeline.put(1)
        self.assertEqual(list(pipeline), [1])

    def test_a_variant_of_a_wrong_type_is_refused(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, task_type='x', name='counting')) as pipeline:
            with self.assertRaises(GLib.Error) as caught:
                pipeline.put(GLib.Variant('s', 'text'))
        for word in ('counting', 'x', 's'):
            self.assertIn(word, caught.exception.message)

    def test_a_result_of_a_wrong_type_fails_its_task(self):
        with Mpipe.Pipeline(Mpipe.Stage(same, result_type='s', name='writing')) as pipeline:
            pipeline.put(5)
            pipeline.put(GLib.Variant('x', 5))
            pipeline.put('good')
        self.assertRegex(str(self.fails(pipeline, Mpipe.Error.TASK_FAILED)), 'writing.*“s” is wanted.*int')
        self.assertIn('writing', str(self.fails(pipeline, Mpipe.Error.TASK_FAILED)))
        self.assertEqual(list(pipeline), ['good'])

    def test_only_results_have_a_type(self):
        self.assertEqual(self.work(Mpipe.Stage(repr, result_type='s'), [[1, 2], {'a': 1}]), ['[1, 2]', "{'a': 1}"])

    def test_only_tasks_have_a_type(self):
        self.assertEqual(self.work(Mpipe.Stage(list, task_type='s'), ['abc']), [['a', 'b', 'c']])

    def test_a_typed_stage_in_the_middle(self):
        first, second, third = Mpipe.Stage(repr, result_type='s'), Mpipe.Stage(same, task_type='s', result_type='s'), \
            Mpipe.Stage(list)
        first.link(second)
        second.link(third)
        self.assertEqual(self.work(first, [[12]]), [['[', '1', '2', ']']])

    def test_nothing_is_unpickled_where_types_were_declared(self):
        harmful = GLib.Variant('(ay)', (pickle.dumps(CannotBeRead()),))
        stage = Mpipe.Stage(kind, task_type='(ay)', result_type='s')
        self.assertEqual(self.work(stage, [harmful]), ['tuple'])
        stage = Mpipe.Stage(same, task_type='(ay)', result_type='(ay)')
        [(result,)] = self.work(stage, [harmful])
        self.assertEqual(bytes(result), pickle.dumps(CannotBeRead()))

    def test_typed_and_any_results_of_one_kind_cannot_be_told_apart(self):
        first = Mpipe.Stage(same)
        first.link(Mpipe.Stage(same, result_type='(ay)', name='raw'))
        first.link(Mpipe.Stage(same))
        with self.assertRaisesRegex(TypeError, 'raw'):
            Mpipe.Pipeline(first)


if __name__ == '__main__':
    kit.main()
