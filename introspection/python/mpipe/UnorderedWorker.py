# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Workers of an unordered stage, as classes."""

from .OrderedWorker import _Worker


class UnorderedWorker(_Worker):
    """Results come as they are ready."""


UnorderedWorker.UnorderedWorker = UnorderedWorker
