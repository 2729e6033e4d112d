#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A program with a main loop, which never waits in a call: it puts its tasks, and is told about results, failures and
the end by signals. Three of its tasks are no numbers; each of them fails alone, in its place."""

import sys

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import GLib, Mpipe  # noqa: E402 (the version is required first)


def parse(text):
    number = int(text)
    if abs(number) > 1000:
        raise ValueError(f'{number} is too large')
    return number


def has_result(pipeline, number, task_id, leaf):
    print(f'task {task_id}: {number}')


def has_failed(pipeline, task_id, stage, error):
    by_task = error.code == Mpipe.Error.TASK_FAILED
    print(f'task {task_id}: failed' + ('' if by_task else ' unexpectedly'))
    print(error.message, file=sys.stderr)
    return True


def has_completed(pipeline, loop):
    print(f'completed: {pipeline.get_n_results()} results, {pipeline.get_n_failed()} failures')
    loop.quit()


if __name__ == '__main__':
    loop = GLib.MainLoop()
    pipeline = Mpipe.Pipeline(Mpipe.Stage(parse, size=2))
    pipeline.connect('result', has_result)
    pipeline.connect('task-failed', has_failed)
    pipeline.connect('completed', has_completed, loop)
    for text in ('1', 'two', '-3', '4000', '5', ''):
        pipeline.put(text)
    pipeline.stop()
    loop.run()
