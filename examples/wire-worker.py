#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A worker without GObject: it speaks the protocol of doc/wire.md with Python's standard library.

Its tasks are 64-bit integers, GVariant's type "x"; the result of each is its square."""

import os
import socket
import struct
import sys

HELLO, READY, TASK, RESULT, DONE, FAILED, STOP, GOODBYE, TYPE, START = 1, 2, 3, 4, 5, 6, 8, 9, 10, 11
HEADER = struct.Struct('<IBBHQ')  # size of the payload, kind, flags, type, sequence
VERSION = 1
START_FRAMES = 2  # we say in START frames which task we are on
LAST = 1          # a flag of RESULT: no DONE follows
INTEGER = 1       # our number for the type "x"


def receive():
    """Returns kind, type, sequence and payload of the next frame."""
    size, kind, _, number, sequence = HEADER.unpack(read_exactly(HEADER.size))
    return kind, number, sequence, read_exactly(size + -size % 8)[:size]


def read_exactly(size):
    data = incoming.read(size)
    if len(data) < size:
        sys.exit(1)  # the pipeline is gone
    return data


def send(kind, sequence=0, payload=b'', number=0, flags=0):
    header = HEADER.pack(len(payload), kind, flags, number, sequence)
    channel.sendall(header + payload + bytes(-len(payload) % 8))


def do_task(type_string, data):
    if type_string != b'x' or len(data) != 8:
        raise ValueError('this is no 64-bit integer')
    square = int.from_bytes(data, 'little', signed=True) ** 2
    if square >= 1 << 63:
        raise ValueError(f'{square} does not fit into 64 bits')
    return struct.pack('<q', square)


def main():
    kind, _, _, setup = receive()
    if kind != HELLO or struct.unpack_from('<I', setup) != (VERSION,):
        sys.exit('the pipeline speaks another protocol')
    send(HELLO, payload=struct.pack('<4I', VERSION, START_FRAMES, os.getpid(), 0))
    send(TYPE, payload=b'x', number=INTEGER)
    send(READY)
    types = {}  # the pipeline's numbers
    while True:
        kind, number, sequence, payload = receive()
        if kind == TYPE:
            types[number] = payload
        elif kind == TASK:
            send(START, sequence)
            try:
                send(RESULT, sequence, do_task(types.get(number), payload), INTEGER, LAST)
            except ValueError as error:
                send(FAILED, sequence, struct.pack('<i', 0) + f'wire-worker\0{error}\0'.encode())
        elif kind == STOP:
            send(DONE, sequence)
            send(GOODBYE)
            return


if os.environ.pop('MPIPE_WORKER', '') != 'program':
    sys.exit('this program is a worker; a pipeline starts it')
channel = socket.socket(fileno=3)
incoming = channel.makefile('rb')
try:
    main()
except ConnectionError:
    sys.exit(1)  # the pipeline is gone
