# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What runs in a worker process: the worker's side of the protocol that doc/wire.md describes.

It needs neither GObject nor the library, so that a worker starts fast and stays small. Tasks are done on the
main thread. A second thread sends what would wait too long while a task goes on, and ends the process when the
pipeline has gone.
"""

import os
import pickle
import platform
import select
import socket
import struct
import sys
import threading
import time
import traceback
import types

from mpipe_glib import program, values
from mpipe_glib.channel import (
    CHANNEL_FD, PAGE_FD, HEADER, HELLO, READY, TASK, RESULT, DONE, FAILED, STOP, GOODBYE, TYPE, START, SKIPPED,
    LAST, DO_STOP_TASK, DISABLE_RESULT, FEATURE_PAGE, FEATURE_START, FEATURE_CANCEL, FEATURE_SEVERAL,
    FEATURE_FDS, LARGE, ChannelEnd, Inbox, Outbox, flush_prints)

FLUSH_ABOVE = 1 << 16         # bytes of answers that wait
FLUSH_AFTER_US = 200          # an answer waits no longer while tasks go on
GUARD_MS = 5                  # nor much longer than this while one task does
GUARD_QUIET = 10              # so often nothing waited, and the guard goes to sleep
MESSAGE_MAX = 3900            # characters that arrive of what is said about a failure

_NUMBER_RESULT = struct.Struct('<IBBHQq')


class Setup:
    """What the pipeline says in its HELLO."""

    def __init__(self, payload):
        version, flags, self.concurrency, self.index, texts_size = struct.unpack_from('<IHHII', payload)
        if version != 1:
            raise ValueError(f'the pipeline speaks version {version} of the protocol')
        texts = bytes(payload[16:16 + texts_size]).split(b'\0')
        self.stage_name, _, self.result_type = (text.decode() for text in texts[:3])
        self.do_stop_task = bool(flags & DO_STOP_TASK)
        self.disable_result = bool(flags & DISABLE_RESULT)
        self.parameters = bytes(payload[16 + (texts_size + 7) // 8 * 8:])     # an a{sv}, serialised


def find_description(parameters):
    """What program.describe() says, from the only parameter of a stage made by this layer."""
    [entry] = values.split_elements(parameters)
    width = values.offset_size(len(entry))
    key_end = int.from_bytes(entry[-width:], 'little')
    key = entry[:key_end - 1].decode()
    value, zero, kind = entry[(key_end + 7) // 8 * 8:-width].rpartition(b'\0')
    if key != program.PARAMETER or kind != b'ay':
        raise ValueError(f'this is no stage of Python workers: its parameter is {key}')
    return pickle.loads(value)


def close_all(fds):
    """Closes those that no task has taken."""
    while fds:
        fd = fds.pop()
        if fd is not None:
            os.close(fd)


def take_fd(handle):
    """The descriptor with this index that came with the task that is being done; it is the caller's, to be closed."""
    fds = current.fds if current is not None else ()
    if not isinstance(handle, int) or not 0 <= handle < len(fds):
        raise LookupError(f'no descriptor {handle!r} came with the task')
    if fds[handle] is None:
        raise LookupError(f'the descriptor {handle} was taken before')
    fd, fds[handle] = fds[handle], None
    return fd


class Page:
    """The shared page: which task this process is on. What is written there before what is read there must be
    so for the other side as well; a lock that is taken sees to that on processors of this kind."""

    USABLE = platform.machine() in ('x86_64', 'AMD64', 'i686')

    def __init__(self):
        import mmap
        self._memory = mmap.mmap(PAGE_FD, 4096)
        self.words = memoryview(self._memory).cast('Q')
        self._barrier = threading.Lock()

    def begin(self, sequence, now):
        """Whether the task is to be done; it may have been taken back."""
        words = self.words
        words[1] = now
        words[0] = sequence
        with self._barrier:
            first = words[8]
        if first == 0 or sequence < first or sequence >= words[9]:
            return True
        words[1] = 0
        return False

    def end(self, busy):
        self.words[2] += busy
        self.words[1] = 0


class NoPage:
    """Each task is announced by a frame instead."""

    def __init__(self, outbox):
        self._outbox = outbox

    def begin(self, sequence, now):
        self._outbox.add(START, sequence)
        self._outbox.flush()
        return True

    def end(self, busy):
        pass


