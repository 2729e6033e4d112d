# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A worker that is a coroutine: several tasks are open at a time, as many as the stage's `concurrency` allows."""

import asyncio
import collections
import contextvars
import inspect
import os
import sys

from mpipe_glib import channel, worker

_sequence = contextvars.ContextVar('sequence', default=0)
_fds = contextvars.ContextVar('fds', default=())


class AsyncLoop:
    """Has the place of worker.Loop, of which it uses the parts that make and read values."""

    def __init__(self, loop):
        self._loop = loop
        self.inbox, self.outbox, self.setup = loop.inbox, loop.outbox, loop.setup
        self.worker = None
        self._waiting = collections.deque()     # of (sequence, kind, payload, fds, what is missing)
        self._open = {}                         # sequence: asyncio.Task
        self._stop = None                       # sequence of the stop task
        self._flush_planned = False

    def put_result(self, value):
        sequence = _sequence.get()
        if sequence == 0:
            raise RuntimeError('a result can be put only while a task is being done')
        kind, parts = self._loop.encode(value)
        self.outbox.add_value(sequence, kind, parts, 0)
        self._plan_flush()

    @property
    def fds(self):
        return _fds.get()

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        self._ended = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(channel.CHANNEL_FD, self._readable)
        self._handle_frames()
        await self._ended
        asyncio.get_running_loop().remove_reader(channel.CHANNEL_FD)
        await self._do_stop()

    async def _do_stop(self):
        if self.setup.do_stop_task:
            await self._do(self._stop, None, None)
        else:
            self.outbox.add(channel.DONE, self._stop)
        self._flush()
        self.worker.stop()
        sys.stdout.flush()
        self.outbox.add(channel.GOODBYE)
        self._flush()

    # frames

    def _readable(self):
        try:
            self.inbox.receive()
        except channel.ChannelEnd:
            os._exit(1)
        self._handle_frames()

    def _handle_frames(self):
        inbox = self.inbox
        while inbox.whole() != 0:
            try:
                kind, flags, type_number, sequence, payload = inbox.next()
            except channel.ChannelEnd:
                os._exit(1)
            if kind == channel.TASK:
                self._waiting.append((sequence, inbox.types.get(type_number), bytes(payload), *inbox.take_fds(flags)))
            elif kind == channel.TYPE:
                inbox.types[type_number] = bytes(payload).decode()
            elif kind == channel.CANCEL:
                self._cancel(sequence)
            elif kind == channel.STOP:
                self._stop = sequence
        self._begin()

    def _cancel(self, sequence):
        if sequence in self._open:
            self._open[sequence].cancel()
            return
        for waiting in self._waiting:
            if waiting[0] == sequence:
                self._waiting.remove(waiting)
                worker.close_all(waiting[3])
                self._loop.fail(sequence, asyncio.CancelledError('the task was cancelled'))
                self._plan_flush()
                return

    # tasks

    def _begin(self):
        while self._waiting and len(self._open) < max(self.setup.concurrency, 1):
            sequence, kind, payload, fds, missing = self._waiting.popleft()
            self.outbox.add(channel.START, sequence)
            self._open[sequence] = asyncio.ensure_future(self._do(sequence, kind, payload, fds, missing))
            self._open[sequence].add_done_callback(lambda _, sequence=sequence, fds=fds: self._done(sequence, fds))
        self._plan_flush()
        self._end_if_stopped()

    def _done(self, sequence, fds):
        del self._open[sequence]
        worker.close_all(fds)
        self._begin()

    def _end_if_stopped(self):
        if self._stop is not None and not self._open and not self._waiting and not self._ended.done():
            self._ended.set_result(None)

    async def _do(self, sequence, kind, payload, fds=(), missing=None):
        _sequence.set(sequence)
        _fds.set(fds)
        try:
            if missing:
                raise OSError(missing)
            result = self.worker.task(None if kind is None and payload is None else self._loop.decode(kind, payload))
            if inspect.isasyncgen(result):
                async for one in result:
                    if one is not None:
                        self.put_result(one)
                result = None
            elif inspect.isawaitable(result):
                result = await result
            self._loop.answer(sequence, result)
        except channel.ChannelEnd:
            os._exit(1)
        except (Exception, asyncio.CancelledError) as error:
            self._loop.fail(sequence, error)
        self._plan_flush()

    # answers

    def _plan_flush(self):
        if not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self):
        self._flush_planned = False
        sys.stdout.flush()
        try:
            self.outbox.flush()
        except channel.ChannelEnd:
            os._exit(1)
