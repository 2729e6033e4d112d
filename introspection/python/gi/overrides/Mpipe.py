# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Mpipe in Python: workers are functions and classes, tasks and results are objects.

See doc/python.md.
"""

import asyncio
import atexit
import collections
import itertools
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

    @property
    def stage_name(self):
        return self._setup.stage_name if self._setup else ''

    @property
    def index(self):
        return self._setup.index if self._setup else 0


Worker = override(Worker)
__all__.append('Worker')


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

    _is_python = False
    _adapter = None
    _task_kind = None
    _result_kind = None

    def __init__(self, worker=None, size=1, *, ordered=True, parameters=None, task_type=None, result_type=None,
                 _adapter=None, _options=None, **properties):
        self._task_kind = _type_string(task_type)
        self._result_kind = _type_string(result_type)
        if worker is None or isinstance(worker, str):
            if worker is not None:
                properties['worker'] = worker
            if parameters is not None:
                properties['parameters'] = GLib.Variant('a{sv}', parameters)
        else:
            self._is_python = True
            options = dict(_options or {}, typed=bool(task_type or result_type))
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
        if task_type is not None:
            properties['task_type'] = _variant_type(task_type)
        if result_type is not None:
            properties['result_type'] = _variant_type(result_type)
        super().__init__(size=size, ordered=ordered, **properties)

    def __repr__(self):
        return f'<Mpipe.Stage “{self.get_name()}”>'


def _type_string(type_):
    return type_.dup_string() if isinstance(type_, GLib.VariantType) else type_


def _parameter_bytes(description):
    """An a{sv} whose only entry holds `description`, as GVariant serialises it."""
    key = program.PARAMETER.encode() + b'\0'
    value = key + bytes(-len(key) % 8) + description + b'\0ay'
    for width in (1, 2, 4, 8):
        entry = value + len(key).to_bytes(width, 'little')
        if values._offset_size(len(entry)) <= width:
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


# Pipelines

_END = object()
_living = weakref.WeakSet()
_working_off = set()     # stopped: what was put is done also if the program has forgotten the pipeline


class _Reader:
    """Gets results on a thread of its own, for those who await them."""

    def __init__(self, pipeline):
        self._wishes = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(weakref.ref(pipeline), self._wishes), daemon=True,
                         name='mpipe-reader').start()

    def wish(self, done):
        self._wishes.put(done)

    @staticmethod
    def _run(reference, wishes):
        while True:
            done = wishes.get()
            if done is None:
                return
            pipeline = reference()
            while pipeline is not None and not pipeline._fill(_CHECK_SIGNALS_US):
                pipeline = None
                pipeline = reference()
            pipeline = None
            done()

    def close(self):
        self._wishes.put(None)


class Pipeline(Mpipe.Pipeline):
    """Pipeline(first_stage): all its processes are started. It is iterated for its results; `with` stops it and waits
    for the end; `async for` and `async with` do so under asyncio."""

    _ready = ()
    _reader = None
    _result_kinds = None

    def __init__(self, first, **properties):
        if program.become_worker_if_loading():
            raise program.NotRepeatable('the worker of another pipeline is defined only after this pipeline was made; '
                                        'define workers first')
        super().__init__(first=first, **properties)
        self.init(None)
        self._ready = collections.deque()    # of (is_failure, result)
        self._filling = threading.Lock()
        self._over = False
        self._n_got = 0
        self._ids = itertools.count(1)
        self._n_put = 0
        stages = self.get_stages()
        stages = [stages.get_item(i) for i in range(stages.get_n_items())]
        self._n_workers = sum(max(stage.get_size(), 1) for stage in stages)
        self._limited = any(stage.get_max_backlog() or stage.get_max_backlog_bytes() for stage in stages)
        task_type = first.get_task_type()
        self._task_kind = task_type.dup_string() if task_type is not None else None
        self._feeder = feeder.Feeder(self)
        self._is_typed = any(stage.get_result_type() is not None for stage in stages)
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
        if self._task_kind == 'ay' and isinstance(task, bytes):
            return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(task), True)
        return variants.from_object(self._task_kind, task)

    def put(self, task, cancellable=None):
        """Adds a task, and waits while the pipeline is full if it has a limit. None stops the pipeline. Returns the
        task's id."""
        if task is None:
            self.stop()
            return 0
        if self._limited or self._task_kind is not None or cancellable is not None \
                or isinstance(task, GLib.Variant):
            prepared = None
            if self._task_kind is not None and not self._limited and cancellable is None \
                    and values.kind_of(task) == self._task_kind:
                prepared = feeder.prepare(task)
        else:
            prepared = feeder.prepare(task)
        if self._stopped:
            self._check_open()
        if prepared is None:
            return self._put_alone(task, cancellable)
        self._n_put += 1
        self._feeder.put(*prepared)
        return next(self._ids)

    _stopped = False

    def _put_alone(self, task, cancellable):
        variant = self._pack(task)
        self._feeder.flush()
        while super().put_until(variant, _soon(), cancellable) == 0:
            pass     # full; Python has handled signals
        self._n_put += 1
        return next(self._ids)

    def try_put(self, task):
        """Adds a task if there is room. Returns its id, or 0."""
        variant = self._pack(task)
        self._feeder.flush()
        if super().try_put(variant) == 0:
            return 0
        self._n_put += 1
        return next(self._ids)

    def stop(self):
        """Takes no more tasks. Those that are in the pipeline are done, their results stay readable."""
        self._feeder.flush()
        self._stopped = True
        super().stop()
        if not self._is_completed():
            _working_off.add(self)

    def terminate(self):
        """Ends the pipeline now: tasks that are in it fail."""
        self._feeder.flush()
        self._stopped = True
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
        with self._filling:
            if self._ready or self._over:
                return True
            try:
                status, array = super().get_array_until(0, GLib.get_monotonic_time() + wait_us, None)
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
            try:
                results = self._unpack(array)
            except Exception as error:
                results = []
                self._ready.append((True, TaskError(f'{array.n_children()} results could not be read: '
                                                    f'{type(error).__name__}: {error}', _DOMAIN,
                                                    int(Mpipe.Error.PROTOCOL))))
            self._n_got += array.n_children()
            self._ready.extend([(False, result) for result in results])
            return True

    def _next(self, deadline, end=None):
        """The next result; `end` when there will be none, _END when there is none in time."""
        while True:
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
            left = _CHECK_SIGNALS_US
            if deadline is not None:
                left = min(left, max(deadline - time.monotonic(), 0) * 1e6)
            if not self._fill(int(left)) and deadline is not None and time.monotonic() >= deadline:
                return _END

    def get(self, cancellable=None):
        """The next result, waited for; None when the pipeline was stopped and there are no more. Raises TaskError in
        the place of a task that failed."""
        try:
            failed, result = self._ready.popleft()
        except IndexError:
            return self._next(None)
        if failed:
            raise result
        return result

    def get_within(self, seconds):
        """(True, result), or (False, None) when there is none within so many seconds; (True, None) at the end."""
        result = self._next(time.monotonic() + seconds)
        return (False, None) if result is _END else (True, result)

    def get_with_leaf(self, deadline=None):
        """(True, result, stage), in which stage is the leaf that gave it; (False, None, None) when there is none until
        `deadline`, of time.monotonic(); (True, None, None) at the end. Not to be mixed with the other ways to get."""
        self._feeder.flush()
        while True:
            wait = _CHECK_SIGNALS_US
            if deadline is not None:
                wait = max(min(wait, int((deadline - time.monotonic()) * 1e6)), 0)
            try:
                status, value, _, leaf = super().get_full_until(GLib.get_monotonic_time() + wait, None)
            except GLib.Error as error:
                raise TaskError._from(error) from None
            if status == Mpipe.GetStatus.RESULT:
                self._n_got += 1
                return True, variants.to_object(value, self._is_typed), leaf
            if status == Mpipe.GetStatus.ENDED:
                return True, None, None
            if deadline is not None and time.monotonic() >= deadline:
                return False, None, None

    def try_get(self):
        """(True, result), or (False, None) when there is none yet; (True, None) at the end."""
        return self.get_within(0)

    def __iter__(self):
        while True:
            result = self._next(None, _END)
            if result is _END:
                return
            yield result

    # the end

    def wait(self, cancellable=None):
        """Until all tasks are done and all processes have ended. Results stay readable."""
        self._feeder.flush()
        while True:
            if self._limited:
                # room appears only when results are taken
                self._drain()
            if super().wait_until(_soon(), cancellable):
                _working_off.discard(self)
                return True

    def _drain(self):
        while True:
            try:
                status, array = super().get_array_until(0, 0, None)
            except GLib.Error as error:
                self._ready.append((True, TaskError._from(error)))
                continue
            if status != Mpipe.GetStatus.RESULT:
                return
            self._n_got += array.n_children()
            self._ready.extend([(False, result) for result in self._unpack(array)])

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
            self._reader = _Reader(self)
        self._feeder.flush()
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def done():
            try:
                loop.call_soon_threadsafe(lambda: future.done() or future.set_result(None))
            except RuntimeError:
                pass     # the loop was closed; nobody waits
        self._reader.wish(done)
        await future

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
        return super().get_async(*args) if args else self._get_awaited(None)

    def put_async(self, task, *args):
        """With a task alone an awaitable of what `put` returns; with (cancellable, callback, …) the call of Gio."""
        if args:
            return super().put_async(self._pack(task), *args)
        return self._put_awaited(task)

    async def _put_awaited(self, task):
        if not self._limited:
            return self.put(task)
        return await asyncio.get_running_loop().run_in_executor(None, self.put, task)

    def wait_async(self, *args):
        """Without arguments an awaitable of the end; with (cancellable, callback, …) the call of Gio."""
        if args:
            return super().wait_async(*args)
        return asyncio.get_running_loop().run_in_executor(None, self.wait)

    async def __aiter__(self):
        while True:
            result = await self._get_awaited(_END)
            if result is _END:
                return
            yield result

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, *exception):
        if kind is None:
            self.stop()
        else:
            self.terminate()
        await self.wait_async()

    # signals

    def connect(self, signal, callback, *args):
        """As for any object; the value of `result` is an object of Python."""
        if signal.replace('_', '-') != 'result':
            return super().connect(signal, callback, *args)

        def unpacked(pipeline, value, task_id, leaf, *more):
            callback(pipeline, variants.to_object(value, self._is_typed), task_id, leaf, *more)
        return super().connect(signal, unpacked, *args)


    @classmethod
    def new(cls, first):
        return cls(first)

    def cancel_task(self, task_id):
        """Cancels a task, wherever it is. Returns whether there was such a task."""
        self._feeder.flush()
        return super().cancel_task(task_id)


Pipeline = override(Pipeline)
__all__.append('Pipeline')


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