def now_us():
    return time.monotonic_ns() // 1000


class Guard:
    """The second thread. It sees the channel end, and while tasks are done it looks now and then whether answers wait
    for one that is long."""

    def __init__(self, channel, outbox):
        self._channel, self._outbox = channel, outbox
        self._bell = os.eventfd(0, os.EFD_CLOEXEC)
        self.awake = False
        threading.Thread(target=self._run, daemon=True, name='mpipe-guard').start()

    def wake(self):
        self.awake = True
        os.eventfd_write(self._bell, 1)

    def _run(self):
        poll = select.poll()
        poll.register(self._channel, select.POLLRDHUP)
        while True:
            poll.register(self._bell, select.POLLIN)
            if any(fd != self._bell for fd, _ in poll.poll()):
                os._exit(1)
            os.eventfd_read(self._bell)
            poll.unregister(self._bell)
            self._look(poll)
            self.awake = False

    def _look(self, poll):
        n_quiet = 0
        while n_quiet < GUARD_QUIET:
            if poll.poll(GUARD_MS):
                os._exit(1)
            n_quiet = 0 if self._outbox.parts else n_quiet + 1
            if self._outbox.since and now_us() - self._outbox.since > FLUSH_AFTER_US:
                try:
                    self._outbox.flush()
                except ChannelEnd:
                    os._exit(1)


