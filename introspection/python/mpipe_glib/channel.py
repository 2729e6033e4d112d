# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Frames between a worker and its pipeline, as doc/wire.md describes them: those that arrive, with their descriptors,
and those that wait to be sent. What they mean is known in `worker`."""

import array
import collections
import socket
import struct
import sys
import threading

CHANNEL_FD, PAGE_FD = 3, 4
HEADER = struct.Struct('<IBBHQ')
HELLO, READY, TASK, RESULT, DONE, FAILED, PROGRESS, STOP, GOODBYE, TYPE, START, SKIPPED, CANCEL = range(1, 14)
LAST = 1                      # flag of a RESULT that ends its task
DO_STOP_TASK, DISABLE_RESULT = 1, 2
FEATURE_PAGE, FEATURE_START, FEATURE_CANCEL, FEATURE_SEVERAL, FEATURE_FDS = 1, 2, 4, 8, 32
FDS_SHIFT, FDS_LOST, FDS_MAX = 3, 31, 16     # flags of a TASK: how many descriptors come with it

RECEIVE_SIZE = 1 << 18
LARGE = 1 << 16               # payloads from here on are received and sent by themselves

_PAD = [bytes(n) for n in range(8)]
_FDS_SPACE = socket.CMSG_SPACE(FDS_MAX * array.array('i').itemsize)


class ChannelEnd(BaseException):
    """The pipeline has gone, or has given this worker up."""


def flush_prints():
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        pass     # nobody reads any more, or a task has closed it


class Outbox:
    """Frames that wait to be sent; they leave in the order in which they were added."""

    def __init__(self, channel):
        self._channel = channel
        self._lock = threading.Lock()
        self._types = {}
        self.parts = []
        self.n_bytes = 0
        self.since = 0

    def add(self, kind, sequence=0, payload=b'', flags=0, type_number=0):
        size = len(payload)
        self.parts.append(HEADER.pack(size, kind, flags, type_number, sequence) + payload + _PAD[-size % 8])
        self.n_bytes += 16 + size

    def number_of(self, kind):
        number = self._types.get(kind)
        if number is None:
            number = self._types[kind] = len(self._types) + 1
            self.add(TYPE, payload=kind.encode(), type_number=number)
        return number

    def add_value(self, sequence, kind, parts, flags):
        number = self.number_of(kind)
        size = sum(map(len, parts))
        header = HEADER.pack(size, RESULT, flags, number, sequence)
        if size < LARGE:
            self.parts.append(b''.join([header, *parts, _PAD[-size % 8]]))
            self.n_bytes += 16 + size
        else:
            self.parts += [header, *parts, _PAD[-size % 8]]
            self.flush()

    def flush(self):
        """What a task has printed is out before who waits for its result goes on."""
        flush_prints()
        with self._lock:
            parts = self.parts[:]
            del self.parts[:len(parts)]
            self.n_bytes = 0
            self.since = 0
            if parts:
                self._send(parts)

    def _send(self, parts):
        if sum(map(len, parts)) < LARGE:
            parts = [b''.join(parts)]
        views = [memoryview(part).cast('B') for part in parts if len(part)]
        try:
            while views:
                n = self._channel.sendmsg(views[:512])
                while views and n >= len(views[0]):
                    n -= len(views.pop(0))
                if n:
                    views[0] = views[0][n:]
        except OSError as error:
            raise ChannelEnd from error


class Inbox:
    """Frames that arrive: many with one call; a large one by itself, into memory of its own."""

    def __init__(self, channel):
        self._channel = channel
        self.buffer = bytearray(RECEIVE_SIZE)
        self.view = memoryview(self.buffer)
        self.start = self.end = 0
        self.types = {}
        self._after_large = False
        self._arrived = collections.deque()     # lists of the descriptors of frames that were not asked for yet

    def _receive(self, view):
        try:
            n, ancillary, flags, _ = self._channel.recvmsg_into([view], _FDS_SPACE, socket.MSG_CMSG_CLOEXEC)
        except OSError as error:
            raise ChannelEnd from error
        if ancillary or flags & socket.MSG_CTRUNC:
            fds = array.array('i')
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
            self._arrived.append(fds.tolist())
        if n == 0:
            raise ChannelEnd
        return n

    def receive(self):
        """Waits for more."""
        held = self.end - self.start
        if held == 0 or len(self.buffer) - self.end < 4096:
            self.buffer[:held] = self.buffer[self.start:self.end]
            self.start, self.end = 0, held
        # behind a large frame there may be another, of which only the header is wanted here
        limit = self.start + 16 if self._after_large and held < 16 else len(self.buffer)
        self.end += self._receive(self.view[self.end:limit])
        self._after_large = False

    def whole(self):
        """The length of the next frame if it is here, 0 if not, -1 if it is large."""
        held = self.end - self.start
        if held < 16:
            return 0
        size = int.from_bytes(self.view[self.start:self.start + 4], 'little')
        length = 16 + (size + 7) // 8 * 8
        if size >= LARGE:
            return -1
        return length if length <= held else 0

    def take_fds(self, flags):
        """The descriptors of the TASK frame that has these flags, and why there are fewer than there should be."""
        n = flags >> FDS_SHIFT
        if n == 0:
            return [], None
        if n == FDS_LOST:
            return [], 'the system refuses to send the descriptors of the task'
        fds = self._arrived.popleft() if self._arrived else []
        if len(fds) == n:
            return fds, None
        return fds, f'the task came with {len(fds)} of its {n} descriptors: this worker has too many open files'

    def receive_large(self, size, is_bytes):
        """The payload of the large frame whose header is next: bytes, or what may be written."""
        at = self.start + 16
        length = (size + 7) // 8 * 8
        n = min(self.end - at, length)
        if is_bytes and n == 0 and length == size:
            payload = self._receive_bytes(size)
            self.start = at
        else:
            payload = memoryview(bytearray(length))
            payload[:n] = self.view[at:at + n]
            self.start = at + n
            while n < length:
                n += self._receive(payload[n:])
            payload = payload[:size]
        self._after_large = self.start == self.end
        return payload

    def _receive_bytes(self, size):
        try:
            parts = [self._channel.recv(size, socket.MSG_WAITALL)]
            while sum(map(len, parts)) < size:
                parts.append(self._channel.recv(size - sum(map(len, parts)), socket.MSG_WAITALL))
                if not parts[-1]:
                    raise ChannelEnd
        except OSError as error:
            raise ChannelEnd from error
        return parts[0] if len(parts) == 1 else b''.join(parts)

    def next(self):
        """Waits for a frame: kind, flags, type, sequence, payload."""
        while True:
            length = self.whole()
            if length != 0:
                break
            self.receive()
        size, kind, flags, type_number, sequence = HEADER.unpack_from(self.buffer, self.start)
        if length < 0:
            payload = self.receive_large(size, self.types.get(type_number) == 'ay')
        else:
            payload = self.view[self.start + 16:self.start + 16 + size]
            self.start += length
        return kind, flags, type_number, sequence, payload
