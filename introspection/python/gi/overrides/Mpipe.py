# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Mpipe in Python: workers are functions and classes, tasks and results are objects.

See doc/python.md.
"""

import asyncio
import atexit
import collections
import ctypes
import os
import queue
import sys
import threading
import time
import weakref

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import Gio, GLib

from mpipe_glib import feeder, program, values, variants

Mpipe = get_introspection_module('Mpipe')
__all__ = []

_CHECK_SIGNALS_US = 100000     # how often a call that waits lets Python handle signals
_CHECK_CANCELLABLE_US = 10000
_DOMAIN = 'mpipe-error-quark'
_PYTHON_FAILURE = ' (python, 0)'


class TaskError(GLib.Error):
    """A task failed. It is a GLib.Error: `code` is one of Mpipe.Error (WORKER_DIED, TIMED_OUT …), `message` says
    what happened, in one line. `traceback` is the text that Python shows for the exception of a worker, or None.
    """

    traceback = None

    @classmethod
    def _from(cls, error):
        message, traceback = error.message, None
        if message.endswith(_PYTHON_FAILURE):
            message, _, traceback = message[:-len(_PYTHON_FAILURE)].partition('\n')
        self = cls(message, error.domain, error.code)
        self.traceback = traceback or None
        return self

    def __str__(self):
        text = f'{self.domain}: {self.message} ({self.code})' if self.domain != _DOMAIN else self.message
        return f'{text}\n\n{self.traceback}' if self.traceback else text


__all__.append('TaskError')


# Workers and stages

class Worker(Mpipe.Worker):
    """A worker that is an object: a subclass defines `do_task`, and, if it needs them, `do_start` and `do_stop`.
    All are called in the worker process."""

    _put = None
    _parameters = {}
    _setup = None

    def _mpipe_set_up(self, put, parameters, setup):
        self._put, self._parameters, self._setup = put, parameters, setup

    def do_start(self):
        """Prepares the worker, before its first task."""
        return True

    def do_task(self, task):
        """Does one task and returns its result, or None; an exception fails the task."""
        raise NotImplementedError(f'{type(self).__name__} has no do_task')

    def do_stop(self):
        """Tidies up, after the last task."""

    def put_result(self, result):
        """Adds a result of the task that is being done, before its end."""
        if self._put is None:
            raise RuntimeError('a result can be put only in a worker process, while a task is being done')
        self._put(result)

    @property
    def parameters(self):
        """The stage's parameters."""
        return self._parameters

    def get_parameters(self):
        return self._parameters

    def lookup_parameter(self, name, type_=None):
        """The parameter, or None if there is none."""
        return self._parameters.get(name)

    def get_stage_name(self):
        return self.stage_name

    def get_index(self):
        return self.index

    @property
    def stage_name(self):
        return self._setup.stage_name if self._setup else ''

    @property
    def index(self):
        return self._setup.index if self._setup else 0


Worker = override(Worker)
__all__.append('Worker')


def take_fd(handle):
    """In a worker: the descriptor that `handle` refers to, of those that were put with the task that is being done.
    The caller closes it, as with `open(Mpipe.take_fd(0))`; those that are not taken are closed with the task."""
    from mpipe_glib import worker
    return worker.take_fd(handle)


__all__.append('take_fd')


def _fd_list(fds):
    """A Gio.UnixFDList of descriptors, or of objects that have one."""
    if isinstance(fds, Gio.UnixFDList):
        return fds
    fd_list = Gio.UnixFDList.new()
    for fd in fds:
        fd_list.append(fd if isinstance(fd, int) else fd.fileno())
    return fd_list


def _variant_type(value):
    return GLib.VariantType(value) if isinstance(value, str) else value


