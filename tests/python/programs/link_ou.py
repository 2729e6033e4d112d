# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def up(value):
    return value + 1


def down(value):
    return value - 1


first = mpipe.OrderedStage(up, 2)
first.link(mpipe.UnorderedStage(down, 2))
pipe = mpipe.Pipeline(first)
for value in range(50):
    pipe.put(value)
pipe.put(None)
print(sorted(pipe.results()) == list(range(50)))
