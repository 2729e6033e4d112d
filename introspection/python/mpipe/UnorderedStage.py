# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Stages of a function, in any order."""

from .OrderedStage import _FunctionStage


class UnorderedStage(_FunctionStage):
    """UnorderedStage(target, size=1, disable_result=False, max_backlog=None): results come as they are ready; with
    `max_backlog`, so many tasks are in the stage at most, and who puts more waits."""

    def __init__(self, target, size=1, disable_result=False, max_backlog=None):
        super().__init__(target, size, disable_result, ordered=False, max_backlog=max_backlog)


UnorderedStage.UnorderedStage = UnorderedStage
