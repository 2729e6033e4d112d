#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Two linked stages: the results of the first are the tasks of the second. Both have two workers and are ordered, so
that the results come in the order of the tasks."""

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def increment(number):
    return number + 1


def twice(number):
    return number * 2


if __name__ == '__main__':
    first = Mpipe.Stage(increment, size=2)
    second = Mpipe.Stage(twice, size=2)
    first.link(second)
    with Mpipe.Pipeline(first) as pipeline:
        for number in range(10):
            pipeline.put(number)
    for result in pipeline:
        print(result)
