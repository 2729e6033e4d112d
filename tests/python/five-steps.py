#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The five steps in Python."""

import sys

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def increment(number):
    if number < 0:
        raise ValueError(f'{number} is negative')
    return number + 1


class Scale(Mpipe.Worker):
    def do_start(self):
        self.factor = self.parameters['factor']

    def do_task(self, number):
        return number * self.factor


if __name__ == '__main__':
    first = Mpipe.Stage(increment, size=2)
    second = Mpipe.Stage(Scale, size=2, parameters={'factor': 10})

    first.link(second)

    with Mpipe.Pipeline(first) as pipeline:
        for number in [1, 2, -1, 4]:
            pipeline.put(number)

    results = iter(pipeline)
    while True:
        try:
            print(next(results))
        except StopIteration:
            break
        except Mpipe.TaskError as error:
            print('a task failed')
            print(error, file=sys.stderr)