def say_why(error):
    """What is said about an exception: in one line, then as Python shows it."""
    shown = error.__traceback__
    while shown is not None and os.path.dirname(shown.tb_frame.f_code.co_filename) == os.path.dirname(__file__):
        shown = shown.tb_next
    short = ''.join(traceback.format_exception_only(error)).strip()
    long = ''.join(traceback.format_exception(type(error), error, shown)).strip()
    if len(short) > MESSAGE_MAX // 4:
        short = short[:MESSAGE_MAX // 4] + ' …'
    room = MESSAGE_MAX - len(short)
    if len(long) > room:
        first, _, rest = long.partition('\n')
        long = f'{first}\n  …\n{rest[len(first) + 6 - room:]}'
    return f'{short}\n{long}'


def failure_payload(message):
    return struct.pack('<i', 0) + b'python\0' + message.encode('utf-8', 'replace').replace(b'\0', b'?') + b'\0'


class Loop:
    """Tasks are taken from the inbox, done by `worker`, and answered."""

    def __init__(self, channel, inbox, outbox, setup):
        self.channel, self.inbox, self.outbox, self.setup = channel, inbox, outbox, setup
        self.page = None
        self.guard = None
        self.worker = None
        self.is_async = False
        self.typed = False       # tasks are of the stage's type, so that none is a pickle
        self.plain = False       # values are for any language: nothing is pickled
        self.sequence = 0        # of the task that is being done
        self.fds = []            # that came with it
        self._has_put = False

    # values

    def decode(self, kind, payload):
        if kind is None:
            raise ValueError('the task is of a type that was not named')
        if values.is_known(kind) and not (self.typed and kind[0] == '('):
            if kind == values.PICKLE_AND_BUFFERS and len(payload) < LARGE:
                payload = bytearray(payload)
            return values.decode(kind, payload)
        from mpipe_glib import variants     # only here, since it takes GLib
        return variants.unpack(kind, payload, self.typed)

    def encode(self, value):
        wanted = self.setup.result_type
        if type(value).__name__ == 'Variant' and type(value).__module__.startswith('gi.'):
            from mpipe_glib import variants
            kind, parts = variants.pack(None, value)
        elif not wanted:
            if self.plain and values.kind_of(value) is None:
                raise TypeError(f'stage “{self.setup.stage_name}”: {type(value).__name__} is no kind of value that has a type '
                                'of its own; give the stage a result type, or return a GLib.Variant')
            kind, parts = values.encode(value)
        elif wanted in values.KINDS.values() and values.kind_of(value) == wanted:
            return values.encode(value)
        elif wanted == 'ay' and isinstance(value, (bytearray, memoryview)):
            return wanted, [bytes(value)]
        else:
            from mpipe_glib import variants
            try:
                kind, parts = variants.pack(wanted, value)
            except TypeError as error:
                raise TypeError(f'stage “{self.setup.stage_name}”: {error}') from None
        if wanted and kind != wanted:
            raise TypeError(f'stage “{self.setup.stage_name}”: a result of type “{kind}” was given, its results are of type “{wanted}”')
        return kind, parts

    # answers

    def put_result(self, value):
        """A result of the task that is being done, before its end."""
        if self.sequence == 0:
            raise RuntimeError('a result can be put only while a task is being done')
        kind, parts = self.encode(value)
        self._has_put = True
        self.outbox.add_value(self.sequence, kind, parts, 0)
        self.outbox.flush()

    def fail(self, sequence, error):
        self.outbox.add(FAILED, sequence, failure_payload(say_why(error)))

    def answer(self, sequence, result):
        if isinstance(result, types.GeneratorType):
            for one in result:
                if one is not None:
                    self.put_result(one)
            result = None
        if result is None or self.setup.disable_result:
            self.outbox.add(DONE, sequence)
        else:
            kind, parts = self.encode(result)
            self.outbox.add_value(sequence, kind, parts, LAST)

    # tasks

    def do(self, sequence, kind, payload, is_stop=False):
        self.sequence = sequence
        try:
            self.answer(sequence, self.worker.task(None if is_stop else self.decode(kind, payload)))
        except Exception as error:
            self.fail(sequence, error)
        self.end_task()

    def end_task(self):
        if self._has_put:
            self.outbox.flush()
            self._has_put = False
        self.sequence = 0

    def run(self):
        """Until STOP. This is the path of every task, so what the other methods do for any value is written out here
        for the one that is common and small: an int."""
        inbox, outbox, page, guard = self.inbox, self.outbox, self.page, self.guard
        task, unpack_header, unpack_int64 = self.worker.task, HEADER.unpack_from, values.INT64.unpack_from
        pack_result, parts, clock = _NUMBER_RESULT.pack, outbox.parts, time.monotonic_ns
        any_int = not self.setup.disable_result and self.setup.result_type in ('', 'x')
        buffer, ints = inbox.buffer, None
        now = clock() // 1000
        while True:
            at = inbox.start
            held = inbox.end - at
            if held >= 16:
                size, kind, flags, type_number, sequence = unpack_header(buffer, at)
                length = 16 + (size + 7 & ~7)
            if held < 16 or (length > held and size < LARGE):
                if parts:
                    outbox.flush()
                else:
                    flush_prints()
                inbox.receive()
                now = clock() // 1000
                continue
            if kind == TASK and type_number == ints and size == 8 and not flags:
                inbox.start = at + 24
                if page.begin(sequence, now):
                    self.sequence = sequence
                    try:
                        result = task(unpack_int64(buffer, at + 16)[0])
                        if any_int and type(result) is int and values.INT64_MIN <= result <= values.INT64_MAX:
                            parts.append(pack_result(8, RESULT, LAST, outbox.number_of('x'), sequence, result))
                            outbox.n_bytes += 24
                        else:
                            self.answer(sequence, result)
                    except Exception as error:
                        self.fail(sequence, error)
                    self.end_task()
                    begun, now = now, clock() // 1000
                    page.end(now - begun)
                else:
                    outbox.add(SKIPPED, sequence)
            elif kind == TASK:
                _, flags, _, _, payload = inbox.next()
                self.fds, missing = inbox.take_fds(flags)
                if page.begin(sequence, now):
                    if missing:
                        self.fail(sequence, OSError(missing))
                    else:
                        self.do(sequence, inbox.types.get(type_number), payload)
                    begun, now = now, clock() // 1000
                    page.end(now - begun)
                else:
                    outbox.add(SKIPPED, sequence)
                close_all(self.fds)
            elif kind == TYPE:
                name = bytes(inbox.next()[4]).decode()
                inbox.types[type_number] = name
                if name == 'x':
                    ints = type_number
                continue
            elif kind == STOP:
                inbox.next()
                self.stop(sequence, now)
                return
            else:
                inbox.next()     # for workers of another kind
                continue
            if outbox.since == 0:
                outbox.since = now
                if not guard.awake:
                    guard.wake()
            elif now - outbox.since >= FLUSH_AFTER_US or outbox.n_bytes >= FLUSH_ABOVE:
                outbox.flush()

    def stop(self, sequence, now):
        if self.setup.do_stop_task and self.page.begin(sequence, now):
            self.do(sequence, None, None, is_stop=True)
            self.page.end(now_us() - now)
        else:
            self.outbox.add(DONE, sequence)
        self.outbox.flush()
        self.worker.stop()
        sys.stdout.flush()
        self.outbox.add(GOODBYE)
        self.outbox.flush()


# What a worker is made of

class FunctionWorker:
    def __init__(self, target, options, loop):
        self.task = target

    def start(self):
        pass

    def stop(self):
        pass


class ObjectWorker:
    """An object of a subclass of Mpipe.Worker."""

    def __init__(self, target, options, loop):
        self._object = target.__new__(target)
        set_up = getattr(self._object, '_mpipe_set_up', None)
        self._object.__init__()
        if set_up is not None:
            set_up(loop.put_result, options.get('parameters') or {}, loop.setup)
        self.task = self._object.do_task

    def start(self):
        self._object.do_start()

    def stop(self):
        self._object.do_stop()


class OriginalWorker:
    """An object of a class of the module mpipe."""

    def __init__(self, target, options, loop):
        self._object = target.__new__(target)
        self._object._mpipe_put = loop.put_result
        self._object.__init__(**options['arguments'])
        self._object._mpipe_put = loop.put_result
        self.task = self._object.doTask

    def start(self):
        self._object.doInit()

    def stop(self):
        pass


ADAPTERS = {'function': FunctionWorker, 'worker': ObjectWorker, 'original': OriginalWorker}

#: The loop of this process, for those who put results from a function.
current = None


def run_worker(loop, adapter, target, options):
    """Does not return."""
    global current
    current = loop
    status = 1
    loop.typed = options.get('typed', False)
    loop.plain = options.get('plain', False)
    try:
        try:
            if loop.is_async:
                from mpipe_glib import worker_async
                loop = current = worker_async.AsyncLoop(loop)
            loop.worker = ADAPTERS[adapter](target, options, loop)
            loop.worker.start()
        except Exception as error:
            loop.outbox.add(FAILED, 0, failure_payload(say_why(error)))
            loop.outbox.flush()
            sys.stdout.flush()
            os._exit(1)
        loop.outbox.add(READY)
        loop.outbox.flush()
        loop.run()
        status = 0
    except ChannelEnd:
        pass
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 0 if exit_.code is None else 1
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)


