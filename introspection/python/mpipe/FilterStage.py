# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Stages that let every task pass, and offer it to pipelines of their own."""

from .Stage import Stage


class FilterStage(Stage):
    """FilterStage(stages, max_tasks=1, drop_results=False, cache_results=False, do_stop_task=True)

    Each of `stages` is the first one of a pipeline, which gets the task if it holds fewer than `max_tasks`. The result
    is `(task, [last results])`, or the task alone with `drop_results`."""

    def __init__(self, stages, max_tasks=1, drop_results=False, cache_results=False, do_stop_task=True):
        self._stages = list(stages)
        self._filter = {'max_tasks': max_tasks, 'drop_results': bool(drop_results),
                        'cache_results': bool(cache_results)}
        self._size = 1
        self._next = []
        self._pipeline = None

    def _make_own(self, made):
        from gi.repository import Mpipe
        return Mpipe.FilterStage([stage._make(made) for stage in self._stages], **self._filter)


FilterStage.FilterStage = FilterStage
