#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""One stage of one worker. The worker is a function of this program, and runs in a process of its own."""

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def greet(name):
    return f'Hello, {name}!'


if __name__ == '__main__':
    with Mpipe.Pipeline(Mpipe.Stage(greet)) as pipeline:
        pipeline.put('world')
        pipeline.put('pipeline')
    for result in pipeline:
        print(result)
