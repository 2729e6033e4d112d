# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def plus_three(value):
    return value + 3


def halve(value):
    return value / 2


def show(value):
    print(value)


one = mpipe.OrderedStage(plus_three, 2)
two = mpipe.OrderedStage(halve, 2)
three = mpipe.OrderedStage(show)
assert one.link(two) is one
two.link(three)
pipe = mpipe.Pipeline(one)
for number in range(5):
    pipe.put(number)
pipe.put(None)