class Stage(Mpipe.Stage):
    """Stage(worker, size=1, ordered=True, **properties)

    `worker` is a function of one task, or a subclass of Mpipe.Worker, at the top level of a module or of the program;
    or the name of one that was registered in C. `command=[…]` names a worker program instead. `size` is the number
    of processes, 0 for as many as there are processors. Properties are those of the stage, with underscores;
    `parameters` is a dict of any objects for a class of Python, a dict of GLib.Variants for others. With `task_type`
    or `result_type` (GVariant type strings) values are of these types, for other languages to understand.
    """


    def __init__(self, worker=None, size=1, *, ordered=True, parameters=None, task_type=None, result_type=None,
                 _adapter=None, _options=None, **properties):
        if worker is None or isinstance(worker, str):
            if worker is not None:
                properties['worker'] = worker
            if parameters is not None:
                properties['parameters'] = GLib.Variant('a{sv}', parameters)
        else:
            options = dict(_options or {}, typed=task_type is not None)
            if _adapter is None:
                _adapter = 'worker' if isinstance(worker, type) and issubclass(worker, Mpipe.Worker) else 'function'
            if parameters is not None:
                if _adapter != 'worker':
                    raise TypeError('parameters are for classes of workers; a function can have arguments bound to it '
                                    'with functools.partial')
                options['parameters'] = dict(parameters)
            description = program.describe(_adapter, worker, **options)
            name = getattr(worker, '__name__', None) or type(worker).__name__
            properties.setdefault('name', name)
            properties['command'] = program.make_command(properties['name'])
            properties['parameters'] = GLib.Variant.new_from_bytes(
                GLib.VariantType('a{sv}'), GLib.Bytes.new(_parameter_bytes(description)), False)
        for name in ('task_timeout', 'start_timeout'):
            if isinstance(properties.get(name), float):
                raise TypeError(f'{name} is a whole number of milliseconds')     # 0.5 would be 0: no limit
        if task_type is not None:
            properties['task_type'] = _variant_type(task_type)
        if result_type is not None:
            properties['result_type'] = _variant_type(result_type)
        super().__init__(size=size, ordered=ordered, **properties)

    def __repr__(self):
        return f'<Mpipe.Stage “{self.get_name()}”>'


def _parameter_bytes(description):
    """An a{sv} whose only entry holds `description`, as GVariant serialises it."""
    key = program.PARAMETER.encode() + b'\0'
    value = key + bytes(-len(key) % 8) + description + b'\0ay'
    for width in (1, 2, 4, 8):
        entry = value + len(key).to_bytes(width, 'little')
        if values.offset_size(len(entry)) <= width:
            break
    return b''.join(values.join_elements([entry]))


Stage = override(Stage)
__all__.append('Stage')


class FilterStage(Mpipe.FilterStage):
    """FilterStage(stages, max_tasks=1, drop_results=False, cache_results=False, …): every task passes, and is offered
    to the pipelines that begin with `stages`. What passes is `(task, [latest results])`, or the task alone."""

    def __new__(cls, stages=(), **properties):
        return Mpipe.FilterStage.new(list(stages))

    def __init__(self, stages=(), **properties):
        for name, value in properties.items():
            setattr(self.props, name, value)


FilterStage = override(FilterStage)
__all__.append('FilterStage')


class Failure(Mpipe.Failure):
    """A task that failed, and why: see `Pipeline.take_failures`."""

    _typed = True

    @property
    def task_id(self):
        return self.get_task_id()

    @property
    def task(self):
        """The task as it was put; None if it is not known."""
        value = self.get_task()
        return None if value is None else variants.to_object(value, self._typed)

    @property
    def stage(self):
        """The stage in which it failed."""
        return self.get_stage()

    @property
    def error(self):
        """The TaskError that says why."""
        return TaskError._from(self.get_error())

    def __repr__(self):
        return f'<Mpipe.Failure of task {self.task_id}: {self.error.message}>'


Failure = override(Failure)
__all__.append('Failure')


# Pipelines

_END, _LATE = object(), object()
_living = weakref.WeakSet()
_working_off = set()     # stopped: what was put is done also if the program has forgotten the pipeline


