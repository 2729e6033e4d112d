#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A filter stage: every task passes at once, and is offered to an inner pipeline that is slow. While that has as many
tasks as it may hold, it gets no more. Its latest result goes along with the tasks that pass later."""

import time

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import GLib, Mpipe  # noqa: E402 (the version is required first)


def analyse(number):
    time.sleep(0.3)
    return f'analysis of {number}'


def print_next(pipeline):
    number, latest = pipeline.get()
    latest = ', '.join(f"<'{result}'>" for result in latest)
    print(f'task {number} passed, with [{latest}]')


if __name__ == '__main__':
    slow = Mpipe.Stage(analyse)
    with Mpipe.Pipeline(Mpipe.FilterStage([slow], max_tasks=2)) as pipeline:
        for number in range(1, 11):
            pipeline.put(number)
        for number in range(1, 11):
            print_next(pipeline)
        print(f'analysed: {slow.get_n_tasks()} tasks')

        # counts are notified in the main context: wait there until the analyses are done
        while slow.get_backlog() > 0:
            GLib.MainContext.default().iteration(True)
        pipeline.put(11)
    print_next(pipeline)
