#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A worker that is a class, with parameters. The pipeline makes an object of it in each worker process and calls
do_start() there once; the stage's parameters say what this stage's objects do."""

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


class Scaler(Mpipe.Worker):
    def do_start(self):
        self.factor = self.parameters['factor']

    def do_task(self, number):
        return number * self.factor


def print_scaled(factor):
    stage = Mpipe.Stage(Scaler, size=2, parameters={'factor': factor})
    with Mpipe.Pipeline(stage) as pipeline:
        for number in range(1, 6):
            pipeline.put(number)
    print(f'times {factor}:', *pipeline)


if __name__ == '__main__':
    print_scaled(3)
    print_scaled(10)