class _Aside:
    """A thread of a pipeline that waits for those who await: it calls one function after the other."""

    def __init__(self, pipeline, name):
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(self._calls,), daemon=True, name=name).start()
        weakref.finalize(pipeline, self._calls.put, None).atexit = False

    @staticmethod
    def _run(calls):
        while True:
            call = calls.get()
            if call is None:
                return
            call()
            call = None

    async def do(self, function):
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def end(result, error):
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def call():
            result = error = None
            try:
                result = function()
            except BaseException as caught:
                error = caught
            try:
                loop.call_soon_threadsafe(end, result, error)
            except RuntimeError:
                pass     # the loop was closed; nobody waits
        self._calls.put(call)
        return await future


def _wait_for_results(reference):
    """Until the pipeline has something to read, or is there no more."""
    while True:
        pipeline = reference()
        if pipeline is None or pipeline._fill(_CHECK_SIGNALS_US):
            return
        pipeline = None


class _Results:
    """What a pipeline is iterated by. A failed task raises, and who asks again gets the next result."""

    def __init__(self, pipeline):
        self._pipeline = pipeline

    def __iter__(self):
        return self

    def __next__(self):
        result = self._pipeline._next(None, _END)
        if result is _END:
            raise StopIteration
        return result

    def __aiter__(self):
        return self

    async def __anext__(self):
        result = await self._pipeline._get_awaited(_END)
        if result is _END:
            raise StopAsyncIteration
        return result


