# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The module MPipe (https://vmlaker.github.io/mpipe), on the library mpipe-glib.

A program that was written for the original runs unchanged. What differs is said in doc/python.md: workers are
processes that are started anew, not copies of the program; a task that raises an exception raises
Mpipe.TaskError in `get`, and nothing hangs.
"""

from .OrderedWorker import OrderedWorker
from .UnorderedWorker import UnorderedWorker
from .Stage import Stage
from .OrderedStage import OrderedStage
from .UnorderedStage import UnorderedStage
from .Pipeline import Pipeline
from .FilterWorker import FilterWorker
from .FilterStage import FilterStage

__all__ = ['OrderedWorker', 'UnorderedWorker', 'Stage', 'OrderedStage', 'UnorderedStage', 'Pipeline',
           'FilterWorker', 'FilterStage']
