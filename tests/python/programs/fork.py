# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
from mpipe import OrderedStage, Pipeline


def pass_on(value):
    return value


def tens(value):
    return value * 10


def letters(value):
    return 'abcdef'[value]


root, left, right = OrderedStage(pass_on), OrderedStage(tens, 2), OrderedStage(letters)
root.link(left)
root.link(right)
assert root.getLeaves() == [left, right]
pipe = Pipeline(root)
for value in range(4):
    pipe.put(value)
pipe.put(None)
# one of each leaf is taken, the last is returned
for result in pipe.results():
    print(result)
