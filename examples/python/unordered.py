#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""An unordered stage gives each result as soon as it is there, so that a long task holds up nobody. Its workers sleep
at the same time: eight of them are several times as fast as one, however many processors there are."""

import sys
import time

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)

N_TASKS = 8
FIRST_MS, OTHERS_MS = 300, 150     # the first task takes longest


def nap(milliseconds):
    time.sleep(milliseconds / 1000)
    return milliseconds


def run(n_workers):
    with Mpipe.Pipeline(Mpipe.Stage(nap, size=n_workers, ordered=False)) as pipeline:
        begun = time.monotonic()
        for i in range(N_TASKS):
            pipeline.put(OTHERS_MS if i else FIRST_MS)
        pipeline.stop()
        results = list(pipeline)
        duration = time.monotonic() - begun
    first = 'yes' if results[0] == FIRST_MS else 'no'
    print(f'workers: {n_workers}, slept {sum(results)} ms in all; the long task came out first: {first}')
    return duration


if __name__ == '__main__':
    one, eight = run(1), run(8)
    print('at least twice as fast as one process:', 'yes' if one >= 2 * eight else 'no')
    print(f'{one / eight:.1f} times as fast as one process', file=sys.stderr)