def greet():
    """What the pipeline says first. Returns the loop of this process, not yet ready to run."""
    for fd in (CHANNEL_FD, PAGE_FD):
        os.set_inheritable(fd, False)
    channel = socket.socket(fileno=CHANNEL_FD)
    inbox = Inbox(channel)
    setup = Setup(inbox.next()[4])
    return Loop(channel, inbox, Outbox(channel), setup)


def answer_greeting(loop, is_async):
    loop.is_async = is_async
    if is_async:
        features = FEATURE_START | FEATURE_CANCEL | FEATURE_SEVERAL | FEATURE_FDS
    else:
        features = (FEATURE_PAGE if Page.USABLE else FEATURE_START) | FEATURE_FDS
    loop.outbox.add(HELLO, payload=struct.pack('<IIII', 1, features, os.getpid(), 0))
    loop.outbox.flush()
    loop.page = Page() if Page.USABLE else NoPage(loop.outbox)
    loop.guard = Guard(loop.channel, loop.outbox)


def refuse(loop, text):
    """Says why there will be no worker here, and ends."""
    loop.outbox.add(FAILED, 0, failure_payload(text[:MESSAGE_MAX]))
    try:
        loop.outbox.flush()
    except ChannelEnd:
        pass
    os._exit(1)


def main():
    if os.environ.pop('MPIPE_WORKER', None) != 'program':
        sys.exit('mpipe_glib.worker: this program is a worker; a pipeline starts it')
    try:
        loop = greet()
        description = find_description(loop.setup.parameters)
        answer_greeting(loop, description['is_async'])
    except ChannelEnd:
        os._exit(1)
    try:
        program.restore(description, lambda adapter, target, options: run_worker(loop, adapter, target, options))
    except ChannelEnd:
        os._exit(1)
    except BaseException as error:
        name = description['name']
        said = f'{name} could not be made ready in another process: {say_why(error)}'
        if isinstance(error, (AttributeError, EOFError, SystemExit)):
            said = (f'{name} could not be found when the program was run again for its worker '
                    f'({type(error).__name__}: {error}); define it before the first pipeline is made, and put what '
                    "is to be done once below “if __name__ == '__main__':”\n" + say_why(error))
        refuse(loop, said)
