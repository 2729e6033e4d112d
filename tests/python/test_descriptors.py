#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Descriptors that go with a task."""

import asyncio
import fcntl
import os
import resource
import tempfile

import kit
from gi.repository import Gio
from kit import GLib, Mpipe

N_TASKS = 60


def read(task):
    """Gives what is in the files whose indices are the task."""
    contents = ''
    for handle in task:
        fd = Mpipe.take_fd(handle)
        contents += os.pread(fd, 100, 0).decode()
        os.close(fd)
    return contents


def read_and_close(task):
    with open(Mpipe.take_fd(0)) as file:
        return file.read()


def read_typed(task):
    name, handle = task
    with open(Mpipe.take_fd(handle)) as file:
        return f'{name}: {file.read()}'


async def read_later(task):
    await asyncio.sleep(0)
    return read_and_close(task)


def size(task):
    return task, len(os.listdir('/proc/self/fd'))


def flags(task):
    fd = Mpipe.take_fd(task)
    closed = fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    os.close(fd)
    return bool(closed)


def take(task):
    os.close(Mpipe.take_fd(0))
    Mpipe.take_fd(task)


def die_once(task):
    """Reads the pipe, and dies when there was something in it."""
    if os.read(Mpipe.take_fd(0), 1):
        os._exit(1)
    return read_typed(('again', 1))


def limit_files(task):
    n_open = len(os.listdir('/proc/self/fd'))
    resource.setrlimit(resource.RLIMIT_NOFILE, (n_open + 3, n_open + 3))


def new_file(contents):
    file = tempfile.TemporaryFile()
    file.write(contents.encode())
    file.seek(0)
    return file


class Descriptors(kit.TestCase):
    def test_each_task_reads_its_own(self):
        for worker, properties in ((read_and_close, {}), (read_later, {'concurrency': 4})):
            with Mpipe.Pipeline(Mpipe.Stage(worker, size=2, **properties)) as pipeline:
                for i in range(N_TASKS):
                    with new_file(str(i)) as file:
                        # an int, and a task larger than what is read at once
                        self.assertGreater(pipeline.put_with_fds(i if i % 7 else bytes(300000), [file]), 0)
            self.assertEqual(list(pipeline), [str(i) for i in range(N_TASKS)])

    def test_tasks_with_and_without_are_not_mixed_up(self):
        with Mpipe.Pipeline(Mpipe.Stage(read)) as pipeline, new_file('a') as a, new_file('b') as b:
            for _ in range(10):
                pipeline.put([])
                pipeline.put_with_fds([0, 1], [a, b])
                pipeline.put_with_fds([0], [b.fileno()])
                pipeline.put_with_fds([1], Gio.UnixFDList.new_from_array([os.dup(a.fileno()), os.dup(b.fileno())]))
        self.assertEqual(list(pipeline), ['', 'ab', 'b', 'b'] * 10)

    def test_handles_are_values_of_a_type(self):
        with Mpipe.Pipeline(Mpipe.Stage(read_typed, task_type='(sh)')) as pipeline, new_file('contents') as file:
            pipeline.put_with_fds(('first', 0), [file])
            with self.assertRaises(GLib.Error) as caught:
                pipeline.put_with_fds(('second', 1), [file])
            self.assertEqual(caught.exception.code, Mpipe.Error.TYPE)
            with self.assertRaises(GLib.Error):
                pipeline.put(('third', 0))
        self.assertEqual(list(pipeline), ['first: contents'])

    def test_what_is_not_taken_is_closed(self):
        with Mpipe.Pipeline(Mpipe.Stage(size)) as pipeline, new_file('x') as file:
            for i in range(N_TASKS):
                pipeline.put_with_fds(i, [file] * 3)
        found = list(pipeline)
        self.assertEqual([task for task, _ in found], list(range(N_TASKS)))
        self.assertEqual(len({n_open for _, n_open in found}), 1, found)

    def test_they_are_not_inherited(self):
        with Mpipe.Pipeline(Mpipe.Stage(flags)) as pipeline, new_file('x') as file:
            pipeline.put_with_fds(0, [file])
        self.assertEqual(list(pipeline), [True])

    def test_one_is_taken_once_and_none_that_is_not_there(self):
        with Mpipe.Pipeline(Mpipe.Stage(take)) as pipeline, new_file('x') as file:
            for handle in (0, 1, -1):
                pipeline.put_with_fds(handle, [file])
            pipeline.put(0)
        said = [self.fails(pipeline, Mpipe.Error.TASK_FAILED).message for _ in range(4)]
        self.assertIn('was taken before', said[0])
        for message in said[1:]:
            self.assertIn('no descriptor', message)
        self.assertRaises(LookupError, Mpipe.take_fd, 0)

    def test_a_task_that_is_tried_again_has_them_again(self):
        reading, writing = os.pipe()
        os.write(writing, b'x')
        os.close(writing)
        with Mpipe.Pipeline(Mpipe.Stage(die_once, max_attempts=2)) as pipeline, new_file('contents') as file:
            pipeline.put_with_fds('task', [reading, file])
            os.close(reading)
        self.assertEqual(list(pipeline), ['again: contents'])

    def test_too_few_in_a_worker_fail_the_task_alone(self):
        with Mpipe.Pipeline(Mpipe.Stage(read_or_limit)) as pipeline, new_file('x') as file:
            pipeline.put('limit')
            self.assertEqual(pipeline.get(), 'limited')
            for _ in range(3):
                pipeline.put_with_fds([0], [file] * 16)
                pipeline.put_with_fds([0], [file])
        for _ in range(3):
            self.assertIn('too many open files', self.fails(pipeline, Mpipe.Error.TASK_FAILED).message)
            self.assertEqual(pipeline.get(), 'x')

    def test_they_wait_for_room(self):
        with Mpipe.Pipeline(Mpipe.Stage(read_and_close, max_backlog=2)) as pipeline, new_file('x') as file:
            n_put = 0
            while pipeline.try_put_with_fds('', [file]):
                n_put += 1
            self.assertEqual(n_put, 2)
            pipeline.get()
            pipeline.put_with_fds('', [file])
            self.assertEqual(len([pipeline.get(), pipeline.get()]), 2)


def read_or_limit(task):
    if task == 'limit':
        limit_files(task)
        return 'limited'
    return read(task)


if __name__ == '__main__':
    kit.main()
