#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Back-pressure: a limit on the backlog makes put() wait for a slow stage, and for a slow reader, so that memory stays
bounded however much is put. A task counts until its result was read; so one thread puts here and another reads."""

import threading
import time

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)

N_TASKS, MAX_BACKLOG, TASK_SECONDS = 30, 4, 0.01


def squeeze(task):
    time.sleep(TASK_SECONDS)
    return task


def yes_or_no(condition):
    return 'yes' if condition else 'no'


if __name__ == '__main__':
    results = []
    with Mpipe.Pipeline(Mpipe.Stage(squeeze, max_backlog=MAX_BACKLOG)) as pipeline:
        begun, n_put, largest_backlog = time.monotonic(), 0, 0
        while pipeline.try_put(n_put):
            n_put += 1
        print(f'put before anything was read: {n_put} tasks')

        reader = threading.Thread(target=lambda: results.extend(pipeline))
        reader.start()
        for number in range(n_put, N_TASKS):
            pipeline.put(number)
            largest_backlog = max(largest_backlog, pipeline.get_backlog())
        # all tasks but the last few are done by now, one after the other
        waited = time.monotonic() - begun >= (N_TASKS - MAX_BACKLOG) * TASK_SECONDS
        print('putting waited for the stage:', yes_or_no(waited))
        print(f'the backlog was never above {MAX_BACKLOG}:', yes_or_no(largest_backlog <= MAX_BACKLOG))
        pipeline.stop()
        reader.join()
    print(f'results: {len(results)}')
