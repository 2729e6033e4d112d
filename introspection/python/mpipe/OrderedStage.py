# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Stages of a function, in order."""

from .Stage import Stage


class _FunctionStage(Stage):
    def __init__(self, target, size, disable_result, ordered, max_backlog=None):
        self._worker = target
        self._adapter = 'function'
        self._ordered = ordered
        self._options = {}
        self._size = size
        self._disable_result = disable_result
        self._do_stop_task = False
        self._max_backlog = max_backlog or 0
        self._next = []
        self._pipeline = None
        self._check()


class OrderedStage(_FunctionStage):
    """OrderedStage(target, size=1, disable_result=False): results come in the order of their tasks."""

    def __init__(self, target, size=1, disable_result=False):
        super().__init__(target, size, disable_result, ordered=True)


OrderedStage.OrderedStage = OrderedStage
