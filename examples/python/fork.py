#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A fork: a stage that is linked to two others gives each of its results to both. get_full() says which leaf a result
comes from, and of which task."""

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def add_five(number):
    return number + 5


def square(number):
    return number * number


def negate(number):
    return -number


if __name__ == '__main__':
    first, squares, negatives = Mpipe.Stage(add_five), Mpipe.Stage(square, size=2), Mpipe.Stage(negate)
    first.link(squares)
    first.link(negatives)
    with Mpipe.Pipeline(first) as pipeline:
        for number in range(1, 6):
            pipeline.put(number)

    # each leaf keeps its order; which of the two is ahead of the other is not said
    results = {squares: [], negatives: []}
    while True:
        result, task_id, leaf = pipeline.get_full()
        if leaf is None:
            break
        results[leaf].append(result)
    print('squares:', *results[squares])
    print('negatives:', *results[negatives])
