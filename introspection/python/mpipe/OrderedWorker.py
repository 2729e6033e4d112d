# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Workers of an ordered stage, as classes."""


class _Worker:
    """What both kinds have; the methods are called in the worker process."""

    _mpipe_put = None

    def __init__(self):
        pass

    def doInit(self):
        """Prepares the worker, before its first task."""

    def doTask(self, task):
        """Does one task. What it returns is the result, unless it is None."""
        return True

    def putResult(self, result):
        """Publishes a result at once; the task may go on."""
        if self._mpipe_put is None:
            raise RuntimeError('putResult can be called only in a worker process, while a task is being done')
        if result is not None:
            self._mpipe_put(result)


class OrderedWorker(_Worker):
    """Results of all workers of the stage come in the order of their tasks."""


OrderedWorker.OrderedWorker = OrderedWorker
