# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The worker of a filter stage in the original; here the library does its work."""

from .OrderedWorker import OrderedWorker


class FilterWorker(OrderedWorker):
    """Programs name it, but have no use for it: FilterStage needs no process of its own."""

    def __init__(self, pipelines=(), max_tasks=1, drop_results=False, cache_results=False):
        super().__init__()


FilterWorker.FilterWorker = FilterWorker
