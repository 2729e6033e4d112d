#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A task may have any number of results, also none. A generator function yields each as soon as it is found. Results
of one task stay together, also when several workers are busy."""

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def factorise(number):
    factor = 2
    while factor * factor <= number:
        while number % factor == 0:
            yield factor
            number //= factor
        factor += 1
    if number > 1:
        yield number


if __name__ == '__main__':
    numbers = [12, 1, 97, 360, 1, 1001, 65536, 999999000001]
    factors = {}
    with Mpipe.Pipeline(Mpipe.Stage(factorise, size=3)) as pipeline:
        for number in numbers:
            pipeline.put(number)

    # tasks are numbered from 1, in the order in which they were put
    while True:
        factor, task_id, leaf = pipeline.get_full()
        if leaf is None:
            break
        factors.setdefault(task_id, []).append(factor)
    for task_id, found in factors.items():
        print(numbers[task_id - 1], '=', *found)
