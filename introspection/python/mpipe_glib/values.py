# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Python objects as values on the wire.

The type of a value says how it was made:

    x d b s ay   an int (of 64 bits), a float, a bool, a str, bytes: what every language understands
    (ay)         any other object, pickled
    ((ay))       any other object, pickled; its buffers (of a numpy array, say) lie beside the pickle, so that
                 they are never copied into it. The bytes are an aay: each buffer behind zeros that bring it to
                 a multiple of 16, and the pickle last

An array of values is what many of them are on their way into and out of the library.
"""

import pickle
import struct
from array import array
from itertools import accumulate

PICKLE = '(ay)'
PICKLE_AND_BUFFERS = '((ay))'

INT64_MIN, INT64_MAX = -1 << 63, (1 << 63) - 1
INT64 = struct.Struct('<q')
_DOUBLE = struct.Struct('<d')
_OFFSETS = {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}
_ALIGNMENT = 16

#: The kind of the objects that need no pickle, by their exact type.
KINDS = {int: 'x', float: 'd', bool: 'b', str: 's', bytes: 'ay'}


# Arrays of elements of any size, as GVariant serialises them: the elements, then where each ends.

def offset_size(size):
    """How many bytes each of the offsets takes that end a serialised container of so many bytes."""
    return 0 if size == 0 else 1 if size <= 0xff else 2 if size <= 0xffff else 4 if size <= 0xffffffff else 8


def join_elements(elements):
    """The parts of a serialised array of elements, as a list of bytes-like objects."""
    body = sum(map(len, elements))
    for size, code in _OFFSETS.items():
        if offset_size(body + size * len(elements)) <= size:
            break
    return [*elements, array(code, accumulate(map(len, elements))).tobytes()]


def split_elements(data):
    """The elements of a serialised array, as slices of `data`; ValueError when it is none."""
    size = len(data)
    if size == 0:
        return []
    width = offset_size(size)
    body = int.from_bytes(data[size - width:], 'little')
    table = size - body
    if body > size or table % width != 0 or table == 0:
        raise ValueError('not an array of values')
    ends = memoryview(bytes(data[body:])).cast(_OFFSETS[width]).tolist()
    starts = [0, *ends[:-1]]
    if any(start > end for start, end in zip(starts, ends)):
        raise ValueError('not an array of values')
    return [data[start:end] for start, end in zip(starts, ends)]


# One object.

def _pickle(value):
    buffers = []
    data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    if not buffers:
        return PICKLE, [data]
    elements, at = [], 0
    for buffer in buffers:
        raw = buffer.raw()
        padding = -at % _ALIGNMENT
        elements += [bytes(padding), raw]
        at += padding + len(raw)
    return PICKLE_AND_BUFFERS, join_elements([*elements, data])


def kind_of(value):
    """The type as which `value` travels without a pickle, or None."""
    kind = KINDS.get(type(value))
    if kind == 'x':
        return kind if INT64_MIN <= value <= INT64_MAX else None
    if kind == 's':
        return kind if is_plain_text(value) else None
    return kind


def is_plain_text(text):
    """Whether `text` is what a GVariant holds: no zero, no half of a surrogate pair."""
    if '\0' in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encode(value):
    """The type of `value` on the wire, and its parts, a list of bytes-like objects."""
    kind = kind_of(value)
    if kind == 'x':
        return kind, [INT64.pack(value)]
    if kind == 'd':
        return kind, [_DOUBLE.pack(value)]
    if kind == 's':
        return kind, [value.encode() + b'\0']
    if kind == 'b':
        return kind, [b'\1' if value else b'\0']
    if kind == 'ay':
        return kind, [value]
    return _pickle(value)


def _unpickle_with_buffers(data):
    elements = split_elements(memoryview(bytearray(data) if isinstance(data, bytes) else data))
    return pickle.loads(elements[-1], buffers=elements[1::2])


_DECODERS = {
    'x': lambda data: INT64.unpack(data)[0],
    'd': lambda data: _DOUBLE.unpack(data)[0],
    'b': lambda data: {b'\0': False, b'\1': True}[bytes(data)],
    's': lambda data: str(data[:-1], 'utf-8'),
    'ay': bytes,
    PICKLE: pickle.loads,
    PICKLE_AND_BUFFERS: _unpickle_with_buffers,
}


def decode(kind, data):
    """The object of which `data` are the bytes; KeyError for a type that no Python object has.

    Where buffers lie beside the pickle, they become the memory of the object if `data` may be written."""
    return _DECODERS[kind](data)


def is_known(kind):
    return kind in _DECODERS


# Many objects of one kind. The array of `kind` is what the library takes and gives.

def encode_array(kind, values):
    """The serialised array of `values`, which are all of the kind; a pickle is given as bytes already."""
    if kind == 'x':
        return array('q', values).tobytes()
    if kind == 'd':
        return array('d', values).tobytes()
    if kind == 'b':
        return bytes(values)
    if kind == 's':
        values = [text.encode() + b'\0' for text in values]
    return b''.join(join_elements(values)) if values else b''


def decode_array(kind, data):
    """The objects of a serialised array, in a list; KeyError for a type that no Python object has."""
    if kind == 'x':
        return memoryview(data).cast('q').tolist()
    if kind == 'd':
        return memoryview(data).cast('d').tolist()
    if kind == 'b':
        return [bool(value) for value in data]
    decoder = _DECODERS[kind]
    return [decoder(element) for element in split_elements(data)]
