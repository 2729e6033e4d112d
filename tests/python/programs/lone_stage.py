# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def up(task):
    return task + 1


def twice(task):
    return task * 2


if __name__ == '__main__':
    first = mpipe.OrderedStage(up)
    last = mpipe.OrderedStage(twice)
    first.link(last)
    for value in range(3):
        first.put(value)
    first.put(None)
    print(list(last.results()))