class Pipeline(Mpipe.Pipeline):
    """Pipeline(first_stage): all its processes are started. It is iterated for its results; `with` stops it and waits
    for the end; `async for` and `async with` do so under asyncio."""

    _ready = ()
    _reader = _writer = _waiter = None
    _stopped = False

    def __init__(self, first, **properties):
        if program.become_worker_if_loading():
            raise program.NotRepeatable('the worker of another pipeline is defined only after this pipeline was made; '
                                        'define workers first')
        super().__init__(first=first, **properties)
        try:
            self.init(None)
        except GLib.Error as error:
            raise TaskError._from(error) from None
        self._ready = collections.deque()    # of (is_failure, result)
        self._filling = threading.RLock()    # a handler of signals may get as well
        self._over = False
        self._n_got = 0
        self._n_put = 0
        stages = self.get_stages()
        stages = [stages.get_item(i) for i in range(stages.get_n_items())]
        self._n_workers = sum(max(stage.get_size(), 1) for stage in stages)
        self._limited = any(stage.get_max_backlog() or stage.get_max_backlog_bytes() for stage in stages)
        task_type = first.get_task_type()
        self._task_kind = task_type.dup_string() if task_type is not None else None
        self._feeder = feeder.Feeder(self)
        self._is_typed = _is_typed(stages)
        _living.add(self)
        _working_off.difference_update([pipeline for pipeline in _working_off if pipeline._is_completed()])

    # tasks in

    def _is_idle(self):
        return self._n_put - self._n_got <= 2 * self._n_workers or super().get_backlog() < 2 * self._n_workers

    def _send(self, kind, objects):
        data = values.encode_array(kind, objects)
        array = GLib.Variant.new_from_bytes(GLib.VariantType('a' + kind), GLib.Bytes.new(data), True)
        try:
            super().put_array(array, None)
        except GLib.Error as error:
            # the pipeline has ended by itself: these were accepted, and are accounted for
            failure = TaskError(f'{len(objects)} tasks were not begun: {error.message}', error.domain, error.code)
            self._ready.append((True, failure))
            self._stopped = True     # who puts more is told at once

    def _is_completed(self):
        return self.get_state() == Mpipe.PipelineState.COMPLETED

    def _check_open(self):
        if self.get_state() != Mpipe.PipelineState.RUNNING:
            raise GLib.Error('The pipeline was stopped and takes no more tasks', _DOMAIN, int(Mpipe.Error.STOPPED))

    def _pack(self, task):
        """The GLib.Variant that `task` becomes."""
        if isinstance(task, GLib.Variant):
            return task
        if self._task_kind is None:
            kind, parts = values.encode(task)
            return GLib.Variant.new_from_bytes(GLib.VariantType(kind), GLib.Bytes.new(b''.join(parts)), True)
        if self._task_kind == 'ay' and isinstance(task, (bytes, bytearray, memoryview)):
            return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(bytes(task)), True)
        try:
            return variants.from_object(self._task_kind, task)
        except TypeError as error:
            raise TypeError(f'stage “{self.get_first().get_name()}”: {error}') from None

    def put(self, task, cancellable=None):
        """Adds a task, and waits while the pipeline is full if it has a limit. None stops the pipeline. Returns the
        task's id."""
        if task is None:
            self.stop()
            return 0
        if self._limited or cancellable is not None or isinstance(task, GLib.Variant) \
                or self._task_kind is not None and values.kind_of(task) != self._task_kind:
            prepared = None
        else:
            prepared = feeder.prepare(task)
        if self._stopped:
            self._check_open()
        if prepared is None:
            return self._put_alone(task, cancellable)
        self._n_put += 1
        return self._feeder.put(*prepared)

    def _put_alone(self, task, cancellable):
        variant = self._pack(task)
        if not self._limited:
            return self._feeder.put_alone(lambda: self._count(super(Pipeline, self).put(variant, cancellable)))
        while True:
            task_id = super().put_until(variant, _soon(), cancellable)
            if task_id != 0:
                return self._count(task_id)
            # full; Python has handled signals

    def _count(self, task_id):
        if task_id != 0:
            self._n_put += 1
        return task_id

    def try_put(self, task):
        """Adds a task if there is room. Returns its id, or 0."""
        variant = self._pack(task)
        return self._feeder.put_alone(lambda: self._count(super(Pipeline, self).try_put(variant)))

    def put_with_fds(self, task, fds, cancellable=None):
        """As `put`, with descriptors for the worker: a Gio.UnixFDList, or up to 16 numbers or open files, which may be
        closed when this returns. The worker gets them by `Mpipe.take_fd(index)`."""
        if self._stopped:
            self._check_open()
        variant, fd_list = self._pack(task), _fd_list(fds)
        if not self._limited:
            return self._feeder.put_alone(
                lambda: self._count(super(Pipeline, self).put_with_fds(variant, fd_list, cancellable)))
        while True:
            task_id = super().put_with_fds_until(variant, fd_list, _soon(), cancellable)
            if task_id != 0:
                return self._count(task_id)
            # full; Python has handled signals

    def try_put_with_fds(self, task, fds):
        """As `put_with_fds`, if there is room. Returns the task's id, or 0."""
        variant, fd_list = self._pack(task), _fd_list(fds)
        return self._feeder.put_alone(
            lambda: self._count(super(Pipeline, self).try_put_with_fds(variant, fd_list)))

    def put_bytes(self, task, cancellable=None):
        """As `put`, of bytes or a GLib.Bytes."""
        return self.put(task.get_data() if isinstance(task, GLib.Bytes) else bytes(task), cancellable)

    def put_text(self, task, cancellable=None):
        """As `put`, of a str."""
        return self.put(str(task), cancellable)

    def put_array(self, tasks, cancellable=None):
        """Adds the elements of a GLib.Variant, an array, or of any iterable."""
        if isinstance(tasks, GLib.Variant):
            self._feeder.put_alone(lambda: super(Pipeline, self).put_array(tasks, cancellable) and 0,
                                   n_ids=tasks.n_children())
            self._n_put += tasks.n_children()
        else:
            for task in tasks:
                self.put(task, cancellable)

    def stop(self):
        """Takes no more tasks. Those that are in the pipeline are done, their results stay readable."""
        self._stopped = True
        self._feeder.flush()
        super().stop()
        if not self._is_completed() and self not in _working_off:
            _working_off.add(self)
            super().connect('completed', _working_off.discard)     # comes where there is a main loop

    def terminate(self):
        """Ends the pipeline now: tasks that are in it fail."""
        self._stopped = True
        self._feeder.flush()
        super().terminate()
        _working_off.discard(self)

    # results out

    def _unpack(self, array):
        type_string = array.get_type_string()[1:]
        if not values.is_known(type_string) or self._is_typed and type_string[0] == '(':
            return [variants.to_object(array.get_child_value(i), self._is_typed) for i in range(array.n_children())]
        if type_string not in 'xdb' and array.n_children() == 1:
            return [variants.to_object(array.get_child_value(0), self._is_typed)]     # without a copy of all
        data = array.get_data_as_bytes().get_data()
        return values.decode_array(type_string, data if data is not None else b'')

    def _fill(self, wait_us):
        """Waits for results. Returns whether there is something, or the end."""
        if not self._filling.acquire(timeout=wait_us / 1e6):
            return bool(self._ready)
        try:
            return bool(self._ready or self._over) or self._take(wait_us)
        finally:
            self._filling.release()

    def _take(self, wait_us, take_all=False):
        """Moves what has come to what is ready, while `_filling` is locked. Returns False when there was nothing."""
        try:
            # where there is a limit, what was taken and not yet asked for would not count
            n_most = 1 if self._limited and not take_all else 0
            status, array = super().get_array_until(n_most, GLib.get_monotonic_time() + wait_us, None)
        except GLib.Error as error:
            self._n_got += 1
            self._ready.append((True, TaskError._from(error)))
            return True
        if status == Mpipe.GetStatus.EMPTY:
            return False
        if status == Mpipe.GetStatus.ENDED:
            self._over = True
            _working_off.discard(self)
            return True
        n = array.n_children()
        self._n_got += n
        try:
            self._ready.extend([(False, result) for result in self._unpack(array)])
        except Exception:
            self._ready.extend([self._unpack_alone(array.get_child_value(i)) for i in range(n)])
        return True

    def _unpack_alone(self, value):
        """One of several of which one cannot be read."""
        try:
            return False, variants.to_object(value, self._is_typed)
        except Exception as error:
            return True, TaskError(f'a result could not be read: {type(error).__name__}: {error}', _DOMAIN,
                                   int(Mpipe.Error.PROTOCOL))

    def _next(self, deadline, end=None, cancellable=None):
        """The next result; `end` when there will be none, _LATE when there is none in time."""
        while True:
            if cancellable is not None:
                cancellable.set_error_if_cancelled()
            try:
                failed, result = self._ready.popleft()
            except IndexError:
                pass
            else:
                if failed:
                    raise result
                return result
            if self._over:
                return end
            self._feeder.flush()
            left = _CHECK_SIGNALS_US if cancellable is None else _CHECK_CANCELLABLE_US
            if deadline is not None:
                left = min(left, max(deadline - time.monotonic(), 0) * 1e6)
            if not self._fill(int(left)) and deadline is not None and time.monotonic() >= deadline:
                return _LATE

    def get(self, cancellable=None):
        """The next result, waited for; None when the pipeline was stopped and there are no more. Raises TaskError in
        the place of a task that failed."""
        try:
            failed, result = self._ready.popleft()
        except IndexError:
            return self._next(None, cancellable=cancellable)
        if failed:
            raise result
        return result

    def get_within(self, seconds):
        """(True, result), or (False, None) when there is none within so many seconds; (True, None) at the end."""
        result = self._next(time.monotonic() + seconds)
        return (False, None) if result is _LATE else (True, result)

    def get_full(self, cancellable=None):
        """(result, id of its task, leaf), the leaf being the stage that gave it; (None, 0, None) at the end. Not to be
        mixed with the other ways to get."""
        while True:
            status, *full = self._take_full(_CHECK_SIGNALS_US, cancellable)
            if status == Mpipe.GetStatus.RESULT:
                return tuple(full)
            if status == Mpipe.GetStatus.ENDED:
                return None, 0, None

    def get_with_leaf(self, deadline=None):
        """(True, result, leaf); (False, None, None) when there is none until `deadline`, of time.monotonic(); (True,
        None, None) at the end. Not to be mixed with the other ways to get."""
        while True:
            wait = _CHECK_SIGNALS_US
            if deadline is not None:
                wait = max(min(wait, int((deadline - time.monotonic()) * 1e6)), 0)
            status, result, _, leaf = self._take_full(wait, None)
            if status == Mpipe.GetStatus.RESULT:
                return True, result, leaf
            if status == Mpipe.GetStatus.ENDED:
                return True, None, None
            if deadline is not None and time.monotonic() >= deadline:
                return False, None, None

    def _take_full(self, wait_us, cancellable):
        if self._ready:
            raise RuntimeError('results were taken by another way to get, so that it is not known where they are from')
        self._feeder.flush()
        try:
            status, value, task_id, leaf = super().get_full_until(GLib.get_monotonic_time() + wait_us, cancellable)
        except GLib.Error as error:
            self._n_got += 1
            raise TaskError._from(error) from None
        if status != Mpipe.GetStatus.RESULT:
            return status, None, 0, None
        self._n_got += 1
        return status, variants.to_object(value, self._is_typed), task_id, leaf

    get_bytes = get_text = get

    def try_get(self):
        """(True, result), or (False, None) when there is none yet; (True, None) at the end."""
        return self.get_within(0)

    def __iter__(self):
        return _Results(self)

    def take_failures(self):
        """What has failed since the last call, a list of Failure, where the pipeline was made with
        on_failure=Mpipe.OnFailure.COLLECT: nothing is raised then."""
        self._feeder.flush()
        failures = super().take_failures()
        for failure in failures:
            failure._typed = self._task_kind is not None
        return failures

    # the end

    def wait(self, cancellable=None):
        """Until all tasks are done and all processes have ended. Results stay readable."""
        self._feeder.flush()
        while self._limited and not self._over:
            # room appears only when results are taken
            if cancellable is not None:
                cancellable.set_error_if_cancelled()
            with self._filling:
                self._take(_CHECK_SIGNALS_US, take_all=True)
        while not super().wait_until(_soon(), cancellable):
            pass     # Python has handled signals
        _working_off.discard(self)
        return True

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        if kind is None:
            self.stop()
        else:
            self.terminate()
        self.wait()

    # under asyncio

    async def _when_filled(self):
        if self._reader is None:
            self._reader = _Aside(self, 'mpipe-reader')
        self._feeder.flush()
        reference = weakref.ref(self)
        await self._reader.do(lambda: _wait_for_results(reference))

    async def _get_awaited(self, end):
        while True:
            try:
                failed, result = self._ready.popleft()
            except IndexError:
                if self._over:
                    return end
                await self._when_filled()
                continue
            if failed:
                raise result
            return result

    def get_async(self, *args):
        """Without arguments an awaitable of what `get` returns; with (cancellable, callback, …) the call of Gio."""
        if not args:
            return self._get_awaited(None)
        self._feeder.flush()
        return super().get_async(*args)

    def get_finish(self, result):
        """What `get` returns, or raises."""
        try:
            value = super().get_finish(result)
        except GLib.Error as error:
            raise TaskError._from(error) from None
        return None if value is None else variants.to_object(value, self._is_typed)

    def put_async(self, task, *args):
        """With a task alone an awaitable of what `put` returns; with (cancellable, callback, …) the call of Gio."""
        if not args:
            return self._put_awaited(task)
        variant = self._pack(task)
        return self._feeder.put_alone(lambda: super(Pipeline, self).put_async(variant, *args), n_ids=1)

    async def _put_awaited(self, task):
        if task is None or not self._limited:
            return self.put(task)
        task_id = self.try_put(task)
        if task_id != 0:
            return task_id
        if self._writer is None:
            self._writer = _Aside(self, 'mpipe-writer')
        cancellable = Gio.Cancellable()
        try:
            return await self._writer.do(lambda: self.put(task, cancellable))
        except asyncio.CancelledError:
            cancellable.cancel()
            raise

    def wait_async(self, *args):
        """Without arguments an awaitable of the end; with (cancellable, callback, …) the call of Gio."""
        if args:
            self._feeder.flush()
            return super().wait_async(*args)
        return self._wait_awaited()

    async def _wait_awaited(self):
        if self._waiter is None:
            self._waiter = _Aside(self, 'mpipe-waiter')
        cancellable = Gio.Cancellable()
        try:
            return await self._waiter.do(lambda: self.wait(cancellable))
        except asyncio.CancelledError:
            cancellable.cancel()
            raise

    def __aiter__(self):
        return _Results(self)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, *exception):
        if kind is None:
            self.stop()
        else:
            self.terminate()
        await self.wait_async()

    # signals

    def _adapted(self, signal, callback):
        """`callback` as GObject is to call it."""
        name = signal.replace('_', '-')
        if name == 'result':
            def with_result(pipeline, value, *more):
                return callback(pipeline, variants.to_object(value, self._is_typed), *more)
            return with_result
        if name == 'task-failed':
            def with_failure(pipeline, task_id, stage, error, *more):
                return callback(pipeline, task_id, stage, TaskError._from(error), *more)
            return with_failure
        return callback

    def connect(self, signal, callback, *args):
        """As for any object; the value of `result` is an object of Python, the error of `task-failed` a TaskError."""
        return super().connect(signal, self._adapted(signal, callback), *args)

    def connect_after(self, signal, callback, *args):
        return super().connect_after(signal, self._adapted(signal, callback), *args)

    @classmethod
    def new(cls, first):
        return cls(first)

    def cancel_task(self, task_id):
        """Cancels a task, wherever it is. Returns whether there was such a task."""
        self._feeder.flush()
        return super().cancel_task(task_id)


