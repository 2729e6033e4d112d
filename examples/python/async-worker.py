#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A worker that is a coroutine. It does not compute: for each task it runs a program, and waits. So one process does
for all: it has up to four tasks open at a time. One of the programs fails, and so does its task."""

import asyncio
import sys

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


async def double(text):
    program = await asyncio.create_subprocess_exec('expr', text, '*', '2', stdout=asyncio.subprocess.PIPE,
                                                   stderr=asyncio.subprocess.DEVNULL)
    output, _ = await program.communicate()
    if program.returncode != 0:
        raise ValueError('the program was not successful')
    return output.decode().strip()


async def main():
    async with Mpipe.Pipeline(Mpipe.Stage(double, concurrency=4)) as pipeline:
        for text in ('1', '22', '333', 'four', '55555', '666666'):
            await pipeline.put_async(text)
        pipeline.stop()
        while True:
            try:
                async for result in pipeline:
                    print(result)
                break
            except Mpipe.TaskError as error:
                print('failed')
                print(error.message, file=sys.stderr)


if __name__ == '__main__':
    asyncio.run(main())
