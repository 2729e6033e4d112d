# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Stages: a description that a pipeline is built from."""

from .UnorderedWorker import UnorderedWorker


class Stage:
    """Stage(worker_class, size=1, disable_result=False, do_stop_task=False, **worker_args)

    `size` processes, each with an object `worker_class(**worker_args)`."""

    _max_backlog = 0

    def __init__(self, worker_class, size=1, disable_result=False, do_stop_task=False, input_tube=None,
                 **worker_args):
        self._worker = worker_class
        self._adapter = 'original'
        self._ordered = not issubclass(worker_class, UnorderedWorker)
        self._options = {'arguments': worker_args}
        self._size = size
        self._disable_result = disable_result
        self._do_stop_task = do_stop_task
        self._next = []
        self._pipeline = None
        self._check()

    def _check(self):
        from mpipe_glib import program
        program.check_target(self._worker)

    def link(self, next_stage):
        """Results of this stage become tasks of the next one, too. Returns this stage."""
        if next_stage is self:
            raise ValueError('cannot link stage to itself')
        self._next.append(next_stage)
        return self

    def getLeaves(self):
        """The stages at the ends that are reached from here."""
        if not self._next:
            return [self]
        leaves = []
        for stage in self._next:
            leaves += [leaf for leaf in stage.getLeaves() if leaf not in leaves]
        return leaves

    # A stage that is the first of a pipeline, or one that was built by itself, is operated like one.

    def build(self):
        """Starts the processes of this stage and of those behind it."""
        if self._pipeline is None:
            from .Pipeline import Pipeline
            Pipeline(self)

    def put(self, task):
        self.build()
        self._pipeline.put(task)

    def get(self, timeout=None):
        """The next result of this stage, when it is a leaf."""
        return self._pipeline._get_from(self, timeout)

    def results(self):
        """All results of this stage up to the end, when it is a leaf."""
        while True:
            result = self.get()
            if result is None:
                return
            yield result

    def _make(self, made):
        """The stage of the library, with those behind it; `made` holds those that are there already."""
        if self not in made:
            made[self] = stage = self._make_own(made)
            for next_stage in self._next:
                stage.link(next_stage._make(made))
        return made[self]

    def _make_own(self, made):
        from gi.repository import Mpipe
        return Mpipe.Stage(self._worker, size=self._size, ordered=self._ordered, _adapter=self._adapter,
                           _options=self._options, disable_result=bool(self._disable_result),
                           do_stop_task=bool(self._do_stop_task), max_backlog=self._max_backlog or 0)


Stage.Stage = Stage
