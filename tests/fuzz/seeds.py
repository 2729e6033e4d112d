#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Writes the inputs that fuzzers start from, always the same ones.

    seeds.py DIRECTORY     writes DIRECTORY/TARGET/NAME for each fuzz target

They are what honest programs send, and a few things next to it; the fuzzers find the rest. The numbers are those of
doc/wire.md, and the first bytes of an input those that its target takes off it. What was found once is in corpus/.
"""

import pathlib
import struct
import sys

(HELLO, READY, TASK, RESULT, DONE, FAILED, PROGRESS, STOP, GOODBYE, TYPE, START, SKIPPED, CANCEL, RELEASE,
 TASKS, RESULTS) = range(1, 17)
LAST, SHARED, OF_TASK = 1, 2, 4
PAGE, START_FRAMES, CAN_CANCEL, CONCURRENT, READS_SHARED = 1, 2, 4, 8, 16


def pad(payload):
    return payload + bytes(-len(payload) % 8)


def frame(kind, sequence=0, payload=b'', type_number=0, flags=0):
    return struct.pack('<IBBHQ', len(payload), kind, flags, type_number, sequence) + pad(payload)


def type_frame(number, string):
    return frame(TYPE, 0, string.encode(), number)


def place(offset, size):
    return struct.pack('<QQ', offset, size)


def number(value):
    return struct.pack('<q', value)


PARAMETERS = bytes.fromhex('666163746f7200000300000000000000007807 13'.replace(' ', ''))


def setup(flags=0, concurrency=0, result_type='x', parameters=b''):
    texts = f'square\0square\0{result_type}\0'.encode()
    head = struct.pack('<IHHII', 1, flags, concurrency, 3, len(texts))
    return pad(head + texts) + parameters


def hello(features=START_FRAMES):
    return struct.pack('<IIII', 1, features, 812, 0)


def failure(message='no such thing', domain='g-io-error-quark', code=1):
    return struct.pack('<i', code) + domain.encode() + b'\0' + message.encode() + b'\0'


def progress(fraction=0.5, text='half of it'):
    return struct.pack('<d', fraction) + text.encode() + b'\0'


# Types, and values of them in normal form.
VALUES = [
    ('x', number(-7)), ('d', struct.pack('<d', 1.5)), ('y', b'\1'), ('b', b'\1'), ('b', b'\2'), ('n', b'\1\0'),
    ('i', b'\1\0\0\0'), ('s', b'text\0'), ('s', b'\xff\0'), ('o', b'/a/b\0'), ('g', b'a{sv}\0'), ('ay', b'bytes'),
    ('ax', number(1) + number(2)), ('ab', b'\0\1\0'), ('as', b'a\0bc\0\2\5'), ('aay', b'ab\2'), ('(xs)', number(1) + b'a\0'),
    ('(sx)', b'a\0' + bytes(6) + number(1) + b'\2'), ('a{sv}', PARAMETERS), ('v', b'a\0\0s'),
    ('v', b'\1\0\0\0\0h'), ('v', b'\0' * 4 + b'\0v' * 60), ('mx', number(3)), ('ms', b'a\0\0'), ('mms', b'\0'),
    ('()', b'\0'), ('a()', b'\0\0\0'), ('(ynqiuxtdb)', bytes(48)), ('((x))', number(1)), ('{sx}', b'k\0' + bytes(6) + number(2) + b'\2'),
    ('a(ss)', b'a\0b\0\2c\0d\0\2\5\x0a'), ('aas', b'a\0\2\3'), ('h', bytes(4)), ('*', b''), ('a*', b''),
    ('(' * 60 + 'y' + ')' * 60, b'\7'), ('a' * 100 + 'y', b''), ('a(vs)', b''), ('as', b'x' * 300 + b'\0' + struct.pack('<H', 301)),
]


def frame_seeds():
    some = (frame(HELLO, 0, hello()) + type_frame(1, 'x') + frame(READY) + frame(RESULT, 1, number(49), 1, LAST)
            + frame(FAILED, 2, failure()) + frame(GOODBYE))
    yield 'conversation', b'\0\0' + some
    yield 'conversation-in-pieces', b'\7\1' + some
    yield 'cut-short', b'\3\0' + some[:-5]
    yield 'unknown-kind', b'\0\0' + frame(15) + some
    yield 'too-large', b'\0\0' + struct.pack('<IBBHQ', 0x40000001, RESULT, 0, 1, 1)
    yield 'largest', b'\0\0' + struct.pack('<IBBHQ', 0x40000000, RESULT, 0, 1, 1)
    yield 'large-control', b'\0\0' + struct.pack('<IBBHQ', 0x10001, DONE, 0, 1, 1)
    for size in (4096, 4097, 16368, 16369, 65519, 65520, 65521):
        yield f'payload-{size}', b'\5\1' + frame(RESULT, 1, b'a' * size, 1) + some
    yield 'two-large', b'\x21\0' + frame(RESULT, 1, b'a' * 40000, 1) + frame(RESULT, 2, b'b' * 40000, 1)


def message_seeds():
    yield 'setup', b'\x10' + setup()
    yield 'setup-with-parameters', b'\x10' + setup(3, 8, '', PARAMETERS)
    yield 'setup-cut-short', b'\x10' + setup()[:20]
    yield 'setup-of-another-version', b'\x10\2' + setup()[1:]
    yield 'hello', b'\x11' + hello()
    yield 'failed', b'\x12' + failure()
    yield 'failed-at-length', b'\x12' + failure('\N{SNOWMAN}' * 1400, 'd' * 200)
    yield 'failed-with-controls', b'\x12' + failure('\1\x1b[0m\xff')
    yield 'progress', b'\x13' + progress()
    yield 'progress-at-length', b'\x13' + progress(2, '\N{SNOWMAN}' * 400)
    yield 'progress-of-no-number', b'\x13' + progress(float('nan'))
    for index, (string, value) in enumerate(VALUES):
        text = string.encode()
        if len(text) < 256 and len(value) < 256:
            yield f'value-{index}', (b'\4' + b'\1\1\0' + bytes([len(text)]) + text
                                     + b'\0\1\0' + bytes([len(value)]) + value)
    yield 'types', b'\4' + b''.join(b'\1' + bytes([n, 0, 1]) + t.encode() for n, t in enumerate('xtdis', 1))


def variant_seeds():
    for index, (string, value) in enumerate(VALUES):
        yield f'value-{index}', string.encode() + b'\0' + value


def to_worker_seeds():
    said = (type_frame(1, 'x') + type_frame(2, 's') + type_frame(3, 'v') + frame(TASK, 1, number(7), 1)
            + frame(TASK, 2, b'fail\0', 2) + frame(TASK, 3, b'nothing\0', 2) + frame(TASK, 4, b'a\0\0s', 3)
            + frame(TASK, 5, b'handle\0', 2) + frame(TASK, 6, b'\xff', 2) + frame(CANCEL, 6))
    for ways in (4, 5, 6, 7, 0x26, 0x27, 0x2e, 0x0c):
        yield f'tasks-{ways}', bytes([ways, 0]) + said + frame(STOP, 7)
        yield f'tasks-in-pieces-{ways}', bytes([ways, 9]) + said + frame(STOP, 7)
    yield 'greeting', b'\0\0' + frame(HELLO, 0, setup()) + said + frame(STOP, 7)
    yield 'greeting-with-parameters', b'\2\0' + frame(HELLO, 0, setup(1, 2, '', PARAMETERS)) + said + frame(STOP, 7)
    yield 'nothing', b'\0\0'
    yield 'no-greeting', b'\0\0' + said
    yield 'no-stop', b'\4\0' + said
    yield 'same-number', b'\x26\0' + type_frame(1, 'x') + frame(TASK, 1, number(7), 1) * 3 + frame(STOP, 1)
    for ways in (0x84, 0x86):
        shared = (type_frame(1, 's') + type_frame(2, 'ay') + frame(TASK, 1, place(0, 65536), 2, SHARED)
                  + frame(TASK, 2, place(4096, 16384), 2, SHARED) + frame(TASK, 3, place(4095, 1), 1, SHARED)
                  + frame(TASK, 4, place(0, 4096), 1, SHARED) + frame(TASK, 5, place(1, 65536), 2, SHARED))
        yield f'shared-{ways}', bytes([ways, 0]) + shared + frame(STOP, 6)
    rows = type_frame(1, 'x') + type_frame(2, 'y') + type_frame(3, 'i')
    first = 1
    for n in (1, 2, 3, 4, 5, 12):
        rows += frame(TASKS, first, number(7) * n, 1) + frame(TASKS, first + n, b'a' * n, 2)
        first += 2 * n
    for ways in (4, 5, 6, 7, 0x44, 0x45, 0x4d):
        yield f'rows-{ways}', bytes([ways, 0]) + rows + frame(TASKS, first, number(3), 3) + frame(STOP, first + 2)
    yield 'row-of-nothing', b'\x45\0' + rows + frame(TASKS, first, b'', 1)
    yield 'row-of-text', b'\x45\0' + type_frame(1, 's') + frame(TASKS, 1, b'text\0', 1)
    yield 'no-type', b'\4\0' + frame(TASK, 1, number(7), 9) + frame(STOP, 2)


def from_worker_seeds():
    def said(features):
        return (frame(HELLO, 0, hello(features)) + type_frame(1, 'x') + type_frame(2, 'as') + frame(READY)
                + frame(START, 1) + frame(PROGRESS, 1, progress()) + frame(RESULT, 1, number(49), 1, LAST)
                + frame(START, 2) + frame(RESULT, 2, number(49), 1) + frame(DONE, 2) + frame(FAILED, 3, failure())
                + frame(RESULT, 4, b'a\0\2', 2) + frame(DONE, 4) + frame(SKIPPED, 5))
    end = frame(DONE, 6) + frame(GOODBYE)
    for ways in range(8):
        yield f'life-{ways}', bytes([ways, 0]) + said(ways) + end
        yield f'life-in-pieces-{ways}', bytes([ways, 5]) + said(15 - ways) + end
    shared = (frame(HELLO, 0, hello(READS_SHARED)) + type_frame(1, 'ay') + frame(READY)
              + frame(RESULT, 1, place(0, 16384), 1, LAST | SHARED | OF_TASK) + frame(RELEASE, 1)
              + frame(RESULT, 2, place(8, 19993), 1, LAST | SHARED | OF_TASK)
              + frame(RESULT, 3, place(0, 16384), 1, SHARED) + frame(RESULT, 3, place(16384, 16385), 1, LAST | SHARED)
              + frame(RELEASE, 2) + frame(RELEASE, 3) + frame(RELEASE, 3))
    yield 'shared', bytes([8, 0]) + shared
    yield 'shared-without-memory', bytes([0, 0]) + shared
    rows = frame(HELLO, 0, hello()) + type_frame(1, 'x') + type_frame(2, 'y') + frame(READY)
    yield 'rows', b'\0\0' + rows + frame(RESULTS, 1, number(5) * 3, 1) + frame(RESULTS, 4, b'ab', 2) + end
    yield 'row-too-long', b'\0\0' + rows + frame(RESULTS, 1, number(5) * 100, 1) + end
    yield 'row-of-nothing', b'\0\0' + rows + frame(RESULTS, 1, b'', 1) + end
    yield 'no-goodbye', b'\0\0' + said(0)
    yield 'refusal', b'\0\0' + frame(FAILED, 0, failure())
    yield 'late-refusal', b'\0\0' + frame(HELLO, 0, hello()) + frame(FAILED, 0, failure())
    yield 'nothing', b'\0\0'
    yield 'twice-ready', b'\0\0' + frame(HELLO, 0, hello()) + frame(READY) * 2
    yield 'early-goodbye', b'\0\0' + frame(HELLO, 0, hello()) + frame(READY) + frame(GOODBYE)


def engine_seeds():
    plans = {
        'single': bytes([7, 0, 2, 0, 0, 0]), 'unordered': bytes([0x17, 4, 2, 1, 0, 3]), 'page': bytes([7, 0x24, 1, 1, 0, 0]),
        'chain': bytes([3, 5, 2, 1, 0, 0]), 'fork': bytes([3, 6, 2, 1, 0, 0]), 'filter': bytes([3, 7, 2, 1, 0, 0]),
        'limited': bytes([7, 4, 2, 5, 2, 0]), 'concurrent': bytes([9, 0x68, 15, 2, 0, 0]),
        'timed': bytes([3, 4, 2, 9, 0, 0]), 'stop-task': bytes([0x23, 4, 2, 0, 0, 0]),
        'cancelled': bytes([7, 0x44, 6, 0, 0x10, 0x20]), 'terminated': bytes([7, 4, 2, 0, 0x20, 0x30]),
        'unread': bytes([7, 4, 2, 0, 0x30, 0]), 'stops-at-failure': bytes([7, 4, 2, 0, 4, 0]),
        'collects': bytes([7, 4, 2, 0, 8, 0]), 'short-lived': bytes([7, 4, 2, 0x20, 0, 0]),
        'read-early': bytes([7, 4, 0x22, 0, 0, 0]), 'large': bytes([3, 4, 0x82, 1, 0, 0]),
        'shared': bytes([3, 4, 0xd2, 1, 0, 0]), 'shared-chain': bytes([3, 5, 0xd2, 1, 0, 0]),
        'greets-itself': bytes([3, 0x10, 2, 4, 0, 0]),
        'rows': bytes([15, 0x24, 1, 0x80, 0, 0]), 'arrays': bytes([15, 0x25, 1, 0x81, 0x40, 0]),
    }
    scripts = {
        'honest': b'',
        'answers': bytes([3, 0x10, 4, 0, 1, 1, 8]) + number(5) + bytes([5, 0, 6, 1, 7, 0, 9, 0, 100, 0]),
        'several': bytes([3, 0x10, 4, 0, 0, 1, 8]) + number(5) + bytes([4, 0, 0, 1, 8]) + number(6) + bytes([5, 0]),
        'row-of-results': bytes([3, 0x10, 4, 0, 0x10, 1, 16]) + number(5) + number(6),
        'half-done': bytes([3, 0x10, 4, 0, 0, 1, 8]) + number(5) + bytes([14, 0]),
        'shared-results': bytes([3, 0x16, 4, 0, 2, 1, 0x00, 4, 0, 6, 1, 0x11, 4, 0, 7, 1, 0x31, 15, 0, 4, 0, 2, 1, 0x8b]),
        'dies': bytes([7, 0, 14, 0, 14, 1]),
        'dies-idle': bytes([0x8e, 0, 0x8e, 0]),
        'garbage': bytes([11, 5]) + b'xxxxx' + bytes([11, 16]) + frame(DONE, 99),
        'wrong-numbers': bytes([5, 0xff, 8, 0xf3, 7, 0xf9]),
        'bad-results': bytes([3, 0x11, 4, 0, 1, 1, 1]) + b'\xff' + bytes([3, 0x2b, 4, 0, 1, 1, 2, 0, 0]),
        'page': bytes([13, 1, 13, 0x38, 1, 13, 6, 3, 0, 0, 13, 0x18, 2]),
        'hangs': bytes([14, 2, 14, 4, 14, 2]),
        'any': bytes([12, 4, 1, 1, 0, 1, 0, 12, 9, 0, 0, 0, 0, 0]),
        'early-goodbye': bytes([0x8a]),
        'greeting': bytes([1, 2, 2, 3, 0x10, 0, 0]),
        'greeting-twice': bytes([1, 2, 2, 0x82]),
    }
    for plan_name, plan in plans.items():
        for script_name, script in scripts.items():
            yield f'{plan_name}-{script_name}', plan + script


SEEDS = {
    'engine': engine_seeds,
    'frame': frame_seeds,
    'message': message_seeds,
    'variant': variant_seeds,
    'to-worker': to_worker_seeds,
    'from-worker': from_worker_seeds,
}


def main(directory):
    for target, seeds in SEEDS.items():
        folder = pathlib.Path(directory) / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in seeds():
            (folder / name).write_bytes(content)


if __name__ == '__main__':
    main(sys.argv[1])
