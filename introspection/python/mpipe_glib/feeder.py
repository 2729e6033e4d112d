# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Tasks that are collected and put together.

A call into the library costs more than a small task. So a task that is put while others are on their way waits
with those that are put behind it, and they go together: when there are many, when somebody asks for results, and
otherwise as soon as a thread, which this module has for that, has its turn. A task that is put when nothing is on
its way goes at once.
"""

import pickle
import queue
import threading
import weakref

from mpipe_glib import values

TOGETHER = 2048          # tasks that go with one call
LARGE = 1 << 15          # bytes of one that goes alone


class Feeder:
    """Belongs to a pipeline, which has `_send (kind, objects)`, called for what comes next, from one thread at a time,
    and `_is_idle ()`."""

    def __init__(self, pipeline):
        self._pipeline = weakref.ref(pipeline)
        self._runs = []              # of [kind, objects]: what waits
        self._n = 0
        self._next_id = 1
        self._lock = threading.RLock()      # of what waits; a handler of signals may put as well
        self._sending = threading.RLock()   # one after the other
        self._thread = None
        self._wake = queue.SimpleQueue()    # what is in it wakes the thread; its `put` may interrupt itself
        self._is_sending = False    # what waited is on its way into the library
        self._over = False

    def put(self, kind, task):
        """`task` is an object of the kind, or the bytes of its pickle. Returns its id."""
        with self._lock:
            runs = self._runs
            if runs and runs[-1][0] == kind:
                runs[-1][1].append(task)
            else:
                runs.append([kind, [task]])
            self._n += 1
            n = self._n
            task_id = self._next_id
            self._next_id = task_id + 1
        if n >= TOGETHER or (n == 1 and self._pipeline()._is_idle()):
            self.flush()
        elif n == 1:
            self._wake_thread()
        return task_id

    def put_alone(self, put, n_ids=None):
        """Calls `put ()`, which puts a task, behind all that was put before. It returns the task's id, or 0 if it was
        not accepted; or `n_ids` says how many tasks it puts."""
        with self._sending:
            pipeline = self._pipeline()
            with self._lock:
                runs, self._runs, self._n = self._runs, [], 0
                for kind, objects in runs:
                    pipeline._send(kind, objects)
                result = put()
                if n_ids is not None:
                    self._next_id += n_ids
                elif result:
                    self._next_id = result + 1
                return result

    def flush(self):
        """What was put before has been handed over when this returns."""
        if self._n == 0 and not self._is_sending:
            return
        with self._sending:
            while True:
                with self._lock:
                    runs, self._runs, self._n = self._runs, [], 0
                    self._is_sending = bool(runs)
                if not runs:
                    return
                pipeline = self._pipeline()
                if pipeline is None:
                    return
                for kind, objects in runs:
                    pipeline._send(kind, objects)
                pipeline = None

    def _wake_thread(self):
        if self._thread is None:
            self._thread = threading.Thread(target=_feed, args=(weakref.ref(self), self._wake), daemon=True,
                                            name='mpipe-feeder')
            self._thread.start()
        self._wake.put(None)

    def close(self):
        """Ends the thread; what waits stays where it is."""
        self._over = True
        self._wake.put(None)

    def __del__(self):
        self._wake.put(None)


def _feed(reference, wake):
    while True:
        wake.get()
        feeder = reference()
        if feeder is None or feeder._over:
            return
        feeder.flush()
        feeder = None


def prepare(task):
    """The kind of `task`, and what a feeder takes of it: itself, or the bytes of its pickle. None for one that
    goes alone: it is large, or has buffers that do."""
    kind = values.kind_of(task)
    if kind is not None:
        if (kind == 's' or kind == 'ay') and len(task) >= LARGE:
            return None
        return kind, task
    buffers = []
    data = pickle.dumps(task, 5, buffer_callback=buffers.append)
    if buffers or len(data) >= LARGE:
        return None
    return values.PICKLE, data