Pipeline = override(Pipeline)
__all__.append('Pipeline')


def _is_typed(stages):
    """Whether all results are of types that were declared, so that none of them is a pickle."""
    leaves = [stage for stage in stages if not stage.get_next()]
    kinds = [stage.get_result_type() for stage in leaves]
    if None not in kinds:
        return True
    for stage, kind in zip(leaves, kinds):
        if kind is not None and kind.dup_string() in (values.PICKLE, values.PICKLE_AND_BUFFERS):
            raise TypeError(f'stage “{stage.get_name()}” gives results of type “{kind.dup_string()}”, and other stages '
                            'any objects: the two cannot be told apart')
    return False


def _soon():
    return GLib.get_monotonic_time() + _CHECK_SIGNALS_US


def _at_exit():
    """The program ends: what was stopped is worked off, what was not is terminated, and so is everything when the
    program ends for an exception."""
    failed = hasattr(sys, 'last_type')
    pipelines = [pipeline for pipeline in _living if not pipeline._is_completed()]
    for pipeline in pipelines:
        if failed or not pipeline._stopped:
            pipeline.terminate()
    for pipeline in pipelines:
        pipeline._limited = True     # nobody reads: results are taken so that there is room
        pipeline.wait()
        pipeline._feeder.close()


atexit.register(_at_exit)


def _refuse(*args, **keywords):
    raise RuntimeError('this pipeline belongs to the process that made it, of which this one is a copy (os.fork)')


def _after_fork():
    """In the copy of a process there is no thread that does anything for a pipeline, so it is not touched there, not
    even to end it."""
    for pipeline in list(_living):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(pipeline))
        for name in ('put', 'put_array', 'try_put', 'put_with_fds', 'try_put_with_fds', '_next', '_take', '_take_full',
                     'get', 'put_async', 'get_async', 'cancel_task'):
            setattr(pipeline, name, _refuse)
        for name in ('stop', 'terminate', 'wait'):
            setattr(pipeline, name, lambda: None)
    _living.clear()
    _working_off.clear()


os.register_at_fork(after_in_child=_after_fork)
