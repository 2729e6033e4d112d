# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Pipelines: linked stages at work."""

import collections
import time

from mpipe_glib import program

from . import _remote


class Pipeline:
    """Pipeline(first_stage): all processes are started."""

    def __init__(self, input_stage):
        if program.become_worker_if_loading():
            # this process will be the worker of another pipeline, which comes later; nothing is done here
            self._leaves, self._pipeline = [], None
            return
        import gi
        gi.require_version('Mpipe', '1.0')
        from gi.repository import Mpipe
        made = {}
        first = input_stage._make(made)
        self._leaves = input_stage.getLeaves()
        self._names = {}
        if len(self._leaves) > 1:
            # results of several leaves are told apart by their stage
            self._names = {made[leaf]: leaf for leaf in self._leaves}
        self._waiting = {leaf: collections.deque() for leaf in self._leaves}
        self._ended = False
        self._pipeline = Mpipe.Pipeline(first)
        for stage in made:
            stage._pipeline = self

    def put(self, task):
        """Adds a task; None stops the pipeline."""
        if self._pipeline is not None:
            self._pipeline.put(task)

    def get(self, timeout=None):
        """Takes one result from each leaf and returns the last; None at the end. With a timeout, in seconds,
        `(True, result)`, or `(False, None)` when there was none in time."""
        result = None if self._leaves or not timeout else (True, None)
        for leaf in self._leaves:
            result = self._get_from(leaf, timeout)
        return result

    def results(self):
        """All results up to the end."""
        while True:
            result = self.get()
            if result is None:
                return
            yield result

    def _get_from(self, leaf, timeout):
        deadline = time.monotonic() + timeout if timeout else None
        if not self._names:
            if deadline is None:
                return self._pipeline.get()
            return self._pipeline.get_within(timeout)
        while not self._waiting[leaf] and not self._ended:
            if not self._take_one(deadline):
                return False, None
        result = self._waiting[leaf].popleft() if self._waiting[leaf] else None
        return result if deadline is None else (True, result)

    def _take_one(self, deadline):
        """Waits for a result, of any leaf. Returns whether one came, or the end."""
        found, result, stage = self._pipeline.get_with_leaf(deadline)
        if not found:
            return False
        if stage is None:
            self._ended = True
        else:
            self._waiting[self._names[stage]].append(result)
        return True

    def __reduce__(self):
        return _remote.connect, (_remote.serve(self),)


Pipeline.Pipeline = Pipeline
